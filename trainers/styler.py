"""The network of styles: one body, and one linear layer for the medium, the looks and the painting styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trainers.bodies import make_body, mobilenet_layers
from trainers.network import IMAGENET_MEAN, IMAGENET_STD

GROUPS = ("medium", "looks", "paintings")
"""The answers, in the order of the linear layer's outputs."""


class Said(NamedTuple):
    """Logits of n pictures: of the medium (n, m), of each look (n, l), of the paintings (n, p + 1)."""

    medium: Tensor
    looks: Tensor
    paintings: Tensor


class Styler(nn.Module):
    """uint8 RGB of shape (n, 3, side, side) -> logits (n, k) of the classes of all `GROUPS`.

    Between the body and the linear layer lies nothing but the mean over the places, so that each place's part
    of a logit is known: a class activation map (Zhou et al. 2016).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, classes: Mapping[str, Sequence[str]], dropout: float = 0.0) -> None:
        super().__init__()
        self.classes = {group: tuple(classes[group]) for group in GROUPS}
        self.counts = [len(self.classes[group]) for group in GROUPS]
        whole, width = make_body("mobilenet_v2")
        self.body = whole.features
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, sum(self.counts))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)  # depthwise convolutions take half the time

    def initialise(self, init: str) -> None:
        """Load starting weights of the body (see `bodies.initialise`)."""
        if init != "none":
            self.body.load_state_dict(mobilenet_layers(init).state_dict())

    def features(self, image: Tensor) -> Tensor:
        """What the body sees at each place, (n, width, rows, columns)."""
        image = image.contiguous(memory_format=torch.channels_last)
        return self.body((image.float() / 255 - self.mean) / self.std)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.drop(self.features(image).mean((2, 3))))

    def parts(self, logits: Tensor) -> Said:
        """Logits (n, k) by group."""
        return Said(*logits.split(self.counts, dim=1))

    def maps(self, features: Tensor) -> Tensor:
        """What each place adds to each logit, (n, k, rows, columns); their sum and the bias are the logit."""
        places = features.shape[2] * features.shape[3]
        return nn.functional.conv2d(features, self.head.weight[:, :, None, None]) / places
