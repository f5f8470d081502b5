from __future__ import annotations

import codecs
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sidecars import BRIDGE, DARKTABLE, DIGIKAM, EXIFTOOL, LIGHTROOM, STYLES

from photocli.errors import SidecarError
from photocli.xmp.merge import (
    METADATA_DATE,
    MICROSOFT_RATINGS,
    NAMESPACE,
    RATING,
    RDF,
    SIDECAR_FOR,
    STARS,
    XMP,
    MergeResult,
    XmpChanges,
    merge,
)

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone(timedelta(hours=2)))
CHANGES = XmpChanges(rating=4, scores={"Score": "6.25", "Models": "aesthetic@1.0;faces@2"}, sidecar_for="CR2")
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "utf-16-le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-bare": ("utf-16-le", b""),
    "utf-32-le": ("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32-be": ("utf-32-be", b""),
}


def encoded(text: str, encoding: str) -> bytes:
    codec, mark = ENCODINGS[encoding]
    text = text.replace('encoding="UTF-8"', f'encoding="{codec[:6].upper()}"')
    return mark + text.encode(codec)


def wrapped(inside: str, attributes: str = "") -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}" xmlns:xmp="{XMP}"'
        f' xmlns:MicrosoftPhoto="{MICROSOFT_RATINGS[0][0]}" xmlns:photocli="{NAMESPACE}">'
        f'<rdf:Description rdf:about="" {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def properties(packet: bytes, codec: str = "utf-8") -> list[tuple[str, Any]]:
    """All properties, read by another parser than the one under test."""
    text = re.sub(r"^<\?xml.*?\?>", "", packet.decode(codec).lstrip("\ufeff"))
    root = ET.fromstring(text)
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    assert rdf is not None
    found: list[tuple[str, Any]] = []
    for description in rdf:
        found += [(k, v) for k, v in description.attrib.items() if not k.startswith(f"{{{RDF}}}")]
        found += [(child.tag, shape(child)) for child in description]
    return found


def shape(element: ET.Element) -> Any:
    children = [shape(child) for child in element]
    if not children and not element.attrib:
        return element.text or ""
    return (element.tag, element.text, sorted(element.attrib.items()), children, element.tail)


def foreign(packet: bytes, codec: str = "utf-8") -> list[tuple[str, Any]]:
    touched = {clark(key) for key in (RATING, METADATA_DATE, SIDECAR_FOR, *MICROSOFT_RATINGS)}
    found = [(k, v) for k, v in properties(packet, codec) if k not in touched and NAMESPACE not in k]
    return sorted(found, key=repr)


def clark(key: tuple[str, str]) -> str:
    return f"{{{key[0]}}}{key[1]}"


def values(packet: bytes, key: tuple[str, str]) -> list[Any]:
    return [v for k, v in properties(packet) if k == clark(key)]


def merged(packet: bytes | None, **changes: Any) -> MergeResult:
    return merge(packet, XmpChanges(**changes), now=NOW)


# What is written, and what stays


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("style", STYLES)
def test_every_style_in_every_encoding_keeps_what_is_not_ours(style: str, encoding: str) -> None:
    packet = encoded(STYLES[style], encoding)
    codec, mark = ENCODINGS[encoding]
    result = merge(packet, CHANGES, now=NOW)
    assert result.changed
    assert result.packet.startswith(mark)
    assert foreign(result.packet, codec) == foreign(packet, codec)
    again = merge(result.packet, CHANGES, now=NOW + timedelta(days=1))
    assert again == MergeResult(result.packet, False, result.kept_rating)
    assert (clark(METADATA_DATE), "2024-05-06T07:08:09+02:00") in properties(result.packet, codec)
    assert (f"{{{NAMESPACE}}}Score", "6.25") in properties(result.packet, codec)
    if style == "digikam":
        assert result.kept_rating
    else:
        assert (clark(RATING), "4") in properties(result.packet, codec)
        assert (clark(STARS), "4") in properties(result.packet, codec)


@pytest.mark.parametrize("style", STYLES)
def test_all_text_but_the_changed_values_stays(style: str) -> None:
    """Taking our insertions out of the result, and the old values back in, gives the old bytes."""
    packet = STYLES[style].encode()
    text = merge(packet, CHANGES, now=NOW).packet.decode()
    text = re.sub(rf'\s+xmlns:\w+="({NAMESPACE}|{XMP}|{SIDECAR_FOR[0]})"', "", text)
    text = re.sub(r'\s+\w+:(Score|Models|Stars|Rating|MetadataDate|SidecarForExtension)="[^"]*"', "", text)
    old = re.sub(rf'\s+xmlns:\w+="({XMP}|{SIDECAR_FOR[0]})"', "", STYLES[style])
    old = re.sub(r'\s+\w+:(Rating|MetadataDate|SidecarForExtension)="[^"]*"', "", old)
    new_values = re.compile(r"<(xmp:(?:Rating|MetadataDate))>[^<]*")
    if style == "bare":
        assert "rdf:Description" in text
        return
    assert new_values.sub(r"<\1>", text) == new_values.sub(r"<\1>", old)


