"""Net2Net (Chen, Goodfellow & Shlens 2016): wider and deeper layers that compute the same as before.

*Wider*: the units that a layer has keep their places, further ones are copies of random ones; what comes
after divides the weights of a unit among its copies. Noise on the extra copies alone lets them part in
training. *Deeper*: a convolution that changes nothing (Dirac). Its activation must change nothing either:
behind an ELU, another ELU changes the output by 3-19%; `ShiftELU` does not.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

Layer = TypeVar("Layer", bound=nn.Conv2d | nn.Linear)

NOISE = 0.01
"""Of the noise on extra copies: its standard deviation, as a share of the weights' root mean square."""


class ShiftELU(nn.Module):
    """ELU(x + s) - s with a learned s for each channel: (n, channels, h, w) likewise.

    It leaves alone what is above -s. ELU's output is above -1, so that s = 1 after an ELU changes nothing.
    """

    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.shift = nn.Parameter(shift.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        shift = self.shift.view(1, -1, 1, 1)
        return nn.functional.elu(x + shift) - shift


Activation = nn.ELU | ShiftELU


def sources(width: int, wider: int, generator: torch.Generator) -> Tensor:
    """Returns which of `width` units each of `wider` copies: itself, or a random one if it is extra."""
    if wider < width:
        raise ValueError(f"{wider} units are fewer than {width}")
    extra = torch.randint(width, (wider - width,), generator=generator)
    return torch.cat([torch.arange(width), extra])


def incoming(
    layer: Layer, copied: Tensor, noise: float = 0.0, generator: torch.Generator | None = None
) -> Layer:
    """Returns the layer with units `copied` from its own, see `sources`; the extra ones get noise."""
    weight = layer.weight.detach()[copied].clone()
    own = len(layer.weight)
    if noise and len(copied) > own:
        scale = noise * layer.weight.detach().square().mean().sqrt()
        extra = torch.randn(weight[own:].shape, generator=generator).to(weight)
        weight[own:] += scale * extra
    bias = None if layer.bias is None else layer.bias.detach()[copied].clone()
    return _layer(layer, weight, bias)


def outgoing(layer: Layer, copied: Tensor) -> Layer:
    """Returns the layer that comes after one whose units were copied: each copy counts for its share.

    A linear layer after flattened maps (channels, h, w) has h · w inputs of each unit, block after block.
    """
    weight = layer.weight.detach()
    width = int(copied.max()) + 1
    block, rest = divmod(weight.shape[1], width)
    if rest or (block > 1 and isinstance(layer, nn.Conv2d)):
        raise ValueError(f"a layer of {weight.shape[1]} inputs cannot come after one of {width} units")
    share = 1 / torch.bincount(copied, minlength=width)[copied].to(weight)
    blocks = torch.unflatten(weight, 1, (width, block))[:, copied]
    spread = share.view(1, -1, *[1] * (blocks.ndim - 2))
    return _layer(layer, (blocks * spread).flatten(1, 2), layer.bias)


def copied_activation(activation: Activation, copied: Tensor) -> Activation:
    """Returns the activation of units that were copied."""
    if isinstance(activation, ShiftELU):
        return ShiftELU(activation.shift[copied.to(activation.shift.device)])
    return copy.deepcopy(activation)


def wider(
    first: nn.Conv2d | nn.Linear,
    activation: Activation,
    following: Sequence[nn.Conv2d | nn.Linear],
    width: int,
    generator: torch.Generator,
    noise: float = NOISE,
) -> tuple[nn.Conv2d | nn.Linear, Activation, list[nn.Conv2d | nn.Linear]]:
    """Returns the first layer with `width` units, its activation, and the layers that read its output.

    Pooling and dropout may lie between; without noise, the outputs of the following layers do not change.
    """
    copied = sources(len(first.weight), width, generator)
    return (
        incoming(first, copied, noise, generator),
        copied_activation(activation, copied),
        [outgoing(layer, copied) for layer in following],
    )


def deeper(activation: Activation, width: int, kernel: int = 3) -> tuple[nn.Conv2d, ShiftELU]:
    """Returns a convolution of `width` channels and its activation; they change nothing there."""
    layer = nn.Conv2d(width, width, kernel, padding=kernel // 2)
    with torch.no_grad():
        nn.init.dirac_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    # An output of ELU(x + s) - s is above -1 - s.
    before = activation.shift.detach() if isinstance(activation, ShiftELU) else torch.zeros(width)
    return layer, ShiftELU(before + 1)


def _layer(like: Layer, weight: Tensor, bias: Tensor | None) -> Layer:
    """Makes a layer as `like`, of this weight and bias."""
    made: nn.Conv2d | nn.Linear
    if isinstance(like, nn.Conv2d):
        if like.groups != 1:
            raise ValueError("grouped convolutions cannot be widened")
        made = nn.Conv2d(
            weight.shape[1],
            weight.shape[0],
            like.kernel_size,  # type: ignore[arg-type]
            like.stride,  # type: ignore[arg-type]
            like.padding,  # type: ignore[arg-type]
            like.dilation,  # type: ignore[arg-type]
            bias=bias is not None,
        )
    else:
        made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    made = made.to(weight)
    with torch.no_grad():
        made.weight.copy_(weight)
        if bias is not None and made.bias is not None:
            made.bias.copy_(bias)
    return made  # type: ignore[return-value]
