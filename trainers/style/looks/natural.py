"""Looks that a photo has by itself: what is really black and white, really dark or bright, is not "plain".

Rules measure them on the photo reduced to 128 pixels; y is the sRGB luma from 0 to 1, chroma the distance
between the largest and the smallest channel. What a rule cannot decide is unknown, and teaches nothing:

| look | has it | unknown |
| --- | --- | --- |
| black and white | 99% of the pixels have a chroma below .06 | one hue all over, but not the brown of sepia |
| sepia | one hue all over, from yellow to red, mean chroma .05 to .35 | nearly so |
| low key | mean y below .25, and three quarters of the pixels below .38 | mean y below .32 |
| high key | mean y above .78, a tenth at most below .4 | mean y above .68 |
| noir | | no colour, and six of ten pixels nearly black or white |
| vivid | | mean chroma above .38 |
| pastel | | the darkest 5% above y .3, mean y above .55 |
| hazy | | 90% of the pixels within .4 of y, all but 5% above .2, mean chroma below .25 |
| vintage | | the darkest 1% above y .12, the brightest 5% below .85, and no colour is strong |
| shallow depth of field | | most parts without any detail, a few with much |
| motion blur, radial motion | | no part has any detail |
| vignette | | all four corners far darker than what they surround |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trainers.common.frames import Picture
from trainers.style.looks.toning import LUMA

_SIDE = 128
_CORNER = 5  # a corner is a fifth of both sides
_QUANTILES = {"y01": 0.01, "y05": 0.05, "y10": 0.1, "y75": 0.75, "y95": 0.95}  # of luma


@dataclass(frozen=True)
class Measures:
    """Holds what the rules go by.

    Luma `mean`, quantiles `y01` to `y95`; `chroma` mean and `chroma99`; `colour_spread`, how far colours
    lie from one hue, and that hue's `warmth`; share of `extreme` luma; `detail`, quantiles 50% and 95% of the
    detail of 64 parts; `corners`, the brightest corner beside the middle.
    """

    mean: float
    y01: float
    y05: float
    y10: float
    y75: float
    y95: float
    chroma: float
    chroma99: float
    colour_spread: float
    warmth: float
    extreme: float
    detail: tuple[float, float]
    corners: float


def measure(picture: Picture) -> Measures:
    """Measures a picture (height, width, 3), sRGB, uint8."""
    image = Image.fromarray(picture)
    reduced = image.copy()
    reduced.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    values = np.asarray(reduced, np.float32) / np.float32(255)
    level = values @ LUMA
    red, green, blue = (values[:, :, channel] for channel in range(3))
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = most - least
    quantiles = dict(zip(_QUANTILES, np.quantile(level, list(_QUANTILES.values())).tolist(), strict=True))
    spread, warmth = _hue(values, level)
    full = np.asarray(image.convert("L"), np.float32) / np.float32(255)
    return Measures(
        mean=float(level.mean()),
        **quantiles,
        chroma=float(chroma.mean()),
        chroma99=float(np.quantile(chroma, 0.99)),
        colour_spread=spread,
        warmth=warmth,
        extreme=float(((level < 0.08) | (level > 0.92)).mean()),
        detail=_detail(full),
        corners=_corners(level),
    )


def natural_looks(picture: Picture) -> dict[str, float]:
    """Returns the looks that a photo has by itself as 1, and those that cannot be told as NaN.

    It has no other look.
    """
    found = measure(picture)
    rules = (*_tones(found), *_light(found), *_lens(found))
    unknown = {name: float("nan") for name, holds, yes in rules if holds and not yes}
    return unknown | {name: 1.0 for name, holds, yes in rules if holds and yes}


def colourless(found: Measures) -> bool:
    """Returns whether there is no colour but the traces that JPEG leaves."""
    return found.chroma99 < 0.06


def _tones(found: Measures) -> list[tuple[str, bool, bool]]:
    """Returns rules on colours: (look, whether the rule applies, whether the look then holds)."""
    plain = colourless(found)
    toned = not plain and found.colour_spread < 0.012 and found.chroma > 0.03
    sepia = toned and found.colour_spread < 0.006 and found.warmth > 0.8 and 0.05 <= found.chroma <= 0.35
    return [
        ("black and white", plain, True),
        ("noir", plain and found.extreme > 0.6, False),
        ("sepia", sepia, True),
        ("sepia", toned and not sepia, False),
        ("black and white", toned and not sepia, False),
        ("vivid", found.chroma > 0.38, False),
        ("pastel", found.y05 > 0.3 and found.mean > 0.55, False),
        ("vintage", found.y01 > 0.12 and found.y95 < 0.85 and found.chroma99 < 0.45 and not plain, False),
    ]


def _light(found: Measures) -> list[tuple[str, bool, bool]]:
    """Returns rules on brightness; see `_tones`."""
    dark = found.mean < 0.25 and found.y75 < 0.38
    bright = found.mean > 0.78 and found.y10 > 0.4
    return [
        ("low key", dark, True),
        ("low key", found.mean < 0.32 and not dark, False),
        ("high key", bright, True),
        ("high key", found.mean > 0.68 and not bright, False),
        ("hazy", found.y95 - found.y05 < 0.4 and found.y05 > 0.2 and found.chroma < 0.25, False),
    ]


def _lens(found: Measures) -> list[tuple[str, bool, bool]]:
    """Returns rules on what a lens does; see `_tones`."""
    middle, high = found.detail
    return [
        ("shallow depth of field", middle < 0.012 and high > 0.05 and found.mean > 0.15, False),
        ("motion blur", high < 0.02, False),
        ("radial motion", high < 0.02, False),
        ("vignette", found.corners < 0.45, False),
    ]


def _hue(values: NDArray[np.float32], level: NDArray[np.float32]) -> tuple[float, float]:
    """Returns how far colours lie from one hue, and the share of coloured pixels that is warm.

    The first is the mean distance of red less green and green less blue from a parabola of luma; a warm pixel
    has red most and blue least.
    """
    first, second = (values[:, :, 0] - values[:, :, 1]).ravel(), (values[:, :, 1] - values[:, :, 2]).ravel()
    y = level.ravel()
    curve = np.stack([np.ones_like(y), y, y * y], axis=1)
    both = np.stack([first, second], axis=1)
    fitted = curve @ np.linalg.solve(curve.T @ curve + 1e-3 * np.eye(3, dtype=np.float32), curve.T @ both)
    spread = float(np.abs(both - fitted).mean())
    coloured = np.abs(both).sum(1) > 0.04
    warm = (first > -0.02) & (second > -0.02) & (first + second > 0.04)
    return spread, float(warm[coloured].mean()) if coloured.any() else 0.0


def _detail(full: NDArray[np.float32]) -> tuple[float, float]:
    """Returns two quantiles, 50% and 95%, of the mean step between neighbours in 8 x 8 parts."""
    steps = np.abs(np.diff(full, axis=1))[:-1] + np.abs(np.diff(full, axis=0))[:, :-1]
    rows, columns = (np.linspace(0, size, 9).astype(int)[:-1] for size in steps.shape)
    sums = np.add.reduceat(np.add.reduceat(steps, rows, axis=0), columns, axis=1)
    sizes = np.outer(np.diff([*rows, steps.shape[0]]), np.diff([*columns, steps.shape[1]]))
    means = (sums / sizes).ravel()
    middle, high = (float(value) for value in np.quantile(means, [0.5, 0.95]))
    return middle, high


def _corners(level: NDArray[np.float32]) -> float:
    """Returns the luma of the brightest corner over that of the middle half."""
    height, width = level.shape
    down, across = max(1, height // _CORNER), max(1, width // _CORNER)
    parts = (level[:down, :across], level[:down, -across:], level[-down:, :across], level[-down:, -across:])
    middle = level[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return max(float(part.mean()) for part in parts) / max(float(middle.mean()), 0.02)