def test_attributes_stay_attributes_and_elements_elements() -> None:
    as_attribute = merge(DARKTABLE.encode(), CHANGES, now=NOW).packet.decode()
    assert '\n   xmp:Rating="4"\n' in as_attribute
    as_element = merge(EXIFTOOL.encode(), CHANGES, now=NOW).packet.decode()
    assert "\n  <xmp:Rating>4</xmp:Rating>\n" in as_element
    assert merged(wrapped("<xmp:Rating/>"), rating=3).packet.count(b"<xmp:Rating>3</xmp:Rating>") == 1
    commented = merged(wrapped("<xmp:Rating> <!-- none --> </xmp:Rating>"), rating=3).packet
    assert values(commented, RATING) == ["3"]


def test_wrapper_and_padding_stay() -> None:
    result = merge(BRIDGE.encode(), CHANGES, now=NOW).packet.decode()
    tail = BRIDGE[BRIDGE.index("</x:xmpmeta>") :]
    assert result.endswith(tail)
    assert result.startswith(BRIDGE[: BRIDGE.index("<x:xmpmeta")])


def test_a_new_packet_holds_all() -> None:
    packet = merge(None, CHANGES, now=NOW).packet
    assert dict(properties(packet)) == {
        clark(RATING): "4",
        clark(STARS): "4",
        clark(SIDECAR_FOR): "CR2",
        clark(METADATA_DATE): "2024-05-06T07:08:09+02:00",
        f"{{{NAMESPACE}}}Score": "6.25",
        f"{{{NAMESPACE}}}Models": "aesthetic@1.0;faces@2",
    }


def test_what_the_sidecar_belongs_to_is_never_changed() -> None:
    assert values(merge(LIGHTROOM.encode(), CHANGES, now=NOW).packet, SIDECAR_FOR) == ["NEF"]


def test_awkward_values_survive_in_every_form_and_encoding() -> None:
    score = "a<b>&\"c' \n\t日本"
    latin = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + wrapped("<photocli:Score>\xe9</photocli:Score>")
    for packet in (None, wrapped("<photocli:Score/>"), wrapped("", 'photocli:Score="1"'), latin):
        result = merged(packet, scores={"Score": score})
        assert merged(result.packet, scores={"Score": score}).changed is False
        assert score in [v for _, v in properties(result.packet, "latin-1" if packet is latin else "utf-8")]


def test_our_own_property_in_a_form_that_we_never_write_is_put_right() -> None:
    listed = "<photocli:Models><rdf:Bag><rdf:li>x</rdf:li></rdf:Bag></photocli:Models>"
    result = merged(wrapped(listed), scores={"Models": "y"})
    assert values(result.packet, (NAMESPACE, "Models")) == ["y"]


# Whose rating it is


@pytest.mark.parametrize("form", ['xmp:Rating="{}"', "<xmp:Rating>{}</xmp:Rating>"])
@pytest.mark.parametrize(
    ("present", "stars", "kept"),
    [
        ("3", None, True),
        ("4", None, True),  # the same as ours would be, yet a person's
        ("-1", None, True),
        ("3.0", "", True),
        ("five", None, True),
        ("nan", None, True),
        ("3", "2", True),
        ("-1", "2", True),
        ("0", None, False),
        ("0", "2", False),
        ("", None, False),
        (" ", None, False),
        ("2", "2", False),
        ("2.0", "2", False),
    ],
)
def test_a_rating_that_a_person_gave_is_kept(form: str, present: str, stars: str | None, kept: bool) -> None:
    own = "" if stars is None else f' photocli:Stars="{stars}"'
    text = form.format(present)
    packet = wrapped(text, own) if text.startswith("<") else wrapped("", text + own)
    result = merged(packet, rating=4, scores={"Score": "6.00"})
    assert result.kept_rating is kept
    assert values(result.packet, RATING) == [present if kept else "4"]
    assert values(result.packet, STARS) == ([] if kept else ["4"])
    assert values(result.packet, (NAMESPACE, "Score")) == ["6.00"]
    over = merged(packet, rating=4, overwrite=True)
    assert float(values(over.packet, RATING)[0]) == 4
    assert values(over.packet, STARS) == ["4"]


