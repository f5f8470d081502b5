"""Light: high key, low key, haze, local tone mapping. See `trainers.style.looks` for what a look is."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from trainers.common.corruptions import from_light, to_light
from trainers.common.frames import Picture
from trainers.style.looks.toning import LUMA, Codes, codes, picture_of, saturated

Plane = NDArray[np.float32]


def _power_for(level: Codes, target: float) -> float:
    """Finds the power of values from 0 to 1 whose mean is the target, by bisection on a sample of them."""
    sample = np.clip(level[::4, ::4], 1e-3, 1)
    low, high = 0.08, 9.0
    for _ in range(14):
        power = (low * high) ** 0.5
        if float(np.power(sample, power).mean()) > target:
            low = power
        else:
            high = power
    return power


def high_key(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Brightens all, as before a white wall with the light on it: whites glow, few darks are left."""
    values = codes(picture)
    target = 0.76 + 0.12 * strength
    power = _power_for(values @ LUMA, target - 0.03)
    lifted = np.power(values, np.float32(power))
    # Light from everywhere fills the shadows, too; the brightest parts lose their drawing.
    fill = np.float32(0.08 + 0.1 * strength)
    return picture_of((fill + (1 - fill) * lifted) * np.float32(rng.uniform(1.02, 1.08)))


def low_key(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Darkens all but what shines: a night scene, or one lamp."""
    light = to_light(picture)
    peak = light.max(axis=2, keepdims=True)
    light = light * np.power(peak + np.float32(1e-4), np.float32(rng.uniform(0.0, 0.8)))
    values = codes(from_light(light))
    target = 0.2 - 0.07 * strength
    power = _power_for(values @ LUMA, target)
    if power < 1:
        power = 1.0  # it is dark already
    dark = np.power(values, np.float32(power))
    return picture_of(saturated(dark, rng.uniform(0.6, 0.95)))


def hazy(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Adds fog or dust: light of the air over the scene (Koschmieder 1924), which is softer in it.

    The air is thicker towards the top, or nowhere thin.
    """
    height = picture.shape[0]
    soft = 0.0025 * max(picture.shape) * rng.uniform(0.3, 1.0)
    light = to_light(np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(soft))))
    most = 0.4 + 0.28 * strength
    least = most * rng.uniform(0.7, 1.0)
    edge, wide = rng.uniform(0.3, 0.8), rng.uniform(0.15, 0.5)
    down = np.linspace(0, 1, height)
    density = least + (most - least) / (1 + np.exp((down - edge) / wide * 4))
    veil = np.float32(rng.uniform(0.5, 0.85)) * np.array(
        [rng.uniform(0.94, 1.04), 1.0, rng.uniform(0.95, 1.06)], np.float32
    )
    air = density.astype(np.float32)[:, None, None]
    return from_light(light * (1 - air) + veil * air)


def hdr(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Maps tones locally, as was in fashion: middle light everywhere, much detail, halos, strong colours."""
    values = codes(picture)
    level = values @ LUMA
    side = max(picture.shape)
    base = _blurred(level, side * rng.uniform(0.03, 0.06))
    fine = _blurred(level, side * 0.006)
    even = np.float32(0.5) + (base - np.float32(0.5)) * np.float32(0.55 - 0.3 * strength)
    middle, detail = fine - base, level - fine
    toned = even + middle * np.float32(1.5 + 0.7 * strength) + detail * np.float32(2.2 + 1.3 * strength)
    toned = np.clip(toned, 0.0, 1.0)
    ratio = (toned + np.float32(0.03)) / (level + np.float32(0.03))
    mapped = values * np.clip(ratio, 0.2, 3.5)[:, :, None]
    return picture_of(saturated(mapped, 1.25 + 0.35 * strength))


def _blurred(level: Plane, deviation: float) -> Plane:
    """Blurs a plane from 0 to 1 by a Gaussian; it is rounded to 255ths before, which nobody sees after."""
    image = Image.fromarray((np.clip(level, 0, 1) * 255 + 0.5).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(deviation)), np.float32) / np.float32(255)
