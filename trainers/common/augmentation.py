"""How a frame becomes a network's input: the plain view that serving sees, and random ones for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from photocli.inputs.pyramid import Pyramid, planes
from photocli.inputs.views import InputSpec, cut
from trainers.common.frames import Picture

WARP = 256 / 227
"""CaffeNet's inputs are cut from a picture that is larger than they are by this factor."""


@dataclass(frozen=True)
class Augmentation:
    """How far training views stray: smallest area of the box, log of the aspect change, colour, mirror."""

    area: float = 0.85
    aspect: float = 0.08
    colour: float = 0.0
    mirror: bool = True


def plain_view(picture: Picture, size: int, fit: str) -> Picture:
    """The view that serving sees: shape (3, size, size), uint8.

    `squash` warps the whole photo to the square; `warp` is CaffeNet's centre crop of such a square.
    """
    if fit == "squash":
        return cut(picture, InputSpec("image", size, size, fit))
    margin = (1 - 1 / WARP) / 2
    height, width = picture.shape[:2]
    box = (width * margin, height * margin, width * (1 - margin), height * (1 - margin))
    return _resized(picture, size, box)


def random_view(picture: Picture, size: int, fit: str, how: Augmentation, rng: Generator) -> Picture:
    """A random box of the photo, perhaps mirrored, warped to (3, size, size), uint8."""
    height, width = picture.shape[:2]
    if fit == "warp":
        across = down = 1 / WARP
    else:
        root = np.sqrt(rng.uniform(how.area, 1.0))
        stretch = np.exp(rng.uniform(-how.aspect, how.aspect))
        across, down = min(1.0, root * stretch), min(1.0, root / stretch)
    left, top = rng.uniform(0, 1 - across) * width, rng.uniform(0, 1 - down) * height
    view = _resized(picture, size, (left, top, left + across * width, top + down * height))
    if how.mirror and rng.random() < 0.5:
        view = view[:, :, ::-1]
    if how.colour > 0:
        view = _coloured(view, how.colour, rng)
    return np.ascontiguousarray(view)


def _resized(picture: Picture, size: int, box: tuple[float, float, float, float]) -> Picture:
    """The box, to the next pixel, resampled as in serving."""
    left, top, right, bottom = (round(side) for side in box)
    part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    return planes(Pyramid(part).reduced(size, size))


def _coloured(view: Picture, amount: float, rng: Generator) -> Picture:
    """Brightness, contrast and channel gains changed by up to ± amount; little, as they are craft too."""
    gains = 1 + rng.uniform(-amount, amount, size=(3, 1, 1)) * 0.5
    contrast, brightness = 1 + rng.uniform(-amount, amount, size=2)
    pixels = view.astype(np.float32) * np.float32(brightness) * gains.astype(np.float32)
    middle = pixels.mean()
    return np.clip((pixels - middle) * contrast + middle + 0.5, 0, 255).astype(np.uint8)
