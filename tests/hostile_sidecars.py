"""Makers of sidecars that do harm: they take for ever, or all memory, or are read in two ways."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from sidecars import LIGHTROOM

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"


def sidecar(inside: str = "", attributes: str = "", start: str = "") -> bytes:
    """A sidecar with one description."""
    return (
        f'{start}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" xmlns:o="urn:o"'
        f' xmlns:dc="{DC}" xmlns:xmp="{XMP}"><rdf:Description rdf:about="" {attributes}>{inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def attributes(count: int) -> bytes:
    return sidecar(attributes=" ".join(f'o:a{number}="1"' for number in range(count)))


def nodes(count: int) -> bytes:
    return sidecar("".join(f"<o:a{number}>x</o:a{number}>" for number in range(count)))


def words(count: int) -> bytes:
    items = "".join(f"<rdf:li>noir{number}</rdf:li>\n" for number in range(count))
    return sidecar(f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>")


def history(count: int) -> bytes:
    return sidecar(f"<o:history><rdf:Seq>{'<rdf:li>d .5 .4</rdf:li>' * count}</rdf:Seq></o:history>")


def ratings(count: int) -> bytes:
    return sidecar("<xmp:Rating>0</xmp:Rating>" * count)


def lists(count: int) -> bytes:
    return sidecar("<dc:subject><rdf:Bag><rdf:li>noir</rdf:li></rdf:Bag></dc:subject>" * count)


def comments(count: int) -> bytes:
    return sidecar("<!---->" * count)


def descriptions(count: int) -> bytes:
    return sidecar("</rdf:Description>" + '<rdf:Description o:a="1"/>' * count + "<rdf:Description>")


def namespaces(count: int) -> bytes:
    inside = "".join(f'<rdf:Description xmlns:n{i}="urn:{i}" n{i}:a="1"/>' for i in range(count))
    return sidecar(f"</rdf:Description>{inside}<rdf:Description>")


def covered(count: int) -> bytes:
    """Thousands of names of one namespace, each covered somewhere."""
    outside = "".join(f' xmlns:n{i}="{XMP}"' for i in range(count))
    inside = "".join(f'<rdf:Description xmlns:n{i}="urn:{i}"/>' for i in range(count))
    return f'<rdf:RDF xmlns:rdf="{RDF}"{outside}>{inside}</rdf:RDF>'.encode()


def deep(count: int) -> bytes:
    return sidecar("<o:a>" * count + "</o:a>" * count)


def text(size: int, letters: str = "x") -> bytes:
    return sidecar(f"<o:text>{letters * (size // len(letters))}</o:text>")


def laughs(subset: str) -> bytes:
    return sidecar("<o:a>&z;</o:a>", start=f"<!DOCTYPE x [{subset}]>")


_BILLION = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghiz", strict=True))

TAKEN: Mapping[str, bytes] = {
    "5 MB": history(200) + b"\n" * 5_000_000,
    "20,000 steps": history(20_000),
    "20,000 attributes": attributes(20_000),
    "5,000 namespaces": namespaces(5_000),
    "2,000 covered": covered(2_000),
    "5 MB of text": text(5_000_000),
    "5 MB of wide text": text(5_000_000, "\U0001f600" + "x" * 50),
    "5 MB of references": text(5_000_000, "&amp;"),
    "5 MB of lines": text(5_000_000, "\n"),
    "white attribute": sidecar(attributes=f"o:a='{' ' * 5_000_000}'"),
    "white space": sidecar(f"<xmp:Rating>0</xmp:Rating>{' ' * 5_000_000}<dc:subject/>"),
    "90 deep": deep(80),
}
"""Large, and as they may be."""

COSTLY: Mapping[str, bytes] = {
    "attributes": attributes(90_000),
    "nodes": nodes(90_000),
    "words": words(90_000),
    "ratings": ratings(90_000),
    "lists": lists(30_000),
    "descriptions": descriptions(90_000),
    "comments": comments(90_000),
    "namespaces": namespaces(9_000),
    "covered": covered(4_900),
}
"""Within the limits, and so large that the deadline may refuse them."""

REFUSED: Mapping[str, tuple[bytes, str]] = {
    "attributes": (attributes(250_000), "more than 100,000 attributes"),
    "nodes": (nodes(200_000), "more than 100,000 nodes"),
    "comments": (comments(1_000_000), "more than 100,000 nodes"),
    "instructions": (sidecar("<?a?>" * 1_000_000), "more than 100,000 nodes"),
    "sections": (sidecar(f"<o:a>{'<![CDATA[]]>' * 500_000}</o:a>"), "more than 100,000 nodes"),
    "namespaces": (namespaces(20_000), "more than 10,000 declarations of namespaces"),
    "33 MB of comments": (comments(5_000_000), "larger than 8 MB"),
    "giant text": (text(40_000_000), "larger than 8 MB"),
    "deep": (deep(500_000), "more than 100 elements within each other"),
    "deep and never closed": (sidecar("<o:a>" * 500_000), "more than 100 elements within each other"),
    "laughs": (laughs(f'<!ENTITY a "ha">{_BILLION}'), "document type"),
    "blow-up": (laughs(f'<!ENTITY z "{"x" * 100_000}">').replace(b"&z;", b"&z;" * 10_000), "document type"),
    "outside": (laughs('<!ENTITY z SYSTEM "file:///etc/passwd">'), "document type"),
    "parameter": (laughs('<!ENTITY % z SYSTEM "http://example.org/z"> %z;'), "document type"),
    "laughs in UTF-16": (laughs(_BILLION).decode().encode("utf-16"), "document type"),
    "laughs in UTF-32": (
        codecs.BOM_UTF32_LE + laughs(_BILLION).decode().encode("utf-32-le"),
        "document type",
    ),
    "cut short": (nodes(50_000)[:-60], ""),
    "cut in a tag": (LIGHTROOM.encode()[:400], ""),
    "zeros": (bytes(1_000_000), ""),
    "NUL": (sidecar("<o:a>\0</o:a>"), ""),
    "twice": (sidecar(attributes='o:a="1" o:a="2"'), ""),
    "twice by two names": (sidecar(attributes='xmlns:p="urn:o" o:a="1" p:a="2"'), ""),
    "two packets": (sidecar() * 2, ""),
    "giant reference": (sidecar(attributes=f'o:a="&#{"9" * 6_000};"'), ""),
    "giant reference in a rating": (sidecar(f"<xmp:Rating>&#{'9' * 6_000};</xmp:Rating>"), ""),
    "tag that never ends": (sidecar(attributes='o:a="1" ' * 100_000 + "o:a" + " " * 1_000_000), ""),
    "two encodings": (
        codecs.BOM_UTF8 + sidecar(start='<?xml version="1.0" encoding="ISO-8859-1"?>'),
        "declares another encoding",
    ),
    "half UTF-16": (sidecar().decode().encode("utf-16")[:-1], ""),
    "lone surrogate": (sidecar("<o:a>@</o:a>").decode().encode("utf-16-le").replace(b"@\0", b"\0\xd8"), ""),
    "UTF-7": (sidecar(start='<?xml version="1.0" encoding="utf-7"?>'), "not known"),
    "a name of the fifth edition": (sidecar("<o:\u06b8/>"), "another parser"),
    "bad declaration": (sidecar(start='<?xml encoding="UTF-8" version="1.0"?>'), "another parser"),
}
"""Over a limit, or no XML to some parser; and what the reason must say."""
