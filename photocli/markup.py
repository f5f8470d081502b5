"""Where things stand in the text of an XML document, so that it can be changed without being written anew.

An XML library that reads and writes a document loses what isn't data: quotes, line breaks between
attributes, the order of declarations. This scanner keeps the text and says where each element and attribute
lies in it. It relies on a real parser to prove the document well-formed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from photocli.errors import SidecarError
from photocli.limits import ATTRIBUTES, DEPTH, NAMESPACES, NODES, Deadline, check

_NAME = r"[^\s/>!?\"'=<]+"
_TAG = re.compile(rf"<(/?)({_NAME})")
_PLAIN = re.compile(rf"[^<]*<(?:/{_NAME}\s*|({_NAME})\s*(/?))>")  # a tag without attributes, and text before
_TAG_END = re.compile(r"\s*(/?)>")
_ATTRIBUTE = re.compile(rf"\s+({_NAME})\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')")
_NOT_TEXT = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_SECTIONS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}

_KEPT_DEPTH = (
    5  # x:xmpmeta, rdf:RDF, rdf:Description, a property, and whatever makes the property a structure
)
_OFTEN = 1023  # nodes or attributes between two looks at the clock, less one


@dataclass(frozen=True, slots=True)
class Scope:
    """The namespaces by prefix that an element declares, and those of the elements around it."""

    own: dict[str, str]
    outer: Scope | None = None

    def get(self, prefix: str) -> str | None:
        """The namespace of a prefix; `None` if it has none."""
        scope: Scope | None = self
        while scope is not None:
            if prefix in scope.own:
                return scope.own[prefix]
            scope = scope.outer
        return None

    def prefixes(self, uri: str) -> Iterator[str]:
        """The prefixes of a namespace, those declared outside first, but for those that are covered."""
        if self.outer is not None:
            yield from (prefix for prefix in self.outer.prefixes(uri) if prefix not in self.own)
        yield from (prefix for prefix, bound in self.own.items() if prefix and bound == uri)


@dataclass(slots=True)
class Attribute:
    """An attribute: `start` is before the white space in front of it, the value's span inside the quotes."""

    name: str
    start: int
    value_start: int
    value_end: int

    @property
    def end(self) -> int:
        return self.value_end + 1


