"""Tones and colours: noir, black and white, sepia, vintage, pastel, vivid, cross-processed.

See `trainers.style.looks` for what a look is.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainers.common.frames import Picture

Codes = NDArray[np.float32]
"""sRGB codes from 0 to 1: film curves and darkroom papers act on these, lenses and light do not."""

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

_CASTS = (  # shadows and highlights of faded prints: (red, green, blue), added
    ((0.02, -0.01, 0.06), (0.05, 0.02, -0.10)),  # purple and yellow
    ((-0.03, 0.03, 0.04), (0.06, 0.03, -0.06)),  # teal and cream
    ((0.06, 0.00, 0.00), (0.06, 0.01, -0.08)),  # red and orange
    ((-0.02, 0.04, 0.00), (0.02, 0.05, -0.08)),  # green and yellow
    ((0.04, -0.02, 0.05), (0.08, -0.02, 0.00)),  # magenta and pink
)
_TINTS = ((1.03, 0.99, 1.01), (0.99, 1.02, 1.01), (1.02, 1.01, 0.98), (0.99, 1.0, 1.03))


def codes(picture: Picture) -> Codes:
    """Returns the sRGB codes of a picture as numbers from 0 to 1."""
    return picture.astype(np.float32) / np.float32(255)


def picture_of(values: Codes) -> Picture:
    """Makes a picture of codes, clipped to 0 and 1; grey ones (height, width) become three channels."""
    pixels = (np.clip(values, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def grey(picture: Picture, rng: Generator, weights: tuple[float, ...] = (3.0, 5.0, 1.5)) -> Codes:
    """Mixes the channels by chance, as film behind a colour filter does; codes (height, width)."""
    return codes(picture) @ rng.dirichlet(weights).astype(np.float32)


def stretched(values: Codes, share: float = 0.01) -> Codes:
    """Stretches values to 0 to 1, but for a share at either end; what is nearly even is stretched less."""
    low, high = np.quantile(values[::2, ::2], [share, 1 - share])
    return np.clip((values - low) / max(float(high - low), 0.3), 0, 1)


def s_curve(values: Codes, steep: float, middle: float = 0.5) -> Codes:
    """Applies a sigmoid that keeps 0 and 1: shadows go down, lights up."""
    ends = 1 / (1 + np.exp(-np.float32(steep) * (np.array([0, 1], np.float32) - np.float32(middle))))
    bent = 1 / (1 + np.exp(-np.float32(steep) * (values - np.float32(middle))))
    return (bent - ends[0]) / (ends[1] - ends[0])


def saturated(values: Codes, factor: float) -> Codes:
    """Multiplies the distance of codes from grey."""
    level = (values @ LUMA)[:, :, None]
    return level + (values - level) * np.float32(factor)


def noir(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Makes hard black and white: nearly all that is not bright goes black, as on graded paper."""
    tones = stretched(grey(picture, rng, (5.0, 3.0, 1.0)), 0.02)
    # The darker half of the photo shall be black, however bright it was.
    middle = float(np.quantile(tones[::2, ::2], rng.uniform(0.5, 0.68)))
    return picture_of(s_curve(tones, 12 + 9 * strength, min(max(middle, 0.35), 0.7)))


def black_and_white(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Makes grey with all its halftones; the stronger, the softer."""
    tones = grey(picture, rng)
    middle = float(tones.mean())
    soft = middle + (tones - middle) * np.float32(1.15 - 0.3 * strength)
    return picture_of(soft + np.float32(rng.uniform(-0.03, 0.04)))


def sepia(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Tones grey from brown to cream, with a trace of the colours where it is mild."""
    tones = grey(picture, rng)[:, :, None]
    warm = np.float32(0.45 + 0.55 * strength)
    hue = np.array([0.16, rng.uniform(0.005, 0.04), -0.14], np.float32)
    # Silver sulphide shows most in the halftones: paper and deep shadows keep their tone.
    toned = tones + hue * warm * (np.float32(0.35) + np.float32(2.6) * tones * (1 - tones))
    rest = np.float32(rng.uniform(0, 0.12) * (1 - strength))
    faded = np.float32(rng.uniform(0, 0.06)) + np.float32(0.94) * toned
    return picture_of(faded * (1 - rest) + codes(picture) * rest)


def vintage(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Fades a print: lifts blacks, dims whites, pales colours, gives shadows and lights a cast each."""
    values = saturated(codes(picture), 0.75 - 0.35 * strength)
    dark, bright = (np.array(cast, np.float32) for cast in _CASTS[int(rng.integers(len(_CASTS)))])
    level = values @ LUMA
    force = np.float32(1.0 + 0.9 * strength)
    values = values + force * (dark * (1 - level)[:, :, None] + bright * level[:, :, None])
    low, high = np.float32(0.13 + 0.12 * strength), np.float32(0.94 - 0.08 * strength)
    return picture_of(low + (high - low) * np.clip(values, 0, 1))


def pastel(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Makes colours pale and light: no shadow is dark, hues stay."""
    values = codes(picture)
    power = np.log(0.62) / np.log(np.clip(float(values.mean()), 0.15, 0.6))
    values = np.power(values, np.float32(max(0.3, min(power, 1.0))))
    values = saturated(values, 1.25 - 0.1 * strength)
    low = np.float32(0.34 + 0.16 * strength)
    tint = np.array(_TINTS[int(rng.integers(len(_TINTS)))], np.float32)
    return picture_of((low + (np.float32(0.98) - low) * np.clip(values, 0, 1)) * tint)


def vivid(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Saturates colours and adds contrast, as slide film does."""
    values = saturated(codes(picture), 1.8 + 1.0 * strength)
    bent = s_curve(np.clip(values, 0, 1), 3.2 + rng.uniform(0, 1.5))
    return picture_of(bent)


def cross_processed(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Develops slide film in the chemistry of negatives, or negatives in that of slides.

    The first has hard reds and greens, blue shadows and yellow-green lights; the second is its reverse.
    """
    values = codes(picture)
    amount = np.float32(0.55 + 0.45 * strength)
    red, green, blue = (values[:, :, channel] for channel in range(3))
    if rng.random() < 0.7:
        curves = (
            s_curve(red, 7.5, rng.uniform(0.48, 0.56)),
            s_curve(green, 5.5, rng.uniform(0.4, 0.46)),
            np.float32(0.22) + np.float32(0.54) * blue,
        )
    else:
        curves = (
            np.float32(0.2) + np.float32(0.62) * red,
            s_curve(green, 5.5, rng.uniform(0.46, 0.54)),
            s_curve(blue, 6.5, rng.uniform(0.36, 0.44)) * np.float32(0.9) + np.float32(0.08),
        )
    bent = saturated(np.stack(curves, axis=2), 1.0 + 0.2 * strength)
    return picture_of(values + (bent - values) * amount)
