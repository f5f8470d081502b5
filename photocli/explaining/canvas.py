"""A surface to draw on, in the units of the finished page, with the colours that all parts of it share.

Pillow draws the page, as it is a PNG: a page in HTML would need a browser to become one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from photocli.display import MINUS
from photocli.display import percent as percent
from photocli.explaining import lettering

if TYPE_CHECKING:
    from PIL import Image

    Colour = tuple[int, int, int]
    Box = tuple[float, float, float, float]

SCALE = 2
"""All is drawn this much larger and reduced at the end, since Pillow draws shapes with hard edges."""

BACK: Colour = (23, 24, 26)
CARD: Colour = (33, 34, 37)
LINE: Colour = (58, 59, 64)
TEXT: Colour = (238, 238, 241)
FAINT: Colour = (160, 161, 169)
ACCENT: Colour = (240, 147, 90)
STAR: Colour = (242, 187, 61)
GOOD: Colour = (111, 196, 138)
BAD: Colour = (239, 111, 102)
RAISES: Colour = (226, 62, 48)
LOWERS: Colour = (52, 110, 235)

PICTURE = (820, 640)
"""The largest room that a photo gets on the page, in pixels."""
BESIDE = 44
"""The space between a photo and what is written beside it."""

BODY = 17.0
"""The size of running text, in pixels."""
SMALL = 14.5
TITLE = 22.0


class Canvas:
    """A picture being drawn. Places and sizes are in pixels of the finished page, from the upper left."""

    def __init__(self, width: float, height: float, back: Colour = CARD) -> None:
        from PIL import Image, ImageDraw

        self.width, self.height = math.ceil(width), math.ceil(height)
        self.image = Image.new("RGB", (SCALE * self.width, SCALE * self.height), back)
        self._draw = ImageDraw.Draw(self.image, "RGBA")  # colours with a fourth value let the ground through

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = BODY,
        colour: Colour = TEXT,
        *,
        anchor: str = "ls",
        strong: bool = False,
    ) -> float:
        """Draw a line of text, its baseline at `y` (see Pillow for `anchor`); the width that it takes."""
        if text.startswith(MINUS):
            return self._negative(x, y, text[1:], size, colour, anchor)
        text, font = lettering.spell(text, SCALE * size)
        stroke: Any = SCALE * size / 60 if strong else 0  # the font has one weight
        self._draw.text(
            (SCALE * x, SCALE * y),
            text,
            colour,
            font,
            anchor,
            stroke_width=stroke,
            stroke_fill=colour,
        )
        return font.getlength(text) / SCALE

    def _negative(self, x: float, y: float, text: str, size: float, colour: Colour, anchor: str) -> float:
        """Draw a number with a minus sign before it: Pillow's font has none, so it is a plus without its
        upright."""
        _, font = lettering.spell("+", SCALE * size)
        ink = font.getmask("+").getbbox()  # the box of the glyph has room at its sides
        left, top, right, bottom = (edge / SCALE for edge in ink)
        sign, above = font.getlength("+") / SCALE, font.getbbox("+", anchor="ls")[1] / SCALE
        whole = sign + lettering.width(text, SCALE * size) / SCALE
        x -= {"l": 0.0, "m": whole / 2, "r": whole}[anchor[0]]
        middle, thick = y + above + (top + bottom) / 2, size / 16
        self.rectangle((x + left, middle - thick / 2, x + right, middle + thick / 2), colour)
        return sign + self.text(x + sign, y, text, size, colour)

    def rectangle(
        self,
        box: Box,
        fill: Sequence[int] | None = None,
        *,
        radius: float = 0,
        outline: Sequence[int] | None = None,
        line: float = 1,
    ) -> None:
        """Draw a rectangle (left, top, right, bottom); nothing where it has no area."""
        left, top, right, bottom = (round(SCALE * value) for value in box)
        if right <= left or bottom <= top:
            return
        self._draw.rounded_rectangle(
            (left, top, right - 1, bottom - 1),
            min(SCALE * radius, (right - left) / 2, (bottom - top) / 2),
            None if fill is None else tuple(fill),
            None if outline is None else tuple(outline),
            round(SCALE * line),
        )

    def line(self, points: Sequence[tuple[float, float]], colour: Sequence[int], line: float = 1) -> None:
        """Draw straight lines from point to point."""
        self._draw.line([(SCALE * x, SCALE * y) for x, y in points], tuple(colour), round(SCALE * line))

    def dashes(self, x: float, top: float, bottom: float, colour: Colour, line: float = 1.5) -> None:
        """Draw an upright dashed line."""
        y = top
        while y < bottom:
            self.line([(x, y), (x, min(y + 5, bottom))], colour, line)
            y += 9

    def star(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a five-pointed star around a point."""
        points = []
        for corner in range(10):
            far = radius * (1 if corner % 2 == 0 else 0.42)
            angle = math.pi * (corner / 5 - 0.5)
            points.append((SCALE * (x + far * math.cos(angle)), SCALE * (y + far * math.sin(angle))))
        self._draw.polygon(points, colour)

    def picture(self, image: Image.Image, box: Box, *, radius: float = 0) -> None:
        """Put a picture into a box, stretched to it, with round corners."""
        from PIL import Image, ImageDraw

        left, top, right, bottom = (round(SCALE * value) for value in box)
        size = (max(1, right - left), max(1, bottom - top))
        fitted = image.convert("RGB")
        if all(edge % SCALE == 0 for edge in (left, top, *size)):  # made in its final size, and reduced to it
            small = (size[0] // SCALE, size[1] // SCALE)
            fitted = fitted.resize(small, Image.Resampling.LANCZOS).resize(size, Image.Resampling.NEAREST)
        else:
            fitted = fitted.resize(size, Image.Resampling.LANCZOS)
        if not radius:
            self.image.paste(fitted, (left, top))
            return
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), SCALE * radius, 255)
        self.image.paste(fitted, (left, top), mask)

    def put(self, other: Canvas, x: float, y: float) -> None:
        """Put another canvas onto this one, its upper left corner at this place."""
        self.image.paste(other.image, (round(SCALE * x), round(SCALE * y)))

    def finished(self) -> Image.Image:
        """The picture in its final size."""
        return self.image.reduce(SCALE)


