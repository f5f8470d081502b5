"""Random changes of a sample that leave its classes as they are: resolution, compression, framing."""

from __future__ import annotations

import io

import numpy as np
from numpy.random import Generator
from PIL import Image

from trainers.common.augmentation import Augmentation
from trainers.common.frames import Picture

FRAME_SIDE = 320
"""The long side in pixels that decoded pictures have at least, if they are as large."""

FRAMING = Augmentation(area=0.85, aspect=0.08, colour=0.0, mirror=True)
"""How a training view is cut; colours belong to the look and are left alone."""


def random_resize(picture: Picture, rng: Generator) -> Picture:
    """Reduces a picture to a long side of 0.8 to 1 times `FRAME_SIDE` pixels; smaller ones stay."""
    side = FRAME_SIDE * rng.uniform(0.8, 1.0)
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(8, round(length * scale)) for length in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def random_recompression(picture: Picture, rng: Generator) -> Picture:
    """Reduces a picture mildly and compresses it as JPEG, each at times.

    This happens to pictures of all classes, so that none is told by it.
    """
    height, width = picture.shape[:2]
    scale = rng.uniform(0.75, 1.0) if rng.random() < 0.5 else 1.0
    image = Image.fromarray(picture)
    if scale < 1 and max(height, width) * scale >= 160:
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC)
    if rng.random() < 0.8:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(55, 98)))
        image = Image.open(file).convert("RGB")
    return np.asarray(image)
