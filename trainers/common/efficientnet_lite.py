"""EfficientNet-Lite (Tan & Le 2019, without squeeze-and-excite, with ReLU6): uint8 pictures -> an embedding.

Weights have the names and shapes of timm's `tf_efficientnet_lite*` state dicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainers.common.depthwise import depthwise

EFFICIENTNET_MEAN = (0.5, 0.5, 0.5)
EFFICIENTNET_STD = (0.5, 0.5, 0.5)
"""Of RGB in 0-1; what the ImageNet weights of EfficientNet-Lite were trained with."""

_STAGES = (
    # kernel, stride, expansion, width, blocks
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM, _HEAD = 32, 1280
_TEXTURES = (2, 3)  # stages at whose beginning textures are taken
_MOMENTUM, _EPSILON = 0.01, 1e-3


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite up to its pooled features: (n, 3, h, w) -> (n, 1280).

    Sides that are a multiple of 32 lose nothing at the right and lower edge. `width` and `depth` multiply
    the channels and blocks of Lite0; the stem and the first and last stage keep theirs.
    """

    width = _HEAD
    pairs = (("conv_stem", "bn1"), ("conv_head", "bn2"))

    def __init__(self, width: float = 1.0, depth: float = 1.0) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, _STEM, 3, stride=2, bias=False)
        self.bn1 = _norm(_STEM)
        stages: list[nn.Sequential] = []
        came = _STEM
        for place, (kernel, stride, expansion, channels, count) in enumerate(_STAGES):
            fixed = place in (0, len(_STAGES) - 1)
            wide = _round_to_8(channels * width)
            stage = nn.Sequential()
            for number in range(count if fixed else -int(-count * depth // 1)):
                stage.append(_block(came, wide, kernel, stride if number == 0 else 1, expansion))
                came = wide
            stages.append(stage)
        self.blocks = nn.Sequential(*stages)
        self.conv_head = SameConv2d(came, _HEAD, 1, bias=False)
        self.bn2 = _norm(_HEAD)
        self.act = nn.ReLU6(inplace=True)

    def stages(self) -> Iterator[tuple[int, nn.Sequential]]:
        """The stages with their numbers."""
        for number, stage in enumerate(self.blocks):
            assert isinstance(stage, nn.Sequential)
            yield number, stage

    def round_weights(self, on: bool) -> None:
        """Has the network compute with weights as they will be in eight bits, but for the first layer's.

        It does so where batch norm keeps its statistics.
        """
        for module in self.modules():
            if isinstance(module, SameConv2d):
                module.rounded = on and module is not self.conv_stem

    @contextmanager
    def weights_at_hand(self) -> Iterator[None]:
        """Has the batches that go through the network inside share the work of folding and rounding."""
        pairs = [(conv, norm) for conv, norm in _layers(self) if not norm.training]
        for conv, norm in pairs:
            weight, bias = folded(conv, norm)
            quick = torch.is_autocast_enabled(weight.device.type)
            kind = torch.get_autocast_dtype(weight.device.type) if quick else weight.dtype
            conv.at_hand = weight.to(kind), bias
        try:
            yield
        finally:
            for conv, _ in pairs:
                conv.at_hand = None

    @property
    def texture_width(self) -> int:
        """How many numbers `maps_and_textures` has beside its features."""
        starts = [stage[0] for number, stage in self.stages() if number in _TEXTURES]
        return sum(block.bn1.num_features for block in starts if isinstance(block, InvertedBlock))

    def forward(self, image: Tensor) -> Tensor:
        return self.maps(image).mean((2, 3))

    def maps(self, image: Tensor) -> Tensor:
        """Features before pooling, (n, 1280, h / 32, w / 32)."""
        return self.maps_and_textures(image)[0]

    def maps_and_textures(self, image: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Features before pooling, and the widened ones where the third and fourth stage begin.

        The latter lie at a quarter and an eighth of the size, where blur and grain are still to be seen.
        """
        hidden = self.act(normed(self.conv_stem, self.bn1, image))
        textures = []
        for number, stage in self.stages():
            for place, block in enumerate(stage):
                if place == 0 and number in _TEXTURES and isinstance(block, InvertedBlock):
                    widened = block.widen(hidden)
                    textures.append(widened)
                    hidden = block.narrow(hidden, widened)
                else:
                    hidden = block(hidden)
        return self.act(normed(self.conv_head, self.bn2, hidden)), tuple(textures)


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME does: at stride 2 the odd pixel is at the right and below."""

    rounded = False
    """Whether `normed` rounds the weights to bytes."""

    at_hand: tuple[Tensor, Tensor] | None = None
    """What `folded` gives, while several batches go through the network; see `weights_at_hand`."""

    even = False
    """Whether all sides are taken for even: then nothing depends on their length, as exporters need it."""

    def forward(self, image: Tensor) -> Tensor:
        return self.apply_weights(image, self.weight, self.bias)

    def apply_weights(self, image: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolves with other weights of the same shape."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        if stride == 1 or self.even:
            high = wide = kernel - stride
        else:
            high, wide = (_missing(side, kernel, stride) for side in image.shape[-2:])
        padding = (high // 2, wide // 2)
        if high % 2 or wide % 2:
            image = F.pad(image, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
            padding = (0, 0)
        if self.groups > 1:
            return depthwise(image, weight, bias, stride, padding)
        return F.conv2d(image, weight, bias, self.stride, padding)


def normed(conv: SameConv2d, norm: nn.Module, image: Tensor) -> Tensor:
    """A convolution and its batch norm.

    Where the norm keeps its statistics, it is part of the weights: a pass over the picture less, and what is
    trained is what will be quantised.
    """
    if isinstance(norm, nn.BatchNorm2d) and not norm.training:
        return conv.apply_weights(image, *(conv.at_hand or folded(conv, norm)))
    made: Tensor = norm(conv(image))
    return made


def as_bytes(weight: Tensor) -> Tensor:
    """Weights rounded to -127 ... 127 steps of their output channel; gradients pass through."""
    steps = weight.detach().abs().flatten(1).amax(1).clamp_min(1e-8) / 127
    zeros = torch.zeros(len(weight), dtype=torch.int32, device=weight.device)
    rounded: Tensor = torch.fake_quantize_per_channel_affine(weight, steps, zeros, 0, -127, 127)
    return rounded


def folded(conv: SameConv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weights and biases of a convolution that does its batch norm's work, too."""
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = conv.weight * scale[:, None, None, None]
    return as_bytes(weight) if conv.rounded else weight, norm.bias - norm.running_mean * scale


def prepare_for_export(backbone: EfficientNetLite) -> None:
    """Has convolutions do their batch norms' work for good, in place, for sides that are multiples of 32."""
    for module in backbone.modules():
        if isinstance(module, SameConv2d):
            module.even = True
    for conv, norm in list(_layers(backbone)):
        with torch.no_grad():
            weight, bias = folded(conv, norm)
        conv.weight, conv.bias = nn.Parameter(weight), nn.Parameter(bias)
    for part in backbone.modules():
        for _, norm_name in getattr(part, "pairs", ()):
            setattr(part, norm_name, nn.Identity())


def _layers(backbone: EfficientNetLite) -> Iterator[tuple[SameConv2d, nn.BatchNorm2d]]:
    """Convolutions with their batch norms."""
    for part in backbone.modules():
        for conv_name, norm_name in getattr(part, "pairs", ()):
            conv, norm = getattr(part, conv_name), getattr(part, norm_name)
            if isinstance(norm, nn.BatchNorm2d):
                yield conv, norm


class SeparableBlock(nn.Module):
    """The first stage's block: a depthwise convolution and a pointwise one without an activation."""

    pairs = (("conv_dw", "bn1"), ("conv_pw", "bn2"))

    def __init__(self, came: int, wide: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SameConv2d(came, came, kernel, stride=stride, groups=came, bias=False)
        self.bn1 = _norm(came)
        self.conv_pw = SameConv2d(came, wide, 1, bias=False)
        self.bn2 = _norm(wide)
        self.act = nn.ReLU6(inplace=True)

    def forward(self, image: Tensor) -> Tensor:
        return normed(self.conv_pw, self.bn2, self.act(normed(self.conv_dw, self.bn1, image)))


class InvertedBlock(nn.Module):
    """Widening, depthwise and narrowing convolution, with a shortcut where the shape stays."""

    pairs = (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))

    def __init__(self, came: int, wide: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = came * expansion
        self.conv_pw = SameConv2d(came, middle, 1, bias=False)
        self.bn1 = _norm(middle)
        self.conv_dw = SameConv2d(middle, middle, kernel, stride=stride, groups=middle, bias=False)
        self.bn2 = _norm(middle)
        self.conv_pwl = SameConv2d(middle, wide, 1, bias=False)
        self.bn3 = _norm(wide)
        self.act = nn.ReLU6(inplace=True)
        self.shortcut = stride == 1 and came == wide

    def forward(self, image: Tensor) -> Tensor:
        return self.narrow(image, self.widen(image))

    def widen(self, image: Tensor) -> Tensor:
        """The activated features that the depthwise convolution reads."""
        return self.act(normed(self.conv_pw, self.bn1, image))

    def narrow(self, image: Tensor, widened: Tensor) -> Tensor:
        """What the block makes of its input and of that, widened."""
        hidden = self.act(normed(self.conv_dw, self.bn2, widened))
        hidden = normed(self.conv_pwl, self.bn3, hidden)
        return image + hidden if self.shortcut else hidden


def efficientnet_lite0() -> EfficientNetLite:
    """Makes EfficientNet-Lite0, 3.4 M parameters."""
    return EfficientNetLite()


def efficientnet_lite2() -> EfficientNetLite:
    """Makes EfficientNet-Lite2, 4.8 M parameters."""
    return EfficientNetLite(width=1.1, depth=1.2)


def _block(came: int, wide: int, kernel: int, stride: int, expansion: int) -> nn.Module:
    if expansion == 1:
        return SeparableBlock(came, wide, kernel, stride)
    return InvertedBlock(came, wide, kernel, stride, expansion)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


def _round_to_8(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _missing(side: int, kernel: int, stride: int) -> int:
    """Pixels by which a side must grow so that a strided kernel covers it."""
    return max(0, (-(-side // stride) - 1) * stride + kernel - side)
