"""Good pictures with a wide border of clutter or blur around them, and where the picture lies in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from photocli.framing.boxes import Box

KINDS = ("patches", "shapes", "other", "cover", "reflected")


def sides(rng: np.random.Generator) -> list[float]:
    """How wide the border is on the left, above, on the right and below, by the mean side of the picture."""
    kind = rng.integers(3)
    if kind == 0:
        return [float(rng.uniform(0.12, 0.25))] * 4
    if kind == 1:
        return [float(value) for value in rng.uniform(0.1, 0.25, 4)]
    found = [0.0] * 4
    for side in rng.permutation(4)[: rng.integers(1, 4)]:
        found[side] = float(rng.uniform(0.2, 0.35))
    return found


def spoil(
    picture: Image.Image,
    kind: str,
    widths: Sequence[float],
    rng: np.random.Generator,
    others: Sequence[Image.Image],
) -> tuple[Image.Image, Box]:
    """The picture inside a border of one of `KINDS`, and its box; patches come from the other pictures."""
    mean = (picture.width + picture.height) / 2
    left, top, right, bottom = (round(mean * width) for width in widths)
    width, height = picture.width + left + right, picture.height + top + bottom
    long = max(width, height)
    if kind == "patches":
        whole = _patches((width, height), rng, others)
    elif kind == "shapes":
        whole = _shapes((width, height), rng)
    elif kind == "other":
        whole = others[rng.integers(len(others))].resize((width, height))
    elif kind == "cover":
        whole = picture.resize((width, height)).filter(ImageFilter.GaussianBlur(0.025 * long))
    else:
        around = ((top, bottom), (left, right), (0, 0))
        whole = Image.fromarray(np.pad(np.asarray(picture), around, mode="reflect"))
        whole = whole.filter(ImageFilter.GaussianBlur(0.02 * long))
    whole.paste(picture, (left, top))
    return whole, Box(left / width, top / height, 1 - right / width, 1 - bottom / height)


def removed(crop: Box, picture: Box) -> float:
    """The share of the added area that a crop removes."""
    return 1 - (crop.area - crop.overlap(picture)) / (1 - picture.area)


def _patches(size: tuple[int, int], rng: np.random.Generator, others: Sequence[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", size)
    for _ in range(160):
        other = others[rng.integers(len(others))]
        wide = min(int(rng.uniform(0.06, 0.22) * max(size)), other.width)
        high = min(int(rng.uniform(0.06, 0.22) * max(size)), other.height)
        x, y = int(rng.integers(other.width - wide + 1)), int(rng.integers(other.height - high + 1))
        place = (int(rng.integers(-wide // 2, size[0])), int(rng.integers(-high // 2, size[1])))
        whole.paste(other.crop((x, y, x + wide, y + high)), place)
    return whole


def _shapes(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    def colour() -> tuple[int, ...]:
        return tuple(int(value) for value in rng.integers(0, 256, 3))

    whole = Image.new("RGB", size, colour())
    drawing = ImageDraw.Draw(whole)
    for number in range(400):
        x, y = float(rng.integers(size[0])), float(rng.integers(size[1]))
        wide, high = (float(value) for value in rng.uniform(0.01, 0.06, 2) * max(size))
        box = (x - wide, y - high, x + wide, y + high)
        if number % 2:
            drawing.ellipse(box, fill=colour())
        else:
            drawing.rectangle(box, fill=colour())
    return whole
