"""What the shared network's outputs cost: a loss for each kind of answer, and the order of the marks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from trainers.common.losses import correlation_loss, pair_loss, squared_emd
from trainers.shared.config import SharedConfig
from trainers.shared.data import SharedBatch
from trainers.shared.heads import HeadSpec

Targets = dict[str, Tensor]
"""For each head (n, k) targets of n views; NaN is unknown."""


def shares_loss(raw: Tensor, target: Tensor) -> Tensor:
    """Squared earth mover's distance of the views whose votes are known."""
    known = target.isfinite().all(1)
    return squared_emd(raw[known].softmax(1), target[known]) if known.any() else raw.sum() * 0


def one_loss(raw: Tensor, target: Tensor) -> Tensor:
    """Cross entropy with shares of the classes."""
    known = target.isfinite().all(1)
    losses = -(target[known] * raw[known].log_softmax(1)).sum(1)
    return losses.mean() if known.any() else raw.sum() * 0


def several_loss(raw: Tensor, target: Tensor) -> Tensor:
    """Binary cross entropy of each label where it is known, whatever else of the view is."""
    known = target.isfinite()
    if not known.any():
        return raw.sum() * 0
    return F.binary_cross_entropy_with_logits(raw[known], target[known])


def vector_loss(raw: Tensor, target: Tensor) -> Tensor:
    """1 - the cosine of the angle to a vector of length 1."""
    known = target.isfinite().all(1)
    return (
        (1 - (F.normalize(raw[known], dim=1) * target[known]).sum(1)).mean() if known.any() else raw.sum() * 0
    )


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "shares": shares_loss,
    "one": one_loss,
    "several": several_loss,
    "vector": vector_loss,
}
"""By the kind of answer of a head."""


def mark(votes: Tensor) -> Tensor:
    """The mean mark, 1-10, of raw votes (n, 10): shape (n,)."""
    return votes.softmax(1) @ torch.arange(1.0, 11.0, device=votes.device, dtype=votes.dtype)


def losses(
    table: tuple[HeadSpec, ...],
    raw: Mapping[str, Tensor],
    targets: Targets,
    batch: SharedBatch,
    mean: Tensor,
    config: SharedConfig,
) -> dict[str, Tensor]:
    """Returns each head's loss, weighed as the table says, and those of the order of marks.

    `mean` (n,) are marks of the views by people and teachers, NaN where there are none.
    """
    found = {
        head.name: head.weight * LOSSES[head.answer](raw[head.name].float(), targets[head.name])
        for head in table
    }
    score = mark(raw["votes"].float())
    known = batch.plain & mean.isfinite()
    if config.correlation_weight > 0 and known.sum() > 2:
        found["order"] = config.correlation_weight * correlation_loss(score[known], mean[known])
    spoiled = batch.severity > 0
    if config.pair_weight > 0 and spoiled.any():
        margin = config.pair_margin * batch.severity[spoiled]
        found["pairs"] = config.pair_weight * pair_loss(
            score[batch.original[spoiled]], score[spoiled], margin
        )
    return found
