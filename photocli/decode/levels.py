"""Levels of a photo: the frame, the larger level that it is made from, and how one becomes the other.

A JPEG is decoded at 1, 1/2, 1/4 or 1/8 of its size; other formats are reduced by the same factors, so that
the same photo gives the same levels in whichever format it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

DIVISORS = (8, 4, 2, 1)
"""By what the JPEG standard's blocks of 8 x 8 can be decoded smaller."""

MOST_NATIVE = 65_000_000
"""Photos of more pixels are not judged at their own resolution, whatever is asked for, but at the next scale
that has fewer: decoding one takes up to thirteen bytes a pixel, 0.85 GB at this size, in every worker."""


def frame_factor(long: int, side: int) -> int:
    """By what a photo whose long side is `long` pixels is reduced to a frame of `side` to 2 · `side` - 1."""
    divisor = next((divisor for divisor in DIVISORS if long // side >= divisor), 1)
    return divisor * max(1, -(-long // divisor) // side)


def detail_factor(size: tuple[int, int], side: int, native: bool = False) -> int:
    """By what a photo of this size (width, height) is reduced to the largest level that is looked at.

    It divides that of the frame: by two, where that can be done, so that the level is twice as large; with
    `native`, it is 1 for photos of up to `MOST_NATIVE` pixels.
    """
    frame = frame_factor(max(size), side)
    return min(native_factor(size), frame) if native else max(1, min(frame // 2, 8))


def native_factor(size: tuple[int, int]) -> int:
    """By what a photo of this size (width, height) is reduced, as little as its decoding allows."""
    fits = (by for by in DIVISORS[::-1] if size[0] * size[1] <= MOST_NATIVE * by**2)
    return next(fits, DIVISORS[0])


def shows_more(size: tuple[int, int], scale: float) -> bool:
    """Whether detail `native` shows more of a photo of this size than was looked at, at `scale`."""
    return native_factor(size) * scale < 0.99


def reduced(pixels: Pixels, factor: int) -> Pixels:
    """Pixels (height, width[, 3]) of which each is the mean of `factor` x `factor`; of fewer at the edges.

    Averaging whole blocks is the cheapest reduction and the sharpest that is free of aliasing; the rest is
    left to whoever cuts from the frame, so that no picture is resampled by odd factors twice.
    """
    import cv2
    import numpy as np

    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    rows, columns = height // factor, width // factor
    result = np.empty((-(-height // factor), -(-width // factor), *pixels.shape[2:]), np.uint8)
    if rows and columns:
        inner = pixels[: rows * factor, : columns * factor]
        result[:rows, :columns] = cv2.resize(inner, (columns, rows), interpolation=cv2.INTER_AREA)
    if width % factor:
        result[:, columns] = _edge(pixels[:, columns * factor :], factor)
    if height % factor:
        below = pixels[rows * factor :].swapaxes(0, 1)
        result[rows] = _edge(below, factor)
    return result


def _edge(strip: Pixels, factor: int) -> Pixels:
    """The means of blocks of `factor` rows of a strip (height, width[, 3]), one block wide at most."""
    import numpy as np

    starts = np.arange(0, strip.shape[0], factor)
    sums = np.add.reduceat(strip.sum(axis=1, dtype=np.uint32), starts, axis=0)
    counts = np.diff([*starts, strip.shape[0]]) * strip.shape[1]
    means = sums / counts.reshape(-1, *[1] * (sums.ndim - 1))
    return np.asarray(np.floor(means + 0.5), np.uint8)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Stored pixels, turned as their EXIF orientation (1-8) says; C-contiguous if they were."""
    import cv2
    import numpy as np

    result: Any = pixels
    if orientation in (5, 7):
        result = cv2.transpose(result)
    if orientation in (2, 4):
        result = cv2.flip(result, 1 if orientation == 2 else 0)
    elif orientation in (3, 7):
        result = cv2.rotate(result, cv2.ROTATE_180)
    elif orientation in (6, 8):
        clockwise = orientation == 6
        result = cv2.rotate(result, cv2.ROTATE_90_CLOCKWISE if clockwise else cv2.ROTATE_90_COUNTERCLOCKWISE)
    return np.asarray(result, np.uint8)


def upright_view(pixels: Pixels, orientation: int) -> Pixels:
    """The same, without a copy: little may be wanted of a large level."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels[::-1] if orientation in (3, 4, 7, 8) else pixels
