"""The network of crops: a network for the pieces, one for the thumbnail, and a perceptron on both.

After Van Hoorick & Vondrick ("Dissecting Image Crops", 2021): `paper` is their size (ResNet-18 and
ResNet-34), `small` trains on a CPU and answers in milliseconds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torchvision
from torch import Tensor, nn

from photocli.inputs.patches import GRID, PATCH, THUMBNAIL
from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, initialise, mobilenet_layers
from trainers.crop.registration import Registration

ARCHS = ("small", "paper")
STAGES = ("thumbnail", "patches", "joint")
FEATURES = 64
"""Numbers that each piece, and the thumbnail, are told by."""

_SPOTS = 24  # channels of the thumbnail's map that are kept with their places
_MAP = (5, 7)  # of the thumbnail, a thirty-second of its size


class CropOutput(NamedTuple):
    """Holds the raw outputs for n photos; all are linear.

    `rectangle` (n, 4) is left, right, top, bottom as fractions of the frame, if cropped; `factor` (n,), the
    linear size that was kept; `cropped` (n,), a logit; `doubt` (n,), the expected error of a side of the
    rectangle; `cells` (n, 16, 16), logits of the cell of each piece.
    """

    rectangle: Tensor
    factor: Tensor
    cropped: Tensor
    doubt: Tensor
    cells: Tensor


class CropNetwork(nn.Module):
    """Maps uint8 inputs (n, 3, HEIGHT, WIDTH), see `photocli.inputs.patches`, to `CropOutput`.

    A network of the stage `thumbnail` does not look at the pieces; one of the stage `patches` learns nothing
    but their cells.
    """

    scale: Tensor
    shift: Tensor
    places: Tensor
    rest: nn.Sequential

    def __init__(self, arch: str = "small", stage: str = "joint", dropout: float = 0.3) -> None:
        super().__init__()
        self.arch, self.stage = arch, stage
        small = arch == "small"
        self.whole: ThumbnailNetwork | PaperThumbnailNetwork
        self.whole = ThumbnailNetwork(dropout) if small else PaperThumbnailNetwork()
        self.piece = PieceNetwork() if small else _resnet(18, 3)
        self.cell = nn.Linear(FEATURES, GRID * GRID)
        self.first = nn.Linear(GRID * GRID * FEATURES + FEATURES, 512)
        self.drop = nn.Dropout(dropout)
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 7))
        with torch.no_grad():  # a guess to begin with: nine tenths of the frame, in its middle
            last = self.rest[-1]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.1)
            last.bias.copy_(torch.tensor([0.15, 0.85, 0.15, 0.85, 0.85, 0.0, 0.12]))
            # A thumbnail that was trained alone is not disturbed by pieces that nobody can read yet.
            self.first.weight[:, : GRID * GRID * FEATURES] = 0
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (IMAGENET_MEAN, IMAGENET_STD))
        self.register_buffer("scale", 1 / (255 * std), persistent=False)
        self.register_buffer("shift", mean / std, persistent=False)
        self.register_buffer("places", _places(*THUMBNAIL), persistent=False)
        self.to(memory_format=torch.channels_last)

    def initialise(self, init: str) -> None:
        """Loads starting weights of the thumbnail's backbone; the rest begins at random.

        See `backbones.initialise`.
        """
        self.whole.initialise(init)

    def forward(self, sheet: Tensor) -> CropOutput:
        count = sheet.shape[0]  # len() would fix it in the exported graph
        pieces = self.scale.new_zeros(count, GRID * GRID, FEATURES)
        if self.stage != "thumbnail":
            pieces = self.piece(_pieces(self._scaled(sheet[:, :, THUMBNAIL[0] :])))
            pieces = pieces.unflatten(0, (-1, GRID * GRID))
        around = self.scale.new_zeros(count, FEATURES)
        if self.stage != "patches":
            small = self._scaled(sheet[:, :, : THUMBNAIL[0], : THUMBNAIL[1]])
            placed = torch.cat([small, self.places.expand(count, -1, -1, -1)], dim=1)
            around = self.whole(placed.contiguous(memory_format=torch.channels_last))
        features = torch.relu(torch.cat([pieces.flatten(1), around], dim=1))
        numbers = self.rest(self.first(self.drop(features)))
        rectangle, factor, cropped, doubt = numbers[:, :4], numbers[:, 4], numbers[:, 5], numbers[:, 6]
        return CropOutput(rectangle, factor, cropped, doubt, self.cell(torch.relu(pieces)))

    def _scaled(self, pixels: Tensor) -> Tensor:
        return pixels.float() * self.scale - self.shift


def turned_back(rectangle: Tensor, sheet: Tensor) -> Tensor:
    """Returns rectangles (n, 4) in upright photos where the inputs (n, 3, h, w) say that they were turned.

    What is `u` to the right and `v` down in the turned photo is `1 - v` to the right and `u` down in the
    upright one.
    """
    turned = (sheet[:, :1, 0, THUMBNAIL[1]] > 127).to(rectangle.dtype)
    left, right, top, bottom = rectangle.unbind(1)
    upright = torch.stack([1 - bottom, 1 - top, left, right], dim=1)
    return turned * upright + (1 - turned) * rectangle


class ThumbnailNetwork(nn.Module):
    """Maps (n, 5, 149, 224), RGB and two coordinates, to (n, 64) by MobileNetV2.

    Composition is where things are, so beside the mean of the last map a few of its channels keep their
    places.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        features = torchvision.models.mobilenet_v2().features
        features[0][0] = _with_coordinates(features[0][0])
        self.backbone, self.top = features[:-1], features[-1]
        self.spots = nn.Sequential(nn.Conv2d(320, _SPOTS, 1), nn.ReLU6(), nn.Flatten())
        self.drop = nn.Dropout(dropout)
        self.tell = nn.Linear(1280 + _SPOTS * _MAP[0] * _MAP[1], FEATURES)

    def forward(self, placed: Tensor) -> Tensor:
        map_ = self.backbone(placed)
        told = torch.cat([self.top(map_).mean((2, 3)), self.spots(map_)], dim=1)
        return self.tell(self.drop(told))

    def initialise(self, init: str) -> None:
        """Loads MobileNetV2's weights; coordinates count for nothing at first."""
        layers = mobilenet_layers(init)
        layers[0][0] = _with_coordinates(layers[0][0])  # type: ignore[index, operator]
        self.backbone.load_state_dict(layers[:-1].state_dict())
        self.top.load_state_dict(layers[-1].state_dict())


