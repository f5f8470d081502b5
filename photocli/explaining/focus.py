"""Where the camera focused: squares over the photo, and a line that says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from photocli.display import percent
from photocli.explaining import canvas

if TYPE_CHECKING:
    from photocli.explaining.canvas import Box, Canvas
    from photocli.records import FocusPoint

_SIDE = 22.0
"""The side of a point whose size is not known, in pixels of the page."""

_LEAST = 8.0
_DARK = (20, 20, 22)


def draw(drawing: Canvas, points: Sequence[FocusPoint], place: Box) -> None:
    """Draw the points onto a photo that lies at `place`; the first one, the main one, stands out.

    Points that were not in focus are grey.
    """
    left, top, right, bottom = place
    for number, point in reversed(list(enumerate(points))):
        x, y = left + point.x * (right - left), top + point.y * (bottom - top)
        across = _half(point.width, right - left)
        along = _half(point.height, bottom - top)
        box = (
            max(x - across, left + 1),
            max(y - along, top + 1),
            min(x + across, right - 1),
            min(y + along, bottom - 1),
        )
        colour = canvas.FAINT if point.in_focus is False else canvas.GOOD
        grown = (box[0] - 1.5, box[1] - 1.5, box[2] + 1.5, box[3] + 1.5)
        drawing.rectangle(grown, outline=(*_DARK, 150), line=1.5, radius=2)  # seen on bright photos, too
        drawing.rectangle(box, outline=colour, line=1 if number else 2.5, radius=2)


def in_words(points: Sequence[FocusPoint]) -> str:
    """Where the camera focused, in one line; empty where that is not known."""
    if not points:
        return ""
    main = points[0]
    where = f"{percent(main.x)} from the left, {percent(main.y)} from the top"
    if main.in_focus is False:
        return f"The camera did not find focus: {where}"
    others = len(points) - 1
    return f"The camera focused {where}" + (f", and at {others} more" if others else "")


def _half(part: float | None, whole: float) -> float:
    return max(_SIDE if part is None else part * whole, _LEAST) / 2
