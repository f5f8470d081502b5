"""Suggested crops: exact candidates, borders that are found, photos that are left alone."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from photos import picture, sample_pictures, shared_data
from PIL import Image
from spoiled import KINDS, removed, sides, spoil

from photocli.cropping import CropScorer
from photocli.errors import UsageError
from photocli.framing import MARGIN, Framing, Suggestion, borders, boxes, suggest
from photocli.framing.boxes import WHOLE, Box, Limits
from photocli.inputs import InputSpec
from photocli.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

SPEC = InputSpec("image", 32, 32)


def limits_of(aspect: str, width: int = 600, height: int = 400, **options: float) -> Limits:
    return Framing(aspect, **{"smallest": 1, **options}).limits(width, height)


# Candidates


@pytest.mark.parametrize("aspect", ["own", "3:2", "4:5", "1:1", "16:9", "free"])
@pytest.mark.parametrize("size", [(6000, 4000), (4000, 6000), (3001, 1999)])
def test_candidates_have_their_aspect_to_the_pixel(aspect: str, size: tuple[int, int]) -> None:
    limits = limits_of(aspect, *size)
    inside = Box(0.1, 0.05, 0.83, 0.91)
    start = next(boxes.spread(limits))
    found = [
        *boxes.spread(limits),
        *boxes.within(inside, limits),
        *boxes.near(start, limits.ratios[0], limits),
    ]
    assert len(found) > 20
    for box in found:
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1
        width, height = (box.right - box.left) * size[0], (box.bottom - box.top) * size[1]
        assert abs(width - round(width)) < 1e-6
        assert min(abs(width - float(height * ratio)) for ratio in limits.ratios) <= 1.01


def test_a_ratio_lies_as_the_photo_does() -> None:
    assert boxes.ratios("4:5", 600, 400) == (Fraction(5, 4),)
    assert boxes.ratios("3:2", 400, 600) == (Fraction(2, 3),)
    assert boxes.ratios("own", 601, 400) == (Fraction(601, 400),)
    assert set(boxes.ratios("free", 600, 400)) >= {Fraction(16, 9), Fraction(9, 16), Fraction(1)}


@pytest.mark.parametrize("aspect", ["wide", "3", "0:1", "1:0", "-3:2", "100:1"])
def test_an_aspect_that_is_none_is_wrong_use(aspect: str) -> None:
    with pytest.raises(UsageError, match="no aspect ratio"):
        Framing(aspect)


def test_limits_are_kept() -> None:
    with pytest.raises(UsageError):
        Framing(keep=0)
    limits = limits_of("own", 1000, 1000, keep=0.5, smallest=800)
    assert limits.allows(Box(0, 0, 0.8, 0.8))
    assert not limits.allows(Box(0, 0, 0.79, 0.79))
    assert not limits.allows(WHOLE)
    assert not limits_of("own", 1000, 1000, keep=0.5).allows(Box(0, 0, 0.7, 0.7))


# The choice, by a score that can be foretold


def brightness(inputs: Sequence[np.ndarray]) -> list[float]:
    """10 for white, 1 for black."""
    return [1 + 9 * float(each.mean()) / 255 for each in inputs]


def test_the_best_crop_is_found_and_its_gain_adds_up() -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[:, 150:] = 255
    found = suggest(frame, limits_of("free"), SPEC, brightness)
    assert found is not None
    assert found.box.left >= 0.2
    assert found.aesthetic > 1.5
    assert found.gain == pytest.approx(found.aesthetic + found.border - found.lost)
    assert found.gain > MARGIN


def test_nothing_is_suggested_where_nothing_gains_or_nothing_is_allowed() -> None:
    frame = np.full((400, 600, 3), 128, np.uint8)
    assert suggest(frame, limits_of("free"), SPEC, brightness) is None
    frame[:, :200], frame[:, 200:] = 0, 255
    assert suggest(frame, limits_of("own"), SPEC, brightness) is not None
    assert suggest(frame, limits_of("own", keep=1), SPEC, brightness) is None
    assert suggest(frame, limits_of("own", smallest=401), SPEC, brightness) is None


# Borders


def test_a_border_is_found_to_the_pixel() -> None:
    rng = np.random.default_rng(4)
    whole, inside = spoil(picture("coffee"), "shapes", (0.2, 0.15, 0.2, 0.15), rng, [])
    found = borders.find(np.asarray(whole))
    assert found.strength > 1
    sides_of = [(box.left, box.top, box.right, box.bottom) for box in (found.box, inside)]
    assert np.allclose(*sides_of, atol=0.008)


def test_flat_and_tiny_pictures_have_no_border() -> None:
    for size in ((400, 600), (1, 1), (3, 900)):
        assert borders.find(np.full((*size, 3), 90, np.uint8)) == borders.NONE


# The built-in model


@lru_cache(maxsize=1)
def judge() -> CropScorer:
    return CropScorer(Options(device="cpu", batch=8))


def cropped(image: Image.Image) -> Suggestion | None:
    pixels = np.asarray(image)
    limits = limits_of("own", image.width, image.height)
    return suggest(pixels, limits, judge().card.input, judge().score, borders.find(pixels))


def share_removed(pictures: Sequence[Image.Image], others: Sequence[Image.Image], kinds: int) -> float:
    good, count = 0, 0
    for number, image in enumerate(pictures):
        rng = np.random.default_rng(number)
        for kind in range(number, number + kinds):
            whole, inside = spoil(image, KINDS[kind % len(KINDS)], sides(rng), rng, others)
            found = cropped(whole)
            good += found is not None and removed(found.box, inside) >= 0.8
            count += 1
    return good / count


def test_spoiled_borders_are_removed_and_sample_pictures_left_alone() -> None:
    pictures = [picture(name) for name in sample_pictures()]
    assert share_removed(pictures, pictures[::-1], 2) >= 0.8
    assert np.mean([cropped(image) is None for image in pictures]) >= 0.8


def test_spoiled_borders_of_other_photos_are_removed_and_these_left_alone() -> None:
    files = sorted(
        (*shared_data("photos", "native").glob("*.jpg"), *shared_data("photos", "extra").glob("*.jpg")),
        key=lambda file: hashlib.sha256(file.name.encode()).hexdigest(),
    )
    pictures = []
    for file in files[:16]:
        with Image.open(file) as image:
            image.thumbnail((700, 700))
            pictures.append(image.convert("RGB"))
    assert share_removed(pictures[:10], pictures[10:], 1) >= 0.8
    assert np.mean([cropped(image) is None for image in pictures[:10]]) >= 0.8
