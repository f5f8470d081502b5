"""The style network: a backbone and one linear layer for medium, looks and painting styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, make_backbone, mobilenet_layers

GROUPS = ("medium", "looks", "paintings")
"""The groups of classes, in the order of the linear layer's outputs."""


class StyleLogits(NamedTuple):
    """Holds the logits of n pictures by group: medium (n, m), looks (n, l), paintings (n, p + 1)."""

    medium: Tensor
    looks: Tensor
    paintings: Tensor


class StyleNetwork(nn.Module):
    """Maps uint8 RGB of shape (n, 3, side, side) to logits (n, k) of the classes of all `GROUPS`.

    The backbone's mean over the places goes straight into the linear layer, so that each place's part of
    a logit is known: a class activation map (Zhou et al. 2016).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, classes: Mapping[str, Sequence[str]], dropout: float = 0.0) -> None:
        super().__init__()
        self.classes = {group: tuple(classes[group]) for group in GROUPS}
        self.counts = [len(self.classes[group]) for group in GROUPS]
        whole, width = make_backbone("mobilenet_v2")
        self.backbone = whole.get_submodule("features")
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, sum(self.counts))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)  # depthwise convolutions take half the time

    def initialise(self, init: str) -> None:
        """Loads starting weights of the backbone (see `backbones.initialise`)."""
        if init != "none":
            self.backbone.load_state_dict(mobilenet_layers(init).state_dict())

    def features(self, image: Tensor) -> Tensor:
        """Returns the backbone's features at each place, (n, width, rows, columns)."""
        image = image.contiguous(memory_format=torch.channels_last)
        return self.backbone((image.float() / 255 - self.mean) / self.std)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.drop(self.features(image).mean((2, 3))))

    def by_group(self, logits: Tensor) -> StyleLogits:
        """Splits logits (n, k) by group."""
        return StyleLogits(*torch.split(logits, self.counts, dim=1))

    def maps(self, features: Tensor) -> Tensor:
        """Returns what each place adds to each logit, (n, k, rows, columns).

        The sum over the places and the bias are the logit.
        """
        places = features.shape[2] * features.shape[3]
        return nn.functional.conv2d(features, self.head.weight[:, :, None, None]) / places


def from_config(config: dict[str, Any]) -> StyleNetwork:
    """Makes the network of a configuration, with random weights."""
    return StyleNetwork(config["classes"], config["dropout"])
