"""Probabilities of classes as bars: the most probable first, those that hold in colour."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from photocli.explaining import canvas, lettering
from photocli.explaining.canvas import Canvas, mixed, paragraph

_PITCH = 32.0
_LABEL = 0.4  # of the width, for the names
_PERCENT = 56.0
_QUIET = mixed(canvas.FAINT, canvas.CARD, 0.55)


def draw(
    chances: Mapping[str, float],
    held: Collection[str],
    width: float,
    *,
    limits: Mapping[str, float] | None = None,
    most: int = 12,
) -> Canvas:
    """A bar for each of the `most` probable classes, and for those `held`, whose bars stand out.

    `limits` marks from where on a class holds, where several may.
    """
    ranked = sorted(chances, key=lambda name: -chances[name])
    shown = [name for place, name in enumerate(ranked) if place < most or name in held]
    label = _LABEL * width
    room = width - label - _PERCENT
    drawing = Canvas(width, _PITCH * len(shown))
    for row, name in enumerate(shown):
        y, chance = _PITCH * row, min(max(chances[name], 0.0), 1.0)
        text = canvas.TEXT if name in held else canvas.FAINT
        drawing.text(
            0, y + 21, lettering.shorten(name, canvas.BODY, label - 14), colour=text, strong=name in held
        )
        drawing.rectangle((label, y + 9, label + room, y + 23), canvas.LINE, radius=4)
        colour = canvas.ACCENT if name in held else _QUIET
        drawing.rectangle((label, y + 9, label + room * chance, y + 23), colour, radius=4)
        if limits is not None and name in limits:
            x = label + room * limits[name]
            drawing.line([(x, y + 5), (x, y + 27)], canvas.TEXT, 1.5)
        drawing.text(width, y + 21, canvas.percent(chance), colour=text, anchor="rs")
    left = [name for name in ranked if name not in shown]
    if not left:
        return drawing
    highest = canvas.percent(chances[left[0]])
    note = f"{len(left)} more, none above {highest}." if len(left) > 1 else f"{left[0]}: {highest}."
    return canvas.column([drawing, paragraph(note, width, canvas.SMALL, canvas.FAINT)], 6)


def titled(title: str, width: float, *parts: Canvas) -> Canvas:
    """Parts below a title."""
    line = Canvas(width, 34)
    line.text(0, 19, lettering.shorten(title, canvas.TITLE, width), canvas.TITLE, strong=True)
    return canvas.column([line, *parts], 6)
