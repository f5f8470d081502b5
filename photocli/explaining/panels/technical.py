"""Technical quality: how severe each fault is, where sharpness was judged, and which way is up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas, fit, mixed, paragraph
from photocli.inputs import tiles as sheet
from photocli.scoring.calibration import isotonic, sharpened
from photocli.scoring.profiles import FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.panels import View

    Places = Sequence[tuple[int, int]]

NEEDS = ("severities", "turns", "tiles", "weights")

_LABEL = 136.0
_SHARP, _BLURRED = canvas.GOOD, (255, 92, 66)
_TURNS = ("upright", "90° clockwise", "180°", "90° counter-clockwise")


def find(view: View) -> Places:
    """Where the sixteen tiles lie: (top, left) in pixels of the level that they were cut from, row by row."""
    side = view.card.input.width // sheet.GRID
    rows = sheet.places(sheet.at_least(_level(view), side), side)
    return [place for row in rows for place in row]


def draw(view: View, found: Places, width: float) -> Canvas:
    """The tiles on the left, the faults and the turn on the right."""
    size = fit((view.frame.shape[1], view.frame.shape[0]), *canvas.PICTURE)
    note_text = (
        "Each frame is a piece that was looked at in full detail, the sharpest of its part of the photo. The "
        "stronger its line, the more it counts for blur."
    )
    note = paragraph(note_text, size[0], canvas.SMALL, canvas.FAINT)
    left = canvas.column([_tiles(view, found, size), _legend(size[0]), note], 10)
    right = width - left.width - canvas.BESIDE
    return canvas.row([left, canvas.column([_faults(view, right), _turn(view, right)], 34)], canvas.BESIDE)


def _level(view: View) -> NDArray[np.uint8]:
    return view.frame if view.level is None else view.level


def _tiles(view: View, places: Places, size: tuple[int, int]) -> Canvas:
    """A darkened copy of the photo with the tiles on it, bright as they are."""
    from PIL import Image

    drawing = Canvas(size[0], 34 + size[1])
    drawing.text(0, 19, "Where sharpness was judged", canvas.TITLE, strong=True)
    photo = Image.fromarray(view.frame)
    drawing.picture(photo.point(lambda level: round(0.5 * level)), (0, 34, size[0], 34 + size[1]), radius=8)
    scale, side = size[0] / photo.width, view.card.input.width // sheet.GRID
    closer = view.frame.shape[1] / _level(view).shape[1]  # from pixels of the level to those of the frame
    blur = FAULTS.index("blur")
    weights = [float(weight) for weight in view.outputs["weights"][:, blur]]
    most = max(*weights, 1e-9)
    for (top, left), weight, tile in zip(places, weights, view.outputs["tiles"], strict=True):
        # A photo smaller than a tile was padded with its edges, which are not on this picture.
        piece = [round(closer * place) for place in (left, top, left + side, top + side)]
        right, bottom = min(piece[2], photo.width), min(piece[3], photo.height)
        box = (scale * piece[0], 34 + scale * piece[1], scale * right, 34 + scale * bottom)
        drawing.picture(photo.crop((piece[0], piece[1], right, bottom)), box)
        counts = math.sqrt(weight / most)  # most tiles count little, and must be seen nevertheless
        colour = (*mixed(_BLURRED, _SHARP, float(tile[blur])), round(255 * (0.4 + 0.6 * counts)))
        drawing.rectangle(box, outline=colour, line=1.5 + 3 * counts)
    return drawing


def _legend(width: float) -> Canvas:
    bar = Canvas(width, 32)
    steps = 60
    for step in range(steps):
        colour = mixed(_BLURRED, _SHARP, (step + 0.5) / steps)
        bar.rectangle((width * step / steps, 2, width * (step + 1) / steps, 10), colour)
    bar.text(0, 28, "sharp", canvas.SMALL, canvas.FAINT)
    bar.text(width, 28, "blurred", canvas.SMALL, canvas.FAINT, anchor="rs")
    return bar


def _faults(view: View, width: float) -> Canvas:
    """A bar for the severity of each fault, with a mark from where on it is called one."""
    curves, thresholds = view.card.facts.get("calibration", {}), view.card.facts["thresholds"]
    pitch, room = 40.0, width - _LABEL - 56
    drawing = Canvas(width, 44 + pitch * len(FAULTS))
    drawing.text(0, 19, "Technical faults", canvas.TITLE, strong=True)
    for number, (fault, value) in enumerate(zip(FAULTS, view.outputs["severities"], strict=True)):
        severity = isotonic(float(value), curves.get(fault))
        limit = isotonic(float(thresholds[fault]), curves.get(fault))
        is_fault = float(value) > thresholds[fault]
        y = 44 + pitch * number
        drawing.text(0, y + 20, fault.replace("_", " "), colour=canvas.TEXT if is_fault else canvas.FAINT)
        drawing.rectangle((_LABEL, y + 8, _LABEL + room, y + 22), canvas.LINE, radius=4)
        colour = canvas.BAD if is_fault else canvas.GOOD
        drawing.rectangle((_LABEL, y + 8, _LABEL + room * min(severity, 1), y + 22), colour, radius=4)
        drawing.line([(_LABEL + room * limit, y + 3), (_LABEL + room * limit, y + 27)], canvas.TEXT, 1.5)
        shown = canvas.BAD if is_fault else canvas.TEXT
        drawing.text(width, y + 20, f"{severity:.2f}", colour=shown, anchor="rs")
    note = "0 is none, 0.5 plain to see, 1 ruined. From the mark on it is called a fault."
    return canvas.column([drawing, paragraph(note, width, canvas.SMALL, canvas.FAINT)], 4)


def _turn(view: View, width: float) -> Canvas:
    """The probabilities of the four turns, and what follows."""
    curves, limit = view.card.facts.get("calibration", {}), view.card.facts["thresholds"]["rotate"]
    chances = sharpened([float(chance) for chance in view.outputs["turns"]], curves.get("rotate"))
    turn = max(range(len(chances)), key=chances.__getitem__)
    drawing = Canvas(width, 128)
    drawing.text(0, 19, "Which way is up", canvas.TITLE, strong=True)
    step = width / len(chances)
    for number, chance in enumerate(chances):
        left, right = step * number, step * (number + 1) - 12
        drawing.text(left, 52, f"{90 * number}°", canvas.SMALL, canvas.FAINT)
        drawing.text(right, 52, canvas.percent(chance), canvas.SMALL, canvas.TEXT, anchor="rs")
        drawing.rectangle((left, 60, right, 70), canvas.LINE, radius=4)
        drawing.rectangle((left, 60, left + (right - left) * chance, 70), canvas.ACCENT, radius=4)
    if turn and chances[turn] > limit:
        sentence = f"Should be turned {_TURNS[turn]}: {canvas.percent(chances[turn])}."
    elif turn:
        sentence = f"Perhaps to be turned {_TURNS[turn]}, but not surely enough to say so."
    else:
        sentence = f"It is upright: {canvas.percent(chances[0])}."
    drawing.text(0, 102, sentence)
    return drawing