class PaperThumbnailNetwork(nn.Module):
    """Maps (n, 5, 149, 224) to (n, 64) by ResNet-34."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _resnet(34, 5)

    def forward(self, placed: Tensor) -> Tensor:
        return self.backbone(placed)

    def initialise(self, init: str) -> None:
        """Loads ResNet-34's weights; coordinates count for nothing at first."""
        whole = torchvision.models.resnet34()
        whole.fc = nn.Identity()
        initialise(whole, "resnet34", init)
        whole.conv1 = _with_coordinates(whole.conv1)
        self.backbone.load_state_dict(whole.state_dict(), strict=False)


class PieceNetwork(nn.Module):
    """Maps pieces (n, 3, 96, 96) to (n, 64) by separable convolutions and by how the colours lie.

    Fringes are a pixel wide, so the convolutions begin in detail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            *(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6()),
            *(*_separable(16, 32, 2), *_separable(32, 64, 2), *_separable(64, 64, 1), *_separable(64, 96, 2)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, FEATURES)),
        )
        self.colours = Registration(FEATURES)

    def forward(self, pieces: Tensor) -> Tensor:
        return self.backbone(pieces) + self.colours(pieces)


def _separable(before: int, after: int, stride: int) -> list[nn.Module]:
    return [
        *(nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False), nn.BatchNorm2d(before)),
        *(nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU6()),
    ]


def _resnet(depth: int, channels: int) -> nn.Module:
    backbone = getattr(torchvision.models, f"resnet{depth}")()
    if channels == 5:
        backbone.conv1 = _with_coordinates(backbone.conv1)
    backbone.fc = nn.Linear(512, FEATURES)
    return backbone


def _with_coordinates(first: nn.Conv2d) -> nn.Conv2d:
    """Gives the first convolution two more input channels, whose weights are 0."""
    wider = nn.Conv2d(
        5,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        first.padding,  # type: ignore[arg-type]
        bias=first.bias is not None,
    )
    with torch.no_grad():
        wider.weight.zero_()
        wider.weight[:, :3] = first.weight
    return wider


def _pieces(below: Tensor) -> Tensor:
    """Returns the pieces of n inputs as one batch (n · 16, 3, 96, 96).

    Batch norm must not see one cell alone.
    """
    grid = below.unflatten(2, (GRID, PATCH)).unflatten(4, (GRID, PATCH))  # type: ignore[no-untyped-call]
    parts = grid.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
    return parts.contiguous(memory_format=torch.channels_last)


def _places(height: int, width: int) -> Tensor:
    """Returns coordinates (1, 2, height, width) from -1 to 1, across and down."""
    down, across = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.stack([across, down])[None]


def from_config(config: dict[str, Any]) -> CropNetwork:
    """Makes the network of a configuration, with random weights."""
    return CropNetwork(config["arch"], config["stage"], config["dropout"])
