"""Labels, flags and keywords in the words of each editor, read back by exiftool and exiv2."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sidecars import BRIDGE, DARKTABLE, DIGIKAM, LIGHTROOM, STYLES
from test_xmp import ENCODINGS, clark, descriptions, encoded, properties, wrapped

from photocli.errors import SidecarError, UsageError
from photocli.xmp.editors import COLOURS, DM_GOOD, EDITORS, SUBJECT
from photocli.xmp.merge import NAMESPACE, RDF, MergeResult, XmpChanges, merge

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
WORDS = ("photocli|style|noir", "photocli|medium|photograph")
needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
needs_exiv2 = pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")


def merged(packet: bytes | str | None, **changes: Any) -> MergeResult:
    """The result of a merge, of which a second one changes nothing."""
    if isinstance(packet, str):
        packet = packet.encode()
    wanted = XmpChanges(**changes)
    result = merge(packet, wanted, now=NOW)
    again = merge(result.packet, wanted, now=NOW)
    assert (again.changed, again.packet) == (False, result.packet)
    assert (again.kept_rating, again.kept_label, again.kept_pick) == (
        result.kept_rating, result.kept_label, result.kept_pick,
    )  # fmt: skip
    return result


def by_exiftool(tmp_path: Path, packet: bytes) -> dict[str, Any]:
    """Tag -> value, without those that every packet has."""
    file = tmp_path / "x.xmp"
    file.write_bytes(packet)
    command = ["exiftool", "-j", "-n", "-G1", "-a", "-struct", "-XMP:all", str(file)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    left_out = ("SourceFile", "XMP-x:XMPToolkit", "XMP-xmp:MetadataDate", "XMP-rdf:About")
    return {k.removeprefix("XMP-"): v for k, v in found.items() if k not in left_out}


def values(packet: bytes, name: str, uri: str = NAMESPACE) -> list[Any]:
    return [v for k, v in properties(packet) if k == clark((uri, name))]


KEYWORDS = {
    "dc:Subject": ["noir", "photograph"],
    "lr:HierarchicalSubject": ["photocli|style|noir", "photocli|medium|photograph"],
}
TAGS_LIST = {"digiKam:TagsList": ["photocli/style/noir", "photocli/medium/photograph"]}
OURS = {"photocli:Keywords": "photocli|style|noir;photocli|medium|photograph"}

# What each editor gets for 4 stars, a yellow label, those keywords, and a pick; then for a reject.
SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lightroom": (
        {"xmp:Rating": 4, "xmp:Label": "Yellow", "photoshop:LabelColor": "yellow", "xmpDM:Pick": 1,
         "xmpDM:Good": True, **KEYWORDS},
        {"xmp:Rating": 4, "xmpDM:Pick": -1, "xmpDM:Good": False},
    ),
    "bridge": (
        {"xmp:Rating": 4, "xmp:Label": "Second", **KEYWORDS},
        {"xmp:Rating": -1},
    ),
    "darktable": (
        {"xmp:Rating": 4, "xmp:Label": "Yellow", "darktable:Colorlabels": ["1"], **KEYWORDS},
        {"xmp:Rating": -1},
    ),
    "digikam": (
        {"xmp:Rating": 4, "xmp:Label": "Yellow", "digiKam:ColorLabel": 3, "photoshop:Urgency": 3,
         "digiKam:PickLabel": 3, "microsoft:RatingPercent": 75, **KEYWORDS, **TAGS_LIST},
        {"xmp:Rating": 4, "digiKam:PickLabel": 1, "microsoft:RatingPercent": 75},
    ),
    "captureone": (
        {"xmp:Rating": 4, "xmp:Label": "Yellow", **KEYWORDS},
        {"xmp:Rating": 4, "xmp:Label": "Red"},
    ),
    "all": (
        {"xmp:Rating": 4, "xmp:Label": "Yellow", "photoshop:LabelColor": "yellow", "digiKam:ColorLabel": 3,
         "photoshop:Urgency": 3, "darktable:Colorlabels": ["1"], "xmpDM:Pick": 1, "xmpDM:Good": True,
         "digiKam:PickLabel": 3, "microsoft:RatingPercent": 75, **KEYWORDS, **TAGS_LIST},
        {"xmp:Rating": -1, "xmpDM:Pick": -1, "xmpDM:Good": False, "digiKam:PickLabel": 1,
         "microsoft:RatingPercent": 0},
    ),
}  # fmt: skip


def test_every_editor_is_tested() -> None:
    assert SAID.keys() == EDITORS.keys()


@needs_exiftool
@pytest.mark.parametrize("name", sorted(EDITORS))
def test_each_editor_gets_exactly_its_words(name: str, tmp_path: Path) -> None:
    picked, rejected = SAID[name]
    packet = merged(None, rating=4, label="yellow", pick="pick", keywords=WORDS, editor=name).packet
    own = {"photocli:Stars": 4, "photocli:Label": "yellow", "photocli:Pick": "pick", **OURS}
    assert normal(by_exiftool(tmp_path, packet)) == normal({**picked, **own})
    packet = merged(None, rating=4, pick="reject", editor=name).packet
    own = {"photocli:Stars": rejected["xmp:Rating"], "photocli:Pick": "reject"}
    if name == "captureone":
        own["photocli:Label"] = "red"
    assert normal(by_exiftool(tmp_path, packet)) == normal({**rejected, **own})


def normal(found: dict[str, Any]) -> dict[str, Any]:
    """exiftool gives a list of one item as the item, and values that it doesn't know in any type."""
    return {
        k: [str(x) for x in v] if isinstance(v, list) else [str(v).lower() if isinstance(v, bool) else str(v)]
        for k, v in found.items()
    }


