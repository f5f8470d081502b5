"""Training batches, in which every random draw is a function of the seed, the epoch and the place in it.

So an epoch is the same whether the run was interrupted before it or not, and however many processes load it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from trainers.common.augmentation import Augmentation, plain_view, random_view
from trainers.common.corruptions import DEGRADATIONS
from trainers.common.frames import Picture, Selection


class SampleIndex(NamedTuple):
    """One photo in one batch: `place` counts through the epoch; with `degrade` a ruined copy comes along."""

    epoch: int
    place: int
    row: int
    degrade: bool


@dataclass(frozen=True)
class EpochPlan:
    """How an epoch is put together.

    `labelled` rows come first, `unlabelled` ones after them. Each batch holds `batch` labelled
    photos and `extra` unlabelled ones; `pairs` of all these get a degraded copy. `chances` (labelled,) makes
    the labelled photos of an epoch a weighted sample instead of each one once.
    """

    labelled: int
    unlabelled: int
    batch: int
    extra: int
    pairs: int
    seed: int
    chances: NDArray[np.float64] | None = None

    @property
    def steps(self) -> int:
        """Batches in an epoch; what does not fill a batch waits for another epoch's order."""
        return max(1, self.labelled // self.batch)

    def epoch(self, epoch: int, rank: int = 0, world: int = 1) -> list[list[SampleIndex]]:
        """The batches of an epoch, or the share of one of `world` processes: the same number for each."""
        rng = np.random.default_rng([self.seed, epoch])
        if self.chances is None:
            order = rng.permutation(self.labelled)
        else:
            order = rng.choice(self.labelled, self.labelled, p=self.chances)
        others = rng.permutation(np.resize(np.arange(self.unlabelled), self.steps * self.extra))
        batches, place = [], 0
        for step in range(self.steps):
            rows = [*order[step * self.batch : (step + 1) * self.batch]]
            if self.unlabelled:
                rows += [*(self.labelled + others[step * self.extra : (step + 1) * self.extra])]
            ruined = set(rng.permutation(len(rows))[: self.pairs].tolist())
            batches.append(
                [SampleIndex(epoch, place + slot, int(row), slot in ruined) for slot, row in enumerate(rows)]
            )
            place += len(rows)
        share = max(1, len(batches) // world)
        return batches[rank::world][:share]


@dataclass(frozen=True)
class ViewSettings:
    """How photos are looked at in training: input size, fit, augmentation (or none), kinds of degradation."""

    size: int
    fit: str
    augment: Augmentation | None
    faults: tuple[str, ...]
    seed: int


class Item(NamedTuple):
    """A drawn photo: its row, its view, and the ruined view with its severity where one was asked for."""

    row: int
    view: Picture
    ruined: Picture | None
    severity: float


class Photos(Dataset[Item]):
    """Photos by `SampleIndex`."""

    def __init__(self, pictures: Selection, look: ViewSettings) -> None:
        self.pictures, self.look = pictures, look

    def __getitem__(self, draw: SampleIndex) -> Item:
        picture = self.pictures[draw.row]
        key = [self.look.seed, draw.epoch, draw.place]
        view = self._view(picture, key)
        if not draw.degrade:
            return Item(draw.row, view, None, 0.0)
        rng = np.random.default_rng([*key, 1])
        fault = self.look.faults[rng.integers(len(self.look.faults))]
        severity = float(rng.uniform(0.25, 1.0))
        # Both copies show the same box of the photo, so that the fault is all that differs.
        return Item(draw.row, view, self._view(DEGRADATIONS[fault](picture, severity, rng), key), severity)

    def _view(self, picture: Picture, key: list[int]) -> Picture:
        look = self.look
        if look.augment is None:
            return plain_view(picture, look.size, look.fit)
        return random_view(picture, look.size, look.fit, look.augment, np.random.default_rng([*key, 0]))


class Batch(NamedTuple):
    """`images` (b + d, 3, size, size) uint8: the photos, then the d ruined copies; `rows` (b,);
    `originals` (d,) says of which photo each is a copy; `severity` (d,)."""

    images: Tensor
    rows: Tensor
    originals: Tensor
    severity: Tensor


def collate(items: list[Item]) -> Batch:
    """Items as one batch."""
    originals = [place for place, item in enumerate(items) if item.ruined is not None]
    views = [item.view for item in items] + [item.ruined for item in items if item.ruined is not None]
    return Batch(
        torch.from_numpy(np.stack(views)),
        torch.tensor([item.row for item in items]),
        torch.tensor(originals, dtype=torch.long),
        torch.tensor([items[place].severity for place in originals], dtype=torch.float32),
    )
