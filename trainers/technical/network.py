"""The network of technical quality: severities of faults, and the quarter turn that the photo has."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
import torchvision
from torch import Tensor, nn

from photocli.inputs.tiles import GRID
from photocli.scoring.profiles import FAULTS
from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, mobilenet_layers

TURNS = 4
_STEM = 4  # MobileNetV2's first layers, down to a quarter of the size, with 24 channels
_NEAR = 14  # its layers down to a sixteenth, with 96: they say what lies around each tile
_TILE, _CONTEXT, _HIDDEN = 48, 48, 64


class TechnicalOutput(NamedTuple):
    """Holds the raw outputs for n photos: `faults` (n, 6) and `turns` (n, 4) are logits.

    `tiles` (n, 16, 6) are logits of faults of each of the 16 tiles, `weights` (n, 16, 6) how much the tile
    counts for each of them, adding up to 1.
    """

    faults: Tensor
    turns: Tensor
    tiles: Tensor
    weights: Tensor


class TechnicalNetwork(nn.Module):
    """Maps uint8 sheets (n, 3, 2 · side, side), see `photocli.inputs.tiles`, to `TechnicalOutput`.

    MobileNetV2 looks at the whole photo, at half the size, in all four turns, and says of each how upright it
    looks: so the answer turns with the photo, and what it knows of upright things serves in each of them. Its
    first layers, with weights of their own, look at the tiles; a tile is judged with what the photo shows
    around it, so that a face can count for more than its background.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, side: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.side = side
        whole = torchvision.models.mobilenet_v2()
        self.near, self.far = whole.features[:_NEAR], whole.features[_NEAR:]
        self.stem = copy.deepcopy(whole.features[:_STEM])
        self.tile = nn.Sequential(
            nn.Conv2d(24, _TILE, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(_TILE),
            nn.ReLU6(),
            nn.Conv2d(_TILE, _TILE, 3, padding=1, bias=False),
            nn.BatchNorm2d(_TILE),
            nn.ReLU6(),
        )
        self.context = nn.Conv2d(96, _CONTEXT, 1)
        self.judge = nn.Sequential(nn.Linear(2 * _TILE + _CONTEXT, _HIDDEN), nn.ReLU6())
        self.of_tile = nn.Linear(_HIDDEN, len(FAULTS))
        self.weight = nn.Linear(_HIDDEN, len(FAULTS))
        self.drop = nn.Dropout(dropout)
        self.of_whole = nn.Linear(1280, len(FAULTS))
        self.upright = nn.Linear(1280, 1)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    def initialise(self, init: str) -> None:
        """Loads MobileNetV2's starting weights for the backbone and the stem; see `backbones.initialise`."""
        layers = mobilenet_layers(init)
        self.near.load_state_dict(layers[:_NEAR].state_dict())
        self.far.load_state_dict(layers[_NEAR:].state_dict())
        self.stem.load_state_dict(layers[:_STEM].state_dict())

    def forward(self, sheet: Tensor) -> TechnicalOutput:
        pixels = (sheet.float() / 255 - self.mean) / self.std
        around, embedding, turns = self._whole(pixels[:, :, : self.side])
        tiles = self._tiles(pixels[:, :, self.side :])
        hidden = self.judge(torch.cat([tiles, around], dim=2))
        of_tiles, weights = self.of_tile(hidden), self.weight(hidden).softmax(1)
        faults = self.of_whole(self.drop(embedding)) + (of_tiles * weights).sum(1)
        return TechnicalOutput(faults, turns, of_tiles, weights)

    def turns(self, sheet: Tensor) -> Tensor:
        """Returns the logits of the turns (n, 4) without looking at the tiles."""
        return self._whole((sheet[:, :, : self.side].float() / 255 - self.mean) / self.std)[2]

    def _whole(self, whole: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns features of each cell (n, 16, c) and of the photo (n, 1280), and logits of turns (n, 4)."""
        small = nn.functional.avg_pool2d(whole, 2)
        views = torch.stack([small, *(small.rot90(-turn, (2, 3)) for turn in range(1, TURNS))], dim=1)
        maps = self.near(views.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        embedding = self.far(maps).mean((2, 3)).unflatten(0, (-1, TURNS))
        turns = self.upright(self.drop(embedding))[:, :, 0]
        near = self.context(maps.unflatten(0, (-1, TURNS))[:, 0])
        near = nn.functional.avg_pool2d(near, near.shape[-1] - GRID + 1, stride=1)
        return near.flatten(2).transpose(1, 2), embedding[:, 0], turns

    def _tiles(self, below: Tensor) -> Tensor:
        """Returns features of each tile (n, 16, 2 · c): the mean and the maximum of each filter."""
        size = self.side // GRID
        parts = below.unflatten(2, (GRID, size)).unflatten(4, (GRID, size))  # type: ignore[no-untyped-call]
        tiles = parts.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
        answers = self.tile(self.stem(tiles.contiguous(memory_format=torch.channels_last)))
        features = torch.cat([answers.mean((2, 3)), answers.amax((2, 3))], dim=1)
        return features.unflatten(0, (-1, GRID * GRID))  # type: ignore[no-untyped-call]


def from_config(config: dict[str, Any]) -> TechnicalNetwork:
    """Makes the network of a configuration, with random weights."""
    return TechnicalNetwork(config["side"], config["dropout"])
