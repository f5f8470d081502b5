"""Crops: the frame that the camera took, as far as the photo shows it, and where each piece seems to lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli import assessors
from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas, fit, mixed, paragraph
from photocli.inputs import patches as pieces

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.panels import View

NEEDS = ("cropped", "rectangle", "factor", "doubt", "cells")

_MAP = 88.0
_GAP = 12.0


def find(view: View) -> NDArray[np.float32]:
    """The chances of each piece's cell, upright: (row, column of the piece, row, column of the cell)."""
    import numpy as np

    side = pieces.GRID
    cells = np.asarray(view.outputs["cells"], np.float32).reshape(side, side, side, side)
    if view.frame.shape[0] > view.frame.shape[1]:  # the network saw it a quarter turned, `patches.landscape`
        cells = np.rot90(np.rot90(cells, -1, (0, 1)), -1, (2, 3))
    return cells


def draw(view: View, found: NDArray[np.float32], width: float) -> Canvas:
    """The photo in its frame on the left, the maps of the pieces on the right."""
    fields = assessors.load("crop").assess(view.card, view.outputs)
    left = _framed(view, fields)
    right = width - canvas.PICTURE[0] - canvas.BESIDE
    return canvas.row([left, _maps(found, right)], canvas.BESIDE)


def sentence_of(fields: dict[str, float | None]) -> str:
    """What the assessor's fields mean, in words."""
    chance = canvas.percent(fields["cropped"] or 0.0)
    if fields["crop_factor"] is None:
        return f"Cropped: {chance}. From where, the photo does not show clearly enough to say."
    if fields["crop_factor"] >= 1:
        return f"Cropped: {chance}. It is more probably the whole frame."
    return f"Cropped: {chance}, to {fields['crop_factor']:.0%} of the frame's width and height."


def _framed(view: View, fields: dict[str, float | None]) -> Canvas:
    """The photo inside the frame that the model believes in; the photo alone where it abstains."""
    from PIL import Image

    names = ("crop_left", "crop_top", "crop_right", "crop_bottom")
    sides = [fields[name] for name in names]
    known = [side for side in sides if side is not None]
    left, top, right, bottom = known if len(known) == len(names) else (0.0, 0.0, 1.0, 1.0)
    height, width = view.frame.shape[:2]
    whole = (max(1, round(width / (right - left))), max(1, round(height / (bottom - top))))
    size = fit(whole, *canvas.PICTURE)
    drawing = Canvas(canvas.PICTURE[0], 34 + size[1])
    drawing.text(0, 19, "The frame that the camera took", canvas.TITLE, strong=True)
    drawing.rectangle((0, 34, size[0], 34 + size[1]), canvas.BACK, outline=canvas.FAINT, line=1.5)
    place = (left * size[0], 34 + top * size[1], right * size[0], 34 + bottom * size[1])
    drawing.picture(Image.fromarray(view.frame), place)
    drawing.rectangle(place, outline=canvas.ACCENT, line=2)
    return canvas.column([drawing, paragraph(sentence_of(fields), canvas.PICTURE[0])], 12)


def _maps(cells: NDArray[np.float32], width: float) -> Canvas:
    """A map of the frame for each piece, in its place: the brighter a cell, the likelier."""
    step = min(_MAP, (width - (pieces.GRID - 1) * _GAP) / pieces.GRID)
    whole = pieces.GRID * step + (pieces.GRID - 1) * _GAP
    drawing = Canvas(width, 34 + whole)
    drawing.text(0, 19, "Where each piece seems to lie", canvas.TITLE, strong=True)
    cell = step / pieces.GRID
    for row in range(pieces.GRID):
        for column in range(pieces.GRID):
            x, y = column * (step + _GAP), 34 + row * (step + _GAP)
            chances = cells[row, column]
            most = max(float(chances.max()), 1e-9)
            for (down, across), chance in _each(chances):
                box = (x + across * cell, y + down * cell, x + (across + 1) * cell, y + (down + 1) * cell)
                drawing.rectangle(box, mixed(canvas.ACCENT, canvas.LINE, chance / most))
    note = (
        "Of sixteen pieces at full detail, in their places: the brighter a cell of the frame, the likelier."
    )
    return canvas.column([drawing, paragraph(note, width, canvas.SMALL, canvas.FAINT)], 10)


def _each(chances: NDArray[np.float32]) -> list[tuple[tuple[int, int], float]]:
    return [
        ((down, across), float(chances[down, across]))
        for down in range(pieces.GRID)
        for across in range(pieces.GRID)
    ]
