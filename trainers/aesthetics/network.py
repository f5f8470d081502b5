"""The scoring network: a backbone, and a head of one linear layer whose outputs depend on the label mode."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from trainers.aesthetics.labels import CLASSES, Mode
from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, initialise, make_backbone


class Scorer(nn.Module):
    """uint8 RGB of shape (n, 3, size, size) -> raw outputs (n, k); k is 10, 2, 3 or 1 by label mode.

    Scaling and normalisation are part of the network, so that training and serving cannot drift.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, arch: str, mode: Mode, dropout: float = 0.0, middle: float = 5.5) -> None:
        super().__init__()
        self.arch, self.mode, self.middle = arch, mode, middle
        self.backbone, width = make_backbone(arch)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(CLASSES[mode]))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)  # depthwise convolutions take half the time

    def embed(self, image: Tensor) -> Tensor:
        """The backbone's pooled features, shape (n, width)."""
        image = image.contiguous(memory_format=torch.channels_last)
        return self.backbone((image.float() / 255 - self.mean) / self.std).flatten(1)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.drop(self.embed(image)))

    def outputs(self, raw: Tensor) -> Tensor:
        """For readers: vote shares (n, 10), class probabilities (n, k), or means (n, 1) on 1-10."""
        return raw + self.middle if self.mode == "regression" else raw.softmax(1)

    def score(self, raw: Tensor) -> Tensor:
        """One number per photo, shape (n,), higher for better; the mean mark 1-10 where the mode knows it.

        The other modes give the difference of the logits of good and bad.
        """
        if self.mode == "distribution":
            marks = torch.arange(1, 11, device=raw.device, dtype=raw.dtype)
            return raw.softmax(1) @ marks
        if self.mode == "regression":
            return raw[:, 0] + self.middle
        return raw[:, -1] - raw[:, 0]


def make_scorer(arch: str, mode: Mode, init: str, dropout: float, middle: float) -> Scorer:
    """A scorer whose backbone starts from `init` (see `backbones.initialise`)."""
    network = Scorer(arch, mode, dropout, middle)
    initialise(network.backbone, arch, init)
    return network


def from_config(config: dict[str, Any]) -> Scorer:
    """Makes the scorer of a configuration, with random weights."""
    return Scorer(config["arch"], config["labels"], config["dropout"], config["middle"])
