"""Boxes to cut from a photo: of an aspect ratio, exact to the pixel, in sizes and places all over it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from photocli.errors import UsageError

RATIOS = ("3:2", "4:5", "1:1", "16:9")
"""The aspect ratios that are tried where any will do, with the photo's own."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an upright photo: fractions of its width and height, from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """The share of the photo's area."""
        return (self.right - self.left) * (self.bottom - self.top)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in an upright photo of this size, as Pillow's `crop` takes them."""
        left, right = round(self.left * width), round(self.right * width)
        return left, round(self.top * height), right, round(self.bottom * height)

    def overlap(self, other: Box) -> float:
        """The area that both have in common, as a share of the photo's."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Which boxes are allowed in a photo of `width` x `height` pixels, upright.

    `ratios` are width by height. A box keeps at least the share `keep` of the area, and has sides of at least
    `smallest` pixels.
    """

    width: int
    height: int
    ratios: tuple[Fraction, ...]
    keep: float
    smallest: int

    def allows(self, box: Box) -> bool:
        """Whether the box is as large as it must be, and not the whole photo."""
        width, height = (box.right - box.left) * self.width, (box.bottom - box.top) * self.height
        large = min(width, height) >= self.smallest - 0.5 and box.area >= self.keep - 1e-9
        return large and box != WHOLE


def ratios(aspect: str, width: int, height: int) -> tuple[Fraction, ...]:
    """The aspect ratios that `aspect` stands for: `own`, `free`, or `W:H`, whose W:H lies as the photo does.

    A photo that is higher than wide gets `3:2` as 2:3. Raises `UsageError`.
    """
    own = Fraction(width, height)
    if aspect == "own":
        return (own,)
    if aspect == "free":
        named = [_ratio(text) for text in RATIOS]
        return tuple(dict.fromkeys((own, *named, *(1 / ratio for ratio in named))))
    ratio = _ratio(aspect)
    lies = max(ratio, 1 / ratio)
    return (lies if own >= 1 else 1 / lies,)


def name(ratio: Fraction) -> str:
    """`3:2` for 3/2; the nearest of small numbers for the shapes of odd photos."""
    near = ratio.limit_denominator(20)
    return f"{near.numerator}:{near.denominator}"


def _ratio(text: str) -> Fraction:
    try:
        wide, high = (int(part) for part in text.split(":"))
        ratio = Fraction(wide, high)
        if not Fraction(1, 10) <= ratio <= 10:
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise UsageError(
            f"there is no aspect ratio '{text}'; choose own, free, {', '.join(RATIOS)} or W:H"
        ) from None
    return ratio


def fitted(inside: Box, ratio: Fraction, limits: Limits, scale: float, x: float, y: float) -> Box:
    """The largest box of a ratio in another one, `scale` times as large on each side; `x` and `y` place it,
    from 0 (left, top) to 1 (right, bottom). Its sides are whole pixels, and the ratio is right to one."""
    left, top = math.ceil(inside.left * limits.width - 1e-6), math.ceil(inside.top * limits.height - 1e-6)
    right = math.floor(inside.right * limits.width + 1e-6)
    bottom = math.floor(inside.bottom * limits.height + 1e-6)
    width, height = right - left, bottom - top
    if width > height * ratio:
        high = scale * height
        wide = float(high * ratio)
    else:
        wide = scale * width
        high = float(wide / ratio)
    wide, high = min(max(round(wide), 1), width), min(max(round(high), 1), height)
    left, top = left + round(x * (width - wide)), top + round(y * (height - high))
    return Box(
        left / limits.width, top / limits.height, (left + wide) / limits.width, (top + high) / limits.height
    )


def spread(limits: Limits) -> Iterator[Box]:
    """The first candidates: for each ratio the largest box and smaller ones, in the middle, at the thirds'
    crossings and at the edges."""
    few = len(limits.ratios) > 1
    scales = (1.0, 0.78) if few else (1.0, 0.9, 0.8, 0.7)
    for ratio in limits.ratios:
        for scale in scales:
            yield from _placed(WHOLE, ratio, limits, scale)


def within(inside: Box, limits: Limits) -> Iterator[Box]:
    """Candidates inside a border: the largest box of each ratio, in three places."""
    for ratio in limits.ratios:
        yield from _placed(inside, ratio, limits, 1.0)


def near(box: Box, ratio: Fraction, limits: Limits) -> Iterator[Box]:
    """Boxes a little larger, smaller, or beside another one."""
    width, height = box.right - box.left, box.bottom - box.top
    for grow, across, down in ((1.1, 0, 0), (0.93, 0, 0), (1, -1, 0), (1, 1, 0), (1, 0, -1), (1, 0, 1)):
        x, y = box.left + 0.06 * across, box.top + 0.06 * down
        x, y = x - (grow - 1) * width / 2, y - (grow - 1) * height / 2
        wide, high = min(width * grow, 1.0), min(height * grow, 1.0)
        x, y = min(max(x, 0.0), 1 - wide), min(max(y, 0.0), 1 - high)
        yield fitted(Box(x, y, x + wide, y + high), ratio, limits, 1.0, 0.5, 0.5)


def _placed(inside: Box, ratio: Fraction, limits: Limits, scale: float) -> Iterator[Box]:
    places = ((0.5, 0.5), (0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0))
    corners = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    for x, y in (*places, *(corners if len(limits.ratios) == 1 else ())):
        yield fitted(inside, ratio, limits, scale, x, y)
