"""What film adds: grain. See `trainers.looks` for what a look is."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image

from trainers.common.frames import Picture
from trainers.style.looks.toning import LUMA, codes, picture_of


def film_grain(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Clumps of silver or dye, larger than a pixel, most in the halftones; nearly the same in all colours."""
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


def _clumps(small: tuple[int, int], size: tuple[int, int], rng: Generator) -> np.ndarray:
    """Noise of deviation 1 in clumps: drawn small, enlarged to the size (width, height)."""
    noise = Image.fromarray(rng.standard_normal(small[::-1], dtype=np.float32))
    grown = np.asarray(noise.resize(size, Image.Resampling.BICUBIC))
    return grown / max(float(grown.std()), 1e-6)
