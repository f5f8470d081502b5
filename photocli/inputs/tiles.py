"""A sheet: the whole photo small, and beside it the sharpest piece of each of its parts at full detail.

Blur, noise and compression cannot be seen in a thumbnail, and what a photo shows cannot be seen in pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.inputs import pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.pyramid import Pyramid

    Pixels = NDArray[np.uint8]

GRID = 4
"""The photo is parted into GRID x GRID cells; each gives one tile."""

LARGE = 2048
"""From this long side in pixels on, which frames do not reach, detail is measured on fewer rows."""


def lay(photo: Pixels | Pyramid, side: int, whole: Pixels | None = None) -> Pixels:
    """The sheet of upright RGB pixels (height, width, 3), or of their levels: uint8 (3, 2 · side, side).

    Above lies the whole photo, warped to a square; below, in their places, lie the tiles of side / GRID
    pixels, one for each cell of the photo, unreduced. `whole` is the same photo with more pixels, if the
    tiles are to be of that; the thumbnail is of the frame always, so that it does not change with them.

    Faces have no tiles of their own: it is the network that sees in the thumbnail which cells matter.
    """
    import numpy as np

    levels = pyramid.of(photo)
    tile = side // GRID
    padded = at_least(levels.pixels if whole is None else whole, tile)
    rows = [
        np.concatenate([padded[top : top + tile, left : left + tile] for top, left in row], axis=1)
        for row in places(padded, tile)
    ]
    return pyramid.planes(np.concatenate([levels.reduced(side, side), *rows]))


def places(pixels: Pixels, tile: int) -> list[list[tuple[int, int]]]:
    """Where the tiles lie: (top, left) in pixels for each cell, GRID rows of GRID, of a photo (h, w, 3).

    Of the windows whose centre lies in a cell, half a tile apart, it is the one with the most detail: the
    energy of the gradient, which blur lowers, unlike the sum of its amounts.
    """
    import numpy as np

    step = tile // 2
    # A photo of 24 megapixels has so many pixels in a block that a part of them tells the same.
    detail = _detail(pixels, step, 2 if max(pixels.shape) < LARGE else 8)
    windows = detail[:-1] + detail[1:]
    windows = windows[:, :-1] + windows[:, 1:]
    down, across = (
        _spans(count, length, step) for count, length in zip(windows.shape, pixels.shape, strict=False)
    )
    result = []
    for first, last in down:
        row = []
        for left, right in across:
            cell = windows[first:last, left:right]
            at = np.unravel_index(int(cell.argmax()), cell.shape)
            row.append(((first + int(at[0])) * step, (left + int(at[1])) * step))
        result.append(row)
    return result


def _spans(windows: int, length: int, step: int) -> list[tuple[int, int]]:
    """For each cell along one side of the photo, the first window centred in it, and the first after it."""
    spans = []
    for cell in range(GRID):
        begin, end = cell * length / GRID, (cell + 1) * length / GRID
        first = min(max(0, -int(-(begin / step - 1) // 1)), windows - 1)
        last = min(max(first + 1, -int(-(end / step - 1) // 1)), windows)
        spans.append((first, last))
    return spans


def _detail(pixels: Pixels, step: int, every: int) -> NDArray[np.float32]:
    """The energy of the green's gradient in each block of `step` x `step` pixels; what is over is left out.

    It is measured along one of `every` rows, and from it to the next: blocks are large, and it is less work.
    """
    import cv2
    import numpy as np

    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    bands = pixels[: rows * step, : columns * step]
    energy = np.zeros((rows, columns * step), np.float32)
    for row in range(0, step - 1, every):  # the same one of all bands at once, added up where it lies
        upper, lower = (cv2.extractChannel(bands[at::step], 1) for at in (row, row + 1))
        cv2.accumulateSquare(cv2.absdiff(upper, lower), energy)
        cv2.accumulateSquare(cv2.absdiff(upper[:, 1:], upper[:, :-1]), energy[:, 1:])
    return np.add.reduceat(energy, np.arange(0, columns * step, step), axis=1)


def at_least(pixels: Pixels, tile: int) -> Pixels:
    """The photo, its edges repeated where it is smaller than a tile."""
    import numpy as np

    down, across = (max(0, tile - length) for length in pixels.shape[:2])
    return np.pad(pixels, ((0, down), (0, across), (0, 0)), mode="edge") if down or across else pixels
