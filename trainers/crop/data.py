"""Crops of whole photos, with what is true of them: where they lay, and where in the frame their pieces lay.

Crops are made as by Van Hoorick & Vondrick ("Dissecting Image Crops", 2021): a factor between 0.5 and 0.9 on
both axes, and one edge of the photo, drawn at random, is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch.utils.data import Dataset

from photocli.pieces import GRID, PATCH, assemble, corners, landscape, patches, thumbnail
from trainers.common.frames import Picture
from trainers.common.splits import fold_of
from trainers.crop import lens
from trainers.crop import resampling as fuzz
from trainers.crop.camera_photos import Photos

FACTORS = (fuzz.SMALLEST, 0.9)
Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in whole pixels of the photo."""


@dataclass(frozen=True)
class How:
    """How samples are made: see `trainers.crop.Config`. `mirror` and `colour` are for training only; `fuzzed`
    is off for what serving would see of the crop as it is."""

    resize: str = "before"
    lens: float = 0.0
    lens_share: float = 1.0
    colour: float = 0.0
    mirror: bool = False
    pieces: bool = True
    fuzzed: bool = True


class Draw(NamedTuple):
    """One view of one photo in one batch; `place` counts through the epoch."""

    epoch: int
    place: int
    row: int
    cropped: bool


class Sample(NamedTuple):
    """A network's input (3, HEIGHT, WIDTH), and what is true of it: `rectangle` (4,), left, right, top,
    bottom of the crop as fractions of the photo; `factor`, its linear size; `cropped`, 1 or 0; `cells` (16,),
    the cell of the photo, row by row, in which the middle of each piece lies; the row of its photo."""

    sheet: Picture
    rectangle: NDArray[np.float32]
    factor: np.float32
    cropped: np.float32
    cells: NDArray[np.int64]
    row: int


def whole(photo: Picture) -> Box:
    """The box of a photo that is not cropped."""
    return 0, 0, photo.shape[1], photo.shape[0]


def draw_box(photo: Picture, rng: Generator) -> Box:
    """A crop with one random edge kept; anywhere along it."""
    height, width = photo.shape[:2]
    factor = rng.uniform(*FACTORS)
    across, down = round(factor * width), round(factor * height)
    left, top = (int(rng.integers(rest + 1)) for rest in (width - across, height - down))
    edge = int(rng.integers(4))
    left = (0, left, width - across, left)[edge]
    top = (top, 0, top, height - down)[edge]
    return left, top, left + across, top + down


def rectangle(photo: Picture, box: Box) -> NDArray[np.float64]:
    """Left, right, top, bottom of the box, as fractions of the photo."""
    height, width = photo.shape[:2]
    return np.array([box[0] / width, box[2] / width, box[1] / height, box[3] / height])


def cells(
    size: tuple[int, int], place: NDArray[np.float64], shifts: Sequence[tuple[int, int]] | None = None
) -> NDArray[np.int64]:
    """The cells (16,) of the photo in which the middles of the pieces lie, that are cut from its crop.

    `size` is the crop's width and height in pixels when the pieces are cut, `place` its rectangle in the
    photo.
    """
    width, height = (max(PATCH, length) for length in size)
    middles = np.array(corners(height, width, shifts)) + PATCH / 2
    down = place[2] + np.minimum(middles[:, 0] / size[1], 1) * (place[3] - place[2])
    across = place[0] + np.minimum(middles[:, 1] / size[0], 1) * (place[1] - place[0])
    row, column = (np.clip((part * GRID).astype(np.int64), 0, GRID - 1) for part in (down, across))
    return row * GRID + column


def make(photo: Picture, box: Box, row: int, how: How, rng: Generator) -> Sample:
    """The sample of a crop of a landscape photo."""
    place = rectangle(photo, box)
    factor = float(place[1] - place[0] + place[3] - place[2]) / 2
    glass = lens.draw(how.lens, rng) if how.lens > 0 and rng.random() < how.lens_share else None
    if how.fuzzed:
        shape = fuzz.draw(photo.shape[1], factor, how.resize, rng)
        small = thumbnail(fuzz.small(photo, box, glass, rng))
        parts = fuzz.pieces(photo, box, shape, glass) if how.pieces else None
    else:
        shape = fuzz.plain()
        crop = lens.seen(photo, glass, box) if glass else photo[box[1] : box[3], box[0] : box[2]]
        small, parts = thumbnail(crop), patches(crop) if how.pieces else None
    found = cells(fuzz.size(box, shape.scale), place, shape.shifts)
    if how.mirror and rng.random() < 0.5:
        small, parts, place, found = mirrored(small, parts, place, found)
    if how.colour > 0:
        table = _tone(how.colour, rng)
        small, parts = _toned(small, table), None if parts is None else _toned(parts, table)
    return Sample(
        assemble(small, parts, False),
        place.astype(np.float32),
        np.float32(factor),
        np.float32(box != whole(photo)),
        found,
        row,
    )


