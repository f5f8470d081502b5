"""By how much photos are turned against each other."""

from __future__ import annotations

import numpy as np
import pytest
from photos import picture
from PIL import Image, ImageFilter

from photocli import signature
from photocli.turns import rotations


def thumbnails(*images: Image.Image) -> np.ndarray:
    """Those of the signatures of the middle of some images, 3:2."""
    middle = [np.asarray(image.crop((150, 100, 450, 300))) for image in images]
    return signature.split(np.stack([signature.take(pixels) for pixels in middle]))[0]


@pytest.mark.parametrize("degrees", [-10, -4, 0, 6, 12])
@pytest.mark.parametrize("fault", ["none", "blurred", "dark"])
def test_a_known_turn(degrees: int, fault: str) -> None:
    level = picture("coffee", (600, 400))
    other = level.rotate(degrees, Image.Resampling.BICUBIC)
    if fault == "blurred":
        other = other.filter(ImageFilter.GaussianBlur(6))
    if fault == "dark":
        other = other.point(lambda code: code / 4)
    first, second = thumbnails(level, other)
    found, surety = rotations(first[None], second[None], 1.5)
    assert abs(abs(found[0, 0]) - abs(degrees)) <= 2
    back, _ = rotations(second[None], first[None], 1.5)
    assert abs(back[0, 0] + found[0, 0]) <= 2
    assert surety[0, 0] > 0.8


def test_every_pair() -> None:
    level = picture("coffee", (600, 400))
    some = thumbnails(level, level.rotate(8, Image.Resampling.BICUBIC), picture("rocket", (600, 400)))
    found, surety = rotations(some, some[:2], 1.5)
    assert found.shape == surety.shape == (3, 2)
    assert (found[0, 0], found[1, 1]) == (0, 0)
    assert surety[2].max() < surety[0, 0]


def test_flat_photos_are_turned_by_nobody_knows_what() -> None:
    found, surety = rotations(np.full((1, 32, 32), 80.0), np.full((2, 32, 32), 90.0), 1.5)
    assert np.isfinite(found).all()
    assert surety.max() < 0.01
