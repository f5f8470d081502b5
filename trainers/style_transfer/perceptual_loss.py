"""Perceptual loss: how far a picture is from the content of one and the style of another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.backbones import initialise, make_backbone

STYLE_LAYERS = (1, 4, 7, 10, 12)
"""The layers of SqueezeNet 1.1 whose correlations are the style: the first convolution, and the last module
of each size and width from there."""

CONTENT_LAYER = 4
"""The layer that says what is in a picture: a quarter of its size, as in Johnson et al. 2016."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PerceptualTerms(NamedTuple):
    """Holds content, style and variation of a batch, each a mean; see `PerceptualLoss.terms`."""

    content: Tensor
    style: Tensor
    variation: Tensor


class PerceptualLoss(nn.Module):
    """Compares pictures (n, 3, height, width), RGB 0-255, by the features of a frozen SqueezeNet 1.1."""

    mean: Tensor
    std: Tensor

    def __init__(self, weights: str) -> None:
        """Loads `weights` as `backbones.initialise` does. Raises `UsageError` if they cannot be had."""
        super().__init__()
        if weights not in ("imagenet", "none") and not Path(weights).is_file():
            raise UsageError(f"--loss-weights: {weights} does not exist")
        backbone, _ = make_backbone("squeezenet1_1")
        initialise(backbone, "squeezenet1_1", weights)
        self.features = next(part for part in backbone.children() if isinstance(part, nn.Sequential))
        self.register_buffer("mean", 255 * torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("std", 255 * torch.tensor(_STD)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor, last: int = STYLE_LAYERS[-1]) -> dict[int, Tensor]:
        """Returns the features of the style and content layers, up to layer `last`."""
        features: dict[int, Tensor] = {}
        hidden = (image - self.mean) / self.std
        for place, layer in enumerate(self.features[: last + 1]):
            hidden = layer(hidden)
            if place in STYLE_LAYERS or place == CONTENT_LAYER:
                features[place] = hidden
        return features

    def style(self, picture: Tensor) -> dict[int, Tensor]:
        """Returns the Gram matrices (1, k, k) of a style picture (1, 3, height, width), by layer."""
        with torch.no_grad():
            features = self(picture)
            return {place: gram_matrix(features[place]) for place in STYLE_LAYERS}

    def terms(self, painted: Tensor, photos: Tensor, style: Mapping[int, Tensor]) -> PerceptualTerms:
        """Returns how far pictures are from the photos that they were made of, and from a style.

        Content and style are relative: 0 is no difference at all, and what is all black or grey to the
        network has about 1. So the weights hold for other pictures and layers, too. Style is the mean over
        the layers. Variation is the mean squared difference of neighbouring pixels, on 0-1.
        """
        with torch.no_grad():
            wanted = self(photos, CONTENT_LAYER)[CONTENT_LAYER].float()
        features = self(painted)
        content = (features[CONTENT_LAYER].float() - wanted).square().mean() / wanted.square().mean()
        apart = [
            (gram_matrix(features[place]) - style[place]).square().sum((1, 2)).mean()
            / style[place].square().sum()
            for place in STYLE_LAYERS
        ]
        return PerceptualTerms(content, torch.stack(apart).mean(), variation(painted))


def gram_matrix(features: Tensor) -> Tensor:
    """Returns Gram matrices (n, k, k) of features (n, k, height, width), float32.

    They are divided by height · width · k.
    """
    with torch.autocast(features.device.type, enabled=False):
        flat = features.float().flatten(2)
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def variation(image: Tensor) -> Tensor:
    """Returns the mean squared difference, on 0-1, of neighbouring pixels (n, 3, height, width)."""
    image = image / 255
    down, across = image[:, :, 1:] - image[:, :, :-1], image[..., 1:] - image[..., :-1]
    return down.square().mean() + across.square().mean()
