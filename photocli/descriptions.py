"""The descriptions of an XMP packet: the elements that hold its properties, as attributes or as elements."""

from __future__ import annotations

from photocli.errors import SidecarError
from photocli.limits import Deadline
from photocli.markup import Edit, Element, Scope, applied, scan

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"


def _rdf_of(text: str, deadline: Deadline) -> Element:
    """The element that holds the descriptions."""
    root = scan(text, deadline)
    for element in (root, *root.children):
        if element.key == (RDF, "RDF"):
            return element
    raise SidecarError("it holds no XMP")


def with_description(text: str, deadline: Deadline) -> tuple[str, Element]:
    """Return the text, with an empty description if it had none, and the element of the descriptions."""
    rdf = _rdf_of(text, deadline)
    if rdf.children:
        return text, rdf
    description = f'<rdf:Description xmlns:rdf="{RDF}" rdf:about=""/>'
    edit = Edit(rdf.open_end, rdf.open_end, description)
    if rdf.empty_tag:
        tag = text[rdf.start : rdf.open_end - 2].rstrip()
        edit = Edit(rdf.start, rdf.end, f"{tag}>{description}</{rdf.name}>")
    text = applied(text, [edit])
    return text, _rdf_of(text, deadline)


def is_bound(description: Element, uri: str, outside: Scope, prefixes: list[str]) -> bool:
    """Return whether a namespace has a prefix here, its own or one of those that it has outside."""
    own = description.scope.own if description.scope is not outside else {}
    declared = any(prefix and bound == uri for prefix, bound in own.items())
    return declared or any(prefix not in own for prefix in prefixes)


def after_attributes(element: Element) -> int:
    """Return where another attribute of the element goes."""
    return element.attributes[-1].end if element.attributes else element.start + 1 + len(element.name)


def attribute_space(text: str, element: Element) -> str:
    """Return the white space that stands before an attribute here."""
    if not element.attributes:
        return " "
    before = text[element.attributes[-1].start : element.attributes[-1].end]
    return before[: len(before) - len(before.lstrip())]


def is_simple(element: Element) -> bool:
    """Return whether an element holds nothing but text, without qualifiers."""
    return not element.children and not is_qualified(element)


def is_qualified(element: Element) -> bool:
    """Return whether an element has attributes that say more of it, such as its language."""
    return any(element.expanded(a.name, attribute=True)[0] not in ("", _XML) for a in element.attributes)
