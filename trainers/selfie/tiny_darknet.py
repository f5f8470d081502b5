"""Tiny Darknet with ELU and without batch normalisation, which can grow wider and deeper while it learns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainers.selfie import net2net
from trainers.selfie.net2net import NOISE, Activation, ShiftELU

Plan = tuple[str, ...]
"""Its layers: `m` halves the maps; `3x128` is a convolution of 3 x 3 to 128 channels with an ELU, and
`3x128s` one with a `ShiftELU`."""

PLAN: Plan = (
    *("3x16", "m", "3x32", "m", "1x16", "3x128", "1x16", "3x128", "m", "1x32", "3x256", "1x32", "3x256", "m"),
    *("1x64", "3x512", "1x64", "3x512", "1x128", "3x1024"),
)
"""The original: 2,092,609 parameters with dropout and one linear output behind it."""


def scaled(factor: float, plan: Plan = PLAN) -> Plan:
    """Returns a plan with every width multiplied."""
    parts = []
    for part in plan:
        kernel, width, shifted = _read(part)
        parts.append(part if part == "m" else _name(kernel, _times(width, factor), shifted))
    return tuple(parts)


class TinyDarknet(nn.Module):
    """Pictures (n, 3, side, side), scaled -> (n, `width`): the means of its last maps."""

    def __init__(self, plan: Sequence[str] = PLAN) -> None:
        super().__init__()
        self.units = nn.ModuleList()
        channels = 3
        for part in plan:
            kernel, width, shifted = _read(part)
            if part == "m":
                self.units.append(nn.MaxPool2d(2))
                continue
            conv = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
            # He et al. 2015, over what goes out.
            nn.init.normal_(conv.weight, std=math.sqrt(2 / (kernel * kernel * width)))
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
            activation = ShiftELU(torch.ones(width)) if shifted else nn.ELU()
            self.units.append(nn.Sequential(conv, activation))
            channels = width

    @property
    def plan(self) -> Plan:
        """What the network is made of now."""
        parts = []
        for unit in self.units:
            if isinstance(unit, nn.MaxPool2d):
                parts.append("m")
                continue
            conv, activation = _parts(unit)
            parts.append(_name(conv.kernel_size[0], conv.out_channels, isinstance(activation, ShiftELU)))
        return tuple(parts)

    @property
    def convolutions(self) -> list[int]:
        """Which of the units are convolutions."""
        return [place for place, unit in enumerate(self.units) if not isinstance(unit, nn.MaxPool2d)]

    @property
    def width(self) -> int:
        """The width of the embedding."""
        return _parts(self.units[self.convolutions[-1]])[0].out_channels

    def forward(self, image: Tensor) -> Tensor:
        for unit in self.units:
            image = unit(image)
        return image.mean((2, 3))


def widen_unit(
    backbone: TinyDarknet,
    place: int,
    width: int,
    heads: Sequence[nn.Linear],
    noise: float = NOISE,
    seed: int = 0,
) -> list[nn.Linear]:
    """Gives the convolution at a place of the units `width` channels.

    Returns the linear layers behind the backbone, which change only with its last convolution.
    """
    generator = torch.Generator().manual_seed(seed)
    later = [other for other in backbone.convolutions if other > place]
    following = [_parts(backbone.units[later[0]])[0]] if later else list(heads)
    conv, activation = _parts(backbone.units[place])
    conv, activation, after = net2net.wider(conv, activation, following, width, generator, noise)  # type: ignore[assignment]
    backbone.units[place] = nn.Sequential(conv, activation)
    if not later:
        return after  # type: ignore[return-value]
    behind = backbone.units[later[0]]
    assert isinstance(behind, nn.Sequential)
    behind[0] = after[0]
    return list(heads)


def widen(
    backbone: TinyDarknet, factor: float, heads: Sequence[nn.Linear], noise: float = NOISE, seed: int = 0
) -> list[nn.Linear]:
    """Multiplies the width of every convolution; returns the linear layers behind the backbone."""
    heads = list(heads)
    for place in backbone.convolutions:
        width = _times(_parts(backbone.units[place])[0].out_channels, factor)
        heads = widen_unit(backbone, place, width, heads, noise, seed + place)
    return heads


def deepen(backbone: TinyDarknet, place: int) -> None:
    """Puts a convolution that changes nothing behind the unit at a place."""
    conv, activation = _parts(backbone.units[place])
    units = list(backbone.units)
    units.insert(place + 1, nn.Sequential(*net2net.deeper(activation, conv.out_channels)))
    backbone.units = nn.ModuleList(units)


def next_to_deepen(backbone: TinyDarknet) -> int:
    """Returns the place where another layer costs least.

    It is behind the last of the narrowest convolutions of the smallest maps.
    """
    last = max((place for place, part in enumerate(backbone.plan) if part == "m"), default=-1)
    places = [place for place in backbone.convolutions if place > last]
    widths = {place: _parts(backbone.units[place])[0].out_channels for place in places}
    least = min(widths.values())
    return max(place for place in places if widths[place] == least)


def _parts(unit: nn.Module) -> tuple[nn.Conv2d, Activation]:
    assert isinstance(unit, nn.Sequential)
    conv, activation = unit
    assert isinstance(conv, nn.Conv2d) and isinstance(activation, nn.ELU | ShiftELU)
    return conv, activation


def _times(width: int, factor: float) -> int:
    return max(1, round(width * factor))


def _read(part: str) -> tuple[int, int, bool]:
    """Returns kernel, width, and whether the activation is shifted."""
    if part == "m":
        return 0, 0, False
    kernel, width = part.removesuffix("s").split("x")
    return int(kernel), int(width), part.endswith("s")


def _name(kernel: int, width: int, shifted: bool) -> str:
    return f"{kernel}x{width}{'s' if shifted else ''}"
