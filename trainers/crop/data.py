"""Makes crops of whole photos, with where they lay, and where in the frame their pieces lay.

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

from photocli.inputs.patches import GRID, PATCH, assemble, corners, landscape, patches, thumbnail
from trainers.common.frames import Picture
from trainers.common.splits import fold_of
from trainers.crop.camera_photos import CropPhotos
from trainers.crop.config import CropConfig
from trainers.crop.lens import draw_lens, through_lens
from trainers.crop.resampling import (
    SMALLEST,
    Box,
    draw_resampling,
    plain_resampling,
    resampled_pieces,
    resampled_size,
    resampled_small,
)

FACTORS = (SMALLEST, 0.9)


@dataclass(frozen=True)
class SampleSettings:
    """Says how samples are made; see `trainers.crop.config.Config`.

    `mirror` and `colour` are for training only; `resampled` is off for what serving would see of the crop as
    it is.
    """

    resize: str = "before"
    lens: float = 0.0
    lens_share: float = 1.0
    colour: float = 0.0
    mirror: bool = False
    pieces: bool = True
    resampled: bool = True


def training_settings(config: CropConfig) -> SampleSettings:
    """Returns how training samples are made."""
    share = config.lens_share if config.lens else 0.0
    pieces = config.stage != "thumbnail"
    return SampleSettings(config.resize, config.lens, share, config.colour, mirror=True, pieces=pieces)


def evaluation_settings(config: CropConfig, lens: float = 0.0) -> SampleSettings:
    """Returns how held-out samples are made: resampled likewise, but neither mirrored nor coloured."""
    return SampleSettings(config.resize, lens, 1.0, pieces=config.stage != "thumbnail")


class CropIndex(NamedTuple):
    """Names one view of one photo in one batch; `place` counts through the epoch."""

    epoch: int
    place: int
    row: int
    cropped: bool


class CropSample(NamedTuple):
    """Holds a network's input (3, HEIGHT, WIDTH), and what is true of it.

    `rectangle` (4,) is left, right, top, bottom of the crop as fractions of the photo; `factor`, its linear
    size; `cropped`, 1 or 0; `cells` (16,), the cell of the photo, row by row, in which the middle of each
    piece lies; `row`, that of its photo.
    """

    sheet: Picture
    rectangle: NDArray[np.float32]
    factor: np.float32
    cropped: np.float32
    cells: NDArray[np.int64]
    row: int


def whole_box(photo: Picture) -> Box:
    """Returns the box of a photo that is not cropped."""
    return 0, 0, photo.shape[1], photo.shape[0]


def draw_box(photo: Picture, rng: Generator) -> Box:
    """Draws a crop that keeps one random edge of the photo, and lies anywhere along it."""
    height, width = photo.shape[:2]
    factor = rng.uniform(*FACTORS)
    across, down = round(factor * width), round(factor * height)
    left, top = (int(rng.integers(rest + 1)) for rest in (width - across, height - down))
    edge = int(rng.integers(4))
    left = (0, left, width - across, left)[edge]
    top = (top, 0, top, height - down)[edge]
    return left, top, left + across, top + down


def rectangle(photo: Picture, box: Box) -> NDArray[np.float64]:
    """Returns left, right, top, bottom of the box, as fractions of the photo."""
    height, width = photo.shape[:2]
    return np.array([box[0] / width, box[2] / width, box[1] / height, box[3] / height])


def cells(
    size: tuple[int, int], place: NDArray[np.float64], shifts: Sequence[tuple[int, int]] | None = None
) -> NDArray[np.int64]:
    """Returns the cells (16,) of the photo in which the middles of its crop's pieces lie.

    `size` is the crop's width and height in pixels when the pieces are cut, `place` its rectangle in the
    photo.
    """
    width, height = (max(PATCH, length) for length in size)
    middles = np.array(corners(height, width, shifts)) + PATCH / 2
    down = place[2] + np.minimum(middles[:, 0] / size[1], 1) * (place[3] - place[2])
    across = place[0] + np.minimum(middles[:, 1] / size[0], 1) * (place[1] - place[0])
    row, column = (np.clip((part * GRID).astype(np.int64), 0, GRID - 1) for part in (down, across))
    return row * GRID + column


def make_sample(photo: Picture, box: Box, row: int, how: SampleSettings, rng: Generator) -> CropSample:
    """Makes the sample of a crop of a landscape photo."""
    place = rectangle(photo, box)
    factor = float(place[1] - place[0] + place[3] - place[2]) / 2
    lens = draw_lens(how.lens, rng) if how.lens > 0 and rng.random() < how.lens_share else None
    if how.resampled:
        resampling = draw_resampling(factor, how.resize, rng)
        small = thumbnail(resampled_small(photo, box, lens, rng))
        parts = resampled_pieces(photo, box, resampling, lens) if how.pieces else None
    else:
        resampling = plain_resampling()
        crop = through_lens(photo, lens, box) if lens else photo[box[1] : box[3], box[0] : box[2]]
        small, parts = thumbnail(crop), patches(crop) if how.pieces else None
    true_cells = cells(resampled_size(box, resampling.scale), place, resampling.shifts)
    if how.mirror and rng.random() < 0.5:
        small, parts, place, true_cells = mirrored(small, parts, place, true_cells)
    if how.colour > 0:
        table = _tone(how.colour, rng)
        small, parts = _toned(small, table), None if parts is None else _toned(parts, table)
    return CropSample(
        assemble(small, parts, False),
        place.astype(np.float32),
        np.float32(factor),
        np.float32(box != whole_box(photo)),
        true_cells,
        row,
    )


def mirrored(
    small: Picture, parts: Picture | None, place: NDArray[np.float64], found: NDArray[np.int64]
) -> tuple[Picture, Picture | None, NDArray[np.float64], NDArray[np.int64]]:
    """Exchanges left and right in the pictures, the order of the pieces, and what is true of them."""
    if parts is not None:
        grid = parts.reshape(GRID, GRID, PATCH, PATCH, 3)[:, ::-1, :, ::-1]
        parts = grid.reshape(GRID**2, PATCH, PATCH, 3)
    columns = GRID - 1 - found.reshape(GRID, GRID)[:, ::-1] % GRID
    rows = found.reshape(GRID, GRID)[:, ::-1] // GRID
    turned = np.array([1 - place[1], 1 - place[0], place[2], place[3]])
    return small[:, ::-1], parts, turned, (rows * GRID + columns).reshape(-1)


def _tone(amount: float, rng: Generator) -> Picture:
    """Draws a table (3, 256) that changes brightness and contrast by up to ± amount, gains by half of it."""
    light, contrast = 1 + rng.uniform(-amount, amount, 2)
    gains = 1 + rng.uniform(-amount, amount, (3, 1)) / 2
    values = (np.arange(256) * light * gains - 118) * contrast + 118
    return np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _toned(picture: Picture, table: Picture) -> Picture:
    return np.stack([table[channel][picture[..., channel]] for channel in range(3)], axis=-1)


# Batches


def epoch_batches(
    photos: CropPhotos, epoch: int, seed: int, batch: int, share: float, repeat_camera: int, most: int
) -> list[list[CropIndex]]:
    """Returns the batches of an epoch: two views of each photo side by side, `batch` photos to a batch.

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
    indices = [
        CropIndex(epoch, 2 * place + view, int(row), bool(rng.random() < chances[view]))
        for place, row in enumerate(order)
        for view in (0, 1)
    ]
    size = 2 * min(batch, len(order))
    return [indices[at : at + size] for at in range(0, len(indices) - size + 1, size)]


class CropDataset(Dataset[CropSample]):
    """Makes samples by `CropIndex`: every random draw is a function of seed, epoch and place."""

    def __init__(self, photos: CropPhotos, how: SampleSettings, seed: int) -> None:
        self.photos, self.how, self.seed = photos, how, seed

    def __getitem__(self, index: CropIndex) -> CropSample:
        rng = np.random.default_rng([self.seed, index.epoch, index.place])
        photo = landscape(self.photos.frames[index.row])[0]
        box = draw_box(photo, rng) if index.cropped else whole_box(photo)
        return make_sample(photo, box, index.row, self.how, rng)


def held_out_samples(
    photos: CropPhotos, how: SampleSettings, views: int, share: float = 0.5
) -> Iterator[CropSample]:
    """Yields `views` samples of each photo, that share of them cropped; draws depend on the name alone."""
    for row in photos.rows:
        photo = landscape(photos.frames[row])[0]
        for view in range(views):
            rng = np.random.default_rng([fold_of(photos.names[row], 1 << 32), view])
            cropped = int((view + 1) * share) > int(view * share)
            box = draw_box(photo, rng) if cropped else whole_box(photo)
            yield make_sample(photo, box, int(row), how, rng)