def test_our_rating_follows_the_score_until_a_person_changes_it() -> None:
    packet = merged(None, rating=4).packet
    packet = merged(packet, rating=2).packet
    assert values(packet, RATING) == ["2"]
    packet = merged(packet.replace(b'xmp:Rating="2"', b'xmp:Rating="5"'), rating=3).packet
    assert (values(packet, RATING), values(packet, STARS)) == (["5"], [])
    packet = merged(packet.replace(b'xmp:Rating="5"', b'xmp:Rating="2"'), rating=4).packet
    assert values(packet, RATING) == ["2"]  # what we once wrote is no claim any more


def test_no_rating_leaves_ratings_alone() -> None:
    packet = merged(wrapped("", 'xmp:Rating="2" photocli:Stars="2"'), scores={"Score": "6.00"}).packet
    assert (values(packet, RATING), values(packet, STARS)) == (["2"], ["2"])


def test_ratings_in_several_descriptions_agree_afterwards() -> None:
    two = "<xmp:Rating>{}</xmp:Rating></rdf:Description><rdf:Description xmp:Rating='{}' photocli:Stars='2'>"
    assert values(merged(wrapped(two.format(0, 2)), rating=4).packet, RATING) == ["4", "4"]
    kept = merged(wrapped(two.format(2, 3)), rating=4)
    assert kept.kept_rating
    assert values(kept.packet, RATING) == ["2", "3"]
    assert values(kept.packet, STARS) == []


@pytest.mark.parametrize("key", MICROSOFT_RATINGS)  # the address with and without a slash
def test_the_rating_of_microsoft_follows_where_there_is_one(key: tuple[str, str]) -> None:
    def packet(attributes: str) -> bytes:
        return wrapped("", attributes).replace(
            MICROSOFT_RATINGS[0][0].encode() + b'"', key[0].encode() + b'"'
        )

    ours = 'xmp:Rating="2" MicrosoftPhoto:Rating="25" photocli:Stars="2"'
    for editor in (None, "digikam", "all"):
        result = merged(packet(ours), rating=5, editor=editor).packet
        assert [values(result, each) for each in MICROSOFT_RATINGS if each == key] == [["99"]]
        assert [values(result, each) for each in MICROSOFT_RATINGS if each != key] == [[]]
    assert merged(packet(ours.replace("25", "75")), rating=5).kept_rating
    assert merged(packet('MicrosoftPhoto:Rating="75"'), rating=5).kept_rating
    assert [values(merged(None, rating=5).packet, each) for each in MICROSOFT_RATINGS] == [[], []]
    kept = merge(DIGIKAM.encode(), CHANGES, now=NOW).packet
    assert (values(kept, RATING), values(kept, MICROSOFT_RATINGS[1])) == (["3"], ["50"])


def test_a_qualified_rating_is_kept_and_never_rewritten() -> None:
    packet = wrapped(
        '<xmp:Rating rdf:parseType="Resource"><rdf:value>3</rdf:value><xmp:by>me</xmp:by></xmp:Rating>'
    )
    result = merged(packet, rating=4)
    assert result == MergeResult(packet, False, True)
    with pytest.raises(SidecarError, match="unknown form"):
        merged(packet, rating=4, overwrite=True)


@pytest.mark.parametrize("form", ['odd:by="me"', 'rdf:resource="urn:3"'])
def test_a_rating_with_attributes_is_no_simple_one(form: str) -> None:
    packet = wrapped(f'<xmp:Rating xmlns:odd="urn:odd" {form}/>')
    assert merged(packet, rating=4) == MergeResult(packet, False, True)


def test_ratings_outside_the_scale_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError):
        XmpChanges(rating=6)


# What is refused

