"""A photo's levels, each half the one before: what a network sees is cut from the smallest that will do.

OpenCV does the work: halving a frame takes it a third of a millisecond, where Pillow takes several.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

ROOM = 1.25
"""A level serves sizes that are so many times smaller than it, or more: from nearer ones, interpolation
would blur some places more than others. Networks noticed at 1, and no longer at this."""

_INTERPOLATED = 1 / 7
"""By how much interpolation blurs: the variance of its weights, in squared pixels of the level. In theory it
is a sixth on average; with a seventh, edges are as strong as by the filter of which networks learned."""

_WIDEST = 0.5  # the variance of the weights 1, 2, 1; wider blurs are several of them
_FAINTEST = 0.02  # less is no blur
_LOPSIDED = 3  # an axis that is so many times too long is halved alone, as in a wide panorama


class Pyramid:
    """One photo's frame, and its levels, made when they are first needed."""

    def __init__(self, pixels: Pixels, detail: Pixels | None = None) -> None:
        """From upright RGB pixels (height, width, 3).

        `detail` is the same photo with more of them, in its own colours if those are not sRGB.
        """
        self.pixels = pixels
        self.detail = detail
        self._levels = [pixels]

    @property
    def finest(self) -> Pixels:
        """The photo with the most pixels that there are."""
        return self.pixels if self.detail is None else self.detail

    def level(self, width: float, height: float) -> Pixels:
        """The smallest level that is at least of this size; the frame, if none is."""
        return self._levels[self._number(width, height)]

    def _number(self, width: float, height: float) -> int:
        number = 0
        while _halves(self._levels[number], width, height):
            number += 1
            if number == len(self._levels):
                self._levels.append(halved(self._levels[-1]))
        return number

    def reduced(self, width: int, height: int) -> Pixels:
        """The frame, warped to this size in pixels: uint8 of shape (height, width, 3).

        Reductions are antialiased, by about the triangle whose half-width is the reduction's (Pillow's
        bilinear filter); enlargements are linear.
        """
        number = self._number(ROOM * width, ROOM * height)
        high, wide = (length / 2**number for length in self.pixels.shape[:2])
        return resized(self._levels[number], width, height, (wide, high))


def of(photo: Pixels | Pyramid, detail: Pixels | None = None) -> Pyramid:
    """The levels of a photo, or those of its pixels, and perhaps of the same photo with more of them."""
    return photo if isinstance(photo, Pyramid) else Pyramid(photo, detail)


def halved(pixels: Pixels) -> Pixels:
    """Pixels (height, width, ...) at half their size: means of four. An odd row or column at the end is left
    out, which is twice as quick as having a share of it."""
    import cv2
    import numpy as np

    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    even = pixels[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def resized(pixels: Pixels, width: int, height: int, extent: tuple[float, float] | None = None) -> Pixels:
    """Pixels (height, width, ...) at another size, by the filter of `Pyramid.reduced`.

    `extent` is how wide and high the photo is, in these pixels, where its last ones were left out.
    """
    import cv2
    import numpy as np

    wide, high = extent or pixels.shape[1::-1]
    while wide >= _LOPSIDED * width:
        pixels, wide = _halved_once(pixels, 1), wide / 2
    while high >= _LOPSIDED * height:
        pixels, high = _halved_once(pixels, 0), high / 2
    if (wide, high) == (width, height):
        return pixels
    across, down = wide / width, high / height
    smooth = blurred(pixels, across, down)
    if (wide, high) == pixels.shape[1::-1]:
        return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    way = np.array([[across, 0, across / 2 - 0.5], [0, down, down / 2 - 0.5]])
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    fitted = cv2.warpAffine(smooth, way, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fitted, np.uint8)


def blurred(pixels: Pixels, across: float, down: float) -> Pixels:
    """Pixels (height, width, ...) made ready for interpolation at every so many of them: antialiased."""
    import cv2
    import numpy as np

    row, column = _weights(across), _weights(down)
    if row[len(row) // 2] == column[len(column) // 2] == 1:
        return pixels
    return np.asarray(cv2.sepFilter2D(pixels, -1, row, column, borderType=cv2.BORDER_REPLICATE), np.uint8)


def planes(pixels: Pixels) -> Pixels:
    """The same pixels as networks want them: (height, width, 3) as contiguous (3, height, width)."""
    import cv2
    import numpy as np

    result = np.empty((3, *pixels.shape[:2]), np.uint8)
    cv2.split(pixels, list(result))
    return result


def _halved_once(pixels: Pixels, axis: int) -> Pixels:
    """Pixels at half their height (0) or width (1): means of two; what is odd at the end is left out."""
    import cv2
    import numpy as np

    size = [pixels.shape[1], pixels.shape[0]]
    size[1 - axis] //= 2
    even = pixels[: 2 * size[1]] if axis == 0 else pixels[:, : 2 * size[0]]
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _halves(pixels: Pixels, width: float, height: float) -> bool:
    """Whether half of these pixels would still be of a size."""
    high, wide = int(pixels.shape[0]) // 2, int(pixels.shape[1]) // 2
    return high >= max(height, 1) and wide >= max(width, 1)


def _weights(reduction: float) -> NDArray[np.float32]:
    """Weights that blur by what interpolation leaves of a triangle's variance, a sixth of its square."""
    import numpy as np

    variance = reduction**2 / 6 - _INTERPOLATED if reduction > 1 else 0.0
    weights = np.array((0.0, 1.0, 0.0))  # three, as OpenCV is slow where one axis has a single one
    if variance > _FAINTEST:
        weights = np.ones(1)
        times = math.ceil(variance / _WIDEST)
        side = variance / times / 2
        for _ in range(times):
            weights = np.convolve(weights, (side, 1 - 2 * side, side))
    return weights.astype(np.float32)
