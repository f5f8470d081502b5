"""A heat map over a picture: grey, red where a score gains and blue where it loses; and its legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.display import signed
from photocli.explaining import canvas
from photocli.explaining.canvas import Canvas, mixed, paragraph

if TYPE_CHECKING:
    from PIL import Image

    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import Pixels

_FAINTEST = 0.1  # points; where nothing moves the score by more, the map stays pale
_STRENGTH = 0.78  # of the colour over the photo where the map is at its end


def shade(frame: Pixels, found: Heat, size: tuple[int, int]) -> Image.Image:
    """The picture in grey at `size` (width, height), red where it gains points, blue where it loses some."""
    import numpy as np
    from PIL import Image

    grey = np.asarray(Image.fromarray(frame).convert("L").resize(size, Image.Resampling.LANCZOS), np.float32)
    ground = 36 + 0.8 * grey  # neither black nor white, so that colours show everywhere
    points = Image.fromarray(found.points).resize(size, Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(points) / np.float32(end(found)), -1, 1)
    over, raises = np.float32(_STRENGTH) * np.abs(share), share > 0
    shaded = np.empty((size[1], size[0], 3), np.uint8)
    for channel, (red, blue) in enumerate(zip(canvas.RAISES, canvas.LOWERS, strict=True)):
        colour = np.where(raises, np.float32(red), np.float32(blue))
        shaded[:, :, channel] = np.rint(ground + over * (colour - ground))
    return Image.fromarray(shaded)


def end(found: Heat) -> float:
    """The points at the ends of the scale of colours."""
    return max(found.largest, _FAINTEST)


def titled(title: str, frame: Pixels, found: Heat, size: tuple[int, int]) -> Canvas:
    """The map under its title."""
    picture = Canvas(size[0], 34 + size[1])
    picture.text(0, 19, title, canvas.TITLE, strong=True)
    picture.picture(shade(frame, found, size), (0, 34, size[0], 34 + size[1]), radius=8)
    return picture


def legend(width: float, end: float, note: str, ends: tuple[str, str] | None = None) -> Canvas:
    """The scale of colours, with its ends in points, or in words, and what they mean."""
    low, high = ends or (signed(-end), f"{signed(end)} points")
    bar = Canvas(width, 34)
    middle = mixed((255, 255, 255), canvas.CARD, 0.45)
    steps = 80
    for step in range(steps):
        share = 2 * (step + 0.5) / steps - 1
        colour = mixed(canvas.RAISES if share > 0 else canvas.LOWERS, middle, abs(share))
        bar.rectangle((width * step / steps, 0, width * (step + 1) / steps, 10), colour)
    for at, text, anchor in ((0, low, "ls"), (0.5, "0", "ms"), (1, high, "rs")):
        bar.text(width * at, 29, text, canvas.SMALL, canvas.FAINT, anchor=anchor)
    return canvas.column([bar, paragraph(note, width, canvas.SMALL, canvas.FAINT)], 6)
