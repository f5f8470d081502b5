"""What each head should say of the views of a batch: a function for each head of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from trainers.shared.data import SharedBatch, SharedPhotos
from trainers.shared.heads import TURNS, HeadSpec
from trainers.style.data import MEDIA

Targets = dict[str, Tensor]
NAN = float("nan")


class TargetMaker:
    """Makes the targets of batches of some photos, for a table of heads."""

    def __init__(self, photos: SharedPhotos, table: tuple[HeadSpec, ...], smoothing: float) -> None:
        self.table, self.smoothing = table, smoothing
        self.votes = torch.from_numpy(photos.votes).float()
        self.trusted = torch.from_numpy(photos.trust)
        self.upright = torch.from_numpy(photos.upright)
        self.medium = torch.from_numpy(photos.taught.photos.medium)
        self.embedding = torch.from_numpy(photos.taught.embedding).float()

    def __call__(self, batch: SharedBatch) -> Targets:
        return {head.name: _TARGETS[head.name](self, batch) for head in self.table}

    def _votes(self, batch: SharedBatch) -> Tensor:
        """Of unspoiled upright photos. Those that teachers are apart on count less often: by chance, so
        that the loss of a view needs no weight."""
        target = self.votes[batch.rows].clone()
        luck = torch.rand(len(target), generator=torch.Generator().manual_seed(int(batch.rows.sum())))
        target[~batch.plain | (luck >= self.trusted[batch.rows])] = NAN
        return target

    def _medium(self, batch: SharedBatch) -> Tensor:
        return torch.eye(len(MEDIA))[self.medium[batch.rows]]

    def _turns(self, batch: SharedBatch) -> Tensor:
        """Spread a little: some photos have no up, and some were taken turned."""
        sure = torch.eye(len(TURNS))[batch.turn]
        target = sure * (1 - self.smoothing) + self.smoothing / len(TURNS)
        target[~self.upright[batch.rows]] = NAN
        return target

    def _embedding(self, batch: SharedBatch) -> Tensor:
        target = self.embedding[batch.rows].clone()
        target[~batch.plain] = NAN
        return target


_TARGETS: Mapping[str, Callable[[TargetMaker, SharedBatch], Tensor]] = {
    "votes": TargetMaker._votes,
    "medium": TargetMaker._medium,
    "looks": lambda maker, batch: batch.looks,
    "turns": TargetMaker._turns,
    "faults": lambda maker, batch: batch.faults,
    "embedding": TargetMaker._embedding,
}
"""By the name of a head."""
