"""Merges photocli's ratings and scores into an XMP packet: bytes in, bytes out.

Only the text of what changes is replaced. Everything else, down to quotes, white space, byte order mark and
padding, stays as it was, and the result is checked before it is given out: it must be well-formed, hold every
foreign property unchanged, and need no further change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from photocli.errors import SidecarError
from photocli.markup import Attribute, Edit, Element, applied, content, decode, scan

NAMESPACE = "http://ns.photocli.org/1.0/"
"""Our own properties: `Score`, `Aesthetic`, `Models` and others, and `Stars`, the rating that we wrote."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
XMP = "http://ns.adobe.com/xap/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"

RATING = (XMP, "Rating")
METADATA_DATE = (XMP, "MetadataDate")
# Windows and digiKam end the address with a slash, exiftool doesn't.
MICROSOFT_RATINGS = tuple((f"http://ns.microsoft.com/photo/1.0{end}", "Rating") for end in ("/", ""))
SIDECAR_FOR = (PHOTOSHOP, "SidecarForExtension")
STARS = (NAMESPACE, "Stars")

_DECLARATION = re.compile(r"\ufeff?(<\?xml\s.*?\?>)?", re.DOTALL)
_PREFIXES = {NAMESPACE: "photocli", XMP: "xmp", PHOTOSHOP: "photoshop"}
_MICROSOFT_STARS = (0, 1, 25, 50, 75, 99)

_NEW = f"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="photocli">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description
    rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
"""


@dataclass(frozen=True, slots=True)
class XmpChanges:
    """What to write: a rating of -1 to 5, our own properties by local name, and the RAW file's extension.

    `sidecar_for` is written where the packet doesn't say yet what it belongs to. `overwrite` replaces a
    person's rating, too.
    """

    rating: int | None = None
    scores: Mapping[str, str] = field(default_factory=dict)
    sidecar_for: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.rating is not None and not -1 <= self.rating <= 5:
            raise ValueError(f"a rating lies between -1 and 5, not at {self.rating}")


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The packet after the merge; whether it differs; whether a person's rating stands instead of ours."""

    packet: bytes
    changed: bool
    kept_rating: bool


def merge(packet: bytes | None, changes: XmpChanges, *, now: datetime) -> MergeResult:
    """Write `changes` into `packet`, or into a new one for `None`; raises `SidecarError` if it can't be done.

    A rating is a person's if it isn't 0 and isn't the one that `photocli:Stars` beside it says we wrote; -1,
    a rejection, is one too. It is kept, unless `overwrite` says otherwise, and `Stars` is then removed, so
    that the rating stays a person's whatever we would have given. Our scores are written in any case. A
    `MicrosoftPhoto:Rating` follows where there is one. `xmp:MetadataDate` becomes `now` if anything changes.
    """
    if packet is None:
        text, encoding = _NEW, "utf-8"
    else:
        text, encoding = decode(packet)
    text = _with_description(text)
    before = _parse(text)
    plan = _Plan(text, changes)
    if packet is not None and not plan.edits:
        return MergeResult(packet, False, plan.kept)
    plan.put(METADATA_DATE, now.isoformat(timespec="seconds"))
    merged = applied(text, plan.edits)
    if _Plan(merged, changes).edits or _foreign(_parse(merged)) != _foreign(before):
        raise SidecarError("it is laid out in a way that cannot be merged safely")
    # Only a value of ours can be foreign to an old encoding.
    return MergeResult(merged.encode(encoding, "xmlcharrefreplace"), True, plan.kept)


@dataclass(frozen=True, slots=True)
class _Property:
    """One occurrence of a property: an attribute of a description, or an element in it.

    `value` is `None` where it isn't a simple text but a structure, a list, or qualified.
    """

    spot: Attribute | Element
    value: str | None


