"""The parts of a score as bars, each beginning where the one before it ended: the eye adds them up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from photocli.display import signed
from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas
from photocli.scoring.ratings import HIGHEST, STAR_THRESHOLDS

if TYPE_CHECKING:
    from photocli.scoring.ratings import Part

    Place = Callable[[float], float]

_LABEL, _BESIDE = 168.0, 74.0  # the columns of words and of points, left and right of the bars
_TOP, _PITCH, _BAR = 40.0, 44.0, 20.0


def draw(parts: Sequence[Part], width: float) -> Canvas:
    """A bar for each part, and one for the whole score, over marks where stars begin."""
    points = shown(parts)
    sums = [round(sum(points[:count]), 2) for count in range(len(points) + 1)]
    highest = max(HIGHEST, *sums)
    floor = _TOP + _PITCH * (len(parts) + 1)
    drawing = Canvas(width, floor + 30)
    drawing.text(0, 19, "What the score is made of", canvas.TITLE, strong=True)

    def place(score: float) -> float:
        return _LABEL + (width - _LABEL - _BESIDE) * max(score, 0) / highest

    _stars(drawing, place, floor)
    for number, part in enumerate(parts):
        colour = canvas.ACCENT if number == 0 else canvas.GOOD if part.points > 0 else canvas.BAD
        y, end = _TOP + _PITCH * number, place(sums[number + 1])
        left, right = sorted((place(sums[number]), end))
        drawing.text(0, y + 20, title(part))
        drawing.text(0, y + 36, meaning(part), 13, canvas.FAINT)
        drawing.rectangle((left, y + 9, max(right, left + 1.5), y + 9 + _BAR), colour, radius=3)
        drawing.line([(end, y + 9 + _BAR), (end, y + 9 + _PITCH)], canvas.FAINT)
        drawing.text(width, y + 25, signed(points[number]), anchor="rs")
    y = floor - _PITCH
    drawing.line([(0, y + 1), (width, y + 1)], canvas.LINE)
    drawing.text(0, y + 27, "score", strong=True)
    drawing.rectangle((place(0), y + 11, place(sums[-1]), y + 11 + _BAR), canvas.TEXT, radius=3)
    drawing.text(width, y + 27, f"{sums[-1]:.2f}", anchor="rs", strong=True)
    return drawing


def shown(parts: Sequence[Part]) -> list[float]:
    """The points with two decimals, so that they still add up to the score with two decimals.

    The sums are rounded, not the points, which may therefore be off by one hundredth.
    """
    sums = [round(math.fsum(part.points for part in parts[:count]), 2) for count in range(len(parts) + 1)]
    return [round(after - before, 2) + 0.0 for before, after in pairwise(sums)]


def title(part: Part) -> str:
    """The name of a part, for people."""
    return part.name.replace("_", " ")


def meaning(part: Part) -> str:
    """What a part of the score is, in a few words: how it got its points."""
    if part.name in ("aesthetic", "taste"):
        return f"{part.value:.2f} of 10"
    if part.name == "selfie":
        return f"{part.value:.2f} of 10, counts {part.weight:.0%}"
    if part.name == "technical":
        return f"quality {part.value:.2f} of 10"
    if part.name == "limit":
        return "the end of the scale"
    if part.look is not None and part.explained >= 0.005:
        return f"severity {part.value:.2f}, {part.explained:.0%} {part.look}"
    return f"severity {part.value:.2f}"


def _stars(drawing: Canvas, place: Place, floor: float) -> None:
    """Where on the scale each star begins."""
    for stars, threshold in enumerate(STAR_THRESHOLDS, start=2):
        x = place(threshold)
        drawing.line([(x, _TOP), (x, floor + 4)], (*canvas.LINE, 170))
        drawing.text(x - 4, floor + 20, str(stars), 13, canvas.FAINT, anchor="ms")
        drawing.star(x + 6, floor + 15.5, 5, canvas.STAR)