LAUGHS = """<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>&b;</rdf:Description></rdf:RDF>"""
OUTSIDE = LAUGHS.replace('"ha"', 'SYSTEM "file:///etc/passwd"')
REFUSED = {
    "laughs": LAUGHS.encode(),
    "laughs in UTF-16": LAUGHS.encode("utf-16"),
    "outside": OUTSIDE.encode(),
    "late document type": b'<!-- --><!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + wrapped(""),
    "unknown entity": wrapped("&nbsp;"),
    "cut short": LIGHTROOM.encode()[:-200],
    "cut in a tag": LIGHTROOM.encode()[:400],
    "cut in a comment": b"<!-- never closed " + LIGHTROOM.encode(),
    "empty": b"",
    "blank": b" \n\0",
    "binary": bytes(range(256)) * 40,
    "jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif\0\0",
    "zeros": bytes(1000),
    "html": b"<html><body>moved</body></html>",
    "two roots": wrapped("") * 2,
    "text after": wrapped("") + b"x",
    "crossed": wrapped("<a:b xmlns:a='a'></a:c>"),
    "undeclared": wrapped("<nope:b/>"),
    "twice": wrapped("", 'xmp:Rating="1" xmp:Rating="2"'),
    "deep": wrapped("<xmp:a>" * 5000 + "</xmp:a>" * 5000),
    "wrong bytes": wrapped("<xmp:a>\xe9</xmp:a>").decode().encode("latin-1"),
    "half a character": LIGHTROOM.encode("utf-16")[:-1],
    "unknown encoding": b'<?xml version="1.0" encoding="x-none"?>' + wrapped(""),
    "odd encoding": b'<?xml version="1.0" encoding="utf-7"?>' + wrapped(""),
    "no XMP": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_parsed_is_refused(name: str) -> None:
    with pytest.raises(SidecarError):
        merge(REFUSED[name], CHANGES, now=NOW)


def test_only_large_packets_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    history = "<rdf:li xmp:params='" + "gz02eJxjYGBgYAFiCQYYOOHEgAZY" * 10 + "'/>\n"
    packet = wrapped("<xmp:history><rdf:Seq>" + history * 16_000 + "</rdf:Seq></xmp:history>")
    assert len(packet) > 4_500_000
    result = merge(packet, CHANGES, now=NOW)
    assert len(result.packet) > len(packet)
    monkeypatch.setattr("photocli.xmp.encoding.LARGEST", 4_000_000)
    with pytest.raises(SidecarError, match="larger"):
        merge(packet, CHANGES, now=NOW)


@given(st.binary(max_size=200) | st.text(alphabet="<>/=\"'!?-[]xa: &;", max_size=60).map(str.encode))
def test_junk_never_raises_anything_else(junk: bytes) -> None:
    with pytest.raises(SidecarError):
        merge(junk, CHANGES, now=NOW)


@given(st.sampled_from(sorted(STYLES)), st.integers(0, 4000), st.binary(max_size=3))
@settings(max_examples=150, deadline=None)
def test_damaged_sidecars_are_refused_or_merged_but_never_made_worse(style: str, at: int, put: bytes) -> None:
    packet = STYLES[style].encode()
    packet = packet[:at] + put + packet[at + len(put) :]
    try:
        result = merge(packet, CHANGES, now=NOW)
    except SidecarError:
        return
    assert foreign(result.packet) == foreign(packet)


# Any tree of properties

SPACES = {"dc": "http://purl.org/dc/elements/1.1/", "odd": "urn:odd:1", "xmp": XMP, "photocli": NAMESPACE}
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=8)
names = st.sampled_from(["a", "b", "Rating", "Label"])


