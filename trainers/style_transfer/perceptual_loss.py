"""How far a picture is from the content of one and the style of another, as a trained network sees them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.backbones import initialise, make_backbone

STYLE = (1, 4, 7, 10, 12)
"""The layers of SqueezeNet 1.1 whose correlations are the style: the first convolution, and the last module
of each size and width from there."""

CONTENT = 4
"""The layer that says what is in a picture: a quarter of its size, as in Johnson et al. 2016."""

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Losses(NamedTuple):
    """Content, style and variation of a batch, each a mean; see `Perceptual.losses`."""

    content: Tensor
    style: Tensor
    variation: Tensor


class Perceptual(nn.Module):
    """SqueezeNet 1.1 as the judge of pictures (n, 3, height, width), RGB 0-255; it does not learn."""

    mean: Tensor
    std: Tensor

    def __init__(self, weights: str) -> None:
        """`weights` are as for `backbones.initialise`. Raises `UsageError` if they cannot be had."""
        super().__init__()
        if weights not in ("imagenet", "none") and not Path(weights).is_file():
            raise UsageError(f"--loss-weights: {weights} does not exist")
        backbone, _ = make_backbone("squeezenet1_1")
        initialise(backbone, "squeezenet1_1", weights)
        self.features = next(part for part in backbone.children() if isinstance(part, nn.Sequential))
        self.register_buffer("mean", 255 * torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("std", 255 * torch.tensor(_STD)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor, last: int = STYLE[-1]) -> dict[int, Tensor]:
        """What the layers of `STYLE` and `CONTENT` say, up to the last one that is asked for."""
        seen: dict[int, Tensor] = {}
        hidden = (image - self.mean) / self.std
        for place, layer in enumerate(self.features[: last + 1]):
            hidden = layer(hidden)
            if place in STYLE or place == CONTENT:
                seen[place] = hidden
        return seen

    def style(self, picture: Tensor) -> dict[int, Tensor]:
        """The Gram matrices (1, k, k) of a style picture (1, 3, height, width), by layer."""
        with torch.no_grad():
            seen = self(picture)
            return {place: gram(seen[place]) for place in STYLE}

    def losses(self, painted: Tensor, photos: Tensor, style: Mapping[int, Tensor]) -> Losses:
        """How far pictures are from the photos that they were made of, and from a style.

        Content and style are relative: 0 is no difference at all, and what is all black or grey to the
        network has about 1. So the weights hold for other pictures and layers, too. Style is the mean over
        the layers. Variation is the mean squared difference of neighbouring pixels, on 0-1.
        """
        with torch.no_grad():
            wanted = self(photos, CONTENT)[CONTENT].float()
        seen = self(painted)
        content = (seen[CONTENT].float() - wanted).square().mean() / wanted.square().mean()
        apart = [
            (gram(seen[place]) - style[place]).square().sum((1, 2)).mean() / style[place].square().sum()
            for place in STYLE
        ]
        return Losses(content, torch.stack(apart).mean(), variation(painted))


def gram(seen: Tensor) -> Tensor:
    """Gram matrices (n, k, k) of features (n, k, height, width), divided by height · width · k; float32."""
    with torch.autocast(seen.device.type, enabled=False):
        flat = seen.float().flatten(2)
        return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def variation(image: Tensor) -> Tensor:
    """The mean squared difference of neighbouring pixels of pictures (n, 3, height, width), on 0-1."""
    image = image / 255
    down, across = image[:, :, 1:] - image[:, :, :-1], image[..., 1:] - image[..., :-1]
    return down.square().mean() + across.square().mean()
