"""What is cut from the larger level, or from all pixels with `native`, and never one for the other."""

from __future__ import annotations

import io
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from crafted import write_softness
from networks import write_model
from photos import picture, write_photo
from profiles import P3, rgb_profile

from photocli import Options, Record, Run, decode
from photocli.decode import Reading, levels
from photocli.decode.colour import converted
from photocli.errors import UsageError
from photocli.faces.detection import FaceDetection
from photocli.inputs.tiles import places
from photocli.inputs.views import FRAME_SIDE, InputSpec, cut
from photocli.scoring import worker

SHEET = InputSpec("image", 128, 64, "sheet")
NATIVE = replace(SHEET, detail="native")
SQUASH = InputSpec("image", 32, 48)


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo that is four times as large as a frame; half of it hides its stripes."""
    pixels = np.asarray(picture(size=(4200, 2800))).copy()
    pixels[:, ::2] //= 2
    folder = tmp_path_factory.mktemp("fine")
    write_photo(folder / "fine.jpg", pixels, quality=95)
    return folder


@pytest.fixture
def models(own_folders: Path) -> Path:
    """The folder of added models: one for aesthetics, and one that measures how soft tiles are."""
    write_model(own_folders / "models")
    write_softness(own_folders / "models")
    return own_folders / "models"


def prepare(photo: Path, *specs: InputSpec) -> dict[str, np.ndarray]:
    """What a worker cuts from a photo, by the keys of the specifications."""
    answers = io.BytesIO()
    task = {"number": 1, "path": os.fsencode(photo).hex(), "specs": [asdict(spec) for spec in specs]}
    worker._perform(task, {}, answers, FaceDetection())
    answers.seek(0)
    message = worker.receive(answers)
    assert message is not None
    return message[1]


def steps(sheet: np.ndarray) -> float:
    """The mean step between pixels of the tiles that lie beside each other, in levels."""
    return float(np.abs(np.diff(sheet[:, 64:].astype(int), axis=2)).mean())


def test_tiles_are_native_and_all_else_is_as_it_was(fine: Path) -> None:
    photo = fine / "fine.jpg"
    half, whole = prepare(photo, SQUASH, SHEET), prepare(photo, SQUASH, NATIVE)
    assert steps(whole[NATIVE.key]) > 3 * steps(half[SHEET.key])
    # The frame is made from more pixels; no eye and hardly a network sees that.
    for one, other in ((half[SQUASH.key], whole[SQUASH.key]), (half[SHEET.key], whole[NATIVE.key])):
        assert np.abs(one[:, :64].astype(int) - other[:, :64]).mean() < 1


def test_tiles_show_what_frames_hide(tmp_path: Path) -> None:
    """Of stripes of three pixels, a frame of half the photo keeps a third, and the photo itself all."""
    pixels = np.asarray(picture(size=(3000, 2000))).astype(np.int16)
    pixels += (20 * np.cos(2 * np.pi * np.arange(3000) / 3)).astype(np.int16)[None, :, None]
    photo = write_photo(tmp_path / "a.jpg", np.clip(pixels, 0, 255).astype(np.uint8), quality=95)
    sheet = prepare(photo, SHEET)[SHEET.key]
    of_frame = cut(decode.decode(photo, FRAME_SIDE).pixels, SHEET)
    assert steps(sheet) > 1.5 * steps(of_frame)
    np.testing.assert_array_equal(sheet[:, :64], of_frame[:, :64])


def test_tiles_of_photos_in_other_colours_are_srgb(tmp_path: Path) -> None:
    """Of a larger level, only what is cut is converted; it has the colours that all of it would have."""
    profile = rgb_profile(b"Wide", P3, 2.2)
    photo = write_photo(tmp_path / "a.jpg", size=(3000, 2000), quality=95, icc_profile=profile)
    frame = decode.decode(photo, FRAME_SIDE)
    assert frame.detail is not None
    assert frame.detail_profile == profile
    whole = converted(frame.detail, profile)
    sheet = prepare(photo, SHEET)[SHEET.key]
    stored = cut(frame.pixels, SHEET, frame.detail)
    assert np.abs(stored.astype(int) - sheet).max() > 20
    for number, (top, left) in enumerate(places(frame.detail, 16)[0]):  # the tiles of the first row
        tile = whole[top : top + 16, left : left + 16].transpose(2, 0, 1)
        np.testing.assert_array_equal(sheet[:, 64:80, 16 * number : 16 * (number + 1)], tile)


def test_photos_that_are_too_large_are_judged_at_a_smaller_scale(
    fine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert levels.MOST_NATIVE < 100_000_000
    monkeypatch.setattr(levels, "MOST_NATIVE", 4200 * 2800 - 1)
    frame = decode.decode(fine / "fine.jpg", FRAME_SIDE, Reading(native=True))
    assert frame.scale == 0.5


def score(folder: Path, detail: str) -> tuple[Record, int]:
    """The record of the one photo, and how many came from the cache."""
    run = Run([folder], Options(workers=1, detail=detail))
    (record,) = run
    return record, run.summary.cached


def test_scores_of_other_models_stay_and_the_cache_keeps_both(fine: Path, models: Path) -> None:
    frame, native = score(fine, "frame")[0], score(fine, "native")[0]
    assert frame.blur is not None
    assert native.blur is not None
    assert native.blur < frame.blur - 0.2
    assert (frame.decoded, frame.scale) == ("photo", 0.5)
    assert (native.decoded, native.scale) == ("photo", 1.0)
    assert native.aesthetic == pytest.approx(frame.aesthetic, abs=0.05)
    assert score(fine, "frame") == (frame, 1)
    assert score(fine, "native") == (native, 1)


def test_native_detail_needs_a_model_that_looks_at_it(own_folders: Path) -> None:
    write_model(own_folders / "models")
    with pytest.raises(UsageError, match="technical"):
        Run([], Options(assess=("aesthetics",), detail="native"))
    with pytest.raises(UsageError, match="frame, native"):
        Options(detail="raw")


def test_the_option_of_score(fine: Path, models: Path) -> None:
    blur = {}
    for detail in ("frame", "native"):
        done = photocli("score", fine, "--detail", detail, "--json", "-", "-q")
        assert (done.code, done.err) == (0, "")
        blur[detail] = done.document["records"][0]["blur"]
    assert blur["native"] < blur["frame"] - 0.2
    assert photocli("score", fine, "--detail", "raw").code == 2