@st.composite
def descriptions(draw: st.DrawFn) -> str:
    """A description with properties in all forms, with any quotes and white space."""
    space = draw(st.sampled_from([" ", "\n  ", "\r\n\t"]))
    attributes, inside = "", ""
    used = set()
    for _ in range(draw(st.integers(0, 5))):
        prefix, name = draw(st.sampled_from(["dc", "odd", "xmp"])), draw(names)
        text = draw(st.sampled_from(["0", "2", "3", "-1"]) if (prefix, name) == ("xmp", "Rating") else texts)
        value = quoteattr(text)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        form = draw(st.sampled_from(["attribute", "element", "bag", "structure"]))
        if form == "attribute" and (prefix, name) not in used:
            attributes += f"{space}{prefix}:{name}={value}"
            used.add((prefix, name))
        elif form == "bag":
            inside += (
                f"{space}<{prefix}:{name}><rdf:Bag><rdf:li>{escaped}</rdf:li></rdf:Bag></{prefix}:{name}>"
            )
        elif form == "structure":
            inside += f"{space}<{prefix}:{name} rdf:parseType='Resource'><odd:Rating>{escaped}</odd:Rating>"
            inside += f"</{prefix}:{name}>"
        else:
            inside += f"<{prefix}:{name}>{escaped}</{prefix}:{name}{space}>"
    if draw(st.booleans()):
        attributes += f"{space}photocli:Stars='2'"
    bound = "".join(f"{space}xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in SPACES.items())
    end = "/>" if not inside else f">{inside}</rdf:Description>"
    return f"<rdf:Description rdf:about=''{bound}{attributes}{end}"


@given(st.lists(descriptions(), max_size=3), st.sampled_from(sorted(ENCODINGS)), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_tree_keeps_all_foreign_properties(made: list[str], encoding: str, mark: bool) -> None:
    start = '<?xml version="1.0" encoding="UTF-8"?>' if mark else "<!-- -->"
    packet = encoded(f'{start}<rdf:RDF xmlns:rdf="{RDF}">{"".join(made)}</rdf:RDF>', encoding)
    codec = ENCODINGS[encoding][0]
    result = merge(packet, CHANGES, now=NOW)
    assert foreign(result.packet, codec) == foreign(packet, codec)
    assert merge(result.packet, CHANGES, now=NOW) == MergeResult(result.packet, False, result.kept_rating)
    ratings = [v for k, v in properties(result.packet, codec) if k == clark(RATING)]
    if result.kept_rating:
        assert ratings == [v for k, v in properties(packet, codec) if k == clark(RATING)]
    else:
        assert set(ratings) == {"4"}


# Other programs as readers

TOUCHED = re.compile(
    r"SourceFile|ExifTool:|System:|File:|XMP-photocli|XMP-xmp:(Rating|MetadataDate)$"
    r"|XMP-microsoft:Rating|XMP-photoshop:SidecarForExtension"
)


def by_exiftool(folder: Path) -> dict[str, dict[str, Any]]:
    command = ["exiftool", "-j", "-G1", "-struct", "-a", "-charset", "UTF8", "-ext", "xmp", str(folder)]
    done = subprocess.run(command, capture_output=True, check=True)
    return {Path(entry["SourceFile"]).stem: entry for entry in json.loads(done.stdout)}


def by_exiv2(file: Path) -> list[str]:
    done = subprocess.run(["exiv2", "-PXkv", str(file)], capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: there is none
    assert b"rror" not in done.stderr
    return done.stdout.decode().splitlines()


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_the_same_before_and_after(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
    for style, text in STYLES.items():
        for encoding in ("utf-8", "utf-8-bom", "utf-16-le", "utf-16-be"):
            packet = encoded(text, encoding)
            (before / f"{style} {encoding}.xmp").write_bytes(packet)
            (after / f"{style} {encoding}.xmp").write_bytes(merge(packet, CHANGES, now=NOW).packet)
    old, new = by_exiftool(before), by_exiftool(after)
    assert old.keys() == new.keys()
    understood = 0
    for name, tags in new.items():
        kept = {k: v for k, v in tags.items() if not TOUCHED.match(k)}
        assert kept == {k: v for k, v in old[name].items() if not TOUCHED.match(k)}
        assert "ExifTool:Warning" not in tags or "ExifTool:Warning" in old[name]
        # Of a bare packet, a strange one, and UTF-16 without a wrapper, exiftool reads little or nothing.
        if any(key.startswith("XMP-") for key in old[name]) and not name.startswith("strange"):
            understood += 1
            assert tags["XMP-xmp:Rating"] == (3 if name.startswith("digikam") else 4)
            assert tags["XMP-photocli:Score"] == 6.25
    assert understood >= 18


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_what_exiftool_writes_is_merged_and_can_be_written_again(tmp_path: Path) -> None:
    file = tmp_path / "x.xmp"
    tags = ["-XMP-dc:Subject=a", "-XMP-dc:Subject=b", "-XMP-xmp:Label=Red", "-XMP-iptcCore:Location=Zürich"]
    subprocess.run(["exiftool", "-q", *tags, str(file)], check=True, capture_output=True)
    packet = file.read_bytes()
    result = merge(packet, CHANGES, now=NOW)
    assert foreign(result.packet) == foreign(packet)
    file.write_bytes(result.packet)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP-xmp:Rating=5", str(file)], check=True)
    again = merge(file.read_bytes(), CHANGES, now=NOW)
    assert again.kept_rating
    assert values(again.packet, RATING) == ["5"]


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
@pytest.mark.parametrize("style", sorted(set(STYLES) - {"bare"}))
def test_exiv2_reads_the_same_before_and_after(style: str, tmp_path: Path) -> None:
    file = tmp_path / "x.xmp"
    file.write_bytes(STYLES[style].encode())
    before = by_exiv2(file)
    file.write_bytes(merge(STYLES[style].encode(), CHANGES, now=NOW).packet)
    after = by_exiv2(file)
    touched = re.compile(
        r"Xmp\.(photocli\w*\.(Score|Models|Stars)|xmp\.(Rating|MetadataDate)|photoshop\.SidecarFor)"
    )
    assert [x for x in after if not touched.match(x)] == [x for x in before if not touched.match(x)]
    if style != "strange":
        assert before
        assert any(re.match(r"Xmp\.xmp\.Rating +" + ("3" if style == "digikam" else "4"), x) for x in after)
        assert any(re.match(r"Xmp\.photocli\.Score +6\.25", x) for x in after)
