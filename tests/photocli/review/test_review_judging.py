"""Judging on the review page: what each key writes, for which editor, and what it leaves alone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from judging import by_exiftool, by_exiv2, jpegs, judge_of, press, raws, said

from photocli.errors import UsageError
from photocli.files.journal import runs
from photocli.files.links import Roots
from photocli.records import Record
from photocli.review.judging import Change, Standing
from photocli.writers.xmp import XmpWriter
from photocli.xmp.judgement import Judgement
from photocli.xmp.own_ratings import judge as judge_by_command
from photocli.xmp.sidecar_plan import Marks

needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
needs_exiv2 = pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")

EDITORS = ("lightroom", "bridge", "darktable", "digikam", "captureone", "all", None)


@pytest.mark.parametrize("editor", EDITORS)
def test_every_key_is_read_back_and_every_key_takes_it_out_again(tmp_path: Path, editor: str) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, table = judge_of(raw, editor=editor)
    for stars in (1, 2, 3, 4, 5, 0):
        assert press(judge, 0, stars=stars).ids == (0,)
        assert said(judge) == (stars or None, None, None)
    for colour in ("red", "yellow", "green", "blue", "purple"):
        assert press(judge, 0, label=colour).message is None
        assert said(judge) == (None, None, colour.capitalize())
    assert press(judge, 0, label="").message is None
    for pick in (1, -1, 0, -1, 1, 0):
        assert press(judge, 0, pick=pick).message is None
        assert said(judge) == (None, pick or None, None)
    assert table.told[0] == Standing()
    assert judge_by_command(raw) is None


@pytest.mark.parametrize("editor", EDITORS)
def test_stars_flag_and_label_stand_beside_each_other(tmp_path: Path, editor: str) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw, editor=editor)
    for change in ({"label": "blue"}, {"stars": 4}, {"pick": 1}):
        press(judge, 0, **change)
    assert said(judge) == (4, 1, "Blue")
    press(judge, 0, stars=2)
    assert said(judge) == (2, 1, "Blue")
    press(judge, 0, pick=0)
    assert said(judge) == (2, None, "Blue")
    press(judge, 0, label="")
    assert said(judge) == (2, None, None)


@needs_exiftool
@pytest.mark.parametrize(
    ("editor", "name", "change", "tags"),
    [
        ("lightroom", "IMG.xmp", {"stars": 4}, {"Rating": 4}),
        ("lightroom", "IMG.xmp", {"pick": 1}, {"Pick": 1, "Good": True}),
        ("lightroom", "IMG.xmp", {"pick": -1}, {"Pick": -1, "Good": False}),
        ("lightroom", "IMG.xmp", {"label": "red"}, {"Label": "Red", "LabelColor": "red"}),
        ("bridge", "IMG.xmp", {"pick": -1}, {"Rating": -1}),
        ("bridge", "IMG.xmp", {"label": "purple"}, {"Label": "To Do"}),
        ("bridge", "IMG.xmp", {"pick": 1}, {"Label": "Select"}),
        ("darktable", "IMG.NEF.xmp", {"pick": -1}, {"Rating": -1}),
        ("darktable", "IMG.NEF.xmp", {"pick": 1}, {"Label": "Green", "Colorlabels": 2}),
        ("digikam", "IMG.NEF.xmp", {"pick": 1}, {"PickLabel": 3}),
        ("digikam", "IMG.NEF.xmp", {"stars": 3}, {"Rating": 3, "RatingPercent": 50}),
        ("digikam", "IMG.NEF.xmp", {"label": "yellow"}, {"ColorLabel": 3, "Urgency": 3}),
        ("captureone", "IMG.xmp", {"pick": -1}, {"Label": "Red"}),
    ],
)
def test_each_editor_finds_it_in_its_own_words(
    tmp_path: Path, editor: str, name: str, change: dict[str, Any], tags: dict[str, Any]
) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw, editor=editor)
    press(judge, 0, **change)
    found = by_exiftool(tmp_path / name)
    assert {tag: found.get(tag) for tag in tags} == tags
    assert "Stars" not in found
    assert [file.name for file in tmp_path.glob("*.xmp")] == [name]


@needs_exiv2
def test_exiv2_reads_the_same(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw)
    for change in ({"stars": 5}, {"pick": -1}, {"label": "green"}):
        press(judge, 0, **change)
    found = by_exiv2(tmp_path / "IMG.xmp")
    assert (found["Xmp.xmp.Rating"], found["Xmp.xmp.Label"]) == ("5", "Green")
    assert (found["Xmp.xmpDM.pick"], found["Xmp.photoshop.SidecarForExtension"]) == ("-1", "NEF")


def test_what_is_said_on_the_page_is_kept_by_the_command_line(tmp_path: Path) -> None:
    photos = jpegs(tmp_path, "A.JPG", "B.JPG")
    judge, _ = judge_of(*photos)
    press(judge, 0, stars=2)
    press(judge, 1, pick=-1)
    with XmpWriter(editor="lightroom") as writer:
        for photo in photos:
            record = Record(str(photo), score=8.0, stars=5, models=("a@1",))
            assert writer.write(record, Marks(pick="pick", label="red")).sidecar == "kept"
    judge.refresh([0, 1])
    assert (said(judge, 0)[0], said(judge, 1)[1]) == (2, -1)


def test_what_the_command_line_proposed_is_no_persons_until_a_key_says_so(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    with XmpWriter(editor="lightroom") as writer:
        writer.write(Record(str(raw), score=6.0, stars=3, models=("a@1",)), Marks(pick="reject"))
    judge, _ = judge_of(raw)
    assert said(judge) == (None, None, None)
    press(judge, 0, stars=3)  # the same number: now it is the person's
    assert judge_by_command(raw) == Judgement(rating=3)
    press(judge, 0, pick=-1)
    assert judge_by_command(raw) == Judgement(rating=3, flag="reject")


def test_scores_and_foreign_properties_stay(tmp_path: Path) -> None:
    from sidecars import LIGHTROOM

    (raw,) = raws(tmp_path, "IMG.NEF")
    sidecar = tmp_path / "IMG.xmp"
    sidecar.write_text(LIGHTROOM, encoding="utf-8")
    judge, _ = judge_of(raw)
    assert said(judge) == (None, None, "Red")
    press(judge, 0, stars=4)
    left, now = LIGHTROOM.splitlines(), sidecar.read_text(encoding="utf-8").splitlines()
    assert [line for line in left if line not in now and "MetadataDate" not in line and ">" not in line] == []
    assert said(judge) == (4, None, "Red")


def test_an_unrated_photo_gets_no_sidecar_for_a_key_that_changes_nothing(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw)
    press(judge, 0, stars=4)
    before = (tmp_path / "IMG.xmp").stat()
    result = press(judge, 0, stars=4)
    assert ((tmp_path / "IMG.xmp").stat(), result.undo) == (before, 1)


# Pairs, embedding, several sidecars


def test_a_pair_has_the_sidecar_that_the_command_line_writes(tmp_path: Path) -> None:
    (jpeg,), (raw,) = jpegs(tmp_path, "IMG.JPG"), raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of((jpeg, raw))
    press(judge, 0, stars=4)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["IMG.JPG", "IMG.NEF", "IMG.xmp"]
    assert judge_by_command(jpeg, raw) == Judgement(rating=4)
    press(judge, 0, stars=1)
    assert said(judge) == (1, None, None)


def test_a_pair_in_darktable_has_two(tmp_path: Path) -> None:
    (jpeg,), (raw,) = jpegs(tmp_path, "IMG.JPG"), raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of((jpeg, raw), editor="darktable")
    press(judge, 0, stars=4)
    assert sorted(file.name for file in tmp_path.glob("*.xmp")) == ["IMG.JPG.xmp", "IMG.NEF.xmp"]
    judge.undo()
    assert list(tmp_path.glob("*.xmp")) == []


@needs_exiftool
def test_embedding_writes_into_the_jpeg_and_leaves_its_picture(tmp_path: Path) -> None:
    from PIL import Image, ImageChops

    (jpeg,) = jpegs(tmp_path, "IMG.JPG")
    before = jpeg.read_bytes()
    picture = Image.open(jpeg).convert("RGB")
    judge, _ = judge_of(jpeg, embed=True)
    press(judge, 0, stars=4)
    press(judge, 0, pick=1)
    assert list(tmp_path.iterdir()) == [jpeg]
    assert {tag: by_exiftool(jpeg)[tag] for tag in ("Rating", "Pick")} == {"Rating": 4, "Pick": 1}
    assert ImageChops.difference(picture, Image.open(jpeg).convert("RGB")).getbbox() is None
    judge.undo()
    judge.undo()
    assert jpeg.read_bytes() == before


def test_embedding_changes_a_sidecar_that_would_be_read_before_it(tmp_path: Path) -> None:
    (jpeg,) = jpegs(tmp_path, "IMG.JPG")
    beside, _ = judge_of(jpeg)
    press(beside, 0, stars=2)
    judge, _ = judge_of(jpeg, embed=True)
    press(judge, 0, stars=5)
    assert judge_by_command(jpeg) == Judgement(rating=5)
    assert b'Rating="5"' in (tmp_path / "IMG.JPG.xmp").read_bytes()
    assert b'Rating="5"' in jpeg.read_bytes()


def test_the_sidecar_of_another_editor_is_changed_too_where_it_says_otherwise(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    darktable, _ = judge_of(raw, editor="darktable")
    press(darktable, 0, stars=2)
    judge, _ = judge_of(raw, editor="lightroom")
    press(judge, 0, stars=5)
    assert sorted(file.name for file in tmp_path.glob("*.xmp")) == ["IMG.NEF.xmp", "IMG.xmp"]
    assert judge_by_command(raw) == Judgement(rating=5)


def test_a_rating_inside_that_cannot_be_changed_from_here_is_said(tmp_path: Path) -> None:
    (jpeg,) = jpegs(tmp_path, "IMG.JPG")
    inside, _ = judge_of(jpeg, embed=True)
    press(inside, 0, stars=3)
    judge, _ = judge_of(jpeg)
    result = press(judge, 0, stars=0)
    assert said(judge)[0] == 3
    assert [note for note in result.notes if "IMG.JPG itself says 3 stars" in note and "--embed" in note]
    press(judge, 0, stars=5)
    assert said(judge)[0] == 5


def test_a_profile_of_rawtherapee_is_never_written_and_named_where_it_leads(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    profile = tmp_path / "IMG.NEF.pp3"
    profile.write_text("[Version]\nAppVersion=5.9\n[General]\nRank=2\n")
    judge, _ = judge_of(raw)
    assert said(judge)[0] == 2
    assert press(judge, 0, stars=4).notes == ("IMG.NEF.pp3 says 2 stars, and still counts",)
    assert profile.read_text() == "[Version]\nAppVersion=5.9\n[General]\nRank=2\n"
    profile.unlink()
    judge.refresh([0])
    assert said(judge)[0] == 4


def test_lightroom_passes_over_sidecars_of_jpegs_and_that_is_said_once(tmp_path: Path) -> None:
    photos = jpegs(tmp_path, "A.JPG", "B.JPG")
    judge, _ = judge_of(*photos)
    assert "Lightroom doesn't read" in press(judge, 0, stars=3).notes[0]
    assert press(judge, 1, stars=3).notes == ()
    (other, _) = judge_of(*photos, editor="darktable")
    assert press(other, 0, stars=2).notes == ()


def test_many_photos_are_one_step(tmp_path: Path) -> None:
    photos = raws(tmp_path, *(f"IMG_{number}.NEF" for number in range(5)))
    judge, _ = judge_of(*photos)
    result = press(judge, *range(5), pick=-1)
    assert (result.ids, result.undo) == ((0, 1, 2, 3, 4), 1)
    assert judge.undo().ids == (4, 3, 2, 1, 0)
    assert list(tmp_path.glob("*.xmp")) == []


# Conflicts


def test_what_an_editor_wrote_meanwhile_is_shown_and_not_overwritten(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, table = judge_of(raw)
    press(judge, 0, stars=2)
    seen = judge.standing(0).state
    sidecar = tmp_path / "IMG.xmp"
    edited = sidecar.read_bytes().replace(b'Rating="2"', b'Rating="5"')
    sidecar.write_bytes(edited)
    result = judge.judge([0], Change(stars=1), {0: seen})
    assert (result.ids, result.undo) == ((), 1)
    (conflict,) = result.conflicts
    assert conflict.standing.judgement == Judgement(rating=5)
    assert "5 stars" in conflict.message
    assert sidecar.read_bytes() == edited
    assert table.told[0].judgement == Judgement(rating=5)
    assert judge.judge([0], Change(stars=1), {0: conflict.standing.state}).ids == (0,)


def test_another_tab_is_seen(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw)
    seen = judge.standing(0).state
    assert judge.judge([0], Change(stars=4), {0: seen}).ids == (0,)
    assert judge.judge([0], Change(stars=1), {0: seen}).conflicts[0].standing.as_row()["stars"] == 4
    assert judge.judge([0], Change(stars=1), {}).conflicts


def test_an_edit_of_the_picture_is_no_conflict_and_stays(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw)
    press(judge, 0, stars=2)
    seen = judge.standing(0).state
    sidecar = tmp_path / "IMG.xmp"
    crs = b'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+0.35" xmp:Rating='
    sidecar.write_bytes(sidecar.read_bytes().replace(b"xmp:Rating=", crs))
    assert judge.judge([0], Change(stars=4), {0: seen}).ids == (0,)
    assert b'crs:Exposure2012="+0.35"' in sidecar.read_bytes()
    assert said(judge)[0] == 4


@pytest.mark.parametrize("of_judgement", [True, False])
def test_what_an_editor_writes_while_the_key_is_being_carried_out_is_not_lost(
    tmp_path: Path, of_judgement: bool
) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    sidecar = tmp_path / "IMG.xmp"
    old, new = (b'Rating="2"', b'Rating="5"') if of_judgement else (b"<rdf:Description", b"<!-- -->" * 9)
    edits: list[bytes] = []

    def clock() -> (
        datetime
    ):  # it is asked while the sidecar is merged: after it was read, before it is written
        if sidecar.exists() and not edits:
            edits.append(sidecar.read_bytes().replace(old, new if of_judgement else new + old, 1))
            sidecar.write_bytes(edits[0])
        return datetime(2026, 5, 6, tzinfo=timezone.utc)

    judge, _ = judge_of(raw, clock=clock)
    press(judge, 0, stars=2)
    result = press(judge, 0, stars=1)
    assert len(edits) == 1
    if of_judgement:
        assert [conflict.standing.judgement for conflict in result.conflicts] == [Judgement(rating=5)]
        assert sidecar.read_bytes() == edits[0]
    else:
        assert result.ids == (0,)
        assert new in sidecar.read_bytes()
        assert said(judge)[0] == 1
        judge.undo()
        assert sidecar.read_bytes() == edits[0]


def test_a_photo_that_vanished_is_refused(tmp_path: Path) -> None:
    photos = raws(tmp_path, "A.NEF", "B.NEF")
    judge, _ = judge_of(*photos)
    seen = {id: judge.standing(id).state for id in (0, 1)}
    photos[0].unlink()
    result = judge.judge([0, 1], Change(stars=3), seen)
    assert (result.ids, list(result.failures)) == ((1,), [0])
    assert "A.NEF is no longer where it was" in (result.message or "")
    assert [file.name for file in tmp_path.glob("*.xmp")] == ["B.xmp"]


def test_an_id_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    judge, _ = judge_of(*raws(tmp_path, "A.NEF"))
    with pytest.raises(LookupError):
        judge.judge([0, 7], Change(stars=3), {0: judge.standing(0).state})
    assert not list(tmp_path.glob("*.xmp"))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names must be text there")
def test_hostile_names_are_judged_and_said_safely(tmp_path: Path) -> None:
    names = [b"a\xff\xfe.NEF", b"<script>alert(1)&.NEF", b"new\nline\x1b[31m.NEF", b"-rf .NEF", b"a;b'\".NEF"]
    photos = raws(tmp_path, *map(os.fsdecode, names))
    judge, _ = judge_of(*photos)
    assert press(judge, *range(len(photos)), stars=4).ids == tuple(range(len(photos)))
    assert len(list(tmp_path.glob("*.xmp"))) == len(photos)
    assert [said(judge, id)[0] for id in range(len(photos))] == [4] * len(photos)
    for photo in photos:
        photo.unlink()
    failures = press(judge, *range(len(photos)), stars=1).failures.values()
    assert all(text.isprintable() for text in failures)
    assert json.dumps(list(failures)).isascii()


def test_a_label_of_somebody_is_said_safely_and_can_be_taken_out(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judge, _ = judge_of(raw)
    press(judge, 0, label="red")
    sidecar = tmp_path / "IMG.xmp"
    hostile = "&lt;b&gt;\u202e" + "long " * 100
    sidecar.write_bytes(sidecar.read_bytes().replace(b'Label="Red"', f'Label="{hostile}"'.encode()))
    judge.refresh([0])
    label = judge.standing(0).as_row()["label"]
    assert label.startswith("<b>")
    assert label.isprintable()
    assert len(label) == 100
    press(judge, 0, label="")
    assert said(judge) == (None, None, None)


def test_two_judges_at_once_lose_nothing(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    judges = [judge_of(raw)[0], judge_of(raw)[0]]
    done: list[int] = []

    def work(number: int) -> None:
        for turn in range(12):
            seen = judges[number].standing(0).state
            result = judges[number].judge([0], Change(stars=1 + (turn + number) % 5), {0: seen})
            if result.ids:
                done.append(number)
            for conflict in result.conflicts:
                assert conflict.standing.state != seen
            assert not result.failures

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done
    for judge in judges:
        judge.refresh([0])
        assert judge.standing(0).judgement == judge_by_command(raw)
    assert not list(tmp_path.glob(".*"))


def test_refresh_finds_what_others_changed_and_nothing_else(tmp_path: Path) -> None:
    photos = raws(tmp_path, "A.NEF", "B.NEF", "C.NEF")
    judge, table = judge_of(*photos)
    for id in range(3):
        judge.standing(id)
    assert judge.refresh(range(3)) == []
    other, _ = judge_of(photos[1])
    press(other, 0, stars=3)
    assert judge.refresh(range(3)) == [1]
    assert table.told[1].judgement == Judgement(rating=3)
    assert judge.refresh(range(3)) == []
    press(judge, 2, stars=1)
    assert judge.refresh(range(3)) == []  # what is written here is known
    (tmp_path / "B.xmp").unlink()
    assert judge.refresh(range(3)) == [1]


# What cannot be done


def test_a_dropped_photo_cannot_be_judged(tmp_path: Path) -> None:
    judge, table = judge_of(*jpegs(tmp_path, "A.JPG"))
    table.photos[0].can_judge = False
    result = press(judge, 0, stars=3)
    assert "A.JPG was only dropped on the page" in (result.message or "")
    assert [file.name for file in tmp_path.iterdir()] == ["A.JPG"]


@contextlib.contextmanager
def bound_by_modes() -> Iterator[Path]:
    """A folder outside of those that pytest makes, and us in the place of a user whom modes bind."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            if root:
                os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders mean something else there")
