"""The suggested crop on the page: drawn over the photo, with what its gain is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas, fit, paragraph

if TYPE_CHECKING:
    from photocli.explaining.panels import Pixels
    from photocli.framing import Suggestion

_PARTS = (
    ("aesthetic", "aesthetic score of the crop", 1),
    ("border", "border that is removed", 1),
    ("lost", "picture that is lost", -1),
)


def draw(frame: Pixels, suggestion: Suggestion | None, width: float) -> Canvas:
    """The photo, dark outside the crop, on the left; the gain on the right; or that there is none."""
    from PIL import Image

    size = fit((frame.shape[1], frame.shape[0]), *canvas.PICTURE)
    photo = Image.fromarray(frame)
    drawing = Canvas(size[0], 34 + size[1])
    drawing.text(0, 19, "Suggested crop", canvas.TITLE, strong=True)
    dark = photo if suggestion is None else photo.point(lambda level: round(0.35 * level))
    drawing.picture(dark, (0, 34, size[0], 34 + size[1]), radius=8)
    right = width - size[0] - canvas.BESIDE
    if suggestion is None:
        said = "None: no crop makes this photo clearly better."
        return canvas.row([drawing, paragraph(said, right)], canvas.BESIDE)
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
    return canvas.row([drawing, _gain(suggestion, right)], canvas.BESIDE)


def _gain(suggestion: Suggestion, width: float) -> Canvas:
    """The gain and its parts, one below the other."""
    drawing = Canvas(width, 66 + 30 * (len(_PARTS) + 1))
    drawing.text(0, 50, f"{suggestion.gain:+.2f} points", 34)
    for number, (name, meaning, sign) in enumerate(_PARTS):
        y = 96 + 30 * number
        drawing.text(0, y, meaning, colour=canvas.FAINT)
        drawing.text(width, y, f"{sign * getattr(suggestion, name):+.2f}", anchor="rs")
    said = f"{suggestion.aspect}, {suggestion.box.area:.0%} of the area. Faces are not looked for."
    return canvas.column([drawing, paragraph(said, width, canvas.SMALL, canvas.FAINT)], 4)
