"""The network that scores aligned faces: a backbone, the score, and what else it is taught by."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, initialise, make_backbone
from trainers.selfie import tiny_darknet
from trainers.selfie.tiny_darknet import TinyDarknet

LOWEST = 1.0
"""Inside, scores run from 0 to 9; people gave 1 to 10."""

EMBEDDING = 256
"""Numbers by which the Siamese stage compares two faces."""


class FaceScorer(nn.Module):
    """RGB (n, 3, side, side), 0-255 -> (n, 2): the score, 0-9, by raters of the main and of the further list.

    `embed` gives the features, `compare` what pairs are compared by.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, arch: str, dropout: float = 0.5, plan: tuple[str, ...] = (), width: float = 1.0
    ) -> None:
        super().__init__()
        self.arch = arch
        self.backbone: nn.Module
        if arch == "tiny_darknet":
            tiny = TinyDarknet(plan or tiny_darknet.scaled(width))
            self.backbone, features = tiny, tiny.width
        else:
            self.backbone, features = make_backbone(arch)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(features, 1)
        self.other = nn.Linear(features, 1)
        self.pair = nn.Linear(features, EMBEDDING)
        for part in (self.head, self.other):
            nn.init.normal_(part.weight, std=0.01)
            nn.init.constant_(part.bias, 5.0)
        nn.init.normal_(self.pair.weight, std=0.3 * math.sqrt(1 / features))
        nn.init.zeros_(self.pair.bias)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    @property
    def plan(self) -> tuple[str, ...]:
        """The layers of a backbone that can grow, as they are now."""
        return self.backbone.plan if isinstance(self.backbone, TinyDarknet) else ()

    @property
    def heads(self) -> list[nn.Linear]:
        """What reads the features."""
        return [self.head, self.other, self.pair]

    def initialise(self, init: str) -> None:
        """Loads starting weights of the backbone (see `backbones.initialise`).

        A model of this trainer gives those of its heads, too. Raises `UsageError`.
        """
        if self.arch == "tiny_darknet" and init == "imagenet":
            raise UsageError("there are no ImageNet weights of tiny_darknet; use --init none or a file")
        initialise(self.backbone, self.arch, init)
        if init in ("none", "imagenet"):
            return
        stored = torch.load(init, map_location="cpu", weights_only=True)
        if stored.get("config", {}).get("trainer") == "selfie":
            heads = ("head.", "other.", "pair.")
            weights = {name: value for name, value in stored["weights"].items() if name.startswith(heads)}
            self.load_state_dict(weights, strict=False)

    def embed(self, image: Tensor) -> Tensor:
        """Returns the backbone's features, (n, features)."""
        image = image.contiguous(memory_format=torch.channels_last)
        features: Tensor = self.backbone((image.float() / 255 - self.mean) / self.std)
        return features.flatten(1)

    def compare(self, image: Tensor) -> Tensor:
        """Returns what two faces are compared by, (n, EMBEDDING)."""
        embedding: Tensor = self.pair(self.embed(image))
        return embedding

    def forward(self, image: Tensor) -> Tensor:
        features = self.drop(self.embed(image))
        return torch.cat([self.head(features), self.other(features)], 1)

    def widen(self, factor: float, seed: int) -> None:
        """Multiplies the width of every convolution (Net2Net)."""
        assert isinstance(self.backbone, TinyDarknet)
        self.head, self.other, self.pair = tiny_darknet.widen(self.backbone, factor, self.heads, seed=seed)

    def deepen(self) -> None:
        """Adds a convolution (Net2Net)."""
        assert isinstance(self.backbone, TinyDarknet)
        tiny_darknet.deepen(self.backbone, tiny_darknet.next_to_deepen(self.backbone))


def from_config(config: dict[str, Any]) -> FaceScorer:
    """Makes the network of a stored configuration, with random weights."""
    return FaceScorer(config["arch"], config["dropout"], tuple(config.get("plan", ())), config["width"])
