"""Blur, fog, corners and grain as filters of an editor make them. See `trainers.style.editor`."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainers.common.frames import Picture

Mask = NDArray[np.float32]


def _laid(one: Picture, other: Picture, mask: Mask) -> Picture:
    """Lays `other` over `one` where the mask (height, width; 0 to 1) is 1."""
    share = mask[:, :, None]
    return (one * (1 - share) + other * share + 0.5).astype(np.uint8)


def _distance(picture: Picture, middle: tuple[float, float], reach: tuple[float, float]) -> Mask:
    """Returns how far each pixel is from a place, in units of `reach`: (down, across), as shares."""
    height, width = picture.shape[:2]
    down = (np.arange(height) / height - middle[0]) / reach[0]
    across = (np.arange(width) / width - middle[1]) / reach[1]
    return np.hypot(down[:, None], across[None]).astype(np.float32)


def hazy(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Lays a pale colour over the photo, evenly or thicker with the distance, which is up."""
    share = 0.42 + 0.2 * strength
    fog = np.empty_like(picture)
    fog[:] = np.clip(rng.normal(215, 12) + rng.normal(0, 5, 3), 150, 250).astype(np.uint8)
    height, width = picture.shape[:2]
    ramp = np.ones(height) if rng.random() < 0.5 else np.linspace(1.2, 0.75, height)
    mask = np.repeat(np.clip(share * ramp, 0, 0.85).astype(np.float32)[:, None], width, axis=1)
    return _laid(picture, fog, mask)


def shallow_depth_of_field(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Blurs all but an oval, or a band as tilt-shift does: by a Gaussian, or in two steps of it."""
    deviation = max(picture.shape) * (0.011 + 0.009 * strength)
    middle = (float(rng.uniform(0.4, 0.65)), float(rng.uniform(0.35, 0.65)))
    if rng.random() < 0.75:
        size = float(rng.uniform(0.2, 0.32))
        far = _distance(picture, middle, (size * 1.2, size))
    else:
        far = _distance(picture, middle, (float(rng.uniform(0.12, 0.2)), 1e6))
    near, wide = (cv2.GaussianBlur(picture, (0, 0), deviation * scale) for scale in (0.5, 1.0))
    first = _laid(picture, np.asarray(near), np.clip((far - 0.8) / 0.3, 0, 1))
    return _laid(first, np.asarray(wide), np.clip((far - 1.1) / 0.4, 0, 1))


def motion_blur(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Averages along a line that is drawn into the kernel, at any angle."""
    length = max(5, round(max(picture.shape) * (0.045 + 0.06 * strength)))
    kernel = np.zeros((length, length), np.float32)
    angle, half = rng.uniform(0, np.pi), (length - 1) / 2
    ends = [
        (round(half + way * half * np.cos(angle)), round(half + way * half * np.sin(angle)))
        for way in (-1, 1)
    ]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()))


def radial_motion(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Averages along the radius, or around the middle, in polar coordinates."""
    height, width = picture.shape[:2]
    edge = int(np.hypot(height, width) * 0.35)  # so that polar coordinates end outside of the photo
    wide = cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REFLECT)
    middle = (edge + width * float(rng.uniform(0.42, 0.58)), edge + height * float(rng.uniform(0.42, 0.58)))
    size, reach = (max(height, width), 2 * max(height, width)), float(np.hypot(height, width)) * 0.62
    if rng.random() < 0.6:  # a step outwards is a factor there: a zoom
        way = cv2.INTER_LINEAR | cv2.WARP_POLAR_LOG
        kernel = (max(3, round(size[0] / np.log(reach) * (0.13 + 0.13 * strength))), 1)
    else:
        way, kernel = cv2.INTER_LINEAR, (1, max(3, round(size[1] * (0.022 + 0.022 * strength))))
    polar = cv2.warpPolar(wide, size, middle, reach, way)
    across, down = kernel
    padded = cv2.copyMakeBorder(polar, down, down, across, across, cv2.BORDER_REPLICATE)
    soft = np.ascontiguousarray(cv2.blur(padded, kernel)[down:-down, across:-across])
    back = cv2.warpPolar(soft, wide.shape[1::-1], middle, reach, way | cv2.WARP_INVERSE_MAP)
    return np.ascontiguousarray(back[edge:-edge, edge:-edge])


def vignette(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Multiplies codes by a bell about the middle, a cosine to the fourth, or an oval with a soft edge."""
    kind = int(rng.integers(3))
    far = _distance(picture, (0.5, 0.5), (0.5, 0.5))  # 1.41 in the corners
    if kind == 0:
        fall = np.exp(-((far / (1.0 - 0.22 * strength)) ** 2) / 1.1)
    elif kind == 1:
        fall = np.cos(np.arctan(far * (0.95 + 0.35 * strength))) ** 4
        fall = fall / fall.max()
    else:
        start = float(rng.uniform(0.6, 0.8))
        fall = 1 - np.clip((far - start) / (1.4 - start), 0, 1) * (0.8 + 0.2 * strength)
    return (picture * fall[:, :, None] + 0.5).astype(np.uint8)


def film_grain(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Adds soft noise to lightness or to each channel, alike in all tones or more in the shadows."""
    height, width = picture.shape[:2]
    coarse = float(rng.uniform(0.5, 1.0)) * max(height, width) / 320
    layers = 3 if rng.random() < 0.25 else 1
    grain = rng.standard_normal((height, width, layers)).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), coarse).reshape(height, width, layers)
    grain *= (14 + 14 * strength) / max(float(grain.std()), 1e-6)
    if rng.random() < 0.4:
        grain = grain * (1.25 - 0.6 * picture.mean(2, keepdims=True).astype(np.float32) / 255)
    return np.clip(picture + grain + 0.5, 0, 255).astype(np.uint8)
