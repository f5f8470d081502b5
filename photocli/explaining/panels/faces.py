"""Faces: where they are, how sure and how sharp each one is, and which is the most prominent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.explaining import canvas, faces
from photocli.explaining.canvas import Canvas, fit, mixed, paragraph

if TYPE_CHECKING:
    from photocli.explaining.panels import View
    from photocli.records import Face

NEEDS = ()

LISTED = 12
"""So many faces have a line."""

_PITCH = 34.0
_SHARP, _BLURRED = canvas.GOOD, (255, 92, 66)


def find(view: View) -> None:
    """Nothing beyond what the record says."""


def draw(view: View, found: None, width: float) -> Canvas:
    """The photo with its faces on the left, a line for each on the right."""
    from PIL import Image

    size = fit((view.frame.shape[1], view.frame.shape[0]), *canvas.PICTURE)
    place = (0, 34, size[0], 34 + size[1])
    drawing = Canvas(size[0], 34 + size[1])
    drawing.text(0, 19, "Faces", canvas.TITLE, strong=True)
    drawing.picture(Image.fromarray(view.frame), place, radius=8)
    faces.draw(drawing, view.record.each_face, place)
    right = width - size[0] - canvas.BESIDE
    return canvas.row([drawing, _list(view.record.each_face, right)], canvas.BESIDE)


def _list(found: tuple[Face, ...], width: float) -> Canvas:
    title = Canvas(width, 34)
    title.text(0, 19, count_in_words(len(found)), canvas.TITLE, strong=True)
    if not found:
        return canvas.column([title, paragraph("None that is surely one.", width)], 4)
    sure, score = (width - 150, width - 60)
    table = Canvas(width, 30 + _PITCH * min(len(found), LISTED))
    table.text(0, 16, "sharpness", canvas.SMALL, canvas.FAINT)
    table.text(sure, 16, "sure", canvas.SMALL, canvas.FAINT, anchor="rs")
    if any(face.selfie is not None for face in found):
        table.text(width, 16, "selfie", canvas.SMALL, canvas.FAINT, anchor="rs")
    for number, face in enumerate(found[:LISTED], start=1):
        y = 30 + _PITCH * (number - 1)
        table.text(0, y + 19, str(number), colour=canvas.ACCENT if number == 1 else canvas.TEXT)
        room = sure - 130
        table.rectangle((28, y + 8, 28 + room, y + 20), canvas.LINE, radius=4)
        sharpness = face.sharpness or 0.0
        colour = mixed(_SHARP, _BLURRED, sharpness)
        table.rectangle((28, y + 8, 28 + room * sharpness, y + 20), colour, radius=4)
        table.text(room + 70, y + 19, f"{sharpness:.2f}", canvas.SMALL, anchor="rs")
        table.text(sure, y + 19, canvas.percent(face.confidence), canvas.SMALL, anchor="rs")
        if face.selfie is not None:
            table.text(max(score, width), y + 19, f"{face.selfie:.2f}", anchor="rs")
    more = f" {len(found) - LISTED} more have no line here." if len(found) > LISTED else ""
    note = (
        "The most prominent face is 1, by its size and by how near to the middle it is. Sharpness is that of "
        f"the face's own pixels: 1 is as sharp as can be, 0.5 plainly soft.{more}"
    )
    return canvas.column([title, table, paragraph(note, width, canvas.SMALL, canvas.FAINT)], 8)


def count_in_words(count: int) -> str:
    """How many faces were found, in words."""
    return "No face was found" if not count else "One face" if count == 1 else f"{count} faces"
