"""The shared network: one backbone over the whole photo, and a linear layer for each head."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.backbones import initialise, make_backbone, normalisation
from trainers.common.efficientnet_lite import EfficientNetLite, prepare_for_export
from trainers.shared.heads import HEADS, HeadSpec

ARCHES = ("efficientnet_lite0", "efficientnet_lite2")
"""Backbones that the network can have: they are made for eight bits, and tell what they saw half-way."""


class SharedNetwork(nn.Module):
    """Maps uint8 RGB (n, 3, h, w), h and w multiples of 32, to the raw outputs of each head, (n, k).

    Scaling and normalisation are part of the network. Photos of one call have one size, those of the next
    may have another one (`inputs.canvas`).
    """

    mean: Tensor
    std: Tensor
    middle: Tensor
    reach: Tensor

    def __init__(self, arch: str, table: Sequence[HeadSpec], dropout: float = 0.0) -> None:
        super().__init__()
        if arch not in ARCHES:
            raise UsageError(f"the shared network has no backbone '{arch}', only {', '.join(ARCHES)}")
        self.arch, self.table = arch, tuple(table)
        backbone, _ = make_backbone(arch)
        assert isinstance(backbone, EfficientNetLite)
        self.backbone = backbone
        self.width = backbone.width + backbone.texture_width
        self.drop = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({head.name: nn.Linear(self.width, head.width) for head in table})
        for layer in self.heads.values():
            assert isinstance(layer, nn.Linear)
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        mean, std = normalisation(arch)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        # Features have very different sizes: heads, and their dropout, see them standardised.
        self.register_buffer("middle", torch.zeros(self.width))
        self.register_buffer("reach", torch.ones(self.width))
        self.to(memory_format=torch.channels_last)  # depthwise convolutions take half the time

    def features(self, image: Tensor) -> Tensor:
        """Returns what all heads read, (n, width), standardised: pooled features, and those of textures."""
        image = image.contiguous(memory_format=torch.channels_last)
        maps, textures = self.backbone.maps_and_textures((image.float() / 255 - self.mean) / self.std)
        pooled = torch.cat([each.float().mean((2, 3)) for each in (maps, *textures)], 1)
        return (pooled - self.middle) / self.reach

    def judge(self, features: Tensor) -> dict[str, Tensor]:
        """Returns the raw outputs of each head from features (n, width)."""
        features = self.drop(features)
        return {name: layer(features) for name, layer in self.heads.items()}

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return self.judge(self.features(image))

    def answers(self, raw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Turns raw outputs into what people read: shares and probabilities, and a vector of length 1."""
        return {head.name: _ANSWERS[head.answer](raw[head.name]) for head in self.table}


_ANSWERS: dict[str, Callable[[Tensor], Tensor]] = {
    "shares": lambda raw: raw.softmax(1),
    "one": lambda raw: raw.softmax(1),
    "several": lambda raw: raw.sigmoid(),
    "vector": lambda raw: raw / (raw.square().sum(1, keepdim=True) + 1e-12).sqrt(),
}


class ServedShared(nn.Module):
    """The network as it is exported: answers in the order of the table, batch norm within the weights."""

    def __init__(self, network: SharedNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        prepare_for_export(self.network.backbone)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        answers = self.network.answers(self.network(image))
        return tuple(answers[head.name] for head in self.network.table)


def make_shared(arch: str, init: str, dropout: float) -> SharedNetwork:
    """Makes a network whose backbone starts from `init` (see `backbones.initialise`)."""
    network = SharedNetwork(arch, HEADS, dropout)
    initialise(network.backbone, arch, init)
    return network


def from_config(config: dict[str, Any]) -> SharedNetwork:
    """Makes the network of a configuration, with random weights."""
    return SharedNetwork(config["arch"], HEADS, config["dropout"])
