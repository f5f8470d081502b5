"""The losses of the label modes: how far a scorer's outputs are from what people said."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from trainers.aesthetics.labels import Mode


def squared_emd(votes: Tensor, truth: Tensor) -> Tensor:
    """Squared earth mover's distance between vote shares (n, k), averaged over n.

    The sum of the squared differences of the cumulative shares (NIMA, Talebi & Milanfar 2018, with r = 2
    and without the root, as its training does).
    """
    return ((votes - truth).cumsum(1) ** 2).sum(1).mean()


def label_loss(mode: Mode, raw: Tensor, target: Tensor, middle: float, weights: Tensor | None) -> Tensor:
    """The loss of a label mode.

    `raw` (n, k) as the network gives it; `target` vote or class shares (n, k), or means (n, 1) on 1-10 for
    regression; `weights` (k,) balance classes.
    """
    if mode == "distribution":
        return squared_emd(raw.softmax(1), target)
    if mode == "regression":
        return F.huber_loss(raw, target - middle, delta=1.0)
    losses = -(target * raw.log_softmax(1)).sum(1)
    if weights is None:
        return losses.mean()
    balance = target @ weights
    return (losses * balance).sum() / balance.sum()