class _Plan:
    """The edits that bring a packet's text to what the changes ask for."""

    def __init__(self, text: str, changes: XmpChanges) -> None:
        self.text = text
        self.edits: list[Edit] = []
        self.kept = False
        self._descriptions = _rdf(text).children
        self._declared: dict[tuple[int, str], str] = {}
        self._found: dict[tuple[str, str], list[_Property]] = {}
        for description in self._descriptions:
            self._collect(description)
        for name, value in changes.scores.items():
            self.put((NAMESPACE, name), value)
        if changes.sidecar_for is not None and SIDECAR_FOR not in self._found:
            self.put(SIDECAR_FOR, changes.sidecar_for)
        if changes.rating is not None:
            self._rate(changes.rating, changes.overwrite)

    def put(self, key: tuple[str, str], value: str) -> None:
        """Give a property this value, wherever and in whatever form it occurs, or add it."""
        if key not in self._found:
            self._add(key, value)
        for found in self._found.get(key, ()):
            if found.value is None and key[0] != NAMESPACE:
                if key == METADATA_DATE:  # ours to bump, not to understand
                    continue
                raise SidecarError(f"it has {_PREFIXES.get(key[0], key[0])}:{key[1]} in an unknown form")
            if found.value is None or not _same(found.value, value):
                self._replace(found, value)

    def _collect(self, description: Element) -> None:
        for attribute in description.attributes:
            key = description.expanded(attribute.name, attribute=True)
            if key[0] and key[0] != RDF:
                self._found.setdefault(key, []).append(_Property(attribute, attribute.value))
        for child in description.children:
            spaces = {child.expanded(a.name, attribute=True)[0] for a in child.attributes}
            simple = not child.children and spaces <= {"", XML}
            value = content(self.text, child) if simple else None
            self._found.setdefault(child.key, []).append(_Property(child, value))

    def _rate(self, rating: int, overwrite: bool) -> None:
        self.kept = not overwrite and self._is_a_persons()
        if self.kept:
            for found in self._found.get(STARS, ()):
                self._remove(found)
            return
        self.put(RATING, str(rating))
        for key in MICROSOFT_RATINGS:
            if key in self._found:
                self.put(key, str(_MICROSOFT_STARS[max(rating, 0)]))
        self.put(STARS, str(rating))

    def _is_a_persons(self) -> bool:
        ours = {_number(found.value) for found in self._found.get(STARS, ())}
        stars = ours.pop() if len(ours) == 1 else None
        percent = float(_MICROSOFT_STARS[int(stars)]) if stars in (0, 1, 2, 3, 4, 5) else None
        for key, written in ((RATING, stars), *((key, percent) for key in MICROSOFT_RATINGS)):
            for found in self._found.get(key, ()):
                if found.value is not None and not found.value.strip():
                    continue
                number = _number(found.value)
                if number is None or number not in (0, written):
                    return True
        return False

    def _add(self, key: tuple[str, str], value: str) -> None:
        """Add a property as an attribute, where its namespace is at home already if there is such a place."""
        uri, name = key
        home = next((d for d in self._descriptions if _prefix(d, uri)), self._descriptions[0])
        at = home.attributes[-1].end if home.attributes else home.start + 1 + len(home.name)
        space = self.text[home.attributes[-1].start : at] if home.attributes else " "
        space = space[: len(space) - len(space.lstrip())]
        prefix = _prefix(home, uri) or self._declared.get((home.start, uri))
        if prefix is None:
            prefix = _PREFIXES[uri]
            while prefix in home.scope:
                prefix += "_"
            self._declared[home.start, uri] = prefix
            self.edits.append(Edit(at, at, f'{space}xmlns:{prefix}="{uri}"'))
        self.edits.append(Edit(at, at, f'{space}{prefix}:{name}="{_escaped(value)}"'))

    def _replace(self, found: _Property, value: str) -> None:
        spot, text = found.spot, _escaped(value)
        if isinstance(spot, Attribute):
            self.edits.append(Edit(spot.value_start, spot.value_end, text))
        elif found.value is None:
            # Our own property in a form that we don't write: begin again, with the declarations that it has.
            tag = "".join(f' {a.name}="{_escaped(a.value)}"' for a in spot.attributes if "xmlns" in a.name)
            self.edits.append(Edit(spot.start, spot.end, f"<{spot.name}{tag}>{text}</{spot.name}>"))
        elif spot.empty_tag:
            tag = self.text[spot.start : spot.open_end - 2].rstrip()
            self.edits.append(Edit(spot.start, spot.end, f"{tag}>{text}</{spot.name}>"))
        else:
            self.edits.append(Edit(spot.open_end, spot.content_end, text))

    def _remove(self, found: _Property) -> None:
        start, end = found.spot.start, found.spot.end
        if isinstance(found.spot, Element):
            start = len(self.text[:start].rstrip())
        self.edits.append(Edit(start, end, ""))


def _rdf(text: str) -> Element:
    root = scan(text)
    for element in (root, *root.children):
        if element.key == (RDF, "RDF"):
            return element
    raise SidecarError("it holds no XMP")


def _with_description(text: str) -> str:
    """The text with an empty description, if it has none."""
    rdf = _rdf(text)
    if rdf.children:
        return text
    description = f'<rdf:Description xmlns:rdf="{RDF}" rdf:about=""/>'
    if rdf.empty_tag:
        tag = text[rdf.start : rdf.open_end - 2].rstrip()
        return applied(text, [Edit(rdf.start, rdf.end, f"{tag}>{description}</{rdf.name}>")])
    return applied(text, [Edit(rdf.open_end, rdf.open_end, description)])


def _prefix(element: Element, uri: str) -> str | None:
    return next((prefix for prefix, bound in element.scope.items() if prefix and bound == uri), None)


def _number(value: str | None) -> float | None:
    try:
        return float(value or "")
    except ValueError:
        return None


def _same(present: str, value: str) -> bool:
    return present == value or (_number(value) is not None and _number(present) == _number(value))


def _escaped(value: str) -> str:
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    value = value.replace('"', "&quot;").replace("'", "&apos;")
    return re.sub(r"[\t\r\n]", lambda match: f"&#{ord(match[0])};", value)


def _parse(text: str) -> Any:
    """Prove that the text is well-formed; the scanner must have refused document types before."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=True,
    )
    declaration = _DECLARATION.match(text)
    body = text[declaration.end() if declaration else 0 :]
    try:
        return etree.fromstring(body.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeError) as error:
        raise SidecarError(f"it is no well-formed XML ({error})") from None


def _foreign(root: Any) -> list[Any]:
    """All properties that a merge has no business with, in order, as values that can be compared."""
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    found: list[Any] = []
    for description in rdf:
        found += [item for item in description.attrib.items() if not _is_touched(item[0])]
        found += [_shape(child) for child in description if not _is_touched(str(child.tag))]
    return found


def _is_touched(tag: str) -> bool:
    uri, _, name = tag[1:].partition("}")
    return uri == NAMESPACE or (uri, name) in (RATING, METADATA_DATE, SIDECAR_FOR, *MICROSOFT_RATINGS)


def _shape(node: Any) -> tuple[Any, ...]:
    return str(node.tag), node.text, sorted(node.attrib.items()), [(_shape(c), c.tail) for c in node]
