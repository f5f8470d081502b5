"""Augmentation of aligned faces, a whole batch at once: views are moved, turned, mirrored and recoloured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.common.image_corruptions import recoloured
from trainers.selfie.alignment import ROOM


@dataclass(frozen=True)
class AugmentationRange:
    """How far training views stray from what is served, at most."""

    turn: float = 12.0
    """Degrees."""

    scale: float = 0.12
    """Smaller or larger by this share."""

    aspect: float = 0.05
    shift: float = 0.04
    """Share of the side."""

    colour: float = 0.2
    """Share by which brightness, contrast, saturation and each colour change."""


def random_views(wide: Tensor, side: int, limits: AugmentationRange, generator: torch.Generator) -> Tensor:
    """Returns views (n, 3, side, side), 0-255, of squares with room around, uint8 (n, w, w, 3).

    Half of them are mirrored.
    """
    count = len(wide)

    def spread(most: float) -> Tensor:
        return most * (2 * torch.rand(count, generator=generator) - 1)

    turn, scale = spread(math.radians(limits.turn)), spread(limits.scale).exp()
    aspect = spread(limits.aspect)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    across, down = scale * (aspect / 2).exp() / ROOM, scale * (-aspect / 2).exp() / ROOM
    rows = [
        torch.stack([turn.cos() * across * mirror, -turn.sin() * down, spread(2 * limits.shift) / ROOM], 1),
        torch.stack([turn.sin() * across * mirror, turn.cos() * down, spread(2 * limits.shift) / ROOM], 1),
    ]
    grid = torch.nn.functional.affine_grid(torch.stack(rows, 1), [count, 3, side, side], align_corners=False)
    images = wide.permute(0, 3, 1, 2).float()
    views = torch.nn.functional.grid_sample(images, grid, "bilinear", "border", align_corners=False)
    return recoloured(views, limits.colour, generator) if limits.colour else views