def column(parts: Sequence[Canvas], gap: float = 0, back: Colour = CARD) -> Canvas:
    """Canvases one below the other, `gap` pixels apart."""
    height = sum(part.height for part in parts) + gap * max(0, len(parts) - 1)
    whole = Canvas(max((part.width for part in parts), default=1), max(height, 1), back)
    y = 0.0
    for part in parts:
        whole.put(part, 0, y)
        y += part.height + gap
    return whole


def row(parts: Sequence[Canvas], gap: float = 0, back: Colour = CARD) -> Canvas:
    """Canvases beside each other, `gap` pixels apart, their upper edges in line."""
    width = sum(part.width for part in parts) + gap * max(0, len(parts) - 1)
    whole = Canvas(max(width, 1), max((part.height for part in parts), default=1), back)
    x = 0.0
    for part in parts:
        whole.put(part, x, 0)
        x += part.width + gap
    return whole


def paragraph(
    text: str,
    width: float,
    size: float = BODY,
    colour: Colour = TEXT,
    *,
    lines: int = 20,
    strong: bool = False,
) -> Canvas:
    """Text in lines of `width` pixels."""
    parts = lettering.wrap(text, SCALE * size, SCALE * width, lines)
    pitch = 1.42 * size
    canvas = Canvas(width, max(1, pitch * len(parts)))
    for number, part in enumerate(parts):
        canvas.text(0, pitch * number + 1.05 * size, part, size, colour, strong=strong)
    return canvas


def fit(size: tuple[int, int], width: float, height: float) -> tuple[int, int]:
    """The largest size with the shape of `size` in a room of `width` by `height` pixels."""
    scale = min(width / size[0], height / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """`share` of the one colour and the rest of the other."""
    share = min(max(share, 0.0), 1.0)
    first, second, third = (round(share * a + (1 - share) * b) for a, b in zip(colour, other, strict=True))
    return first, second, third
