"""Samples for the model of styles: photos with looks that are made on the way, drawings, repainted photos.

Every random draw is a function of the seed, the epoch and the place in it, so an epoch is the same whether
the run was interrupted before it or not, and however many processes load it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from trainers.common.augmentation import Augmentation, plain_view, random_view
from trainers.common.frames import Picture
from trainers.style.data import FRAME_SIDE, Pictures
from trainers.style.looks import NAMES, draw, together
from trainers.style.looks.targets import Targets, drawn, looked

if TYPE_CHECKING:
    from trainers.style.train import Config

_STRAY = Augmentation(area=0.85, aspect=0.08, colour=0.0, mirror=True)
_HELD = 10_000
"""The epoch from which looks of held-out photos are drawn: no training epoch has this number."""


class Draw(NamedTuple):
    """One picture in one batch: `place` counts through the epoch; of held-out ones, `turn` says
    what is made of them: 0 nothing, 1 the first look, 2 the second, at times with another one."""

    epoch: int
    place: int
    row: int
    turn: int = -1


class Sample(NamedTuple):
    """A view (3, side, side), uint8, the medium (-1: unknown), the looks (NaN: unknown), the painting."""

    view: Picture
    medium: int
    looks: Targets
    painting: int


class Samples(Dataset[Sample]):
    """Pictures by `Draw`; those of a turn as serving sees them, others as training does."""

    def __init__(self, pictures: Pictures, side: int, seed: int) -> None:
        self.pictures, self.side, self.seed = pictures, side, seed

    def __getitem__(self, draw: Draw) -> Sample:
        rng = np.random.default_rng([self.seed, draw.epoch, draw.place])
        picture, looks = self.finished(draw, rng)
        arrived = delivered(picture, rng)
        if draw.turn < 0:
            view = random_view(arrived, self.side, "squash", _STRAY, rng)
        else:
            view = plain_view(arrived, self.side, "squash")
        medium, painting = self.pictures.medium[draw.row], self.pictures.painting[draw.row]
        return Sample(view, int(medium), looks, int(painting))

    def finished(self, where: Draw, rng: Generator) -> tuple[Picture, Targets]:
        """The picture with its looks, and what is true of it."""
        picture = reduced(self.pictures.frames[where.row], rng)
        if self.pictures.painting[where.row] > 0 or self.pictures.medium[where.row] > 0:
            return picture, drawn()
        strengths = draw(rng) if where.turn < 0 else held_looks(where, rng)
        return looked(picture, strengths, rng)


def held_looks(where: Draw, rng: Generator) -> Mapping[str, float]:
    """The looks of a held-out photo: that of its turn, and one time in three one more that goes with it."""
    if where.turn == 0:
        return {}
    first = NAMES[where.turn - 1]
    others = [name for name in NAMES if together(name, first)]
    second = [others[int(rng.integers(len(others)))]] if rng.random() < 1 / 3 else []
    return {name: float(rng.uniform()) for name in (first, *second)}


def reduced(picture: Picture, rng: Generator) -> Picture:
    """The picture with a long side of 0.8 to 1 times `FRAME_SIDE` pixels, or its own if that is less."""
    side = FRAME_SIDE * rng.uniform(0.8, 1.0)
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    height, width = (max(8, round(length * scale)) for length in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def delivered(picture: Picture, rng: Generator) -> Picture:
    """What happens to any picture before it is judged, whatever its look: a mild reduction, and JPEG."""
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


def epoch_draws(pictures: Pictures, config: Config, epoch: int) -> list[list[Draw]]:
    """The batches of an epoch: shares of photos, drawings and repainted photos; each medium, each painting
    and, up to a number, each photo as often as another."""
    rng = np.random.default_rng([config.seed, epoch])
    groups = (
        (config.drawn_share, pictures.drawn(), pictures.medium),
        (config.repainted_share, pictures.repainted(), pictures.painting),
    )
    parts = [
        rng.choice(rows, round(config.samples * share), p=_evenly(kind[rows]))
        for share, rows, kind in groups
        if len(rows)
    ]
    photos = pictures.photographed()
    rest = config.samples - sum(len(part) for part in parts)
    origins = np.array([pictures.origins[row] for row in photos])
    parts.append(rng.choice(photos, rest, p=_capped(origins, config.most_per_folder)))
    order = rng.permutation(np.concatenate(parts))
    steps = max(1, config.samples // config.batch)
    return [
        [
            Draw(epoch, place, int(order[place]))
            for place in range(step * config.batch, min(len(order), (step + 1) * config.batch))
        ]
        for step in range(steps)
    ]


def held_draws(pictures: Pictures, turns: int, every: int = 1) -> list[Draw]:
    """Held-out pictures, or one of `every`: photos plain and `turns` times with looks, all of which are as
    frequent; others once."""
    photos = pictures.photographed()[::every]
    draws = [(int(row), 0) for row in photos]
    draws += [(int(row), 1 + place % len(NAMES)) for place, row in enumerate(np.repeat(photos, turns))]
    draws += [(int(row), 0) for row in (*pictures.drawn()[::every], *pictures.repainted()[::every])]
    return [Draw(_HELD, place, row, turn) for place, (row, turn) in enumerate(draws)]


def _evenly(kinds: NDArray[np.intp]) -> NDArray[np.float64]:
    """Chances with which every kind is as frequent as another."""
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    chances = 1.0 / counts[inverse]
    return chances / chances.sum()


def _capped(kinds: NDArray[np.str_], most: int) -> NDArray[np.float64]:
    """Chances by which no kind counts as more than `most` of its pictures."""
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    chances = np.minimum(1.0, most / counts[inverse])
    return chances / chances.sum()
