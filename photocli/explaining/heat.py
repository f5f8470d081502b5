"""Where in a photo a score comes from: its places are covered in turn, and the score is asked again.

Of classes, a network may say itself what each place adds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Input = NDArray[np.uint8]
    Floats = NDArray[np.float32]

PLACES = 96
"""About how many places are covered: 12 x 8 in a photo of 3:2."""

REACH = 1.5
"""How far a cover reaches from its centre, in steps of the grid; it is whole within half of that. Covers of a
single step find specks, much larger ones find nothing but the middle of the photo."""

BATCH = 8


@dataclass(frozen=True, slots=True)
class Heat:
    """What the places of a model's input give to its score.

    `points` has the input's shape (height, width) and the unit of the score: by how much the score falls, on
    the mean, when a place around this pixel is covered. Positive: what is there raises the score. The points
    of two places do not add up, since a network sees them together. `score` is that of the uncovered input.
    """

    points: Floats
    score: float

    @property
    def largest(self) -> float:
        """The largest of the amounts."""
        return float(abs(self.points).max())


def measure(
    photo: Input,
    aspect: float,
    score: Callable[[Input], Floats],
    advance: Callable[[int, int], None] | None = None,
) -> Heat:
    """Slide a cover over a model's input (3, height, width) and see how the score moves.

    This is occlusion (Zeiler & Fergus 2014), with soft covers and a mean over all that touch a pixel as in
    RISE (Petsiuk, Das & Saenko 2018), on a regular grid instead of random ones: nothing is left to chance.
    The cover is the mean colour of the photo, since a blurred one would only tell where sharpness counts.

    `aspect` is the width of the photo by its height, so that places are about square on it, however the input
    was warped. `score` takes inputs (n, 3, height, width) and returns n scores. `advance` is told how many
    places of how many are done.
    """
    import numpy as np

    height, width = photo.shape[1:]
    columns, rows = grid(aspect)
    down, across = covers(rows, height), covers(columns, width)
    plain = photo.reshape(3, -1).mean(axis=1, dtype=np.float32)[:, None, None]
    whole = float(score(photo[None])[0])
    total, weight = np.zeros((height, width)), np.zeros((height, width))
    places = [(row, column) for row in down for column in across]
    for start in range(0, len(places), BATCH):
        chosen = [_cover(row, column) for row, column in places[start : start + BATCH]]
        covered = np.repeat(photo[None], len(chosen), axis=0)
        for one, (high, wide, mask) in zip(covered, chosen, strict=True):
            under = photo[:, high, wide]
            one[:, high, wide] = np.rint(under + mask * (plain - under))
        falls = whole - score(covered)
        for fall, (high, wide, mask) in zip(falls.astype(np.float64), chosen, strict=True):
            total[high, wide] += fall * mask
            weight[high, wide] += mask
        if advance is not None:
            advance(start + len(chosen), len(places))
    return Heat((total / weight).astype(np.float32), whole)


def _cover(down: Floats, across: Floats) -> tuple[slice, slice, Floats]:
    """Where a cover reaches, in rows and columns of pixels, and how much it hides of each there."""
    import numpy as np

    high, wide = (
        slice(int(reached[0]), int(reached[-1]) + 1) if reached.size else slice(0, 0)
        for reached in (np.flatnonzero(down), np.flatnonzero(across))
    )
    return high, wide, down[high, None] * across[wide]


def activation(places: Floats, size: tuple[int, int], score: float) -> Heat:
    """A class activation map (Zhou et al. 2016) as heat over an input of `size` (height, width), smoothly.

    `places` (rows, columns) is what each place adds to the class's logit. A point of the heat is the logit
    that would come of it if all of the photo were like this place, whatever the grid. `score` is its own.
    """
    import numpy as np
    from PIL import Image

    whole = np.asarray(places, np.float32) * places.size
    smooth = Image.fromarray(whole).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return Heat(np.asarray(smooth), score)


def grid(aspect: float) -> tuple[int, int]:
    """Columns and rows, about `PLACES` cells, which are about square where width / height is `aspect`."""
    columns = min(max(round(math.sqrt(PLACES * aspect)), 4), PLACES // 4)
    return columns, round(PLACES / columns)


def covers(count: int, length: int) -> Floats:
    """Along one side: how much of each pixel each cover hides, 0 to 1; shape (count, length)."""
    import numpy as np

    at = (np.arange(length, dtype=np.float32) + 0.5) / length * count
    centres = np.arange(count, dtype=np.float32) + 0.5
    far = np.abs(at - centres[:, None])
    return np.clip(2 - 2 * far / REACH, 0, 1)
