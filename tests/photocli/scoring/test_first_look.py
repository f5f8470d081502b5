"""A first look by previews: what it says, what it leaves open, and that a full look never takes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from commands import photocli
from photos import picture, write_photo
from previewed import FULL_HD, block, jpeg, photo, with_previews

from photocli import Options, Record, Run
from photocli.culling.closeups import Closeups
from photocli.culling.groups import Group
from photocli.errors import UsageError

FAST = Options(decode="fast", device="cpu", workers=1)
FULL = replace(FAST, decode="full")
LEFT_OPEN = (
    *("technical", "blur", "motion_blur", "underexposed", "overexposed", "noise", "compression"),
    *("rotate", "rotate_confidence", "medium", "style", "style_confidence"),
    *("cropped", "crop_left", "crop_top", "crop_right", "crop_bottom", "crop_factor"),
)


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A photo with a preview, a photo of a face with one, and a photo without."""
    folder = tmp_path / "shoot"
    write_photo(folder / "plain.jpg", "coffee", exif=block())
    (folder / "cat.jpg").write_bytes(photo())
    face = picture("astronaut").crop((0, 0, 512, 341))
    whole, small = jpeg(face.resize((1800, 1200))), jpeg(face.resize((1020, 680)))
    (folder / "face.jpg").write_bytes(with_previews(whole, [(FULL_HD, small)], exif=block()))
    return folder


def records(shoot: Path, options: Options) -> dict[str, Record]:
    return {Path(record.path).stem: record for record in Run([shoot], options)}


def test_a_preview_says_what_it_can_and_the_rest_is_empty(shoot: Path) -> None:
    run = Run([shoot], replace(FAST, cache=False))
    found = {Path(record.path).stem: record for record in run}
    for name in ("cat", "face"):
        seen = found[name]
        assert (seen.status, seen.decoded, seen.scale) == ("ok", "preview", pytest.approx(0.5667))
        assert (seen.width, seen.height, seen.camera) == (1800, 1200, "Canon EOS R5")
        assert {field: getattr(seen, field) for field in LEFT_OPEN} == dict.fromkeys(LEFT_OPEN)
        assert seen.faults == seen.explained == ()
        assert seen.score is not None
        assert [label.partition("@")[0] for label in seen.models] == ["aesthetics", "faces", "selfie"]
    face = found["face"]
    assert (face.faces, face.face_sharpness, face.each_face[0].sharpness) == (1, None, None)
    assert face.selfie is not None
    plain = found["plain"]
    assert (plain.decoded, len(plain.models)) == ("photo", 6)
    assert None not in (plain.technical, plain.style, plain.cropped)
    assert run.summary.previews == 2


def test_without_a_preview_a_fast_run_says_what_a_full_one_does(shoot: Path) -> None:
    (full,) = Run([shoot / "plain.jpg"], replace(FULL, cache=False))
    (fast,) = Run([shoot / "plain.jpg"], replace(FAST, cache=False))
    assert fast == full


def test_the_same_picture_has_about_the_same_score(shoot: Path) -> None:
    (full,) = Run([shoot / "face.jpg"], replace(FULL, cache=False))
    (fast,) = Run([shoot / "face.jpg"], replace(FAST, cache=False))
    assert fast.aesthetic == pytest.approx(full.aesthetic, abs=0.15)
    assert fast.faces == full.faces


def test_a_full_run_never_takes_what_a_first_look_said(shoot: Path) -> None:
    first, fresh = records(shoot, FAST), records(shoot, replace(FULL, cache=False))
    again = Run([shoot], FAST)
    assert {Path(record.path).stem: record for record in again} == first
    assert (again.summary.cached, again.summary.previews) == (3, 2)
    full = Run([shoot], FULL)
    assert {Path(record.path).stem: record for record in full} == fresh
    assert full.summary.cached == 1  # the one without a preview
    late = Run([shoot], FAST)  # now there is something better
    assert {Path(record.path).stem: record for record in late} == fresh
    assert (late.summary.cached, late.summary.previews) == (3, 0)


def test_a_first_look_leaves_what_a_full_one_found_as_it_was(shoot: Path) -> None:
    some = replace(FULL, assess=("aesthetics", "technical"))
    before = records(shoot, some)
    assert records(shoot, FAST)["cat"].decoded == "preview"
    run = Run([shoot], some)
    assert {Path(record.path).stem: record for record in run} == before
    assert (run.summary.cached, before["cat"].decoded) == (3, "photo")


def test_another_model_is_asked_by_another_look(shoot: Path) -> None:
    records(shoot, replace(FAST, assess=("aesthetics",)))
    found = records(shoot, replace(FAST, assess=("aesthetics", "style", "technical")))["cat"]
    assert (found.decoded, found.technical, found.style is None) == ("preview", None, False)


def test_what_previews_cannot_say_is_no_first_look() -> None:
    with pytest.raises(UsageError, match="previews say nothing of crop and technical; leave out"):
        list(Run(["."], replace(FAST, assess=("technical", "crop"))))
    with pytest.raises(UsageError, match="choose one of full, fast"):
        Options(decode="faster")


def test_thumbnails_come_of_the_preview(shoot: Path) -> None:
    options = replace(FAST, outputs=("thumbnail",), thumbnail_side=64)
    for cached in (0, 3):
        run = Run([shoot], options)
        assert all(result.thumbnail for result in run.results())
        assert run.summary.cached == cached


def test_native_detail_is_asked_of_photos_alone(shoot: Path) -> None:
    found = records(shoot, replace(FAST, detail="native"))
    assert (found["cat"].technical, found["plain"].technical is None) == (None, False)


def test_a_closer_look_is_a_full_one(tmp_path: Path) -> None:
    burst = []
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes(photo())
        size = {"width": 6000, "height": 4000, "scale": 0.27}
        burst.append(Record(str(tmp_path / f"{name}.jpg"), camera="Canon EOS R5", score=6.0, **size))
    seen: list[Record] = []

    def watch(run: Run, total: int) -> list[Record]:
        seen.extend(run)
        return seen

    closeups = Closeups("technical", FAST, watch)
    closeups.rerank([Group("burst", (0, 1))], burst, {0: 5.0, 1: 5.0})
    assert [(record.decoded, record.blur is None) for record in seen] == [("photo", False)] * 2


def test_the_commands_say_how_many_previews_they_saw(shoot: Path) -> None:
    done = photocli("score", shoot, "--decode", "fast", "--json", "scores.json", cwd=shoot.parent)
    assert "2 from embedded previews" in done.out
    document = json.loads((shoot.parent / "scores.json").read_text())
    assert document["summary"]["previews"] == 2
    said = "2 photos were seen by their embedded previews, so faults, turns, crops and styles are left open"
    for command in (["cull"], ["check", "--require", "aesthetic > 1"], ["report", "--html", "page.html"]):
        done = photocli(command[0], shoot, *command[1:], "--decode", "fast", cwd=shoot.parent)
        assert (done.code, said in done.err) == (0, True), done.err
    assert said not in photocli("cull", shoot, cwd=shoot.parent).err
    (shoot.parent / "photocli.toml").write_text('[score]\ndecode = "fast"\n')
    assert "2 from embedded previews" in photocli("score", shoot, "--no-cache", cwd=shoot.parent).out
