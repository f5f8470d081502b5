"""Resamples crops at random, so that a network can't read how a crop was resampled.

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

from photocli.inputs.patches import GRID, PATCH, corners, patches
from trainers.common.frames import Picture
from trainers.crop.lens import Lens, through_lens, tile_through_lens

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
Box = tuple[int, int, int, int]
"""Left, top, right, bottom, in whole pixels of the photo."""

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
class PieceResampling:
    """Says how a sample's pieces are cut.

    `scale` is the width of the resized crop over that of the crop; `by`, the filter; `shifts` (16, 2), the
    moves of the pieces; `quality`, that of the compression (0: none); `phase` (2,), where its blocks begin.
    """

    scale: float
    by: int
    shifts: tuple[tuple[int, int], ...]
    quality: int
    sampling: int
    phase: tuple[int, int]


def plain_resampling() -> PieceResampling:
    """Returns how serving cuts pieces from the crop as it is."""
    return PieceResampling(1.0, FILTERS[1], ((0, 0),) * GRID**2, 0, 0, (0, 0))


def draw_resampling(factor: float, resize: str, rng: Generator) -> PieceResampling:
    """Draws how the pieces of a crop by `factor` are cut.

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
    return PieceResampling(
        float(scale),
        int(rng.choice(FILTERS)),
        tuple((int(down), int(across)) for down, across in shifts),
        quality,
        int(rng.choice([0, 2])),
        (int(phase[0]), int(phase[1])),
    )


def resampled_size(box: Box, scale: float) -> tuple[int, int]:
    """Returns width and height of the resized crop."""
    return round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale)


def resampled_pieces(photo: Picture, box: Box, how: PieceResampling, lens: Lens | None) -> Picture:
    """Returns the pieces (16, 96, 96, 3) of the crop `box`, resized and compressed.

    Only what they show is resized, which is the same and five times faster. Each is cut with the rest of
    the blocks of JPEG that it begins and ends in, and cut to its size after it was compressed.
    """
    left, top, right, bottom = box
    crop = photo[top:bottom, left:right]
    width, height = resampled_size(box, how.scale)
    tile = PATCH + (_PHASES if how.quality else 0)
    if min(width, height) < tile:  # so small that edges are repeated: seldom, and cheap
        shown = through_lens(photo, lens, box) if lens else crop
        small = Image.fromarray(shown).resize((width, height), Image.Resampling(how.by))
        return patches(np.asarray(_compressed(small, how)), how.shifts)
    image = Image.fromarray(crop)
    tiles, starts = [], []
    for at_top, at_left in corners(height, width, how.shifts):
        down, across = at_top, at_left
        if how.quality:
            down = max(0, min(at_top - how.phase[0], height - tile))
            across = max(0, min(at_left - how.phase[1], width - tile))
        window = (across, down, across + tile, down + tile)
        tiles.append(
            tile_through_lens(photo, lens, box, window, tile, how.scale, how.by)
            if lens
            else _part(image, window, tile, (width, height), how)
        )
        starts.append((at_top - down, at_left - across))
    if how.quality:
        tiles = _compressed_tiles(tiles, how)
    return np.stack(
        [tile_[d : d + PATCH, a : a + PATCH] for tile_, (d, a) in zip(tiles, starts, strict=True)]
    )


def _part(
    image: Image.Image, window: tuple[int, ...], tile: int, full: tuple[int, int], how: PieceResampling
) -> Picture:
    """Returns a window of the image as it would be after resizing to `full`."""
    across, down = image.width / full[0], image.height / full[1]
    box = (window[0] * across, window[1] * down, window[2] * across, window[3] * down)
    box = (box[0], box[1], min(box[2], image.width), min(box[3], image.height))
    return np.asarray(image.resize((tile, tile), Image.Resampling(how.by), box=box))


def _compressed_tiles(tiles: list[Picture], how: PieceResampling) -> list[Picture]:
    """Compresses tiles as one picture; their sides are whole blocks, so none touches another."""
    side = tiles[0].shape[0]
    grid = np.stack(tiles).reshape(GRID, GRID, side, side, 3).transpose(0, 2, 1, 3, 4)
    whole = _compressed(Image.fromarray(grid.reshape(GRID * side, GRID * side, 3)), how)
    parts = np.asarray(whole).reshape(GRID, side, GRID, side, 3).transpose(0, 2, 1, 3, 4)
    return list(parts.reshape(GRID**2, side, side, 3))


def _compressed(image: Image.Image, how: PieceResampling) -> Image.Image:
    """Compresses the image as JPEG, if its quality is not 0."""
    if not how.quality:
        return image
    file = io.BytesIO()
    image.save(file, "JPEG", quality=how.quality, subsampling=how.sampling)
    return Image.open(file).convert("RGB")


def resampled_small(photo: Picture, box: Box, lens: Lens | None, rng: Generator) -> Picture:
    """Makes the crop small by three random resizes and compression; the thumbnail is cut from that.

    Widths are drawn from the same range for a whole photo and for its smallest crop.
    """
    photo, box = _reduced(photo, box)
    crop = through_lens(photo, lens, box) if lens else photo[box[1] : box[3], box[0] : box[2]]
    image, aspect = Image.fromarray(crop), crop.shape[0] / crop.shape[1]
    high = min(640, max(32, int(SMALLEST * photo.shape[1])))
    low = max(24, min(200, int(0.8 * high)))
    for step in range(3):
        width = int(rng.integers(low, high + 1))
        height = max(16, round(width * aspect * float(np.exp(rng.uniform(np.log(0.8), np.log(1.2))))))
        image = image.resize((width, height), Image.Resampling(int(rng.choice(FILTERS))))
        if step == 1 and rng.random() < _JPEG:
            quality, sampling = int(rng.integers(60, 98)), int(rng.choice([0, 2]))
            image = _compressed(image, PieceResampling(1, 0, (), quality, sampling, (0, 0)))
    return np.asarray(image)


def _reduced(photo: Picture, box: Box) -> tuple[Picture, Box]:
    """Makes the photo smaller by a whole number, if it stays large enough, and the crop to whole pixels."""
    by = max(1, photo.shape[1] // _BASE)
    if by == 1:
        return photo, box
    reduced = np.asarray(Image.fromarray(photo).reduce(by))
    left, top, right, bottom = (round(side / by) for side in box)
    return reduced, (left, top, min(right, reduced.shape[1]), min(bottom, reduced.shape[0]))
