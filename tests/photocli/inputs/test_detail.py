"""Detail is measured beyond noise: noise makes no frame sharper, and blur is seen through it."""

from __future__ import annotations

import numpy as np
import pytest
from photos import picture
from PIL import ImageFilter

from photocli.faces.sharpness import measure
from photocli.inputs import detail, signature, tiles

PICTURES = ("astronaut", "chelsea", "coffee", "china", "flower", "rocket")


def frame(name: str, blur: float = 0.0, noise: float = 0.0) -> np.ndarray:
    """A picture of 900 pixels, blurred first and then noisy, as in a camera."""
    image = picture(name, (900, 600)).convert("RGB").filter(ImageFilter.GaussianBlur(blur))
    rng = np.random.default_rng(1)
    return np.clip(np.asarray(image) + noise * rng.standard_normal((600, 900, 3)), 0, 255).astype(np.uint8)


def sharpest(pixels: np.ndarray) -> float:
    """The detail of a frame as groups are ranked by it: that of the sharpest quarter."""
    cells = np.sort(signature.split(signature.take(pixels)[None])[1].ravel())
    return float(cells[-36:].mean())


def tiled(pixels: np.ndarray) -> float:
    return 0.5 * float(np.log2(detail.of_tiles(tiles.lay(pixels, 176)).mean() + 0.02))


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("noise", [5, 13])
def test_noise_is_no_sharpness_and_hides_no_blur(name: str, noise: float) -> None:
    for measured in (sharpest, tiled):
        assert measured(frame(name, noise=noise)) < measured(frame(name)) + 1 / 16
        assert measured(frame(name)) > measured(frame(name, blur=1.5))
        assert measured(frame(name, noise=noise)) > measured(frame(name, blur=1.5, noise=noise))


def test_noise_makes_no_face_sharper() -> None:
    face = np.array([0.35, 0.1, 0.6, 0.45], np.float32)
    sharp = measure(frame("astronaut", blur=1), face)
    assert measure(frame("astronaut", blur=1, noise=8), face) <= sharp + 0.02
    assert measure(frame("astronaut", blur=4, noise=8), face) < sharp - 0.2


def test_flat_parts_tell_the_noise() -> None:
    rng = np.random.default_rng(2)
    energy = rng.standard_normal((200, 300)) ** 2
    assert detail.noise_energy(np.zeros((12, 17))) == 0
    assert 1 < detail.noise_energy(energy) < 2  # of a mean of 1: taken out with something to spare
    half = energy.copy()
    half[:, 100:] += 50  # most of the photo is full of detail, and its noise is what the rest has
    assert detail.noise_energy(half) == pytest.approx(detail.noise_energy(energy), rel=0.3)
    assert detail.noise_energy(np.ones((3, 3))) == detail.NOISE
