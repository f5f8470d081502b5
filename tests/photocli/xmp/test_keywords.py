"""Keywords are written where they were asked for, and taken out again where they no longer are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from commands import photocli
from crafted_classes import write_classifier
from photos import write_photo
from sidecars import LIGHTROOM

from photocli.errors import UsageError
from photocli.records import Answer, Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp.keywords import SETS, of_record, wanted
from photocli.xmp.merge import XmpChanges, merge
from photocli.xmp.sidecar_plan import Outcome

ANSWER = Answer("rooms", "kitchen; bar", 0.9, (("kitchen", 0.9), ("bar", 0.6), ("attic", 0.1)))
RECORD = Record(
    "a.CR2",
    score=6.5,
    stars=4,
    models=("a@1",),
    medium="painting",
    style="noir",
    styles=(("noir", 0.9), ("film grain", 0.7)),
    faults=("motion_blur", "noise"),
    answers=(ANSWER,),
)
PLAIN = Record("b.CR2", score=6.5, stars=4, models=("a@1",), medium="photograph", style="plain")
EVERYTHING = ("looks", "medium", "faults", "rooms")


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ((), ()),
        (("looks",), ("photocli|style|noir", "photocli|style|film grain")),
        (("medium", "faults"), (
            "photocli|medium|painting", "photocli|faults|motion blur", "photocli|faults|noise",
        )),
        (("rooms",), ("photocli|rooms|kitchen", "photocli|rooms|bar")),
        (("other",), ()),
    ],
)  # fmt: skip
def test_only_what_was_asked_for_becomes_keywords(sets: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert of_record(RECORD, sets) == words


def test_what_every_photo_has_never_does() -> None:
    assert of_record(PLAIN, EVERYTHING) == ()
    assert of_record(Record("c.CR2", style="a|b/c;d"), ("looks",)) == ("photocli|style|a b c d",)


def test_sets_are_read_and_checked() -> None:
    assert wanted("") == ()
    assert wanted(" looks, faults,looks", {"style", "technical"}) == ("looks", "faults")
    assert wanted("rooms,medium", None, ("rooms",)) == ("rooms", "medium")
    assert wanted("all", {"technical"}, ("rooms",)) == ("faults", "rooms")
    assert wanted("all") == tuple(SETS)
    with pytest.raises(UsageError, match="no keywords 'style'; choose of looks, medium, faults, rooms, all"):
        wanted("style", None, ("rooms",))
    with pytest.raises(UsageError, match="come from a model of kind technical, and none is used"):
        wanted("looks,faults", {"style"})


def subjects(sidecar: Path) -> list[str]:
    """The flat keywords of a sidecar."""
    found = re.search("<dc:subject>(.*)</dc:subject>", sidecar.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall("<rdf:li>([^<]*)<", found[1]) if found else []


def write(folder: Path, record: Record, **options: Any) -> Path:
    """Write the sidecar of a record whose photo lies in this folder."""
    photo = folder / record.path
    photo.touch()
    outcomes: list[Outcome] = []
    with XmpWriter(report=outcomes.append, **options) as writer:
        writer.write(replace(record, path=str(photo)))
    assert outcomes[0].sidecar is not None and outcomes[0].kind != "failed"
    return outcomes[0].sidecar


@pytest.mark.parametrize("editor", [None, "lightroom", "digikam", "all"])
def test_keywords_of_an_earlier_run_are_taken_out_and_a_persons_stay(
    editor: str | None, tmp_path: Path
) -> None:
    (tmp_path / "a.xmp").write_text(LIGHTROOM, newline="")
    theirs = ["Zürich", "Tom &amp; Jerry &lt;3"]
    sidecar = write(tmp_path, RECORD, editor=editor, keywords=EVERYTHING)
    assert sidecar == tmp_path / "a.xmp"
    assert subjects(sidecar) == [
        *theirs, "painting", "noir", "film grain", "motion blur", "noise", "kitchen", "bar",
    ]  # fmt: skip
    write(tmp_path, RECORD, editor=editor, keywords=("faults",))
    assert subjects(sidecar) == [*theirs, "motion blur", "noise"]
    assert sidecar.read_text(encoding="utf-8").count("photocli|faults|noise") == 2  # in lr, and in our note
    write(tmp_path, RECORD, editor=editor)
    assert subjects(sidecar) == theirs
    text = sidecar.read_text(encoding="utf-8")
    assert "photocli|" not in text and "photocli/" not in text
    assert "<rdf:li>Places|Zürich</rdf:li>" in text


def test_keywords_that_photos_had_of_earlier_versions_go(tmp_path: Path) -> None:
    """Those of `--for`, which every photo had."""
    before = merge(
        LIGHTROOM.encode(),
        XmpChanges(keywords=("photocli|medium|photograph", "photocli|style|plain"), editor="lightroom"),
        now=datetime.now(timezone.utc),
    )
    (tmp_path / "a.xmp").write_bytes(before.packet)
    assert "plain" in subjects(tmp_path / "a.xmp")
    sidecar = write(tmp_path, RECORD, editor="lightroom")
    assert subjects(sidecar) == ["Zürich", "Tom &amp; Jerry &lt;3"]
    assert "photocli|" not in sidecar.read_text(encoding="utf-8")


def test_what_was_not_assessed_leaves_keywords_alone(tmp_path: Path) -> None:
    sidecar = write(tmp_path, RECORD, keywords=("looks",))
    before = sidecar.read_text()
    write(tmp_path, Record("a.CR2", stars=4))  # as a crop is written: no model has said anything
    assert "photocli|style|noir" in before
    assert "photocli|style|noir" in sidecar.read_text()


def test_keywords_from_the_command_line(tmp_path: Path, own_folders: Path) -> None:
    write_classifier(own_folders / "models", "rooms")
    photo = write_photo(tmp_path / "shoot" / "a.jpg", size=(300, 200))
    sidecar = photo.with_name("a.jpg.xmp")
    said = photocli("score", photo, "--for", "lightroom", "-q")
    assert (said.code, said.err) == (0, "")
    assert "subject" not in sidecar.read_text()
    assert "hierarchicalSubject" not in sidecar.read_text()
    said = photocli("score", photo, "--for", "lightroom", "--keywords", "all", "--json", "-", "-q")
    (record,) = json.loads(said.out)["records"]
    (answer,) = record["answers"]
    looks = [name for name, _ in record["styles"]]
    faults = [name.replace("_", " ") for name in record["faults"]]
    expected = {*looks, *faults, *(answer["label"] or "").split("; ")} - {"", "plain", "photograph"}
    assert expected
    assert set(subjects(sidecar)) == expected
    assert photocli("cull", photo, "--xmp", "-q").code == 0
    assert "photocli|" not in sidecar.read_text() and "subject" not in sidecar.read_text()
    for arguments, reason in (
        (("--keywords", "looks"), "give one of them"),
        (
            ("--xmp", "--keywords", "stile"),
            "no keywords 'stile'; choose of looks, medium, faults, rooms, all",
        ),
        (("--xmp", "--assess", "aesthetics", "--keywords", "faults"), "a model of kind technical"),
    ):
        refused = photocli("score", photo, *arguments)
        assert (refused.code, refused.out) == (2, "") and reason in refused.err
