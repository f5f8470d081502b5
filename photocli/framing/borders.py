"""Borders around a picture: straight seams, beyond which the photo is another one, or blurred.

A seam is a line along which neighbouring pixels differ more than anywhere near it, or along which detail ends
at once. Lines in photos, such as horizons, do so over a part of their length; a seam does so over most of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.framing.boxes import WHOLE, Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

SIDE = 512
"""Long side in pixels at which seams are looked for."""
LINES = 7
"""How many lines are considered on each side of the photo."""
THINNEST, WIDEST = 0.03, 0.4
"""How wide a border is, as a share of the photo's width or height."""
COVERED = 0.65
"""Share of a seam's length that must show it; less is held against it."""
ALMOST, ENTIRE = 0.92, 3.0
"""The share from which on each further one counts so many times more: lines in photos rarely go all along."""
LEAST_AREA = 0.33
"""Of the photo, that the picture inside a border has."""
CLEAR = 0.3
"""Strength from which a border is taken for one: in 2 of 67 clean photos something was as strong."""

_FAINT = 6.0  # levels by which neighbours differ at a seam at least
_DETAIL = 2.5  # levels; where neither side of a line has as much, it shows neither a seam nor its absence
_FLOOR = 0.7  # levels, added to all detail, so that grain in flat places is none
_SHARE = 0.5  # of a line's length that counts at least, however little of it shows anything
_STRIP, _BLOCK = 8, 12  # pixels across and along a line, over which detail is averaged
_NEAR = (-5, -4, -3, -2, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Border:
    """The picture inside a border, as fractions, and how plain its seams are: the sum of
    what its sides add by the share of their length that shows them; 0 is none, 2.4 the most."""

    box: Box
    strength: float


NONE = Border(WHOLE, 0.0)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of one side of the photo, as rows: running sums of where a seam shows, and where it could."""

    shown: Floats
    able: Floats

    def covered(self, at: Floats | int, start: Floats | int, end: Floats | int) -> Floats:
        """The share of the lines `at` that shows a seam, from `start` to `end`."""
        import numpy as np

        shown = self.shown[at, end] - self.shown[at, start]
        able = self.able[at, end] - self.able[at, start]
        covered: Floats = shown / np.maximum(able, _SHARE * (np.asarray(end) - start))
        return covered


def find(pixels: Pixels) -> Border:
    """The plainest border of a photo (height, width, 3); its strength is 0 where there is none."""
    import numpy as np

    small = _reduced(pixels)
    height, width = small.shape[:2]
    top, bottom = _lines(small)
    left, right = _lines(np.ascontiguousarray(small.transpose(1, 0, 2)))
    grid = np.meshgrid(_starts(left), _starts(top), _ends(right), _ends(bottom), indexing="ij")
    x0, y0, x1, y1 = (each.ravel() for each in grid)
    large = (x1 - x0) * (y1 - y0) >= LEAST_AREA * height * width
    x0, y0, x1, y1 = x0[large], y0[large], x1[large], y1[large]
    sides = (
        np.where(x0 > 0, _worth(left.covered(x0, y0, y1)), 0),
        np.where(y0 > 0, _worth(top.covered(y0, x0, x1)), 0),
        np.where(x1 < width, _worth(right.covered(x1, y0, y1)), 0),
        np.where(y1 < height, _worth(bottom.covered(y1, x0, x1)), 0),
    )
    strengths = np.sum(sides, axis=0)
    best = int(strengths.argmax())
    if strengths[best] <= 0:
        return NONE
    box = Box(x0[best] / width, y0[best] / height, x1[best] / width, y1[best] / height)
    return Border(box, float(strengths[best]))


def _worth(covered: Floats) -> Floats:
    """What a side adds to the strength: a seam that shows almost all along is hardly a line in a photo."""
    import numpy as np

    worth: Floats = covered - COVERED + ENTIRE * np.maximum(covered - ALMOST, 0)
    return worth


def _reduced(pixels: Pixels) -> Floats:
    import numpy as np
    from PIL import Image

    image = Image.fromarray(pixels)
    scale = SIDE / max(image.size)
    size = (max(48, round(image.width * scale)), max(48, round(image.height * scale)))
    # Whole pixels averaged keep a seam within two lines; wider filters would smear it.
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return np.asarray(image.resize(size, how)).astype(np.float32)


def _lines(small: Floats) -> tuple[_Lines, _Lines]:
    """The horizontal lines as upper sides of a picture, and as lower ones; line y lies above row y."""
    import numpy as np

    edge = _edges(small)
    falls, able = _falls(small)
    able = able | edge
    found = []
    for fall in (falls, -falls):
        shown = np.where(able, np.maximum(edge, np.clip(fall - 0.4, 0, 1)), 0)
        found.append(_Lines(_running(shown), _running(able)))
    return found[0], found[1]


def _edges(small: Floats) -> NDArray[np.bool_]:
    """Where neighbours across a line differ more than across any line near it; (height + 1, width)."""
    import numpy as np

    height, width = small.shape[:2]
    steps = np.zeros((height + 1, width), np.float32)
    steps[1:height] = np.abs(small[1:] - small[:-1]).max(axis=2)
    reach = max(_NEAR)
    padded = np.pad(steps, ((reach, reach), (0, 0)))
    near = np.max([padded[reach + by : reach + by + height + 1] for by in _NEAR], axis=0)
    beside = np.maximum(padded[reach - 1 : reach + height], padded[reach + 1 : reach + height + 2])
    edge: NDArray[np.bool_] = (steps >= beside) & (steps > near) & (steps > _FAINT)
    edge[1:] |= edge[:-1].copy()  # a seam that was reduced lies in either of two lines
    return edge


def _falls(small: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """By how much detail falls from below each line to above it (logarithm), and where there is any."""
    import numpy as np

    grey = small.mean(axis=2)
    padded = np.pad(grey, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    detail = np.abs(4 * grey - around)
    height, width = detail.shape
    sums: Floats = np.cumsum(np.pad(detail, ((1, 0), (0, 0))), axis=0, dtype=np.float32)
    lines = np.arange(_STRIP + 2, height - _STRIP - 1)  # one row beside a seam belongs to it
    above = _along((sums[lines - 1] - sums[lines - 1 - _STRIP]) / _STRIP)
    below = _along((sums[lines + 1 + _STRIP] - sums[lines + 1]) / _STRIP)
    falls = np.zeros((height + 1, width), np.float32)
    able = np.zeros((height + 1, width), bool)
    falls[lines] = np.log((below + _FLOOR) / (above + _FLOOR))
    able[lines] = np.maximum(above, below) > _DETAIL
    return falls, able


def _along(values: NDArray[np.floating]) -> Floats:
    """Means over `_BLOCK` neighbours in each row."""
    import numpy as np

    padded = np.pad(values, ((0, 0), (_BLOCK // 2, _BLOCK // 2)), mode="edge")
    sums = np.cumsum(padded, axis=1, dtype=np.float32)
    means: Floats = (sums[:, _BLOCK:] - sums[:, :-_BLOCK]) / np.float32(_BLOCK)
    return means


def _running(values: NDArray[np.generic]) -> Floats:
    import numpy as np

    return np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1, dtype=np.float32)


def _starts(lines: _Lines) -> list[int]:
    """Where a picture may begin: at the photo's edge, or at one of the plainest lines near it."""
    length = len(lines.shown) - 1
    return [0, *_plainest(lines, range(int(THINNEST * length) + 1, int(WIDEST * length)))]


def _ends(lines: _Lines) -> list[int]:
    """Where a picture may end."""
    length = len(lines.shown) - 1
    places = range(int((1 - WIDEST) * length), int((1 - THINNEST) * length))
    return [length, *_plainest(lines, places)]


def _plainest(lines: _Lines, places: Sequence[int]) -> list[int]:
    """The plainest lines by their middle, which belongs to any picture that is large enough."""
    import numpy as np

    along = lines.shown.shape[1] - 1
    at = np.asarray(places)
    covered = lines.covered(at, int(0.35 * along), int(0.65 * along))
    found: list[int] = []
    for index in np.argsort(-covered, kind="stable"):
        if len(found) == LINES or covered[index] <= 0.2:
            break
        if all(abs(int(at[index]) - other) > 2 for other in found):
            found.append(int(at[index]))
    return found
