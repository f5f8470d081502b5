"""The network that repaints photos in one style."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Upsample = Literal["nearest", "transposed"]

BLOCKS = 5
_EPSILON = 1e-3
_CONTRAST = 0.4  # the spread of a photo, as a share of the 150 levels of the tanh


class StyleTransferNetwork(nn.Module):
    """Repaints pictures (n, 3, height, width), RGB 0-255 of any type, as float32 of that shape and range.

    Johnson et al. 2016 with instance normalisation (Ulyanov et al. 2016).

    `width` multiplies the channels of all inner layers. Upsampling by the nearest neighbour and a convolution
    leaves no checkerboard (Odena et al. 2016); `transposed` convolutions, the original's, do. Both have
    1,677,638 parameters at width 1.
    """

    def __init__(self, width: float = 1.0, upsample: Upsample = "nearest") -> None:
        super().__init__()
        near, middle, far = (max(4, round(channels * width)) for channels in (32, 64, 128))
        self.layers = nn.Sequential(
            _layer(3, near, 9),
            nn.ReLU(),
            _layer(near, middle, 3, stride=2),
            nn.ReLU(),
            _layer(middle, far, 3, stride=2),
            nn.ReLU(),
            *(Residual(far) for _ in range(BLOCKS)),
            _larger(far, middle, upsample),
            nn.ReLU(),
            _larger(middle, near, upsample),
            nn.ReLU(),
            _layer(near, 3, 9),
        )
        # Colours begin within what the tanh can tell apart, and the residual blocks do nothing at first, so
        # that what goes in comes out after a few hundred steps already.
        _scale(self.layers[-1], _CONTRAST)
        for block in self.layers.children():
            if isinstance(block, Residual):
                _scale(block.layers[-1], 0.0)

    def forward(self, image: Tensor) -> Tensor:
        height, width = image.shape[2:]
        pixels = F.pad(image.float() / 255, (0, -width % 4, 0, -height % 4), "replicate")
        painted = self.layers(pixels).float()[:, :, :height, :width]
        return (150 * torch.tanh(painted) + 127.5).clamp(0, 255)


class Residual(nn.Module):
    """Adds two convolutions of an image to it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_layer(channels, channels, 3), nn.ReLU(), _layer(channels, channels, 3))

    def forward(self, image: Tensor) -> Tensor:
        return image + self.layers(image)


def _layer(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    # A bias would be taken away by the normalisation.
    convolution = nn.Conv2d(
        inputs, outputs, size, stride, padding=size // 2, padding_mode="reflect", bias=False
    )
    return nn.Sequential(convolution, _norm(outputs))


def _larger(inputs: int, outputs: int, upsample: Upsample) -> nn.Sequential:
    if upsample == "nearest":
        return nn.Sequential(nn.Upsample(scale_factor=2), _layer(inputs, outputs, 3))
    wider = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
    return nn.Sequential(wider, _norm(outputs))


def _scale(layer: nn.Module, by: float) -> None:
    """Sets what a layer's normalisation multiplies by, before it has learned."""
    for part in layer.children():
        if isinstance(part, nn.InstanceNorm2d):
            nn.init.constant_(part.weight, by)


def _norm(channels: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(channels, eps=_EPSILON, affine=True)


def repaint(network: StyleTransferNetwork, photos: Tensor) -> Tensor:
    """Repaints photos (n, 3, height, width), RGB 0-255, few at a time."""
    network.eval()
    with torch.inference_mode():
        painted = torch.cat([network(few) for few in torch.split(photos, 4)])
    network.train()
    return painted


def from_config(config: dict[str, Any]) -> StyleTransferNetwork:
    """Makes the network of a configuration, with random weights."""
    return StyleTransferNetwork(config["width"], config["upsample"])
