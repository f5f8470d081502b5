"""Views of aligned faces for training, for a whole batch at once: moved, turned, recoloured, spoiled."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from photocli.faces.alignment import OUTSIDE

SPOILS = ("blur", "coarse", "overexposed", "underexposed", "noise", "cut")
"""What costs a face its score: softness, few pixels, too much or too little light, noise, being cut off."""


def recoloured(images: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Pictures 0-255 with other brightness, contrast, saturation and colour, by up to the share `most`."""

    def factor(channels: int, share: float) -> Tensor:
        return 1 + share * most * (2 * torch.rand(len(images), channels, 1, 1, generator=generator) - 1)

    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * factor(1, 1.0)
    middle = grey.mean((2, 3), keepdim=True)
    images = middle + (images - middle) * factor(1, 1.0)
    return (images * factor(1, 1.0) * factor(3, 0.3)).clamp(0, 255)


def spoiled(images: Tensor, kinds: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (n, 3, side, side), 0-255, spoiled by kinds (n,) of `SPOILS` with severities (n,), 0-1."""
    result = images.clone()
    for number, name in enumerate(SPOILS):
        rows = torch.nonzero(kinds == number)[:, 0]
        if len(rows):
            result[rows] = _SPOIL[name](images[rows], severity[rows], generator).clamp(0, 255)
    return result


def _blur(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """A Gaussian of up to 4% of the side."""
    sigma = (0.006 + 0.034 * severity) * images.shape[-1]
    reach = math.ceil(2.5 * float(sigma.max()))
    place = torch.arange(-reach, reach + 1.0)
    kernel = (-(place**2) / (2 * sigma[:, None] ** 2)).exp()
    kernel = kernel / kernel.sum(1, keepdim=True)
    count, channels, height, width = images.shape
    kernel = kernel.repeat_interleave(channels, 0)
    padded = torch.nn.functional.pad(images, (reach,) * 4, "replicate").reshape(
        1, count * channels, height + 2 * reach, -1
    )
    groups = count * channels
    once = torch.nn.functional.conv2d(padded, kernel[:, None, None, :], groups=groups)
    twice = torch.nn.functional.conv2d(once, kernel[:, None, :, None], groups=groups)
    return twice.view(count, channels, height, width)


def _coarse(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """As if the face had 48 to 12 pixels in the photo."""
    seen = []
    for image, hard in zip(images, severity.tolist(), strict=True):
        small = torch.nn.functional.interpolate(
            image[None], size=round(48 - 36 * hard), mode="bilinear", antialias=True
        )
        seen.append(torch.nn.functional.interpolate(small, size=images.shape[-2:], mode="bilinear"))
    return torch.cat(seen)


def _light(images: Tensor, stops: Tensor) -> Tensor:
    """With 2^stops of the light, clipped; in linear light, near enough a power of 2.2."""
    light = (images.clamp(0, 255) / 255) ** 2.2 * 2 ** stops.view(-1, 1, 1, 1)
    return 255 * light.clamp(0, 1) ** (1 / 2.2)


def _over(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """One to three and a half stops too much, and more where the face is dark."""
    middle = (images / 255).mean((1, 2, 3)).clamp(0.1, 1)
    return _light(images, 1 + 2.5 * severity + (0.45 - middle).clamp_min(0) * 3)


def _under(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """One and a half to five stops too little."""
    return _light(images, -1.5 - 3.5 * severity)


def _noise(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """Of each pixel and colour, up to 50 of 255."""
    scale = (10 + 40 * severity).view(-1, 1, 1, 1)
    return images + scale * torch.randn(images.shape, generator=generator)


def _cut_off(images: Tensor, severity: Tensor, generator: torch.Generator) -> Tensor:
    """The edge of the photo runs through the face: a quarter to more than half of the square lies outside."""
    side = images.shape[-1]
    place = (torch.arange(side) + 0.5) / side
    outside = torch.tensor(OUTSIDE, dtype=images.dtype).view(3, 1, 1)
    result = images.clone()
    edges = torch.randint(4, (len(images),), generator=generator).tolist()
    for row, (edge, hard) in enumerate(zip(edges, severity.tolist(), strict=True)):
        beyond = place < 0.25 + 0.33 * hard
        beyond = beyond if edge % 2 else beyond.flip(0)
        mask = beyond[None, :, None] if edge < 2 else beyond[None, None, :]
        result[row] = torch.where(mask, outside, images[row])
    return result


_SPOIL = {
    "blur": _blur,
    "coarse": _coarse,
    "overexposed": _over,
    "underexposed": _under,
    "noise": _noise,
    "cut": _cut_off,
}
