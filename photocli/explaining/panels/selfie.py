"""Selfies: the most prominent face as the model sees it, and where in it the score comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli import assessors
from photocli.explaining import canvas, heat, shading
from photocli.explaining.canvas import Canvas, paragraph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import Pixels, View

NEEDS = ("scores",)

_SIDE = 416
_SMALL = 104
_GAP = 16
_LEGEND = (
    "Red places raise the score, blue ones lower it: by so many points it would fall or rise if the place "
    "were covered with the mean colour of the crop."
)


def find(view: View) -> Heat | None:
    """Where the score of the most prominent face comes from, in its points; None without a face."""
    import numpy as np

    if not len(view.input):
        return None

    def score(inputs: Pixels) -> NDArray[np.float32]:
        assess = assessors.load("selfie").assess
        one = {name: view.outputs[name][:1] for name in ("faces", "sharpness")}
        runs = view.run([crop[None] for crop in inputs])
        return np.asarray([assess(view.card, {**one, **outputs})["selfie"] for outputs in runs], np.float32)

    return heat.measure(view.input[0], 1.0, score, view.advance)


def draw(view: View, found: Heat | None, width: float) -> Canvas:
    """The aligned crop, the map beside it, and the other faces with their scores."""
    from PIL import Image

    if found is None:
        title = Canvas(width, 34)
        title.text(0, 19, "Selfie", canvas.TITLE, strong=True)
        return canvas.column([title, paragraph("No face was found, so there is no selfie score.", width)], 4)
    crop = view.input[0].transpose(1, 2, 0)
    size = (_SIDE, _SIDE)
    seen = Canvas(_SIDE, 34 + _SIDE)
    seen.text(0, 19, "The face as it was judged", canvas.TITLE, strong=True)
    seen.picture(Image.fromarray(crop), (0, 34, _SIDE, 34 + _SIDE), radius=8)
    note = "Turned, scaled and moved so that the eyes lie where they do in every face."
    left = canvas.column([seen, paragraph(note, _SIDE, canvas.SMALL, canvas.FAINT)], 14)
    shaded = shading.titled("What moves the selfie score", crop, found, size)
    middle = canvas.column([shaded, shading.legend(_SIDE, shading.end(found), _LEGEND)], 14)
    right = width - 2 * _SIDE - 2 * canvas.BESIDE
    return canvas.row([left, middle, _others(view, right)], canvas.BESIDE)


def _others(view: View, width: float) -> Canvas:
    """The score, and below it the crops of all faces with theirs, if there are several."""
    from PIL import Image

    faces = view.record.each_face[: len(view.input)]
    title = Canvas(width, 100)
    title.text(0, 19, "Selfie score", canvas.TITLE, strong=True)
    taken = title.text(0, 84, f"{view.record.selfie:.2f}", 48)
    title.text(taken + 10, 84, "of 10", canvas.BODY, canvas.FAINT)
    note = (
        "What people would say of this picture of a face, as a network foretells it; no measure of a person."
    )
    parts = [title, paragraph(note, width, canvas.SMALL, canvas.FAINT)]
    if len(faces) > 1:
        across = max(1, int((width + _GAP) // (_SMALL + _GAP)))
        down = -(-len(faces) // across)
        grid = Canvas(width, (_SMALL + 34) * down)
        for number, (face, crop) in enumerate(zip(faces, view.input, strict=True)):
            x, y = (number % across) * (_SMALL + _GAP), (number // across) * (_SMALL + 34)
            box = (x, y, x + _SMALL, y + _SMALL)
            grid.picture(Image.fromarray(crop.transpose(1, 2, 0)), box, radius=6)
            if number == 0:
                grid.rectangle(box, outline=canvas.ACCENT, line=2, radius=6)
            grid.text(x, y + _SMALL + 20, str(number + 1), canvas.SMALL, canvas.FAINT)
            grid.text(x + _SMALL, y + _SMALL + 20, f"{face.selfie:.2f}", canvas.SMALL, anchor="rs")
        parts.append(grid)
    return canvas.column(parts, 12)
