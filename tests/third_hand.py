"""Looks by a third hand, by Pillow and scikit-image: nothing was fitted to them, they only judge.

Each is a function (picture, strength, rng) -> picture, as in `trainers.style.looks`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from trainers.common.frames import Picture

Rng = np.random.Generator


def pixels(image: Image.Image) -> Picture:
    return np.asarray(image.convert("RGB"))


def curved(picture: Picture, power: float, low: float = 0.0, high: float = 1.0) -> Image.Image:
    values = low + (high - low) * (picture / 255.0) ** power
    return Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))


def noir(picture: Picture, strength: float, rng: Rng) -> Picture:
    grey = ImageOps.autocontrast(ImageOps.grayscale(Image.fromarray(picture)), cutoff=(12, 8))
    return pixels(ImageEnhance.Contrast(grey).enhance(1.4 + 0.6 * strength))


def black_and_white(picture: Picture, strength: float, rng: Rng) -> Picture:
    grey = ImageOps.grayscale(Image.fromarray(picture))
    return pixels(ImageEnhance.Contrast(grey).enhance(0.95 + 0.2 * strength))


def sepia(picture: Picture, strength: float, rng: Rng) -> Picture:
    grey = ImageOps.grayscale(Image.fromarray(picture))
    middle = ((150, 118, 84), (148, 114, 76), (162, 128, 90))[int(rng.integers(3))]
    return pixels(ImageOps.colorize(grey, (28, 18, 8), (255, 240, 208), mid=middle))


def vintage(picture: Picture, strength: float, rng: Rng) -> Picture:
    faded = ImageEnhance.Color(curved(picture, 0.95, 0.16 + 0.06 * strength, 0.93)).enhance(0.65)
    tint = ((1.08, 1.0, 0.84), (1.0, 1.03, 0.9), (1.1, 0.98, 0.92))[int(rng.integers(3))]
    return np.clip(pixels(faded) * np.array(tint), 0, 255).astype(np.uint8)


def hdr(picture: Picture, strength: float, rng: Rng) -> Picture:
    from skimage import exposure

    equal = exposure.equalize_adapthist(picture, clip_limit=0.02 + 0.02 * strength)
    image = Image.fromarray((equal * 255).astype(np.uint8))
    crisp = image.filter(ImageFilter.UnsharpMask(max(picture.shape) / 40, 70, 0))
    return pixels(ImageEnhance.Color(crisp).enhance(1.4 + 0.3 * strength))


def high_key(picture: Picture, strength: float, rng: Rng) -> Picture:
    bright = curved(picture, 0.42 - 0.1 * strength, 0.06)
    level = np.asarray(bright.convert("L")).mean()
    return pixels(ImageEnhance.Brightness(bright).enhance(max(1.0, (185 + 20 * strength) / level)))


def low_key(picture: Picture, strength: float, rng: Rng) -> Picture:
    level = picture.mean() / 255
    return pixels(curved(picture, np.log(0.17 - 0.04 * strength) / np.log(np.clip(level, 0.2, 0.7))))


def pastel(picture: Picture, strength: float, rng: Rng) -> Picture:
    pale = ImageEnhance.Color(Image.fromarray(picture)).enhance(0.8)
    return pixels(curved(np.asarray(pale), 0.75, 0.36 + 0.1 * strength, 0.98))


def hazy(picture: Picture, strength: float, rng: Rng) -> Picture:
    fog = Image.new("RGB", picture.shape[1::-1], tuple(int(v) for v in rng.integers(195, 225, 1).repeat(3)))
    return pixels(Image.blend(Image.fromarray(picture), fog, 0.45 + 0.2 * strength))


def vivid(picture: Picture, strength: float, rng: Rng) -> Picture:
    strong = ImageEnhance.Color(Image.fromarray(picture)).enhance(1.8 + 0.7 * strength)
    return pixels(ImageEnhance.Contrast(strong).enhance(1.15))


def cross_processed(picture: Picture, strength: float, rng: Rng) -> Picture:
    values = picture / 255.0
    bend = values * values * (3 - 2 * values)
    force = 0.7 + 0.3 * strength
    red, green = (
        values[..., at] + force * (bend[..., at] - values[..., at]) * (1.6, 1.2)[at] for at in (0, 1)
    )
    blue = values[..., 2] * (1 - 0.42 * force) + 0.24 * force
    return (np.clip(np.dstack([red, green, blue]), 0, 1) * 255).astype(np.uint8)


def oval(picture: Picture, reach: float, soft: float) -> Image.Image:
    """255 in an oval of `reach` of both sides, and 0 outside, softly."""
    height, width = picture.shape[:2]
    y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return Image.fromarray((np.clip((reach + soft - np.hypot(x, y)) / soft, 0, 1) * 255).astype(np.uint8))


def shallow_depth_of_field(picture: Picture, strength: float, rng: Rng) -> Picture:
    image = Image.fromarray(picture)
    soft = image.filter(ImageFilter.BoxBlur(max(picture.shape) * (0.014 + 0.01 * strength)))
    soft = soft.filter(ImageFilter.BoxBlur(max(picture.shape) * 0.008))
    return pixels(Image.composite(image, soft, oval(picture, float(rng.uniform(0.35, 0.5)), 0.35)))


def radial_motion(picture: Picture, strength: float, rng: Rng) -> Picture:
    image, count = Image.fromarray(picture), 16
    width, height = image.size
    total = np.zeros(picture.shape)
    for step in range(count):
        edge = (0.12 + 0.1 * strength) * step / count / 2
        box = (width * edge, height * edge, width * (1 - edge), height * (1 - edge))
        total += np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box=box))
    return (total / count).astype(np.uint8)


def motion_blur(picture: Picture, strength: float, rng: Rng) -> Picture:
    reach, angle = max(picture.shape) * (0.05 + 0.05 * strength), rng.uniform(0, np.pi)
    moments = np.linspace(-0.5, 0.5, max(8, int(reach)))
    wide = np.pad(picture, ((40, 40), (40, 40), (0, 0)), mode="edge")
    image, total = Image.fromarray(wide), np.zeros(wide.shape)
    for moment in moments:
        shift = (round(moment * reach * np.cos(angle)), round(moment * reach * np.sin(angle)))
        total += np.asarray(ImageChops.offset(image, *shift))
    return (total / len(moments)).astype(np.uint8)[40:-40, 40:-40]


def vignette(picture: Picture, strength: float, rng: Rng) -> Picture:
    dark = Image.fromarray((picture * (0.22 - 0.12 * strength)).astype(np.uint8))
    mask = oval(picture, float(rng.uniform(0.45, 0.65)), float(rng.uniform(0.7, 0.9)))
    return pixels(Image.composite(Image.fromarray(picture), dark, mask))


def film_grain(picture: Picture, strength: float, rng: Rng) -> Picture:
    from skimage.util import random_noise

    noisy = random_noise(
        np.full(picture.shape[:2], 0.5), "gaussian", rng=rng, var=(0.11 + 0.05 * strength) ** 2
    )
    grain = np.asarray(Image.fromarray((noisy * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(0.5)))
    return np.clip(picture + (grain[:, :, None] - 127.5), 0, 255).astype(np.uint8)


LOOKS: dict[str, Callable[[Picture, float, Rng], Picture]] = {
    "noir": noir,
    "black and white": black_and_white,
    "sepia": sepia,
    "vintage": vintage,
    "hdr": hdr,
    "high key": high_key,
    "low key": low_key,
    "pastel": pastel,
    "hazy": hazy,
    "vivid": vivid,
    "cross-processed": cross_processed,
    "shallow depth of field": shallow_depth_of_field,
    "radial motion": radial_motion,
    "motion blur": motion_blur,
    "vignette": vignette,
    "film grain": film_grain,
}
