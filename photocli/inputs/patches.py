"""What tells a crop from a whole photo: the thumbnail, and sixteen pieces at full detail, side by side.

Lenses leave traces that depend on the distance from the middle of the frame; pieces show them, and the
thumbnail shows the composition (Van Hoorick & Vondrick, "Dissecting Image Crops", 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from photocli.inputs import pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.pyramid import Pyramid

    Pixels = NDArray[np.uint8]

GRID = 4
"""Pieces are cut around the middles of GRID x GRID cells."""
PATCH = 96
"""Side of a piece in pixels."""
THUMBNAIL = (149, 224)
"""Height and width of the thumbnail in pixels."""
HEIGHT, WIDTH = THUMBNAIL[0] + GRID * PATCH, GRID * PATCH
"""Of the whole input, in pixels."""


def lay(photo: Pixels | Pyramid) -> Pixels:
    """The thumbnail and the pieces of upright RGB pixels (height, width, 3), or of their levels: uint8 of
    shape (3, HEIGHT, WIDTH)."""
    levels = pyramid.of(photo)
    wide, turned = landscape(levels.pixels)
    height, width = THUMBNAIL
    # What is cut out is turned, and not the photo: it is less, and the pixels are the same.
    small = _turned(levels.reduced(height, width)) if turned else levels.reduced(width, height)
    return assemble(small, patches(wide), turned)


def _turned(pixels: Pixels) -> Pixels:
    """A quarter turned counterclockwise, in memory of its own."""
    import cv2
    import numpy as np

    return np.asarray(cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)


def landscape(pixels: Pixels) -> tuple[Pixels, bool]:
    """The photo, a quarter turned counterclockwise if it is higher than wide, and whether it was turned.

    A camera that is held upright turns its sensor and lens with it.
    """
    import numpy as np

    turned = pixels.shape[0] > pixels.shape[1]
    return (np.rot90(pixels), True) if turned else (pixels, False)


def thumbnail(pixels: Pixels) -> Pixels:
    """The whole of a landscape photo, warped to THUMBNAIL: shape (149, 224, 3)."""
    height, width = THUMBNAIL
    return pyramid.of(pixels).reduced(width, height)


def corners(
    height: int, width: int, shifts: Sequence[tuple[int, int]] | None = None
) -> list[tuple[int, int]]:
    """Top and left pixel of the pieces of a photo of this size, row by row.

    `shifts` moves them, (down, across) pixels for each; none leaves the photo that is large enough for one.
    """
    moves = shifts or [(0, 0)] * (GRID * GRID)
    places = []
    for number, (down, across) in enumerate(moves):
        row, column = divmod(number, GRID)
        places.append((_start(height, row, down), _start(width, column, across)))
    return places


def _start(length: int, cell: int, shift: int) -> int:
    middle = (2 * cell + 1) * length // (2 * GRID)
    return max(0, min(middle - PATCH // 2 + shift, length - PATCH))


def patches(pixels: Pixels, shifts: Sequence[tuple[int, int]] | None = None) -> Pixels:
    """The pieces of a landscape photo, shape (16, 96, 96, 3); edges are repeated where it is smaller."""
    import numpy as np

    down, across = (max(0, PATCH - length) for length in pixels.shape[:2])
    if down or across:
        pixels = np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge")
    places = corners(pixels.shape[0], pixels.shape[1], shifts)
    pieces = [pixels[top : top + PATCH, left : left + PATCH] for top, left in places]
    if pixels.strides[0] < pixels.strides[1]:  # it is a turned view: read along the rows of the photo
        pieces = [_turned(np.rot90(piece, -1)) for piece in pieces]
    return np.stack(pieces)


def assemble(small: Pixels, pieces: Pixels | None, turned: bool) -> Pixels:
    """One input of shape (3, HEIGHT, WIDTH) from a thumbnail and pieces (none: black).

    The thumbnail stands above, on the left; the space beside it is white for a photo that was turned, so that
    the network can turn its answer back. The pieces stand below it, in their places.
    """
    import numpy as np

    height, width = THUMBNAIL
    whole = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    whole[:height, :width] = small
    whole[:height, width:] = 255 if turned else 0
    if pieces is not None:
        grid = pieces.reshape(GRID, GRID, PATCH, PATCH, 3).transpose(0, 2, 1, 3, 4)
        whole[height:] = grid.reshape(GRID * PATCH, GRID * PATCH, 3)
    return pyramid.planes(whole)