def test_a_folder_that_is_read_only_gives_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with bound_by_modes() as folder:
        monkeypatch.setenv("PHOTOCLI_STATE", str(folder / "state"))
        photos = raws(folder / "shut", "A.NEF", "B.NEF")
        judge, _ = judge_of(*photos)
        (folder / "shut").chmod(0o555)
        try:
            result = press(judge, 0, 1, stars=3)
        finally:
            (folder / "shut").chmod(0o755)
        assert result.message == (
            f"nothing can be written in {folder / 'shut'}: permission denied; "
            "review a copy, or open the folder"
        )
        assert (result.ids, result.undo, list((folder / "shut").glob("*.xmp"))) == ((), 0, [])
        assert [run.entries for run in runs()] == [0]
        assert press(judge, 0, 1, stars=3).ids == (0, 1)


def test_a_sidecar_that_is_no_xmp_is_left_and_named(tmp_path: Path) -> None:
    (raw,) = raws(tmp_path, "IMG.NEF")
    (tmp_path / "IMG.xmp").write_bytes(b"<x:xmpmeta broken")
    judge, _ = judge_of(raw)
    result = press(judge, 0, stars=3)
    assert "is left as it was" in (result.message or "")
    assert (tmp_path / "IMG.xmp").read_bytes() == b"<x:xmpmeta broken"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_nothing_is_written_behind_a_link_that_leads_out(tmp_path: Path) -> None:
    (photo,) = raws(tmp_path / "outside", "IMG.NEF")
    (tmp_path / "shoot").mkdir()
    (tmp_path / "shoot" / "more").symlink_to(photo.parent)
    judge, _ = judge_of(tmp_path / "shoot" / "more" / "IMG.NEF", roots=Roots([tmp_path / "shoot"]))
    assert "a link leads to it" in (press(judge, 0, stars=3).message or "")
    assert [file.name for file in photo.parent.iterdir()] == ["IMG.NEF"]


@pytest.mark.parametrize(
    "change",
    [{}, [], {"stars": 6}, {"stars": True}, {"stars": "4"}, {"pick": 2}, {"label": "pink"}, {"rating": 3}],
)
def test_a_change_that_is_none_is_refused(change: object) -> None:
    with pytest.raises(UsageError):
        Change.from_json(change)


def test_changes_are_read_from_json() -> None:
    assert Change.from_json({"stars": None}) == Change(stars=0)
    assert Change.from_json({"pick": -1}) == Change(pick=-1)
    assert Change.from_json({"label": "Red"}) == Change(label="red")
    assert Change.from_json({"label": None}) == Change(label="")
