"""Crops from Python: the command's, also for images in memory, and places in pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import photocli as command
from networks import write_model
from photos import write_photo
from PIL import Image

from photocli import Options, UsageError, crop
from photocli.framing.boxes import Box

OPTIONS = Options(device="cpu", workers=2)


@pytest.fixture
def photo(own_folders: Path, tmp_path: Path) -> Path:
    """A photo that is black on the left and white on the right, of which the right scores higher."""
    write_model(own_folders / "models")
    pixels = np.zeros((600, 900, 3), np.uint8)
    pixels[:, 300:] = 250
    return write_photo(tmp_path / "a.png", pixels)


def test_files_and_images_have_the_crop_of_the_command(photo: Path) -> None:
    (entry,) = command("crop", photo, "--smallest", "100", "--json", "-", "-q").document["records"]
    told: list[tuple[int, int | None]] = []
    image = Image.open(photo)
    sources = [photo, image, np.asarray(image), photo.read_bytes(), None]
    run = crop(sources, smallest=100, options=OPTIONS, progress=lambda *now: told.append(now))
    found = list(run)
    assert [cropped.record.status for cropped in found] == ["ok"] * 4 + ["failed"]
    assert [cropped.record.path for cropped in found] == [str(photo)] * 2 + ["image 2", "image 3", "image 4"]
    boxes = {cropped.suggestion.box for cropped in found[:4] if cropped.suggestion}
    assert len(boxes) == 1
    box = boxes.pop()
    assert entry["details"]["crop"]["left"] == pytest.approx(box.left, abs=1e-6)
    left, top, right, bottom = box.pixels(900, 600)
    assert 150 < left < right <= 900 and 0 <= top < bottom <= 600
    assert np.asarray(image.crop((left, top, right, bottom))).mean() > np.asarray(image).mean()
    assert (run.summary.photos, run.summary.failed) == (5, 1)
    assert told == [(number, 5) for number in range(1, 6)]


def test_a_photo_that_no_crop_makes_better_has_none(photo: Path) -> None:
    (cropped,) = crop(np.full((600, 900, 3), 200, np.uint8), options=OPTIONS)
    assert cropped.suggestion is None
    assert (cropped.record.width, cropped.record.height) == (900, 600)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="aspect"):
        crop("shoot", aspect="wide")
    with pytest.raises(UsageError, match="keeps a share"):
        crop("shoot", keep=2)


def test_pixels_are_rounded() -> None:
    assert Box(0.1, 0.2, 0.9, 1.0).pixels(101, 50) == (10, 10, 91, 50)
