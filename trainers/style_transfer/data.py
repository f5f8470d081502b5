"""Data of a painting style: the style picture, the photos, their split, and the views of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.records import Photo
from trainers.common.augmentation import Augmentation, plain_view, random_view
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.splits import split
from trainers.style_transfer.config import StyleTransferConfig

_VIEWS = Augmentation(area=0.5, aspect=0.0)
_LEAST = 32  # pixels of the shorter side that a photo has at least


@dataclass(frozen=True)
class StyleTransferData:
    """Holds a style picture with its name, the photos, and the rows to train on and those held out."""

    style: Picture
    name: str
    photos: Frames
    training: list[int]
    held: list[int]


def read_data(picture: Path, folders: list[Path], config: StyleTransferConfig) -> StyleTransferData:
    """Decodes the style picture and the photos. Raises `UsageError` where there is too little."""
    try:
        style = reduce_picture(decode(picture, config.style_side).pixels, config.style_side)
    except DecodeError as error:
        raise UsageError(f"{picture}: {error}") from error
    paths = [photo.path for photo in discover(folders) if isinstance(photo, Photo)]
    photos = load_frames(paths, 2 * config.size, Path(config.cache) if config.cache else None)
    sides = split([path.name for path in paths], config.folds, 0)
    training, held = (rows[~np.isin(rows, list(photos.failed))].tolist() for rows in sides)
    if not training:
        raise UsageError("there is no photo to train on")
    return StyleTransferData(style, picture.stem, photos, training, held)


def reduce_picture(pixels: Picture, side: int) -> Picture:
    """Reduces a picture to a long side of `side` pixels at most.

    Raises `DecodeError` for what is too narrow then.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = round(width * scale), round(height * scale)
    if min(size) < _LEAST:
        raise DecodeError(f"too narrow: {size[0]} x {size[1]} pixels")
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))


# Views


def training_views(data: StyleTransferData, config: StyleTransferConfig, step: int) -> Picture:
    """Returns the views (batch, 3, size, size) of a step; they follow from the seed and the step alone."""
    rng = np.random.default_rng([config.seed, step])
    rows = rng.choice(data.training, config.batch, replace=len(data.training) < config.batch)
    views = [random_view(square(data.photos[row], rng), config.size, "squash", _VIEWS, rng) for row in rows]
    return np.stack(views)


def plain_views(data: StyleTransferData, config: StyleTransferConfig, rows: Sequence[int]) -> Picture:
    """Returns the middle squares (n, 3, size, size) of the photos of some rows."""
    return np.stack([plain_view(square(data.photos[row]), config.size, "squash") for row in rows])


def square(picture: Picture, rng: np.random.Generator | None = None) -> Picture:
    """Returns the largest square of a picture: the middle one, or with `rng` any."""
    height, width = picture.shape[:2]
    side, spare = min(height, width), abs(height - width)
    at = spare // 2 if rng is None else int(rng.integers(spare + 1))
    return picture[at : at + side] if height > width else picture[:, at : at + side]
