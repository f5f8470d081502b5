"""Fits the heads to frozen features before the backbone learns: random heads would spoil its features.

(LP-FT, Kumar et al. 2022.)
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

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
    together = torch.cat([features for features, _, _ in seen])
    middle, reach = together.mean(0), together.std(0) + 1e-3
    heads = {head.name: nn.Linear(network.width, head.width) for head in network.table}
    for layer in heads.values():
        nn.init.normal_(layer.weight, std=0.01)  # of none, a direction has no gradient that is of use
        nn.init.zeros_(layer.bias)
    weights = [parameter for layer in heads.values() for parameter in layer.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    generator = torch.Generator().manual_seed(config.seed)
    for done in range(_ROUNDS):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - done / _ROUNDS)
        for place in torch.randperm(len(seen), generator=generator).tolist():
            features, batch, targets = seen[place]
            scaled = (features - middle) / reach
            kept = torch.rand(scaled.shape, generator=generator) > config.dropout
            scaled = scaled * kept / (1 - config.dropout)
            raw = {name: layer(scaled) for name, layer in heads.items()}
            parts = losses(network.table, raw, targets, batch, marks[batch.rows], config)
            optimizer.zero_grad()
            torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    _take_over(network, heads, middle, reach)


def _take_over(network: SharedNetwork, heads: dict[str, nn.Linear], middle: Tensor, reach: Tensor) -> None:
    """Writes heads that read standardised features as such that read them as they are."""
    with torch.no_grad():
        for name, fitted in heads.items():
            layer = network.heads[name]
            assert isinstance(layer, nn.Linear)
            layer.weight.copy_(fitted.weight / reach)
            layer.bias.copy_(fitted.bias - fitted.weight @ (middle / reach))
