"""Simulates lenses: what depends on the distance from the optical axis, and so betrays where a piece lay.

Falling light, lateral chromatic aberration and radial distortion, after Van Hoorick & Vondrick ("Dissecting
Image Crops", 2021). Real cameras leave much fainter traces and correct most of them: figures with simulated
lenses say what the method can do, not what it does on photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from trainers.common.frames import Picture

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

VIGNETTE, FRINGE, BEND = 0.3, 0.006, 0.04
"""At strength 1, at most: light lost in the corners as a share, magnification of red over green (and of green
over blue), and distortion of the corners as a share of their distance."""


@dataclass(frozen=True)
class Lens:
    """Holds the strengths of a lens in the units above; `bend` > 0 is a cushion, < 0 a barrel."""

    vignette: float
    fringe: float
    bend: float

    def gain(self, r2: Floats) -> Floats:
        """Returns what light is multiplied by at the squared distance r2 from the axis; the corner has 1."""
        fall = 1 / (1 + 2.0625 * r2 + 8.75 * r2**2 + 0.0313 * r2**3)
        return 1 - self.vignette * (1 - fall)

    def reach(self, r2: Floats, channel: int) -> Floats:
        """Returns the share of the distance from the axis of the scene's point that the lens shows at r2.

        Never above 1, so that a photo is enough to show what a lens would have made of it.
        """
        bent = (1 + self.bend * r2) / (1 + max(self.bend, 0.0))
        return bent * (1 - self.fringe * (2 - channel))


def draw_lens(strength: float, rng: Generator) -> Lens:
    """Draws a lens of about this strength: red lies outside and blue inside, as in most of them."""
    vignette, fringe = strength * rng.uniform(0.5, 1.0, 2) * (VIGNETTE, FRINGE)
    return Lens(float(vignette), float(fringe), float(strength * BEND * rng.uniform(-1, 1)))


def tile_through_lens(
    photo: Picture, lens: Lens, box: Box, tile: Box, size: int, scale: float, by: int
) -> Picture:
    """Returns a square tile of `size` pixels of a crop's enlargement by `scale`, seen through a lens.

    `box` is the crop in the photo's pixels, `tile` the square in the enlarged crop's. The lens is taken to be
    straight across a tile, which is a fifteenth of the photo or less: each colour has a box of its own.
    """
    height, width = photo.shape[:2]
    edges = np.array(tile) / scale + np.array([box[0], box[1], box[0], box[1]])
    middle = ((edges[0] + edges[2]) / 2, (edges[1] + edges[3]) / 2)
    points = np.array(
        [(edges[0], middle[1]), (middle[0], edges[1]), (edges[2], middle[1]), (middle[0], edges[3])]
    )
    axis = np.array([width / 2, height / 2])
    away = points - axis
    r2 = (away**2).sum(1) / (axis**2).sum()
    channels = []
    for channel in range(3):
        shown = axis + away * lens.reach(r2, channel)[:, None]
        source = (
            *(max(0.0, shown[0, 0]), max(0.0, shown[1, 1])),
            *(min(width, shown[2, 0]), min(height, shown[3, 1])),
        )
        colour, left, top = _around(photo, source, channel)
        part = (source[0] - left, source[1] - top, source[2] - left, source[3] - top)
        image = Image.fromarray(colour).resize((size, size), Image.Resampling(by), box=part)
        channels.append(np.asarray(image))
    light = lens.gain(_squared(edges, (size, size), axis))
    return _dimmed(np.stack(channels, axis=2), light)


def _around(photo: Picture, box: Box, channel: int) -> tuple[Picture, int, int]:
    """Cuts one colour of the box with a margin for the filter; returns also where its corner lies."""
    left, top = max(0, int(box[0]) - 6), max(0, int(box[1]) - 6)
    part = photo[top : int(box[3]) + 7, left : int(box[2]) + 7, channel]
    return np.ascontiguousarray(part), left, top


def through_lens(photo: Picture, lens: Lens, box: tuple[int, int, int, int]) -> Picture:
    """Returns the crop `box`, in whole pixels, of a photo seen through a lens; it keeps its size."""
    height, width = photo.shape[:2]
    left, top, right, bottom = box
    axis = np.array([width / 2, height / 2])
    across = np.arange(left, right) + 0.5 - axis[0]
    down = np.arange(top, bottom) + 0.5 - axis[1]
    r2 = (down[:, None] ** 2 + across[None] ** 2) / (axis**2).sum()
    reach = np.stack([lens.reach(r2, channel) for channel in range(3)])
    grid = np.stack([across[None, None] * reach / axis[0], down[None, :, None] * reach / axis[1]], axis=3)
    colours = torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1))).float()[:, None]
    shown = torch.nn.functional.grid_sample(
        colours, torch.from_numpy(grid.astype(np.float32)), padding_mode="border", align_corners=False
    )
    return _dimmed(shown[:, 0].permute(1, 2, 0).numpy(), lens.gain(r2))


def _squared(edges: Floats, size: tuple[int, int], axis: Floats) -> Floats:
    """Returns squared distances (height, width) from the axis of the pixels of an evenly cut box."""
    down = edges[1] + (np.arange(size[0]) + 0.5) / size[0] * (edges[3] - edges[1]) - axis[1]
    across = edges[0] + (np.arange(size[1]) + 0.5) / size[1] * (edges[2] - edges[0]) - axis[0]
    return (down[:, None] ** 2 + across[None] ** 2) / (axis**2).sum()


def _dimmed(picture: NDArray[np.number[Any]], light: Floats) -> Picture:
    """Multiplies values as they are stored, as in the paper, not as light."""
    return (picture * light.astype(np.float32)[:, :, None] + np.float32(0.5)).astype(np.uint8)
