"""Two parsers of XML read a packet: what either of them refuses is not touched.

One proves that the text is well-formed. The other one does, too, and makes a digest of all that a merge was
not asked to change: it is the same before and after. Memory doesn't grow with the number of properties.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from lxml import etree

from photocli.descriptions import RDF
from photocli.editors import LISTS, METADATA_DATE, NAMESPACE, Key
from photocli.errors import SidecarError
from photocli.limits import Deadline

_DECLARATION = re.compile(r"\ufeff?(<\?xml\s.*?\?>)?", re.DOTALL)
_PIECE = 1 << 20  # characters
_BETWEEN = "\x1f"  # between namespace and name: neither can hold it
_RDF = f"{RDF}{_BETWEEN}RDF"
_OURS = f"{NAMESPACE}{_BETWEEN}"
_LONGEST_REASON = 160  # characters; a parser may quote the document


def prove(text: str) -> None:
    """Prove by libxml2 that a text is well-formed. Raises `SidecarError`.

    The scanner must have refused document types and what is over a limit before.
    """
    parser = etree.XMLParser(
        target=_Nothing(),
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    declaration = _DECLARATION.match(text)
    body = text[declaration.end() if declaration else 0 :]
    try:
        etree.fromstring(body.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeError) as error:
        raise SidecarError(f"it is no well-formed XML ({_reason(error)})") from None
    for entry in parser.error_log.filter_from_errors():  # of namespaces, which end no parsing
        raise SidecarError(f"it is no well-formed XML ({_reason(entry.message)})")


def foreign(
    text: str, touched: Collection[Key], changed_items: Mapping[Key, set[str]], deadline: Deadline
) -> bytes:
    """A digest of all properties, in order, but for those touched and for these items of lists.

    Expat reads the text. Raises `SidecarError` if it refuses it, or the deadline passes.
    """
    reader = _Reader(touched, changed_items)
    # The text is decoded already, whatever it declares.
    parser = expat.ParserCreate("utf-8", _BETWEEN)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.CommentHandler = reader.comment
    parser.ProcessingInstructionHandler = reader.instruction
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse_document_type
    try:
        for start in range(0, len(text), _PIECE):
            deadline.check()
            parser.Parse(text[start : start + _PIECE], False)
        parser.Parse("", True)
    except (expat.ExpatError, UnicodeError) as error:
        raise SidecarError(f"another parser of XML refuses it ({_reason(error)})") from None
    return reader.digest()


class _Nothing:
    """What is built of a text that is only to be proven."""

    def close(self) -> None:
        """End the document."""


class _Reader:
    """Takes the events of a parser, and keeps a digest of what is foreign.

    No text of XML holds a NUL, so one begins each token. A list whose items were changed is built, as only
    its other items count.
    """

    def __init__(self, touched: Collection[Key], changed_items: Mapping[Key, set[str]]) -> None:
        self._touched = {_BETWEEN.join(key) for key in (METADATA_DATE, *touched)}
        self._changed_items = {_BETWEEN.join(k): items for k, items in changed_items.items() if k in LISTS}
        self._state = hashlib.blake2b(digest_size=32)
        self._depth = 0
        self._found = False  # the element that holds the descriptions
        self._level = -1  # 0 in that element, 1 in a description, 2 in a property, and more inside that
        self._skips = False  # inside a property that was touched
        self._list: TreeBuilder | None = None
        self._changed: set[str] = set()

    def digest(self) -> bytes:
        return self._state.digest()

    def start(self, name: str, attributes: list[str]) -> None:
        if self._level < 0:
            self._depth += 1
            if name == _RDF and self._depth <= 2 and not self._found:
                self._found, self._level = True, 0
            return
        self._level += 1
        if self._level == 1:
            pairs = zip(attributes[::2], attributes[1::2], strict=True)
            attributes = [text for pair in pairs if not self._is_touched(pair[0]) for text in pair]
        elif self._level == 2:
            self._skips = self._is_touched(name)
            if name in self._changed_items:
                self._list, self._changed = _builder(), self._changed_items[name]
        if self._list is not None:
            self._list.start(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))
        elif not self._skips:
            self._absorb("\0<" + name, str(len(attributes)), *attributes)

    def end(self, name: str) -> None:
        if self._level < 0:
            self._depth -= 1
            return
        if self._list is not None:
            self._list.end(name)
            if self._level == 2:
                rest = _items(self._list.close(), self._changed)
                self._list = None
                self._absorb(*map(repr, rest))
        elif self._level and not self._skips:
            self._state.update(b"\0>")
        if self._level == 2:
            self._skips = False
        self._level -= 1
        if self._level < 0:
            self._depth -= 1

    def data(self, text: str) -> None:
        if self._list is not None:
            self._list.data(text)
        elif self._level >= 2 and not self._skips:  # white space between properties may change
            self._state.update(text.encode())

    def comment(self, text: str) -> None:
        if self._list is not None:
            self._list.comment(text)
        elif self._level >= 1 and not self._skips:
            self._absorb("\0!", text)

    def instruction(self, target: str, text: str) -> None:
        if self._list is not None:
            self._list.pi(target, text)
        elif self._level >= 1 and not self._skips:
            self._absorb("\0?", target, text)

    def _absorb(self, *texts: str) -> None:
        self._state.update("\0".join(texts).encode())

    def _is_touched(self, name: str) -> bool:
        return name.startswith(_OURS) or name in self._touched


def _builder() -> TreeBuilder:
    return TreeBuilder(insert_comments=True, insert_pis=True)


def _items(node: Element, changed: Collection[str]) -> list[Any]:
    """A list without those items that were added or removed, and without the white space between them."""
    lists = [each for each in node if isinstance(each.tag, str)]  # the others are comments
    if not lists and not (node.text or "").strip():
        return []
    if len(lists) != 1 or not lists[0].tag.startswith(_RDF[:-3]):
        return [_shape(node)]
    items = [item for item in lists[0] if isinstance(item.tag, str)]
    shapes = [_shape(item) for item in items if len(item) or (item.text or "") not in changed]
    attributes = (sorted(node.attrib.items()), sorted(lists[0].attrib.items()))
    return [(node.tag, lists[0].tag, attributes, shapes)] if shapes else []


def _shape(node: Element) -> tuple[Any, ...]:
    tag = node.tag if isinstance(node.tag, str) else ""  # a comment
    return tag, node.text, sorted(node.attrib.items()), [(_shape(c), c.tail) for c in node]


def _refuse_document_type(*_: Any) -> None:
    raise SidecarError("it has a document type, which may define entities and is not allowed in XMP")


def _reason(error: Exception | str) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + "…"
