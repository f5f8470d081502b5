"""Batches for the trainer of selfies: pairs of faces, and faces with scores and spoiled copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from trainers.common.image_corruptions import SPOILS, spoiled
from trainers.common.metrics import Floats
from trainers.selfie.augmentation import Straying, views
from trainers.selfie.data import Faces, divide
from trainers.selfie.network import LOWEST
from trainers.selfie.siamese import draw_pairs, score_classes

if TYPE_CHECKING:
    from trainers.selfie.train import Config


UNSEEN = 10
"""One of so many parts of the further list takes no part in the Siamese stage."""


class Rated(NamedTuple):
    """`images` (n, 3, side, side): `own` faces of the main list, those of the further one, and copies of the
    first of them, spoiled with `severity`; `truth`, the scores of all that are no copies, 0-9."""

    images: Tensor
    truth: Tensor
    own: int
    severity: Tensor

    def to(self, device: torch.device) -> Rated:
        """The same on another device."""
        images, truth, own, severity = self
        return Rated(images.to(device), truth.to(device), own, severity.to(device))


class Batches:
    """Draws batches from the main list of faces and, if there is one, a further list."""

    def __init__(self, config: Config, faces: Faces, more: Faces | None) -> None:
        self.config, self.faces, self.more = config, faces, more
        self.straying = Straying(config.turn, config.scale, 0.05, 0.04, config.colour)
        self.chances = balanced(faces.score, config.balance)
        self._sets, self.unseen = [faces], []
        if more is not None:  # a part of it makes no pairs, and shows whether these are told apart
            paired, unseen = divide(more, UNSEEN, 0)
            self._sets.append(paired)
            self.unseen.append(unseen)
        self._classes = [score_classes(part.score) for part in self._sets]

    def _wide(self, faces: Faces, rows: Any, generator: torch.Generator) -> Tensor:
        return views(torch.from_numpy(faces.wide[rows]), faces.side, self.straying, generator)

    def pairs(self, rng: np.random.Generator, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Faces (n, 3, side, side) that were drawn as pairs, and their classes (n,); all are of one list."""
        sizes = np.array([len(part) for part in self._sets], float)
        which = int(rng.choice(len(sizes), p=sizes / sizes.sum()))
        first, second, _ = draw_pairs(self._classes[which], max(2, self.config.batch // 2), rng)
        rows = np.concatenate([first, second])
        images = self._wide(self._sets[which], rows, generator)
        return images, torch.from_numpy(self._classes[which][rows])

    def rated(self, rng: np.random.Generator, generator: torch.Generator, joint: bool) -> Rated:
        """Faces with scores, those of the further list among them if `joint`."""
        config = self.config
        beside = round(config.batch * config.more_share) if joint and self.more is not None else 0
        rows = rng.choice(len(self.faces), config.batch - beside, p=self.chances)
        parts, truth = [self._wide(self.faces, rows, generator)], [self.faces.score[rows]]
        if beside and self.more is not None:
            others = rng.choice(len(self.more), beside)
            parts.append(self._wide(self.more, others, generator))
            truth.append(self.more.score[others])
        pairs = min(config.pairs, len(rows)) if config.craft > 0 else 0
        severity = 0.15 + 0.85 * torch.rand(pairs, generator=generator)
        if pairs:
            kinds = torch.randint(len(SPOILS), (pairs,), generator=generator)
            parts.append(spoiled(parts[0][:pairs], kinds, severity, generator))
        marks = torch.from_numpy(np.concatenate(truth) - LOWEST).float()
        return Rated(torch.cat(parts), marks, len(rows), severity)


def balanced(score: Floats, balance: float) -> Floats:
    """The chance of each face: 0 draws all alike, 1 every class of scores equally often."""
    classes = score_classes(score)
    sizes = np.bincount(classes)[classes].astype(np.float64)
    chance = sizes**-balance
    return chance / chance.sum()