def mirrored(
    small: Picture, parts: Picture | None, place: NDArray[np.float64], found: NDArray[np.int64]
) -> tuple[Picture, Picture | None, NDArray[np.float64], NDArray[np.int64]]:
    """Left and right exchanged: in the pictures, in the order of the pieces, and in what is true of them."""
    if parts is not None:
        grid = parts.reshape(GRID, GRID, PATCH, PATCH, 3)[:, ::-1, :, ::-1]
        parts = grid.reshape(GRID**2, PATCH, PATCH, 3)
    columns = GRID - 1 - found.reshape(GRID, GRID)[:, ::-1] % GRID
    rows = found.reshape(GRID, GRID)[:, ::-1] // GRID
    turned = np.array([1 - place[1], 1 - place[0], place[2], place[3]])
    return small[:, ::-1], parts, turned, (rows * GRID + columns).reshape(-1)


def _tone(amount: float, rng: Generator) -> Picture:
    """A table (3, 256) of brightness, contrast and the three gains, each changed by up to ± amount or half of
    it."""
    light, contrast = 1 + rng.uniform(-amount, amount, 2)
    gains = 1 + rng.uniform(-amount, amount, (3, 1)) / 2
    values = (np.arange(256) * light * gains - 118) * contrast + 118
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _toned(picture: Picture, table: Picture) -> Picture:
    return np.stack([table[channel][picture[..., channel]] for channel in range(3)], axis=-1)


# Draws


def epoch_draws(
    photos: Photos, epoch: int, seed: int, batch: int, share: float, repeat_camera: int, most: int
) -> list[list[Draw]]:
    """The batches of an epoch: two views of each photo side by side, `batch` photos to a batch.

    Of a share of one half, one view is the whole photo and the other a crop, so that what a photo shows tells
    nothing. Camera photos come `repeat_camera` times; of each other folder at most `most` photos come, drawn
    anew.
    """
    rng = np.random.default_rng([seed, epoch])
    chosen = [np.repeat(photos.rows[photos.camera[photos.rows]], repeat_camera)]
    others = photos.rows[~photos.camera[photos.rows]]
    origins = np.array([photos.origins[row] for row in others])
    chosen += [rng.permutation(others[origins == origin])[:most] for origin in np.unique(origins)]
    order = rng.permutation(np.concatenate(chosen))
    chances = (min(1.0, 2 * share), max(0.0, 2 * share - 1))
    draws = [
        Draw(epoch, 2 * place + view, int(row), bool(rng.random() < chances[view]))
        for place, row in enumerate(order)
        for view in (0, 1)
    ]
    size = 2 * min(batch, len(order))
    return [draws[at : at + size] for at in range(0, len(draws) - size + 1, size)]


class Cropped(Dataset[Sample]):
    """Samples by `Draw`: every random draw is a function of seed, epoch and place."""

    def __init__(self, photos: Photos, how: How, seed: int) -> None:
        self.photos, self.how, self.seed = photos, how, seed

    def __getitem__(self, draw: Draw) -> Sample:
        rng = np.random.default_rng([self.seed, draw.epoch, draw.place])
        photo = landscape(self.photos.frames[draw.row])[0]
        box = draw_box(photo, rng) if draw.cropped else whole(photo)
        return make(photo, box, draw.row, self.how, rng)


def held_samples(photos: Photos, how: How, views: int, share: float = 0.5) -> Iterator[Sample]:
    """`views` samples of each photo, the given share of them cropped; the draws depend on the name alone."""
    for row in photos.rows:
        photo = landscape(photos.frames[row])[0]
        for view in range(views):
            rng = np.random.default_rng([fold_of(photos.names[row], 1 << 32), view])
            cropped = int((view + 1) * share) > int(view * share)
            yield make(photo, draw_box(photo, rng) if cropped else whole(photo), int(row), how, rng)
