"""How sharp a face is, by its own pixels: what is left of its detail when it is blurred once more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from photocli.inputs.detail import noise_energy
from photocli.inputs.pyramid import Pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST = 128
"""Larger faces are reduced to so many pixels first: else the same blur would count more in larger ones."""

SMALLEST = 8
"""Below so many pixels there is nothing to tell."""

BLURRED, SHARP = 0.10, 0.51
"""The shares of detail that become 0 and 1. On 60 selfies the median is 0.51 as they are, 0.35 blurred by a
Gaussian whose deviation is a hundredth of the face's width, 0.21 by two hundredths and 0.10 by four. With
noise of 13 grey levels it is 0.49 and not, as before noise was taken out, 0.67.
Smaller faces than `LARGEST` show less, and seem sharper than they are."""

_INNER = 0.1  # of the box, at each side: there the background begins
_TAPS = 9  # of the mean that blurs once more, as in the paper
_NOISE = 1.5  # by how much the noise of flat parts is taken out of a face's: skin is flat, but no wall
_LEAST = 0.02  # the energy of differences, in squared grey levels, below which there is nothing but noise


def measure(pixels: NDArray[np.uint8], face: NDArray[np.float32]) -> float:
    """The sharpness of a face, 0 (four hundredths of its width or more are blurred) to 1.

    `pixels` are those of an upright RGB photo (height, width, 3), and `face` begins with left, top, right and
    bottom as fractions of it. After Crété-Roffet et al. 2007: blurring again takes little from what is
    blurred already; of both directions the more blurred one counts, as motion blurs one alone. Differences
    are squared, unlike there, so that the part of the noise can be taken out of their sums.
    """
    import cv2
    import numpy as np

    rows, columns = _inner(pixels, face)
    grey = np.asarray(cv2.cvtColor(pixels[rows, columns], cv2.COLOR_RGB2GRAY), np.uint8)
    scale = LARGEST / max(grey.shape)
    if scale < 1:
        size = (max(SMALLEST, round(length * scale)) for length in grey.shape[::-1])
        grey = Pyramid(grey).reduced(*size)
    if min(grey.shape) < SMALLEST:
        return 0.0
    left_over = min(_detail(grey), _detail(grey.T))
    return float(np.clip((left_over - BLURRED) / (SHARP - BLURRED), 0, 1))


def size_of(pixels: NDArray[np.uint8], face: NDArray[np.float32]) -> int:
    """The larger side in pixels of what is measured of a face; from `LARGEST` on, more would tell no more."""
    rows, columns = _inner(pixels, face)
    return max(int(part.stop - part.start) for part in (rows, columns))


def _inner(pixels: NDArray[np.uint8], face: NDArray[np.float32]) -> tuple[slice, slice]:
    """The rows and columns of a face without its border."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = (float(side) for side in face[:4])
    across, down = _INNER * (right - left), _INNER * (bottom - top)
    return _span(top + down, bottom - down, height), _span(left + across, right - across, width)


def _span(start: float, end: float, length: int) -> slice:
    """The pixels between two fractions, one at least."""
    first = min(max(round(start * length), 0), length - 1)
    return slice(first, max(min(round(end * length), length), first + 1))


def _detail(grey: NDArray[np.uint8]) -> float:
    """The share of the differences between rows that another blur takes away; 0 where there are none."""
    import cv2
    import numpy as np

    rows = np.ascontiguousarray(grey, np.float32)
    blurred = cv2.blur(rows, (1, _TAPS), borderType=cv2.BORDER_REPLICATE)
    before, after = ((pixels[1:] - pixels[:-1]) ** 2 for pixels in (rows, blurred))
    whole = float(before.mean()) - noise_energy(before, _NOISE)
    left = float(after.mean()) - noise_energy(after, _NOISE)
    return 1 - math.sqrt(min(max(left, 0.0) / whole, 1.0)) if whole > _LEAST else 0.0
