"""Finish: dark corners and film grain. See `trainers.style.looks` for what a look is."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainers.common.corruptions import from_light, to_light
from trainers.common.frames import Picture
from trainers.style.looks.toning import LUMA, codes, picture_of


def vignette(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Darkens the corners as a lens does, or a hand: two stops and more, softly from the middle on."""
    height, width = picture.shape[:2]
    middle = rng.uniform(0.46, 0.54, 2)
    down = (np.arange(height, dtype=np.float32) + 0.5) / height - np.float32(middle[0])
    across = (np.arange(width, dtype=np.float32) + 0.5) / width - np.float32(middle[1])
    round_ = 2.0 + rng.uniform(0.0, 1.0)
    far = (np.abs(down[:, None] * 2) ** round_ + np.abs(across[None] * 2) ** round_) ** (1 / round_)
    start = rng.uniform(0.35, 0.6)
    fall = np.clip((far - start) / (1.38 - start), 0, 1) ** rng.uniform(1.1, 1.6)
    stops = 2.9 + 2.4 * strength
    return from_light(to_light(picture) * np.exp2(-stops * fall).astype(np.float32)[:, :, None])


def film_grain(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Adds clumps of silver or dye, larger than a pixel, strongest in the halftones."""
    height, width = picture.shape[:2]
    clump = max(height, width) / 320 * rng.uniform(1.0, 1.8)
    small = (max(2, round(width / clump)), max(2, round(height / clump)))
    grains = _clumps(small, (width, height), rng)[:, :, None]
    if rng.random() < 0.35:  # colour film has three layers of it
        layers = [_clumps(small, (width, height), rng) for _ in range(3)]
        grains = np.float32(0.75) * grains + np.float32(0.6) * np.stack(layers, axis=2)
    values = codes(picture)
    level = (values @ LUMA)[:, :, None]
    where = np.float32(0.45) + np.float32(2.2) * level * (1 - level)
    return picture_of(values + grains * where * np.float32(0.08 + 0.06 * strength))


def _clumps(small: tuple[int, int], size: tuple[int, int], rng: Generator) -> NDArray[np.float32]:
    """Returns noise of deviation 1 in clumps: drawn `small`, enlarged to `size` (both width, height)."""
    noise = Image.fromarray(rng.standard_normal(small[::-1], dtype=np.float32))
    grown = np.asarray(noise.resize(size, Image.Resampling.BICUBIC))
    return grown / np.float32(max(float(grown.std()), 1e-6))
