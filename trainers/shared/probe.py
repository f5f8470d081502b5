"""Fits the heads to frozen features before the backbone learns: random heads would spoil its features.

(LP-FT, Kumar et al. 2022.)
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from trainers.shared.config import SharedConfig
from trainers.shared.data import SharedBatch, SharedDataset, SharedPhotos, collate, epoch_batches
from trainers.shared.losses import Targets, losses
from trainers.shared.network import SharedNetwork
from trainers.shared.targets import TargetMaker

_EPOCH = 20_000
"""The epoch from which the views of the probe are drawn: no training epoch has this number."""

_ROUNDS, _RATE, _DECAY = 30, 2e-3, 0.1


def probe_heads(network: SharedNetwork, training: SharedPhotos, config: SharedConfig) -> None:
    """Fits all heads together, in standardised features, to views that the backbone saw once."""
    drawn = replace(config, samples=max(config.probe, config.batch))
    dataset, maker = SharedDataset(training, config), TargetMaker(training, network.table, config.smoothing)
    marks = torch.from_numpy(training.known_marks()).float()
    network.eval()
    seen: list[tuple[Tensor, SharedBatch, Targets]] = []
    quick = config.precision == "bf16"
    for indices in epoch_batches(training, drawn, _EPOCH):
        batch = collate([dataset[index] for index in indices])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=quick):
            features = torch.cat([network.features(image) for image in batch.images])
        seen.append((features.float().clone(), batch, maker(batch)))
    _standardise(network, seen)
    heads = network.heads
    weights = [parameter for layer in heads.values() for parameter in layer.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    generator = torch.Generator().manual_seed(config.seed)
    for done in range(_ROUNDS):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - done / _ROUNDS)
        for place in torch.randperm(len(seen), generator=generator).tolist():
            features, batch, targets = seen[place]
            features = (features - network.middle) / network.reach
            kept = torch.rand(features.shape, generator=generator) > config.dropout
            features = features * kept / (1 - config.dropout)
            raw = {name: layer(features) for name, layer in heads.items()}
            parts = losses(network.table, raw, targets, batch, marks[batch.rows], config)
            optimizer.zero_grad()
            torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()


def _standardise(network: SharedNetwork, seen: list[tuple[Tensor, SharedBatch, Targets]]) -> None:
    together = torch.cat([features for features, _, _ in seen])
    network.middle.copy_(together.mean(0))
    network.reach.copy_(together.std(0) + 1e-3)
