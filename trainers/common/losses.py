"""Losses: how far outputs are from what people said, and whether a fault costs a photo its score."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def squared_emd(votes: Tensor, truth: Tensor) -> Tensor:
    """Computes the squared earth mover's distance between vote shares (n, k), averaged over n.

    The sum of the squared differences of the cumulative shares (NIMA, Talebi & Milanfar 2018, with r = 2
    and without the root, as its training does).
    """
    return ((votes - truth).cumsum(1) ** 2).sum(1).mean()


def correlation_loss(score: Tensor, truth: Tensor) -> Tensor:
    """1 - Pearson's correlation within the batch; 0 for a perfect linear relation."""
    score, truth = score - score.mean(), truth - truth.mean()
    return 1 - (score * truth).sum() / (score.norm() * truth.norm() + 1e-6)


def pair_loss(better: Tensor, worse: Tensor, margin: Tensor) -> Tensor:
    """Margin ranking loss: 0 where the original leads its degraded copy by the margin. All of shape (n,)."""
    return F.relu(margin - (better - worse)).mean()


def band_loss(better: Tensor, worse: Tensor, margin: Tensor) -> Tensor:
    """0 where the original leads its degraded copy by once to twice the margin. All of shape (n,).

    Where nothing says what copies are worth, a network would take ever more from them, and from photos that
    are a little like them.
    """
    lead = better - worse
    return (F.relu(margin - lead) + F.relu(lead - 2 * margin)).mean()


def class_weights(target: Tensor) -> Tensor:
    """Weights (k,) that make the classes of `target` (n, k) count the same; 0 for a class without photos."""
    shares = target.mean(0)
    return torch.where(shares > 0, 1 / (shares.clamp_min(1e-9) * (shares > 0).sum()), torch.zeros(()))
