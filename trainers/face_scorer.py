"""The network that scores aligned faces: a body, the score, and what else it is taught by."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers import tiny_darknet
from trainers.bodies import initialise, make_body
from trainers.network import IMAGENET_MEAN, IMAGENET_STD
from trainers.tiny_darknet import TinyDarknet

LOWEST = 1.0
"""Inside, scores run from 0 to 9; people gave 1 to 10."""

EMBEDDING = 256
"""Numbers by which the Siamese stage compares two faces."""


class FaceScorer(nn.Module):
    """RGB (n, 3, side, side), 0-255 -> (n, 2): the score, 0-9, as the raters of the main list gave it, and as
    those of the further one did. `embed` gives the body's features, `compare` what pairs are compared by."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, arch: str, dropout: float = 0.5, plan: tuple[str, ...] = (), width: float = 1.0
    ) -> None:
        super().__init__()
        self.arch = arch
        if arch == "tiny_darknet":
            tiny = TinyDarknet(plan or tiny_darknet.scaled(width))
            body, features = tiny, tiny.width
        else:
            body, features = make_body(arch)
        self.body: nn.Module = body
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
        """The layers of a body that can grow, as they are now."""
        return self.body.plan if isinstance(self.body, TinyDarknet) else ()

    @property
    def heads(self) -> list[nn.Linear]:
        """What reads the features."""
        return [self.head, self.other, self.pair]

    def initialise(self, init: str) -> None:
        """Load starting weights of the body, see `bodies.initialise`; of a model of this trainer those of the
        heads, too, so that it goes on. Raises `UsageError`."""
        if self.arch == "tiny_darknet" and init == "imagenet":
            raise UsageError("there are no ImageNet weights of tiny_darknet; use --init none or a file")
        initialise(self.body, self.arch, init)
        if init in ("none", "imagenet"):
            return
        stored = torch.load(init, map_location="cpu", weights_only=True)
        if stored.get("config", {}).get("trainer") == "selfie":
            heads = ("head.", "other.", "pair.")
            weights = {name: value for name, value in stored["weights"].items() if name.startswith(heads)}
            self.load_state_dict(weights, strict=False)

    def embed(self, image: Tensor) -> Tensor:
        """The body's features, (n, features)."""
        image = image.contiguous(memory_format=torch.channels_last)
        return self.body((image.float() / 255 - self.mean) / self.std).flatten(1)

    def compare(self, image: Tensor) -> Tensor:
        """What two faces are compared by, (n, EMBEDDING)."""
        return self.pair(self.embed(image))

    def forward(self, image: Tensor) -> Tensor:
        features = self.drop(self.embed(image))
        return torch.cat([self.head(features), self.other(features)], 1)

    def widen(self, factor: float, seed: int) -> None:
        """Multiply the width of every convolution (Net2Net)."""
        assert isinstance(self.body, TinyDarknet)
        self.head, self.other, self.pair = tiny_darknet.widen(self.body, factor, self.heads, seed=seed)

    def deepen(self) -> None:
        """Add a convolution (Net2Net)."""
        assert isinstance(self.body, TinyDarknet)
        tiny_darknet.deepen(self.body, tiny_darknet.next_to_deepen(self.body))


def make_scorer(config: dict[str, Any]) -> FaceScorer:
    """The network of a stored configuration, with random weights."""
    return FaceScorer(config["arch"], config["dropout"], tuple(config.get("plan", ())), config["width"])
