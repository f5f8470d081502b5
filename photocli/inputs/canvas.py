"""Canvases: sizes at which a network sees a whole photo in nearly its own aspect ratio, at a known cost."""

from __future__ import annotations

import math
from functools import lru_cache

STEP = 32
"""Sides are multiples of it, as a network that halves the photo five times needs them."""

_WIDEST = 3.0  # a panorama beyond this is warped: its short side would have too few pixels
_PRICE = 0.5  # of a share of the pixels that stay unused, against the same share of warping


@lru_cache(maxsize=4096)
def canvas(height: int, width: int, pixels: int) -> tuple[int, int]:
    """Returns the height and width at which a photo of this size is shown with at most `pixels` pixels.

    The aspect ratio is kept but for what the step of 32 takes: a 3:2 photo of 288² pixels is 224 × 352.
    """
    cells = max(1, pixels // STEP**2)
    wanted = min(max(math.log(width / height), -math.log(_WIDEST)), math.log(_WIDEST))
    sizes = ((rows, cells // rows - less) for rows in range(1, cells + 1) for less in range(3))

    def cost(size: tuple[int, int]) -> float:
        rows, columns = size
        unused = math.log(cells / (rows * columns))
        return abs(math.log(columns / rows) - wanted) + _PRICE * unused

    rows, columns = min((size for size in sizes if size[1] > 0), key=cost)
    return rows * STEP, columns * STEP
