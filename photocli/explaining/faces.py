"""Faces drawn over a photo: their boxes, their eyes and what each got, for every part of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from photocli.explaining import canvas, lettering

if TYPE_CHECKING:
    from photocli.explaining.canvas import Canvas
    from photocli.records import Face

_EYE = 3.5
_TAG = 20.0
_DARK = (20, 20, 22)


def draw(drawing: Canvas, faces: Sequence[Face], place: tuple[float, float, float, float]) -> None:
    """Draw the faces onto a photo that lies at `place`; the first one, the most prominent, stands out."""
    left, top, right, bottom = place
    for number, face in reversed(list(enumerate(faces, start=1))):
        colour = canvas.ACCENT if number == 1 else canvas.TEXT
        sides = [min(max(side, 0.0), 1.0) for side in face.box]
        box = (
            left + sides[0] * (right - left),
            top + sides[1] * (bottom - top),
            left + sides[2] * (right - left),
            top + sides[3] * (bottom - top),
        )
        grown = (box[0] - 1.5, box[1] - 1.5, box[2] + 1.5, box[3] + 1.5)
        drawing.rectangle(grown, outline=(*_DARK, 150), line=1.5, radius=4)  # seen on bright photos, too
        drawing.rectangle(box, outline=colour, line=2.5 if number == 1 else 1.5, radius=3)
        for x, y in face.eyes:
            _eye(drawing, left + x * (right - left), top + y * (bottom - top), colour)
        _tag(drawing, tag(number, face), box, place, colour)


def tag(number: int, face: Face) -> str:
    """The number of a face, and its selfie score."""
    return f"{number}" if face.selfie is None else f"{number}: {face.selfie:.1f}"


def _eye(drawing: Canvas, x: float, y: float, colour: canvas.Colour) -> None:
    for radius, fill in ((_EYE + 1, (*_DARK, 170)), (_EYE, colour)):
        drawing.rectangle((x - radius, y - radius, x + radius, y + radius), fill, radius=radius)


def _tag(
    drawing: Canvas,
    text: str,
    box: tuple[float, float, float, float],
    place: tuple[float, float, float, float],
    colour: canvas.Colour,
) -> None:
    """A tag above a box, or inside where there is no room above it."""
    width = lettering.width(text, canvas.SMALL) + 12
    x = min(max(box[0], place[0]), place[2] - width)
    y = box[1] - _TAG - 2 if box[1] - _TAG - 2 >= place[1] else box[1] + 2
    drawing.rectangle((x, y, x + width, y + _TAG), colour, radius=4)
    drawing.text(x + 6, y + 15, text, canvas.SMALL, _DARK)
