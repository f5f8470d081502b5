"""The suggested crop on the page: drawn over the photo, with what its gain is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.display import signed
from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas, fit, paragraph
from photocli.framing import heads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.panels import Pixels
    from photocli.framing import Suggestion

_PARTS = (
    ("aesthetic", "aesthetic score of the crop", 1),
    ("border", "border that is removed", 1),
    ("lost", "picture that is lost", -1),
)


def draw(
    frame: Pixels, suggestion: Suggestion | None, faces: NDArray[np.float32] | None, width: float
) -> Canvas:
    """The photo, dark outside the crop, on the left; the gain on the right; or that there is none.

    The heads around `faces` are framed, which no crop cuts; None says that nothing looked for them.
    """
    from PIL import Image

    size = fit((frame.shape[1], frame.shape[0]), *canvas.PICTURE)
    photo = Image.fromarray(frame)
    drawing = Canvas(size[0], 34 + size[1])
    drawing.text(0, 19, "Suggested crop", canvas.TITLE, strong=True)
    dark = photo if suggestion is None else photo.point(lambda level: round(0.35 * level))
    drawing.picture(dark, (0, 34, size[0], 34 + size[1]), radius=8)
    right = width - size[0] - canvas.BESIDE
    if suggestion is None:
        _heads(drawing, faces, size)
        sentence = f"None: no crop makes this photo clearly better. {_head_note(faces)}"
        return canvas.row([drawing, paragraph(sentence, right)], canvas.BESIDE)
    box = suggestion.box
    sides = (
        round(box.left * photo.width),
        round(box.top * photo.height),
        round(box.right * photo.width),
        round(box.bottom * photo.height),
    )
    place = (box.left * size[0], 34 + box.top * size[1], box.right * size[0], 34 + box.bottom * size[1])
    drawing.picture(photo.crop(sides), place)
    drawing.rectangle(place, outline=canvas.ACCENT, line=2)
    _heads(drawing, faces, size)
    return canvas.row([drawing, _gain(suggestion, faces, right)], canvas.BESIDE)


def _heads(drawing: Canvas, faces: NDArray[np.float32] | None, size: tuple[int, int]) -> None:
    """Frame the heads; those that must stay in the picture more strongly."""
    found = heads.of(faces) if faces is not None else heads.Heads()
    for head in found.all:
        sides = (head.left, head.top, head.right, head.bottom)
        left, top, right, bottom = (side * size[at % 2] for at, side in enumerate(sides))
        strength = 230 if head in found.kept else 120
        box = (left, 34 + top, right, 34 + bottom)
        drawing.rectangle(box, outline=(*canvas.TEXT, strength), line=1.5, radius=6)


def _head_note(faces: NDArray[np.float32] | None) -> str:
    if faces is None:
        return "Faces were not looked for, as no model finds them."
    if not len(faces):
        return "No face was found."
    return "Heads, which are framed, are not cut."


def _gain(suggestion: Suggestion, faces: NDArray[np.float32] | None, width: float) -> Canvas:
    """The gain and its parts, one below the other."""
    drawing = Canvas(width, 66 + 30 * (len(_PARTS) + 1))
    drawing.text(0, 50, f"{signed(suggestion.gain)} points", 34)
    for number, (name, meaning, sign) in enumerate(_PARTS):
        y = 96 + 30 * number
        drawing.text(0, y, meaning, colour=canvas.FAINT)
        drawing.text(width, y, signed(sign * getattr(suggestion, name)), anchor="rs")
    sentence = f"{suggestion.aspect}, {suggestion.box.area:.0%} of the area. {_head_note(faces)}"
    return canvas.column([drawing, paragraph(sentence, width, canvas.SMALL, canvas.FAINT)], 4)
