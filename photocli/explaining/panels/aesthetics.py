"""Aesthetics: where in the photo its score comes from, and how people would vote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from photocli import assessors
from photocli.explaining import canvas, heat, shading
from photocli.explaining.canvas import Canvas, fit, mixed, paragraph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import Pixels, View

NEEDS = ("votes",)

_BAND = mixed(canvas.ACCENT, canvas.CARD, 0.13)
_LEGEND = (
    "Red places raise the score, blue ones lower it: by so many points it would fall or rise if the "
    "place were covered with the photo's mean colour. A network sees places together, so they do not "
    "add up."
)


def find(view: View) -> Heat:
    """Where the aesthetic score comes from, in its points."""
    import numpy as np

    def score(inputs: Pixels) -> NDArray[np.float32]:
        assess = assessors.load("aesthetics").assess
        found = [assess(view.card, outputs)["aesthetic"] for outputs in view.run(list(inputs))]
        return np.asarray(found, np.float32)

    height, width = view.frame.shape[:2]
    return heat.measure(view.input, width / height, score, view.advance)


def draw(view: View, found: Heat, width: float) -> Canvas:
    """The map on the left, the votes on the right."""
    size = fit((view.frame.shape[1], view.frame.shape[0]), *canvas.PICTURE)
    shaded = shading.titled("What moves the aesthetic score", view.frame, found, size)
    left = canvas.column([shaded, shading.legend(size[0], shading.end(found), _LEGEND)], 14)
    right = width - left.width - canvas.BESIDE
    return canvas.row([left, _votes(view, right, left.height)], canvas.BESIDE)


def _votes(view: View, width: float, height: float) -> Canvas:
    record = view.record
    assert record.aesthetic is not None and record.aesthetic_std is not None
    title = Canvas(width, 34)
    title.text(0, 19, "How people would vote", canvas.TITLE, strong=True)
    sentence = (
        f"{record.aesthetic:.2f} of 10 on the mean, spread by ±{record.aesthetic_std:.2f}. "
        f"The chance of being in the better half is {canvas.percent(record.aesthetic_good or 0)}."
    )
    shares = [float(share) for share in view.outputs["votes"]]
    bars = histogram(
        shares, record.aesthetic, record.aesthetic_std, width, min(380.0, max(200.0, height - 200))
    )
    note = "The spread is how much people would differ, not how sure the model is."
    texts = [paragraph(sentence, width), bars, paragraph(note, width, canvas.SMALL, canvas.FAINT)]
    return canvas.column([title, *texts], 10)


def histogram(shares: Sequence[float], mean: float, spread: float, width: float, height: float) -> Canvas:
    """Bars for the shares of votes 1, 2 and so on, with their mean (dashed) and their spread around it."""
    drawing = Canvas(width, height)
    total, step = sum(shares), width / len(shares)
    top, floor = 44.0, height - 28

    def place(vote: float) -> float:
        return step * (min(max(vote, 0.5), len(shares) + 0.5) - 0.5)

    left, right, middle = place(mean - spread), place(mean + spread), place(mean)
    drawing.rectangle((left, top - 6, right, floor), _BAND, radius=4)
    highs = [(floor - top - 22) * share / max(shares) for share in shares]
    for number, high in enumerate(highs):
        box = (step * number + 3, floor - high, step * (number + 1) - 3, floor)
        drawing.rectangle(box, canvas.ACCENT, radius=3)
        drawing.text(
            step * (number + 0.5), height - 8, str(number + 1), canvas.SMALL, canvas.FAINT, anchor="ms"
        )
    drawing.line([(0, floor), (width, floor)], canvas.LINE)
    drawing.dashes(middle, top - 6, floor, canvas.TEXT)
    for number, (high, share) in enumerate(zip(highs, shares, strict=True)):
        x, y = step * (number + 0.5), floor - high - 6
        if share < 0.005 * total:
            continue
        if abs(x - middle) < 18:  # the line of the mean would go through it
            drawing.rectangle((x - 18, y - 12, x + 18, y + 3), _BAND)
        drawing.text(x, y, f"{share / total:.0%}", 12.5, canvas.FAINT, anchor="ms")
    x = min(max(middle, 42), width - 42)
    drawing.text(x, top - 14, f"mean {mean:.2f}", canvas.SMALL, anchor="ms")
    return drawing
