"""Inputs are cut from shared levels: as sharp as Pillow would cut them, and much sooner."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from photos import picture
from PIL import Image
from timing import slowness

from photocli.inputs import detail, light, signature
from photocli.inputs.pyramid import ROOM, Pyramid, of, planes
from photocli.inputs.views import SIGNATURE, InputSpec, cut
from photocli.models import store
from photocli.taste import appearance

LIMIT_MS = 8.0
"""CPU time of all that is cut and measured of a frame of 1500 x 1000 pixels, on an undisturbed core."""


def filtered(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """What Pillow's antialiased bilinear filter makes of it, as networks were trained with."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR), float)


def edges(pixels: np.ndarray) -> float:
    """The mean step between neighbours, in levels."""
    return float(np.mean([np.abs(np.diff(pixels.astype(float), axis=axis)).mean() for axis in (0, 1)]))


@pytest.mark.parametrize("name", ["astronaut", "china", "coffee"])
@pytest.mark.parametrize("size", [(1500, 1000), (1001, 1503), (500, 400), (420, 300)])
@pytest.mark.parametrize("side", [288, 224, 176])
def test_reduction_is_as_sharp_as_the_filter_of_training(name: str, size: tuple[int, int], side: int) -> None:
    pixels = np.asarray(picture(name, size).convert("RGB"))
    want, got = filtered(pixels, side, side), Pyramid(pixels).reduced(side, side)
    assert got.dtype == np.uint8
    assert np.abs(want - got).mean() < 1.5
    assert edges(got) == pytest.approx(edges(want), rel=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 2), (97, 2047), (2047, 13)])
def test_any_shape_has_any_size(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 3), 90, np.uint8)
    reduced = Pyramid(pixels).reduced(149, 224)
    assert reduced.shape == (224, 149, 3)
    assert np.abs(reduced.astype(int) - 90).max() <= 1


@pytest.mark.parametrize("odd", [0, 1, 3])
def test_nothing_moves_by_reduction(odd: int) -> None:
    """Where rows and columns are left out on the way down, the last pixels stay in their places."""
    height, width = 1000 - odd, 1500 - odd
    down, across = np.mgrid[:height, :width] + 0.5
    ramp = np.stack([255 * across / width, 255 * down / height, 0 * down], axis=2)
    reduced = Pyramid(np.rint(ramp).astype(np.uint8)).reduced(224, 140).astype(float)
    for off in (
        reduced[:, :, 0].mean(0) - 255 * (np.arange(224) + 0.5) / 224,
        reduced[:, :, 1].mean(1) - 255 * (np.arange(140) + 0.5) / 140,
    ):
        assert abs(off.mean()) < 0.5  # levels; means of four are rounded up
        assert abs(off[-30:].mean() - off[:30].mean()) < 0.2


def test_levels_are_shared_and_large_enough() -> None:
    levels = Pyramid(np.asarray(picture("china", (1500, 1000)).convert("RGB")))
    assert levels.level(1500, 1000) is levels.pixels
    assert levels.level(750, 500).shape == (500, 750, 3)
    assert levels.level(750, 500) is levels.level(400, 300)
    assert levels.level(751, 500) is levels.pixels
    assert levels.level(ROOM * 224, ROOM * 149).shape == (250, 375, 3)
    assert of(levels) is levels


def test_planes_are_the_same_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (31, 17, 3), np.uint8)
    assert planes(pixels).flags.c_contiguous
    np.testing.assert_array_equal(planes(pixels), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("name", ["squash", "sheet", "crop"])
def test_levels_and_pixels_give_the_same_inputs(name: str) -> None:
    pixels = np.asarray(picture("chelsea", (1200, 900)).convert("RGB"))
    card = next(card for card in store.cards() if card.input.fit == name)
    levels = Pyramid(pixels)
    for spec in (SIGNATURE, card.input, InputSpec("thumbnail", 256, 256, "thumbnail")):
        np.testing.assert_array_equal(cut(levels, spec), cut(pixels, spec))


def test_all_that_is_cut_of_a_frame_takes_little() -> None:
    """The inputs of all built-in models, the signature, and what is measured beside them."""
    from photocli.faces.detectors.detector import contain

    pixels = np.asarray(picture("china", (1500, 1000)).convert("RGB"))
    inputs = {card.input.fit + str(card.input.width): card.input for card in store.cards()}

    def prepare() -> None:
        levels = Pyramid(pixels)
        cuts = {
            key: cut(levels, spec) for key, spec in inputs.items() if spec.fit in ("squash", "sheet", "crop")
        }
        contain(levels, 192, 128)
        signature.take(levels)
        sheet = next(value for key, value in cuts.items() if key.startswith("sheet"))
        detail.of_tiles(sheet)
        light.measure(sheet)
        appearance.measure(cuts["squash288"])

    assert least_ms(prepare) < LIMIT_MS


def least_ms(work: Callable[[], None], tries: int = 15) -> float:
    """Milliseconds of CPU time of this thread, the best of some tries, as of an undisturbed machine."""
    taken, before = [], slowness()
    for _ in range(tries):
        began = time.thread_time()
        work()
        taken.append(1000 * (time.thread_time() - began))
    return min(taken) / ((before + slowness()) / 2)
