"""What keeps a network from reading how a crop was resampled instead of what the camera left in it.

A crop that is enlarged to the size of a whole photo is softer than one; a network finds that in minutes, and
it says nothing of photos that were cropped by their owners. So every size is drawn from what the smallest
crop could give.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

from photocli.pieces import GRID, PATCH, corners, patches
from trainers.common.frames import Picture
from trainers.crop import lens

FILTERS = tuple(
    int(name)
    for name in (
        Image.Resampling.BOX,
        Image.Resampling.BILINEAR,
        Image.Resampling.HAMMING,
        Image.Resampling.BICUBIC,
        Image.Resampling.LANCZOS,
    )
)
SMALLEST = 0.5
"""The smallest crop factor."""
NATIVE = 1536
"""Photos of this width come out between 1,024 and 2,048 pixels wide, smaller ones in proportion."""
JITTER = 8
"""Pieces are moved by -JITTER to JITTER - 1 pixels."""

_BASE = 768  # width in pixels from which thumbnails are made; a frame has more than they need
_PHASES = 16  # JPEG's blocks of colour: pieces may begin anywhere in them
_JPEG = 0.75  # share of samples that are compressed once more


@dataclass(frozen=True)
class Shape:
    """How a sample's pieces are cut: the width of the resized crop over that of the crop, the filter, the
    moves of the pieces (16, 2), the quality of the compression (0: none), and where its blocks begin (2,)."""

    scale: float
    by: int
    shifts: tuple[tuple[int, int], ...]
    quality: int
    sampling: int
    phase: tuple[int, int]


def plain() -> Shape:
    """Pieces as serving cuts them from the crop as it is."""
    return Shape(1.0, FILTERS[1], ((0, 0),) * GRID**2, 0, 0, (0, 0))


def draw(width: int, factor: float, resize: str, rng: Generator) -> Shape:
    """A random shape for a crop by `factor` of a photo that is `width` pixels wide.

    `before`: the photo is resized, and then cropped, so that the crop's pixels are neither sharper nor softer
    than a whole photo's. `after` is the paper's way: any crop comes out as wide as a whole photo, and
    enlarged.
    """
    scale = rng.uniform(1024, 2048) / NATIVE
    if resize == "after":
        scale /= factor
    shifts = rng.integers(-JITTER, JITTER, (GRID**2, 2))
    quality = int(rng.integers(60, 98)) if rng.random() < _JPEG else 0
    phase = rng.integers(0, _PHASES, 2)
    return Shape(
        float(scale),
        int(rng.choice(FILTERS)),
        tuple((int(down), int(across)) for down, across in shifts),
        quality,
        int(rng.choice([0, 2])),
        (int(phase[0]), int(phase[1])),
    )


def size(box: tuple[int, int, int, int], scale: float) -> tuple[int, int]:
    """Width and height of the resized crop."""
    return round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale)


def pieces(photo: Picture, box: tuple[int, int, int, int], shape: Shape, glass: lens.Lens | None) -> Picture:
    """The pieces (16, 96, 96, 3) of the crop `box`, resized and compressed.

    Only what they show is resized, which is the same and five times faster. Each is cut with the rest of
    the blocks of JPEG that it begins and ends in, and cut to its size after it was compressed.
    """
    left, top, right, bottom = box
    crop = photo[top:bottom, left:right]
    width, height = size(box, shape.scale)
    tile = PATCH + (_PHASES if shape.quality else 0)
    if min(width, height) < tile:  # so small that edges are repeated: seldom, and cheap
        seen = lens.seen(photo, glass, box) if glass else crop
        small = Image.fromarray(seen).resize((width, height), Image.Resampling(shape.by))
        return patches(np.asarray(_compressed(small, shape)), shape.shifts)
    image = Image.fromarray(crop)
    tiles, starts = [], []
    for at_top, at_left in corners(height, width, shape.shifts):
        down, across = at_top, at_left
        if shape.quality:
            down = max(0, min(at_top - shape.phase[0], height - tile))
            across = max(0, min(at_left - shape.phase[1], width - tile))
        window = (across, down, across + tile, down + tile)
        tiles.append(
            lens.resized(photo, glass, box, window, tile, shape.scale, shape.by)
            if glass
            else _part(image, window, tile, (width, height), shape)
        )
        starts.append((at_top - down, at_left - across))
    if shape.quality:
        tiles = _together(tiles, shape)
    return np.stack(
        [tile_[d : d + PATCH, a : a + PATCH] for tile_, (d, a) in zip(tiles, starts, strict=True)]
    )


def _part(
    image: Image.Image, window: tuple[int, ...], tile: int, full: tuple[int, int], shape: Shape
) -> Picture:
    """A window of the image as it would be after resizing to `full`."""
    across, down = image.width / full[0], image.height / full[1]
    box = (window[0] * across, window[1] * down, window[2] * across, window[3] * down)
    box = (box[0], box[1], min(box[2], image.width), min(box[3], image.height))
    return np.asarray(image.resize((tile, tile), Image.Resampling(shape.by), box=box))


def _together(tiles: list[Picture], shape: Shape) -> list[Picture]:
    """Tiles compressed as one picture; their sides are whole blocks, so none sees another."""
    side = tiles[0].shape[0]
    grid = np.stack(tiles).reshape(GRID, GRID, side, side, 3).transpose(0, 2, 1, 3, 4)
    whole = _compressed(Image.fromarray(grid.reshape(GRID * side, GRID * side, 3)), shape)
    parts = np.asarray(whole).reshape(GRID, side, GRID, side, 3).transpose(0, 2, 1, 3, 4)
    return list(parts.reshape(GRID**2, side, side, 3))


def _compressed(image: Image.Image, shape: Shape) -> Image.Image:
    if not shape.quality:
        return image
    file = io.BytesIO()
    image.save(file, "JPEG", quality=shape.quality, subsampling=shape.sampling)
    return Image.open(file).convert("RGB")


def small(photo: Picture, box: tuple[int, int, int, int], glass: lens.Lens | None, rng: Generator) -> Picture:
    """The crop, made small by three random resizes and compressed; what the thumbnail is then cut from.

    Widths are drawn from the same range for a whole photo and for its smallest crop.
    """
    photo, box = _reduced(photo, box)
    crop = lens.seen(photo, glass, box) if glass else photo[box[1] : box[3], box[0] : box[2]]
    image, aspect = Image.fromarray(crop), crop.shape[0] / crop.shape[1]
    high = min(640, max(32, int(SMALLEST * photo.shape[1])))
    low = max(24, min(200, int(0.8 * high)))
    for step in range(3):
        width = int(rng.integers(low, high + 1))
        height = max(16, round(width * aspect * float(np.exp(rng.uniform(np.log(0.8), np.log(1.2))))))
        image = image.resize((width, height), Image.Resampling(int(rng.choice(FILTERS))))
        if step == 1 and rng.random() < _JPEG:
            image = _compressed(
                image, Shape(1, 0, (), int(rng.integers(60, 98)), int(rng.choice([0, 2])), (0, 0))
            )
    return np.asarray(image)


def _reduced(photo: Picture, box: tuple[int, int, int, int]) -> tuple[Picture, tuple[int, int, int, int]]:
    """The photo by a whole number smaller, if it stays large enough, and the crop in it to the nearest
    pixel."""
    by = max(1, photo.shape[1] // _BASE)
    if by == 1:
        return photo, box
    reduced = np.asarray(Image.fromarray(photo).reduce(by))
    left, top, right, bottom = (round(side / by) for side in box)
    return reduced, (left, top, min(right, reduced.shape[1]), min(bottom, reduced.shape[0]))