@dataclass(slots=True)
class Element:
    """An element: its tag at `start:open_end`, its content at `open_end:content_end`, all at `start:end`."""

    name: str
    start: int
    open_end: int
    attributes: list[Attribute]
    scope: Scope
    empty_tag: bool
    content_end: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def expanded(self, name: str, *, attribute: bool = False) -> tuple[str, str]:
        """The namespace and the local part of a name that stands in this element."""
        prefix, colon, local = name.rpartition(":")
        if attribute and not colon:
            return "", local
        return self.scope.get(prefix) or "", local

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and local name."""
        return self.expanded(self.name)


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` in the place of what stands at `start:end`."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits, which must not overlap; those at one place come in the given order."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < position:
            raise ValueError("edits overlap")
        parts += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join((*parts, text[position:]))


def content(text: str, element: Element) -> str:
    """The character data of an element without child elements."""
    parts: list[str] = []
    position = element.open_end
    for match in _NOT_TEXT.finditer(text, element.open_end, element.content_end):
        parts += (_unescaped(text[position : match.start()]), match.group(1) or "")
        position = match.end()
    return "".join((*parts, _unescaped(text[position : element.content_end])))


def value(text: str, attribute: Attribute) -> str:
    """What an attribute says."""
    return _unescaped(text[attribute.value_start : attribute.value_end])


def scan(text: str, deadline: Deadline | None = None) -> Element:
    """Find the elements near the root.

    Raises `SidecarError` for document types, with their entities, and for what is over a limit, before
    anything is built of it.
    """
    outside = Scope({"xml": "http://www.w3.org/XML/1998/namespace"})
    return _Scanner(text, outside, deadline or Deadline()).root(0, len(text))


def inside(text: str, element: Element, deadline: Deadline | None = None) -> Element:
    """The same element, with those elements in it that `scan` does not keep, because they lie too deep."""
    return _Scanner(text, element.scope, deadline or Deadline()).root(element.start, element.end)


class _Scanner:
    """Goes from tag to tag, and counts what it meets."""

    def __init__(self, text: str, scope: Scope, deadline: Deadline) -> None:
        self._text = text
        self._scope = scope
        self._deadline = deadline
        self._root: Element | None = None
        self._stack: list[Element | None] = []
        self._nodes = self._attributes = self._namespaces = 0

    def root(self, start: int, stop: int) -> Element:
        """Go through an element, or a document, and give it back. Raises `SidecarError`."""
        text, stack, plain = self._text, self._stack, _PLAIN.match
        position = text.find("<", start, stop)
        while position >= 0:
            # The quick way: tags that are only counted. There may be very many.
            while len(stack) > _KEPT_DEPTH and (match := plain(text, position)):
                if match[1] is None:
                    stack.pop()
                else:
                    self._count_node()
                    if not match[2]:
                        check(len(stack) + 1, DEPTH, "elements within each other")
                        stack.append(None)
                position = match.end()
            position = text.find("<", position, stop)
            if position < 0:
                break
            end = _section_end(text, position)
            if end is None:
                end = self._tag(position)
            else:
                self._count_node()
            position = text.find("<", end, stop)
        if self._root is None or stack:
            raise SidecarError("it is no complete XML document")
        return self._root

    def _tag(self, position: int) -> int:
        """Take the tag that begins here; its end."""
        tag = _TAG.match(self._text, position)
        if tag is None:
            raise SidecarError("it is no well-formed XML")
        if tag[1]:
            close = _TAG_END.match(self._text, tag.end())
            if close is None or close[1] or not self._stack:
                raise SidecarError("it is no well-formed XML")
            element = self._stack.pop()
            if element is not None:
                element.content_end, element.end = position, close.end()
            return close.end()
        self._count_node()
        check(len(self._stack) + 1, DEPTH, "elements within each other")
        keeps = len(self._stack) < _KEPT_DEPTH
        attributes, declared, at = self._attributes_at(tag.end(), keeps)
        close = _TAG_END.match(self._text, at)
        if close is None:
            raise SidecarError("it is no well-formed XML")
        kept = self._keep(tag, attributes, declared, close) if keeps else None
        if not close[1]:
            self._stack.append(kept)
        return close.end()

    def _attributes_at(self, position: int, keeps: bool) -> tuple[list[Attribute], dict[str, str], int]:
        """The attributes of a tag, if they are to be kept, the namespaces among them, and their end."""
        found: list[Attribute] = []
        declared: dict[str, str] = {}
        while match := _ATTRIBUTE.match(self._text, position):
            position = match.end()
            self._attributes += 1
            if not self._attributes & _OFTEN:
                self._deadline.check()
            check(self._attributes, ATTRIBUTES, "attributes")
            name = match[1]
            declares = name == "xmlns" or name.startswith("xmlns:")
            if declares:
                self._namespaces += 1
                check(self._namespaces, NAMESPACES, "declarations of namespaces")
            if not keeps:
                continue
            quote = self._text.index(self._text[position - 1], match.end(1))
            attribute = Attribute(name, match.start(), quote + 1, position - 1)
            found.append(attribute)
            if declares:
                declared[name[6:]] = value(self._text, attribute)
        return found, declared, position

    def _keep(
        self,
        tag: re.Match[str],
        attributes: list[Attribute],
        declared: dict[str, str],
        close: re.Match[str],
    ) -> Element:
        parent = self._stack[-1] if self._stack else None
        scope = parent.scope if parent is not None else self._scope
        element = Element(
            name=tag[2],
            start=tag.start(),
            open_end=close.end(),
            attributes=attributes,
            scope=Scope(declared, scope) if declared else scope,
            empty_tag=bool(close[1]),
            content_end=close.end(),
            end=close.end(),
        )
        if parent is not None:
            parent.children.append(element)
        self._root = self._root or element
        return element

    def _count_node(self) -> None:
        self._nodes += 1
        if not self._nodes & _OFTEN:
            self._deadline.check()
        check(self._nodes, NODES, "nodes")


def _section_end(text: str, position: int) -> int | None:
    """The end of a comment, CDATA section or processing instruction that begins here, or `None` for a tag."""
    if text[position + 1 : position + 2] not in ("!", "?"):
        return None
    for begin, finish in _SECTIONS:
        if text.startswith(begin, position):
            end = text.find(finish, position + len(begin))
            if end < 0:
                raise SidecarError("it is no complete XML document")
            return end + len(finish)
    raise SidecarError("it has a document type, which may define entities and is not allowed in XMP")


def _unescaped(text: str) -> str:
    """A text with its references to characters replaced; those that XML doesn't have stay as they are."""
    return _REFERENCE.sub(_referred, text) if "&" in text else text


def escaped(value: str) -> str:
    """Return a text as it is written in an attribute or an element."""
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    value = value.replace('"', "&quot;").replace("'", "&apos;")
    return re.sub(r"[\t\r\n]", lambda match: f"&#{ord(match[0])};", value)


def _referred(match: re.Match[str]) -> str:
    if match[3]:
        return _NAMED[match[3]]
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(code) if code <= 0x10FFFF else match[0]
