"""Detail `native`: blur judged on the photo's own pixels, all else as it was, and never one for the other."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from crafted import write_softness
from networks import write_model
from photos import picture, write_photo

from photocli import Options, Record, Run, decode
from photocli.decode import Reading
from photocli.errors import UsageError
from photocli.faces.detection import FaceDetection
from photocli.inputs.views import FRAME_SIDE, MOST_NATIVE, SIGNATURE, InputSpec, shows_more
from photocli.records import Frame
from photocli.scoring import worker

SHEET = InputSpec("image", 128, 64, "sheet")
NATIVE = replace(SHEET, detail="native")
SQUASH = InputSpec("image", 32, 48)


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a photo that is larger than a frame; its stripes are too fine for one."""
    pixels = np.asarray(picture(size=(2400, 1600))).copy()
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


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes at which photos are decoded in this process."""
    asked = []
    real = decode.decode

    def counted(path: Path, side: int, reading: Reading) -> Frame:
        asked.append(side)
        return real(path, side, reading)

    monkeypatch.setattr(decode, "decode", counted)
    yield asked


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
    alone = prepare(photo, SQUASH, SIGNATURE, SHEET)
    both = prepare(photo, SQUASH, SIGNATURE, SHEET, NATIVE)
    for key, values in alone.items():
        np.testing.assert_array_equal(both[key], values)
    np.testing.assert_array_equal(both[NATIVE.key][:, :64], alone[SHEET.key][:, :64])
    assert steps(both[NATIVE.key]) > 3 * steps(alone[SHEET.key])


def test_photos_are_decoded_again_only_if_that_shows_more(fine: Path, sides: list[int]) -> None:
    prepare(fine / "fine.jpg", SHEET)
    assert sides == [FRAME_SIDE]
    prepare(fine / "fine.jpg", SHEET, NATIVE)
    assert sides == [FRAME_SIDE, FRAME_SIDE, 2400]
    assert not shows_more(2047, 1600)  # its frame is the whole photo
    assert shows_more(1600, 2048)
    assert shows_more(9504, 6336)
    assert not shows_more(11648, 8736)


def test_photos_that_are_too_large_are_judged_by_their_frame(
    fine: Path, sides: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_NATIVE < 100_000_000
    monkeypatch.setattr("photocli.inputs.views.MOST_NATIVE", 2400 * 1600 - 1)
    inputs = prepare(fine / "fine.jpg", SHEET, NATIVE)
    assert sides == [FRAME_SIDE]
    np.testing.assert_array_equal(inputs[NATIVE.key], inputs[SHEET.key])


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
    assert (native.aesthetic, native.aesthetic_std) == (frame.aesthetic, frame.aesthetic_std)
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
