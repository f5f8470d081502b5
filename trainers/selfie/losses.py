"""Losses of the selfie trainer: pairs of the Siamese stage, and the regression of scores."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from photocli.errors import PhotocliError
from trainers.common.losses import band_loss, correlation_loss
from trainers.selfie.config import COLLAPSED, SelfieConfig
from trainers.selfie.data import RatedBatch

MARGIN = 1.0
"""The least distance of faces that are not alike."""

_SMALL = 1e-6

# The Siamese stage


class CollapseError(PhotocliError):
    """The Siamese stage came to nothing."""


def distance(one: Tensor, other: Tensor, kind: str) -> Tensor:
    """Returns distances (n,) of embeddings (n, k).

    They are L2, as the original's released code has it, or L1, as its text says.
    """
    if kind == "l1":
        return (one - other).abs().sum(1)
    return ((one - other).square().sum(1) + _SMALL).sqrt()


def hinge_embedding(apart: Tensor, same: Tensor, margin: float = MARGIN) -> Tensor:
    """Returns the hinge embedding loss: the mean over pairs (n,) of what each costs.

    Pairs that are alike cost their distance, others what they lack to the margin.
    """
    return torch.where(same, apart, (margin - apart).clamp_min(0)).mean()


def all_pairs(embeddings: Tensor, classes: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Returns distances of every two of the embeddings (n, k), and which are of one of the classes (n,)."""
    one, other = torch.triu_indices(len(classes), len(classes), 1, device=embeddings.device)
    return distance(embeddings[one], embeddings[other], kind), classes[one] == classes[other]


def balanced_hinge(apart: Tensor, same: Tensor, margin: float = MARGIN) -> Tensor:
    """Returns the hinge embedding loss of pairs; those that are alike, few or many, count one half."""
    parts = [hinge_embedding(apart[of], same[of], margin) for of in (same, ~same) if bool(of.any())]
    return torch.stack(parts).mean()


def check_collapse(loss: float, most: float = COLLAPSED) -> None:
    """Raises `CollapseError` where held-out pairs cost as much as without a network."""
    if not loss <= most:  # not a number, too
        raise CollapseError(
            f"the Siamese stage collapsed: pairs that it never saw cost {loss:.3f}, and {most} is next "
            "to nothing learned; a lower --pretrain-lr or --no-pretrain may help"
        )


# The regression


def batch_outputs(
    network: nn.Module, forward: Callable[[Tensor], Tensor], batch: RatedBatch, frozen: bool
) -> Tensor:
    """Returns the network's outputs of a batch (n, 2), by its `forward`.

    Last of all come those of the faces that were spoiled, and of the copies.

    Batch norm that learns sees each list by itself, and no spoiled copies: what it would see of a mixture is
    not what it is to see when it serves. Where it is `frozen`, all go in as one.
    """
    images, count, pairs = batch.images, len(batch.truth), len(batch.severity)
    if frozen:
        raw = forward(images).float()
        return torch.cat([raw[:count], raw[:pairs], raw[count:]])
    parts = torch.split(images[:count], [batch.own, count - batch.own])
    lists = [forward(part) for part in parts if len(part)]
    if pairs:
        norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        for norm in norms:
            norm.eval()
        lists.append(forward(torch.cat([images[:pairs], images[count:]])))
        for norm in norms:
            norm.train()
    return torch.cat(lists).float()


def regression_loss(outputs: Tensor, batch: RatedBatch, config: SelfieConfig) -> Tensor:
    """Returns Huber's loss of both lists' scores, the correlation, and the order of spoiled copies.

    `outputs` are those of `batch_outputs`.
    """
    truth, own = batch.truth, batch.own
    loss = nn.functional.huber_loss(outputs[:own, 0], truth[:own], delta=1.0)
    if len(truth) > own:
        loss = loss + nn.functional.huber_loss(outputs[own : len(truth), 1], truth[own:], delta=1.0)
    if config.correlation_weight > 0:
        loss = loss + config.correlation_weight * correlation_loss(outputs[:own, 0], truth[:own])
    if pairs := len(batch.severity):
        better, worse = outputs[-2 * pairs : -pairs, 0], outputs[-pairs:, 0]
        loss = loss + config.craft * band_loss(better, worse, config.margin * batch.severity)
    return loss
