"""Where things stand in the text of an XML document, so that it can be changed without being written anew.

An XML library that reads and writes a document loses what isn't data: quotes, line breaks between
attributes, the order of declarations. This scanner keeps the text and says where each element and attribute
lies in it. It relies on a real parser to prove the document well-formed.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from photocli.errors import SidecarError

LARGEST = 64 * 1024 * 1024
"""Bytes; darktable's longest histories are about 5 MB."""

_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = ("utf-8", "ascii", "iso8859", "cp125")

_NAME = r"[^\s/>!?\"'=<]+"
_VALUE = r"\"[^\"<]*\"|'[^'<]*'"
_TAG = re.compile(rf"<(/?)({_NAME})((?:\s+{_NAME}\s*=\s*(?:{_VALUE}))*)\s*(/?)>")
_ATTRIBUTE = re.compile(rf"\s+({_NAME})\s*=\s*({_VALUE})")
_NOT_TEXT = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_SECTIONS = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))

_KEPT_DEPTH = (
    5  # x:xmpmeta, rdf:RDF, rdf:Description, a property, and whatever makes the property a structure
)
_MOST_DEPTH = 200
_MOST_TAGS = 500_000


@dataclass(slots=True)
class Attribute:
    """An attribute: `start` is before the white space in front of it, the value's span inside the quotes."""

    name: str
    start: int
    value_start: int
    value_end: int
    value: str

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
    scope: dict[str, str]
    empty_tag: bool
    content_end: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def expanded(self, name: str, *, attribute: bool = False) -> tuple[str, str]:
        """The namespace and the local part of a name that stands in this element."""
        prefix, colon, local = name.rpartition(":")
        if attribute and not colon:
            return "", local
        return self.scope.get(prefix, ""), local

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
        parts += (html.unescape(text[position : match.start()]), match.group(1) or "")
        position = match.end()
    return "".join((*parts, html.unescape(text[position : element.content_end])))


def scan(text: str) -> Element:
    """Find the elements near the root; refuses document types, with their entities, and endless nesting."""
    return _scanned(text, 0, len(text), {"xml": "http://www.w3.org/XML/1998/namespace"})


def inside(text: str, element: Element) -> Element:
    """The same element, with those elements in it that `scan` does not keep, because they lie too deep."""
    return _scanned(text, element.start, element.end, element.scope)


def _scanned(text: str, start: int, stop: int, scope: dict[str, str]) -> Element:
    root: Element | None = None
    stack: list[Element | None] = []
    position, tags = text.find("<", start, stop), 0
    while position >= 0:
        end = _section_end(text, position)
        if end is None:
            match = _TAG.match(text, position)
            tags += 1
            if match is None or tags > _MOST_TAGS or len(stack) > _MOST_DEPTH:
                raise SidecarError("it is no well-formed XML, or has too many or too deeply nested elements")
            end = match.end()
            if match.group(1):
                _close(stack, match)
            else:
                element = _open(stack, match, scope)
                root = root or element
        position = text.find("<", end, stop)
    if root is None or stack:
        raise SidecarError("it is no complete XML document")
    return root


def _section_end(text: str, position: int) -> int | None:
    """The end of a comment, CDATA section or processing instruction that begins here, or `None` for a tag."""
    for begin, finish in _SECTIONS:
        if text.startswith(begin, position):
            end = text.find(finish, position + len(begin))
            if end < 0:
                raise SidecarError("it is no complete XML document")
            return end + len(finish)
    if text.startswith("<!", position):
        raise SidecarError("it has a document type, which may define entities and is not allowed in XMP")
    return None


def _open(stack: list[Element | None], match: re.Match[str], scope: dict[str, str]) -> Element | None:
    element = None
    if len(stack) < _KEPT_DEPTH:
        parent = stack[-1] if stack else None
        element = _element(match, parent.scope if parent else scope)
        if parent is not None:
            parent.children.append(element)
    if not match.group(4):
        stack.append(element)
    return element


def _close(stack: list[Element | None], match: re.Match[str]) -> None:
    if not stack:
        raise SidecarError("it is no well-formed XML")
    element = stack.pop()
    if element is not None:
        element.content_end, element.end = match.start(), match.end()


def _element(match: re.Match[str], scope: dict[str, str]) -> Element:
    attributes = [
        Attribute(m[1], m.start(), m.start(2) + 1, m.end(2) - 1, html.unescape(m[2][1:-1]))
        for m in _ATTRIBUTE.finditer(match.string, match.start(3), match.end(3))
    ]
    declared = {
        a.name.partition(":")[2]: a.value
        for a in attributes
        if a.name == "xmlns" or a.name.startswith("xmlns:")
    }
    return Element(
        name=match[2],
        start=match.start(),
        open_end=match.end(),
        attributes=attributes,
        scope={**scope, **declared} if declared else scope,
        empty_tag=bool(match[4]),
        content_end=match.end(),
        end=match.end(),
    )


def decode(packet: bytes) -> tuple[str, str]:
    """The text of a document, byte order mark included, and the encoding that gives the same bytes again."""
    if not packet.strip():
        raise SidecarError("it is empty")
    if len(packet) > LARGEST:
        raise SidecarError(f"it is larger than {LARGEST // 2**20} MB")
    encoding = next((name for mark, name in _BOMS if packet.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(packet)
        encoding = declared[1].decode() if declared else "utf-8"
    try:
        if not codecs.lookup(encoding).name.startswith((*_ENCODINGS, "utf-16-", "utf-32-")):
            raise LookupError
        text = packet.decode(encoding)
        if text.encode(encoding) == packet:
            return text, encoding
    except LookupError:
        raise SidecarError(f"its encoding, {encoding}, is not known") from None
    except UnicodeError:
        pass
    raise SidecarError(f"it is not written in its encoding, {encoding}")
