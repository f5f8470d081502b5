"""What tells light that was meant from light that went wrong: clipped colours, and how bright highlights are.

A network that knows looks calls half of the photos that were exposed 2 EV too long high key, and most of
those that were exposed too short low key; their pixels know better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "light"
"""The output that is kept beside those of a model that sees a sheet: `measure`."""

MEASURES: tuple[str, ...] = ("clipped", "highlights")

_EDGE = 14  # the border of the picture, a fourteenth of it at each side
_CLIPPED, _COLOUR = 250, 235  # a channel at its end, and one that still tells a colour
_WHITE = 248
_BRIGHTEST = 200  # the brightest one of so many pixels is a highlight
_LUMA = (0.299, 0.587, 0.114)


def measure(sheet: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The `MEASURES` of the photo of a sheet (3, 2 · side, side): float32 of shape (2,).

    `clipped` is the share of the photo whose colours are wrong because a channel is at its end, and by how
    much more of its middle than of its border is plain white: a white background reaches the border.
    `highlights` is the luma, 0 to 255, that one pixel of two hundred reaches.
    """
    import numpy as np

    side = sheet.shape[2]
    red, green, blue = sheet[:, :side]
    highest, lowest = (limit(limit(red, green), blue) for limit in (np.maximum, np.minimum))
    coloured = float(((highest >= _CLIPPED) & (lowest < _COLOUR)).mean())
    white = lowest >= _WHITE
    edge = max(1, side // _EDGE)
    inner = white[edge:-edge, edge:-edge]
    border = (white.sum() - inner.sum()) / (white.size - inner.size)
    luma = (np.float32(_LUMA[0]) * red + np.float32(_LUMA[1]) * green + np.float32(_LUMA[2]) * blue).ravel()
    bright = len(luma) - 1 - len(luma) // _BRIGHTEST
    clipped = coloured + max(0.0, float(inner.mean() - border))
    return np.array([clipped, np.partition(luma, bright)[bright]], np.float32)
