"""The page: the photo and its score above, what the score is made of, and a panel for each model below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from photocli import display
from photocli.explaining import canvas, focus, lettering, waterfall
from photocli.explaining.canvas import Canvas, fit, paragraph
from photocli.records import VERSION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from photocli.records import Record
    from photocli.scoring.ratings import Part

    Pixels = NDArray[np.uint8]

WIDTH = 1480
"""The width of the page, in pixels."""

_MARGIN = 32
_PADDING = 28
_GAP = 20
_RADIUS = 14

INNER_WIDTH = WIDTH - 2 * _MARGIN - 2 * _PADDING
"""The width of what stands on the page, in pixels."""


def draw(record: Record, parts: Sequence[Part], frame: Pixels, sections: Iterable[Canvas]) -> Image.Image:
    """Draw the page, `WIDTH` pixels wide, as an RGB picture: the photo and its score above the sections.

    `frame` is the upright photo, uint8 RGB (height, width, 3); `sections` are `INNER_WIDTH` pixels wide.
    """
    from PIL import Image

    # Each card is reduced by itself: the whole page in its larger size would take a hundred megabytes.
    cards = [_card(_head(record, parts, frame)), *map(_card, sections), _foot(record).finished()]
    height = sum(card.height for card in cards) + _GAP * (len(cards) - 1) + 2 * _MARGIN
    whole, top = Image.new("RGB", (WIDTH, height), canvas.BACK), _MARGIN
    for card in cards:
        whole.paste(card, (_MARGIN, top))
        top += card.height + _GAP
    return whole


def exposure(record: Record) -> str:
    """How the photo was taken, in one line; empty where nothing is known."""
    parts = [
        "" if record.exposure_s is None else _seconds(record.exposure_s),
        "" if record.f_number is None else f"f/{round(record.f_number, 1):g}",
        "" if record.iso is None else f"ISO {record.iso}",
        "" if record.focal_mm is None else f"{round(record.focal_mm, 1):g} mm",
        "" if not record.exposure_bias else f"{record.exposure_bias:+.2g} EV",
    ]
    return " · ".join(part for part in parts if part)


def _seconds(exposure_s: float) -> str:
    return f"1/{1 / exposure_s:.0f} s" if 0 < exposure_s < 0.3 else f"{exposure_s:.3g} s"


def _card(content: Canvas) -> Image.Image:
    """What stands on the page, on a ground with round corners."""
    from PIL import Image

    width, height = WIDTH - 2 * _MARGIN, content.height + 2 * _PADDING
    card = Image.new("RGB", (width, height), canvas.CARD)
    disc = Canvas(2 * _RADIUS, 2 * _RADIUS, canvas.BACK)
    disc.rectangle((0, 0, disc.width, disc.height), canvas.CARD, radius=_RADIUS)
    corners = disc.finished()
    for left, x in ((0, 0), (_RADIUS, width - _RADIUS)):
        for top, y in ((0, 0), (_RADIUS, height - _RADIUS)):
            card.paste(corners.crop((left, top, left + _RADIUS, top + _RADIUS)), (x, y))
    card.paste(content.finished(), (_PADDING, _PADDING))
    return card


def _head(record: Record, parts: Sequence[Part], frame: Pixels) -> Canvas:
    """The photo on the left; on the right its name, its score and what that is made of."""
    from PIL import Image

    size = fit((frame.shape[1], frame.shape[0]), *canvas.PICTURE)
    photo = Canvas(*size)
    photo.picture(Image.fromarray(frame), (0, 0, *size), radius=8)
    focus.draw(photo, record.focus_points, (0, 0, *size))
    width = INNER_WIDTH - size[0] - canvas.BESIDE
    right = [_about(record, width), _score(record, width)]
    if parts:
        right.append(waterfall.draw(parts, width))
    return canvas.row([photo, canvas.column(right, 26)], canvas.BESIDE)


def _about(record: Record, width: float) -> Canvas:
    """The name of the photo, its size, and how it was taken."""
    name = display.printable(Path(record.path).name)
    size = 28.0
    while size > canvas.BODY and lettering.width(name, size) > width:
        size -= 1
    lines = [paragraph(lettering.shorten(name, size, width), width, size, lines=1, strong=True)]
    camera = " · ".join(display.printable(text) for text in (record.camera, record.lens) if text)
    taken = (record.captured or "").replace("T", "  ")[:17]
    measured = f"{record.width} x {record.height} pixels" + (f" · {taken}" if taken else "")
    for line in (measured, camera, exposure(record), focus.in_words(record.focus_points)):
        if line:
            lines.append(paragraph(line, width, 16, canvas.FAINT, lines=2))
    return canvas.column(lines, 2)


def _score(record: Record, width: float) -> Canvas:
    """The overall score, large, and its stars."""
    if record.score is None:
        return paragraph("It has no overall score: no model that gives one was asked.", width)
    drawing = Canvas(width, 74)
    taken = drawing.text(0, 62, f"{record.score:.2f}", 74)
    taken += drawing.text(taken + 12, 62, "of 10", 20, canvas.FAINT) + 12
    for number in range(5):
        colour = canvas.STAR if number < (record.stars or 0) else canvas.LINE
        drawing.star(taken + 46 + 38 * number, 38, 17, colour)
    return drawing


def _foot(record: Record) -> Canvas:
    drawing = Canvas(WIDTH - 2 * _MARGIN, 26, canvas.BACK)
    models = ", ".join(record.models)
    drawing.text(2, 18, f"photocli {VERSION} · {models}", canvas.SMALL, canvas.FAINT)
    caption = "Scores are what people would say of it, as a network foretells them."
    drawing.text(drawing.width - 2, 18, caption, canvas.SMALL, canvas.FAINT, anchor="rs")
    return drawing
