"""Suggesting a crop for a photo: candidates, judged by the aesthetics model and by the border they remove.

Heads are kept whole, and prominent ones in the picture, as far as faces were found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from photocli.errors import UsageError
from photocli.framing import boxes
from photocli.framing.borders import CLEAR, NONE, Border
from photocli.framing.boxes import WHOLE, Box, Limits
from photocli.framing.heads import Heads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.views import InputSpec

    Pixels = NDArray[np.uint8]
    Score = Callable[[list[Pixels]], list[float]]

MARGIN = 0.8
"""Points by which a crop must be better than the whole photo to be suggested."""
BORDER = 3.0
"""Points for removing all of a border of strength 1."""
CONTENT = 0.5
"""Points that losing all of the picture would cost, so that of equal crops the larger one is chosen."""

KEEP = 0.4
SMALLEST = 600

_REFINED = 2


@dataclass(frozen=True, slots=True)
class Framing:
    """How crops are sought.

    `aspect` is `own`, `free`, or a ratio such as `4:5`, which lies as the photo does. A crop keeps at least
    the share `keep` of the area, 0 to 1, and has no side below `smallest` pixels of the original.
    """

    aspect: str = "own"
    keep: float = KEEP
    smallest: int = SMALLEST

    def __post_init__(self) -> None:
        boxes.ratios(self.aspect, 3, 2)  # raises `UsageError`
        if not 0 < self.keep <= 1 or self.smallest < 1:
            raise UsageError("a crop keeps a share above 0 and up to 1, and sides of at least 1 pixel")

    def limits(self, width: int, height: int) -> Limits:
        """What is allowed in an upright photo of this size in pixels."""
        return Limits(
            width, height, boxes.ratios(self.aspect, width, height), self.keep, max(self.smallest, 1)
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A crop that gains: `box` of the upright photo, with the aspect ratio that was asked for.

    `aesthetic` is by how many points its aesthetic score is higher than the whole photo's, `border` the
    points for the border that it removes, `lost` those for the picture that it loses. `gain` is what remains.
    """

    box: Box
    aspect: str
    aesthetic: float
    border: float
    lost: float

    @property
    def gain(self) -> float:
        """Points, above `MARGIN`."""
        return self.aesthetic + self.border - self.lost


def suggest(
    frame: Pixels,
    limits: Limits,
    spec: InputSpec,
    score: Score,
    border: Border | None = None,
    heads: Heads | None = None,
) -> Suggestion | None:
    """The best crop of an upright frame (height, width, 3); None where none gains more than `MARGIN`.

    `score` gives the aesthetic score of inputs (3, height, width) of the model's `spec`, in points. `border`
    is what was found of one (`borders.find`), `heads` what no crop may cut (`heads.of`). It takes 40 to 50
    runs of the model.
    """
    border = border if border is not None and border.strength >= CLEAR else NONE
    search = _Search(frame, limits, spec, score, border, heads or Heads())
    candidates = list(boxes.spread(limits))
    if border is not NONE:
        candidates = [*boxes.within(border.box, limits), *candidates[:: 2 if len(limits.ratios) > 1 else 1]]
    search.judge(candidates)
    for found in search.best(_REFINED):
        ratio = Fraction(
            round((found.box.right - found.box.left) * limits.width),
            round((found.box.bottom - found.box.top) * limits.height),
        )
        nearest = min(limits.ratios, key=lambda each: abs(float(each / ratio) - 1))
        search.judge(boxes.near(found.box, nearest, limits))
    best = next(iter(search.best(1)), None)
    return best if best is not None and best.gain > MARGIN else None


class _Search:
    """The candidates of one photo that were judged so far."""

    def __init__(
        self,
        frame: Pixels,
        limits: Limits,
        spec: InputSpec,
        score: Score,
        border: Border,
        heads: Heads,
    ) -> None:
        self._cutter = _cutter(frame, spec)
        self._limits, self._score, self._border, self._heads = limits, score, border, heads
        self._whole = score([self._cutter(WHOLE)])[0]
        self._found: dict[Box, Suggestion] = {}

    def judge(self, candidates: Iterable[Box]) -> None:
        """Score those that are allowed and new, moved to where they cut no head."""
        moved = (self._heads.moved(box, self._limits) for box in candidates)
        fresh = [box for box in dict.fromkeys(moved) if box is not None and box not in self._found]
        fresh = [box for box in fresh if self._limits.allows(box) and self._heads.spared(box)]
        points = self._score([self._cutter(box) for box in fresh]) if fresh else []
        for box, point in zip(fresh, points, strict=True):
            self._found[box] = self._weighed(box, point - self._whole)

    def best(self, count: int) -> list[Suggestion]:
        """Those that gain most."""
        return sorted(self._found.values(), key=lambda found: -found.gain)[:count]

    def _weighed(self, box: Box, aesthetic: float) -> Suggestion:
        border, inside = self._border, self._border.box
        shared = box.overlap(inside)
        removed = 1 - (box.area - shared) / (1 - inside.area) if inside != WHOLE else 0.0
        lost = 1 - shared / inside.area
        width = (box.right - box.left) * self._limits.width
        height = (box.bottom - box.top) * self._limits.height
        ratio = min(self._limits.ratios, key=lambda each: abs(float(each) * height / width - 1))
        return Suggestion(
            box, boxes.name(ratio), aesthetic, BORDER * border.strength * removed, CONTENT * lost
        )


def _cutter(frame: Pixels, spec: InputSpec) -> Callable[[Box], Pixels]:
    """Cuts a box from the frame to a model's input, as it would be cut from a photo that was cropped so."""
    from photocli.inputs import views

    height, width = frame.shape[:2]

    def cut(box: Box) -> Pixels:
        left, right = (round(side * width) for side in (box.left, box.right))
        top, bottom = (round(side * height) for side in (box.top, box.bottom))
        return views.cut(frame[top : max(bottom, top + 1), left : max(right, left + 1)], spec)

    return cut