@needs_exiv2
@pytest.mark.parametrize("name", sorted(EDITORS))
def test_exiv2_reads_the_same_words(name: str, tmp_path: Path) -> None:
    file = tmp_path / "x.xmp"
    file.write_bytes(merged(None, rating=4, label="yellow", pick="pick", keywords=WORDS, editor=name).packet)
    done = subprocess.run(["exiv2", "-PXkv", str(file)], capture_output=True, check=True)
    found = dict(re.split(r"\s+", line, maxsplit=1) for line in done.stdout.decode().splitlines())
    assert found["Xmp.xmp.Rating"] == "4"
    assert found["Xmp.xmp.Label"] == EDITORS[name].labels["yellow"]
    assert found["Xmp.dc.subject"] == "noir, photograph"
    assert found["Xmp.lr.hierarchicalSubject"] == "photocli|style|noir, photocli|medium|photograph"
    assert ("Xmp.digiKam.TagsList" in found) is (name in ("digikam", "all"))
    assert ("Xmp.xmpDM.pick" in found) is (name in ("lightroom", "all"))
    assert found.get("Xmp.darktable.colorlabels") == ("1" if name in ("darktable", "all") else None)


def test_all_colours_and_only_those() -> None:
    for name in EDITORS:
        for colour in COLOURS:
            assert values(merged(None, label=colour, editor=name).packet, "Label") == [colour]
    for wrong in (
        {"label": "Red"},
        {"pick": "maybe"},
        {"keywords": ("noir",)},
        {"keywords": ("photocli|a/b",)},
    ):
        with pytest.raises(ValueError):
            XmpChanges(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no editor 'gimp'"):
        XmpChanges(editor="gimp")


# Whose label and flag it is

XMP_LABEL = ("Label", "http://ns.adobe.com/xap/1.0/")
PERSONS_LABELS = {
    "lightroom": LIGHTROOM,
    "bridge": BRIDGE,
    "digikam": DIGIKAM,
    "darktable": DARKTABLE.replace(
        "<darktable:masks_history>",
        "<darktable:colorlabels><rdf:Seq><rdf:li>3</rdf:li></rdf:Seq></darktable:colorlabels>\n"
        "   <darktable:masks_history>",
    ),
    "ours, changed": merge(None, XmpChanges(label="green"), now=NOW).packet.decode().replace("Green", "Blue"),
}


@pytest.mark.parametrize("editor", [None, *EDITORS])
@pytest.mark.parametrize("whose", PERSONS_LABELS)
def test_a_label_that_a_person_gave_is_kept(whose: str, editor: str | None) -> None:
    packet = PERSONS_LABELS[whose].encode()
    result = merged(packet, label="red", scores={"Score": "5.00"}, editor=editor)
    if whose == "lightroom":  # Red already, by a person; it stays so
        assert values(result.packet, *XMP_LABEL) == ["Red"]
    assert result.kept_label
    assert result.kept
    assert values(result.packet, "Label") == []
    assert values(result.packet, *XMP_LABEL) == values(packet, *XMP_LABEL)
    over = merged(packet, label="red", overwrite=True, editor=editor)
    assert values(over.packet, "Label") == ["red"]
    assert values(over.packet, *XMP_LABEL) == ["Select" if editor == "bridge" else "Red"]


@pytest.mark.parametrize(
    "mark",
    [
        'xmpDM:pick="1" xmpDM:good="true"',
        'xmpDM:pick="-1"',
        'xmpDM:good="true"',
        'xmpDM:good="True"',
        'digiKam:PickLabel="2"',
    ],
)
def test_a_flag_that_a_person_gave_is_kept(mark: str) -> None:
    spaces = 'xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/" '
    spaces += 'xmlns:digiKam="http://www.digikam.org/ns/1.0/" '
    packet = wrapped("", spaces + mark)
    for editor in EDITORS:
        result = merged(packet, rating=3, pick="reject", editor=editor)
        assert result.kept_pick
        assert not result.kept_rating
        assert values(result.packet, "Rating", XMP_LABEL[1]) == ["3"]  # not rejected by stars, either
        assert values(result.packet, *XMP_LABEL) == []
        assert values(result.packet, "Pick") == []
        assert mark.encode() in result.packet
        assert values(merged(packet, pick="reject", overwrite=True, editor=editor).packet, "Pick") == [
            "reject"
        ]


@pytest.mark.parametrize("editor", [None, *EDITORS])
def test_ours_follow_and_can_be_taken_back(editor: str | None) -> None:
    packet: bytes | None = None
    for changes in (
        {"rating": 4, "pick": "reject"},
        {"rating": 4, "pick": "pick", "label": "blue"},
        {"label": "green", "keywords": WORDS},
        {"rating": 2, "pick": "reject"},
        {"pick": "none"},
    ):
        result = merged(packet, editor=editor, **changes)  # type: ignore[arg-type]
        assert not result.kept
        packet = result.packet
    packet = merged(packet, rating=2, pick="none", label="", keywords=(), editor=editor).packet
    assert values(packet, "Rating", XMP_LABEL[1]) == ["2"]
    assert b"li>" not in packet
    left = {k.rpartition("}")[2]: v for k, v in properties(packet)}
    allowed = {"Rating": "2", "Stars": "2", "pick": "0", "PickLabel": "0", "ColorLabel": "0", "Urgency": "0"}
    assert all(allowed.get(k) == v for k, v in left.items() if k != "MetadataDate" and v != "25")


@pytest.mark.parametrize(("pick", "old"), [("pick", "true"), ("reject", "false")])
def test_flags_in_an_earlier_spelling_of_ours_are_ours(pick: str, old: str) -> None:
    packet = merged(None, rating=4, pick=pick, editor="lightroom").packet
    earlier = packet.replace(f'good="{old.capitalize()}"'.encode(), f'good="{old}"'.encode())
    assert earlier != packet
    same = merged(earlier, rating=4, pick=pick, editor="lightroom")
    assert (same.packet.count(b"xmpDM:good="), same.kept) == (1, False)
    assert f'xmpDM:good="{old.capitalize()}"'.encode() in same.packet
    assert values(merged(earlier, pick="none", editor="lightroom").packet, "good", DM_GOOD[0]) == []


def test_a_new_score_does_not_take_a_rejection_back() -> None:
    packet = merged(None, rating=4, pick="reject").packet
    assert values(packet, "Rating", XMP_LABEL[1]) == ["-1"]
    packet = merged(packet, rating=3, scores={"Score": "5.00"}).packet
    assert values(packet, "Rating", XMP_LABEL[1]) == ["-1"]
    assert values(merged(packet, pick="none").packet, "Rating", XMP_LABEL[1]) == ["0"]
    assert values(merged(packet, rating=3, pick="pick").packet, "Rating", XMP_LABEL[1]) == ["3"]
    by_person = packet.replace(b'xmp:Rating="-1"', b'xmp:Rating="5"')
    kept = merged(by_person, rating=3)
    assert (kept.kept_rating, values(kept.packet, "Rating", XMP_LABEL[1])) == (True, ["5"])


def test_other_editors_words_follow_where_they_are_there() -> None:
    packet = merged(
        DIGIKAM.replace('ColorLabel="3"', 'ColorLabel="0"'), label="red", pick="pick", editor="lightroom"
    ).packet
    assert b'digiKam:ColorLabel="1"' in packet
    assert b'digiKam:PickLabel="3"' in packet
    assert b'xmpDM:pick="1"' in packet


# Keywords


def subjects(packet: bytes) -> list[str]:
    (text,) = re.findall(r"<dc:subject[ >].*?</dc:subject>", packet.decode(), re.DOTALL) or [""]
    return re.findall(r"<rdf:li>(.*?)</rdf:li>", text)


def test_keywords_join_those_that_are_there() -> None:
    packet = merged(LIGHTROOM, keywords=WORDS, editor="lightroom").packet
    assert subjects(packet) == ["Zürich", "Tom &amp; Jerry &lt;3", "noir", "photograph"]
    assert (
        "\n     <rdf:li>Places|Zürich</rdf:li>\n     <rdf:li>photocli|style|noir</rdf:li>" in packet.decode()
    )
    packet = merged(packet, keywords=("photocli|style|pastel",), editor="lightroom").packet
    assert subjects(packet) == ["Zürich", "Tom &amp; Jerry &lt;3", "pastel"]
    assert b"photograph" not in packet
    packet = merged(packet, keywords=(), editor="lightroom").packet
    old = re.sub(r'xmp:MetadataDate="[^"]*"', "", LIGHTROOM)
    new = re.sub(r'xmp:MetadataDate="[^"]*"', "", packet.decode())
    assert re.sub(r'\s+xmlns:photocli="[^"]*"', "", new) == old


def test_a_keyword_that_a_person_gave_stays() -> None:
    packet = LIGHTROOM.replace("<rdf:li>Zürich</rdf:li>", "<rdf:li>noir</rdf:li>")
    tagged = merged(packet, keywords=WORDS).packet
    assert subjects(tagged).count("noir") == 1
    assert values(tagged, "Keywords") == ["photocli|medium|photograph"]
    assert subjects(merged(tagged, keywords=()).packet) == ["noir", "Tom &amp; Jerry &lt;3"]
    # A person's own hierarchy with the same last word needs the flat one, too.
    tagged = merged(LIGHTROOM, keywords=WORDS).packet.replace(
        b"Places|", b"Mood|noir</rdf:li><rdf:li>Places|"
    )
    assert "noir" in subjects(merged(tagged, keywords=()).packet)


@pytest.mark.parametrize(
    "form",
    [
        "",
        "<dc:subject/>",
        "<dc:subject>\n</dc:subject>",
        "<dc:subject><rdf:Bag/></dc:subject>",
        "<dc:subject><rdf:Bag></rdf:Bag></dc:subject>",
        "<dc:subject><rdf:Seq>\n <rdf:li>noir</rdf:li>\n</rdf:Seq></dc:subject>",
        "<dc:subject><!-- mine --><rdf:Bag><rdf:li>a</rdf:li><!-- b --><rdf:li/></rdf:Bag></dc:subject>",
        "<dc:subject><rdf:Bag><rdf:li xml:lang='de'>Stra&#223;e</rdf:li></rdf:Bag></dc:subject>",
        "<dc:subject><rdf:Bag><rdf:li rdf:parseType='Resource'><rdf:value>a</rdf:value></rdf:li></rdf:Bag>"
        "</dc:subject>",
        "<dc:subject><rdf:Bag><rdf:li>a</rdf:li></rdf:Bag></dc:subject>"
        "<dc:subject><rdf:Bag><rdf:li>b</rdf:li></rdf:Bag></dc:subject>",
    ],
)
def test_lists_in_all_forms(form: str) -> None:
    packet = wrapped(form, 'xmlns:dc="http://purl.org/dc/elements/1.1/"')
    tagged = merged(packet, keywords=WORDS).packet.decode()
    assert len(re.findall(r"li>noir<", tagged)) == 1
    assert len(re.findall(r"li>photograph<", tagged)) == 1
    cleared = merged(tagged, keywords=()).packet.decode()
    assert "photograph" not in cleared
    for word in re.findall(r"<rdf:li[^/]*?>[^<]*</rdf:li>|<!-- \w+ -->", form):
        assert word in cleared


def test_a_keyword_property_that_is_no_list_is_left_alone() -> None:
    for form in (("", 'dc:subject="old"'), ("<dc:subject>old</dc:subject>", "")):
        packet = wrapped(form[0], 'xmlns:dc="http://purl.org/dc/elements/1.1/" ' + form[1])
        tagged = merged(packet, keywords=WORDS).packet
        assert values(tagged, "subject", SUBJECT[0]) == ["old"]
        assert values(tagged, "Keywords") == []
        assert b"photocli|style|noir" in tagged


# Everything at once, into anything

everything = st.builds(
    XmpChanges,
    rating=st.none() | st.integers(-1, 5),
    label=st.sampled_from([None, "", *COLOURS]),
    pick=st.sampled_from([None, "pick", "reject", "none"]),
    keywords=st.sampled_from([None, (), WORDS, WORDS[:1], ("photocli|style|a & <b>",)]),
    scores=st.sampled_from([{}, {"Score": "5.00"}]),
    editor=st.sampled_from([None, *EDITORS]),
    overwrite=st.booleans(),
)
MARKED = (
    "Rating",
    "Label",
    "LabelColor",
    "Urgency",
    "ColorLabel",
    "PickLabel",
    "pick",
    "good",
    "MetadataDate",
)
LISTED = ("subject", "hierarchicalSubject", "TagsList", "colorlabels")


def untouched(packet: bytes, codec: str) -> list[Any]:
    """All properties but those that a label, a flag, a rating or a keyword may change."""
    found = []
    for key, value in properties(packet, codec):
        uri, _, name = key[1:].partition("}")
        if uri == NAMESPACE or (name in (*MARKED, *LISTED) and uri.startswith("http")):
            continue
        # What follows an element is the space between properties, in which a new one may stand.
        found.append((key, value[:-1] if isinstance(value, tuple) else value))
    return sorted(found, key=repr)


def items(packet: bytes, codec: str, ours: set[str]) -> list[str]:
    text = packet.decode(codec)
    return [word for word in re.findall(r"<(?:rdf:)?li>([^<]*)</", text) if word not in ours]


OUR_WORDS = {
    "noir", "photograph", "a &amp; &lt;b&gt;", "photocli|style|noir", "photocli|medium|photograph",
    "photocli|style|a &amp; &lt;b&gt;", "photocli/style/noir", "photocli/medium/photograph",
    "photocli/style/a &amp; &lt;b&gt;", "0", "1", "2", "3", "4",
}  # fmt: skip


@given(
    st.sampled_from(sorted(STYLES)),
    st.sampled_from(sorted(ENCODINGS)),
    st.lists(everything, min_size=1, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_marks_in_any_style_keep_what_is_not_ours(
    style: str, encoding: str, all_changes: list[XmpChanges]
) -> None:
    packet = encoded(STYLES[style], encoding)
    codec = ENCODINGS[encoding][0]
    for changes in all_changes:
        result = merge(packet, changes, now=NOW)
        assert untouched(result.packet, codec) == untouched(packet, codec)
        assert items(result.packet, codec, OUR_WORDS) == items(packet, codec, OUR_WORDS)
        again = merge(result.packet, changes, now=NOW)
        assert (again.packet, again.changed) == (result.packet, False)
        packet = result.packet


@given(
    st.lists(descriptions(), max_size=3),
    st.sampled_from(sorted(ENCODINGS)),
    st.lists(everything, min_size=1, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_any_marks_in_any_tree_keep_what_is_not_ours(
    made: list[str], encoding: str, all_changes: list[XmpChanges]
) -> None:
    packet = encoded(f'<rdf:RDF xmlns:rdf="{RDF}">{"".join(made)}</rdf:RDF>', encoding)
    codec = ENCODINGS[encoding][0]
    for changes in all_changes:
        try:
            result = merge(packet, changes, now=NOW)
        except SidecarError as error:
            assert changes.overwrite and "unknown form" in str(error)
            continue
        assert untouched(result.packet, codec) == untouched(packet, codec)
        again = merge(result.packet, changes, now=NOW)
        assert (again.packet, again.changed) == (result.packet, False)
        packet = result.packet


def test_a_history_of_5_mb_is_marked() -> None:
    lines = "".join(
        f'\n     <rdf:li darktable:num="{n}" darktable:params="{"gz02eJxjYGBgYAFiCQYYOOHEgAZY" * 12}"/>'
        for n in range(14_000)
    )
    packet = DARKTABLE.replace(
        "</rdf:Seq>\n   </darktable:history>", lines + "</rdf:Seq>\n   </darktable:history>"
    )
    assert len(packet) > 5_000_000
    result = merged(packet, rating=4, label="red", pick="reject", keywords=WORDS, editor="darktable")
    assert lines.encode() in result.packet


# Other programs as readers of what isn't ours

ALL = XmpChanges(
    rating=4, label="green", pick="pick", keywords=WORDS, scores={"Score": "6.25"}, overwrite=True
)
TOUCHED = re.compile(
    r"SourceFile|ExifTool:|System:|File:|XMP-photocli|XMP-rdf:About"
    r"|XMP-(xmp:(Rating|Label|MetadataDate)|photoshop:(LabelColor|Urgency)|digiKam:(ColorLabel|PickLabel)"
    r"|microsoft:Rating|xmpDM:(Pick|Good)|darktable:Colorlabels|dc:Subject|lr:Hier|digiKam:TagsList)"
)


def listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


@needs_exiftool
@pytest.mark.parametrize("editor", sorted(EDITORS))
def test_exiftool_finds_all_that_was_there(editor: str, tmp_path: Path) -> None:
    for style in sorted(set(STYLES) - {"bare", "strange"}):
        file = tmp_path / f"{style}.xmp"
        for encoding in ("utf-8", "utf-16-le"):
            found = []
            packet = encoded(STYLES[style], encoding)
            for data in (packet, merge(packet, replace(ALL, editor=editor), now=NOW).packet):
                file.write_bytes(data)
                command = ["exiftool", "-j", "-G1", "-struct", "-a", "-charset", "UTF8", str(file)]
                found += json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            old, new = found
            assert {k: v for k, v in new.items() if not TOUCHED.match(k)} == {
                k: v for k, v in old.items() if not TOUCHED.match(k)
            }
            for key in ("XMP-dc:Subject", "XMP-lr:HierarchicalSubject", "XMP-digiKam:TagsList"):
                if key in old:
                    kept = [item for item in listed(new[key]) if item in listed(old[key])]
                    assert kept == listed(old[key])
            assert new.get("ExifTool:Warning") == old.get("ExifTool:Warning")


@needs_exiv2
@pytest.mark.parametrize("style", sorted(set(STYLES) - {"bare"}))
def test_exiv2_finds_all_that_was_there(style: str, tmp_path: Path) -> None:
    file = tmp_path / "x.xmp"
    found = []
    for data in (STYLES[style].encode(), merge(STYLES[style].encode(), ALL, now=NOW).packet):
        file.write_bytes(data)
        done = subprocess.run(["exiv2", "-PXkv", str(file)], capture_output=True, check=False)
        assert b"rror" not in done.stderr
        found.append(set(done.stdout.decode().splitlines()))
    before, after = found
    changed = re.compile(
        r"Xmp\.(xmp\.(Rating|Label|MetadataDate)|photoshop\.(LabelColor|Urgency)"
        r"|MicrosoftPhoto\.Rating|digiKam\.(ColorLabel|PickLabel|TagsList)"
        r"|darktable\.colorlabels|dc\.subject|lr\.hierarchicalSubject) "
    )
    assert {line for line in before if not changed.match(line)} <= after
