"""Heads in a photo: what a crop must not cut, and what it must not leave out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.framing.boxes import Box, Limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HAIR, SIDES, CHIN = 0.4, 0.25, 0.25
"""How far a head reaches beyond the box of its face, which ends at forehead, cheeks and chin: shares of the
box's height, width and height."""

PROMINENT = 0.25
"""A face of this share of the prominence of the most prominent one, or more, stays in the picture; passers-by
in the background may be left out."""

_NONE = 1e-6  # of the photo's sides


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a photo: all of them, and those that must stay, each clipped to the photo."""

    all: tuple[Box, ...] = ()
    kept: tuple[Box, ...] = ()

    def spared(self, box: Box) -> bool:
        """Whether a crop cuts no head, and leaves out none that must stay."""
        whole = all(_inside(head, box) for head in self.kept)
        return whole and all(_inside(head, box) or head.overlap(box) <= _NONE for head in self.all)

    def moved(self, box: Box, limits: Limits) -> Box | None:
        """The crop moved as little as can be, by whole pixels, so that the heads that must stay are in it.

        None where it is too small for them.
        """
        if not self.kept:
            return box
        across = _shift(
            (box.left, box.right),
            min(head.left for head in self.kept),
            max(head.right for head in self.kept),
            limits.width,
        )
        down = _shift(
            (box.top, box.bottom),
            min(head.top for head in self.kept),
            max(head.bottom for head in self.kept),
            limits.height,
        )
        if across is None or down is None:
            return None
        if not across and not down:
            return box
        left, right = (round(side * limits.width) + across for side in (box.left, box.right))
        top, bottom = (round(side * limits.height) + down for side in (box.top, box.bottom))
        return Box(left / limits.width, top / limits.height, right / limits.width, bottom / limits.height)


def of(faces: NDArray[np.float32]) -> Heads:
    """The heads around faces (n, 15 or more), whose boxes are fractions of the photo."""
    if not len(faces):
        return Heads()
    from photocli.faces.detection import prominence

    heads = []
    for left, top, right, bottom in (map(float, face[:4]) for face in faces):
        wide, high = right - left, bottom - top
        heads.append(
            Box(
                max(left - SIDES * wide, 0.0),
                max(top - HAIR * high, 0.0),
                min(right + SIDES * wide, 1.0),
                min(bottom + CHIN * high, 1.0),
            )
        )
    values = [float(value) for value in prominence(faces)]
    kept = [head for head, value in zip(heads, values, strict=True) if value >= PROMINENT * max(values)]
    return Heads(tuple(heads), tuple(kept))


def _inside(head: Box, box: Box) -> bool:
    """Whether the head is in the box, but for what rounding to pixels may take."""
    return (
        head.left >= box.left - _NONE
        and head.top >= box.top - _NONE
        and head.right <= box.right + _NONE
        and head.bottom <= box.bottom + _NONE
    )


def _shift(side: tuple[float, float], first: float, last: float, length: int) -> int | None:
    """By how many pixels a span must move to hold another one, and stay in the photo; None if it cannot."""
    start, end = (round(each * length) for each in side)
    least = max(math.ceil(last * length - _NONE * length) - end, -start)
    most = min(math.floor(first * length + _NONE * length) - start, length - end)
    return None if least > most else min(max(0, least), most)
