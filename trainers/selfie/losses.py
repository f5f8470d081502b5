"""What a step of the regression of selfies costs: what a network says of a batch, and how wrong that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from trainers.common.losses import band_loss, correlation_loss
from trainers.selfie.batches import Rated

if TYPE_CHECKING:
    from trainers.selfie.train import Config


def said(network: nn.Module, forward: Callable[[Tensor], Tensor], batch: Rated, frozen: bool) -> Tensor:
    """What the network says of a batch (n, 2), by its `forward`; last of all of the faces that were spoiled,
    and of the copies.

    Batch norm that learns sees each list by itself, and no spoiled copies: what it would see of a mixture is
    not what it is to see when it serves. Where it is `frozen`, all go in as one.
    """
    images, count, pairs = batch.images, len(batch.truth), len(batch.severity)
    if frozen:
        raw = forward(images).float()
        return torch.cat([raw[:count], raw[:pairs], raw[count:]])
    lists = [forward(part) for part in images[:count].split([batch.own, count - batch.own]) if len(part)]
    if pairs:
        norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
        for norm in norms:
            norm.eval()
        lists.append(forward(torch.cat([images[:pairs], images[count:]])))
        for norm in norms:
            norm.train()
    return torch.cat(lists).float()


def regression_loss(raw: Tensor, batch: Rated, config: Config) -> Tensor:
    """Huber's loss of both lists' scores, the correlation, and the order of spoiled copies; `raw` is what
    `said` returns."""
    truth, own = batch.truth, batch.own
    loss = nn.functional.huber_loss(raw[:own, 0], truth[:own], delta=1.0)
    if len(truth) > own:
        loss = loss + nn.functional.huber_loss(raw[own : len(truth), 1], truth[own:], delta=1.0)
    if config.correlation_weight > 0:
        loss = loss + config.correlation_weight * correlation_loss(raw[:own, 0], truth[:own])
    if pairs := len(batch.severity):
        better, worse = raw[-2 * pairs : -pairs, 0], raw[-pairs:, 0]
        loss = loss + config.craft * band_loss(better, worse, config.margin * batch.severity)
    return loss
