"""Lens and movement: shallow depth of field, radial motion, motion blur.

See `trainers.style.looks` for what a look is.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from trainers.common.corruptions import convolve, disc_kernel, from_light, to_light
from trainers.common.frames import Picture

Light = NDArray[np.float32]


def shallow_depth_of_field(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Keeps a subject in focus and blurs all around it to discs of light, as a wide-open lens does."""
    height, width = picture.shape[:2]
    sharp = subject(picture, rng)
    radius = max(height, width) * (0.016 + 0.018 * strength)
    light = to_light(picture)
    # What is in focus must not glow into what is behind it, so its light is left out of the discs.
    behind = (1 - sharp)[:, :, None] + np.float32(0.02)
    small = (max(8, width // 2), max(8, height // 2))
    planes = np.concatenate([light * behind, behind], axis=2)
    half = np.stack([_resized(planes[:, :, channel], small) for channel in range(4)], axis=2)
    spread = convolve(half, disc_kernel(max(1.0, radius / 2)))
    full = np.stack([_resized(spread[:, :, channel], (width, height)) for channel in range(4)], axis=2)
    soft = np.clip(full[:, :, :3] / np.maximum(full[:, :, 3:], np.float32(1e-3)), 0, 1)
    keep = sharp[:, :, None]
    return from_light(light * keep + soft * (1 - keep))


def subject(picture: Picture, rng: Generator) -> Light:
    """Returns where a photo is in focus, (height, width), 0 to 1.

    This is an ellipse on its sharpest part near the middle, at times with the ground that the subject stands
    on.
    """
    height, width = picture.shape[:2]
    middle = sharpest(picture, rng)
    size = rng.uniform(0.13, 0.24)
    reach = size * np.exp(rng.uniform(-0.25, 0.25)) * np.array([1.15, 0.9]) * np.sqrt(height * width)
    turn = rng.uniform(-0.5, 0.5)
    down = np.arange(height, dtype=np.float32) + np.float32(0.5 - middle[0] * height)
    across = np.arange(width, dtype=np.float32) + np.float32(0.5 - middle[1] * width)
    along = down[:, None] * np.float32(np.cos(turn)) + across[None] * np.float32(np.sin(turn))
    beside = across[None] * np.float32(np.cos(turn)) - down[:, None] * np.float32(np.sin(turn))
    power = np.float32(rng.uniform(2.0, 3.0))
    far = (
        np.abs(along / np.float32(reach[0])) ** power + np.abs(beside / np.float32(reach[1])) ** power
    ) ** (1 / power)
    edge = rng.uniform(0.25, 0.6)
    mask = np.clip((1 + edge - far) / edge, 0, 1)
    if rng.random() < 0.25:  # the plane of focus cuts the ground below
        line = float(middle[0] * height + reach[0] * rng.uniform(0.7, 1.0))
        band = np.clip(1.5 - np.abs(np.arange(height) - line) / (height * rng.uniform(0.04, 0.08)), 0, 1)
        mask = np.maximum(mask, band.astype(np.float32)[:, None])
    return (mask * mask * (3 - 2 * mask)).astype(np.float32)


def sharpest(picture: Picture, rng: Generator) -> tuple[float, float]:
    """Returns where most detail is (down, across, 0 to 1), pulled to the middle, with some chance."""
    small = np.asarray(
        Image.fromarray(picture).convert("L").resize((96, 96), Image.Resampling.BOX), np.float32
    )
    detail = np.abs(np.diff(small, axis=0))[:, :-1] + np.abs(np.diff(small, axis=1))[:-1]
    soft = Image.fromarray(np.clip(3 * detail, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(9))
    energy = np.asarray(soft, np.float32)
    place = np.linspace(-1, 1, 95, dtype=np.float32)
    away = place[:, None] ** 2 + place[None] ** 2
    energy = (energy + 4) * np.exp(-away * np.float32(rng.uniform(1.0, 2.2)))
    best = int((energy * (1 + 0.15 * rng.standard_normal(()))).argmax())
    jitter = rng.uniform(-0.04, 0.04, 2)
    found = np.array([best // 95, best % 95]) / 94 + jitter
    down, across = np.clip(found, 0.2, 0.8)
    return float(down), float(across)


def motion_blur(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Draws everything out along one line, as a moving camera does."""
    length = max(picture.shape) * (0.045 + 0.075 * strength)
    return from_light(convolve(to_light(picture), line_kernel(length, rng.uniform(0, np.pi))))


def line_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """Returns the kernel of a line of `length` pixels at an angle in radians; it sums to 1."""
    reach = int(np.ceil(length / 2)) + 1
    across, down = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    along = across * np.cos(angle) + down * np.sin(angle)
    beside = np.abs(down * np.cos(angle) - across * np.sin(angle))
    line = np.clip(1 - beside, 0, 1) * np.clip(length / 2 + 0.5 - np.abs(along), 0, 1)
    return (line / line.sum()).astype(np.float32)


def radial_motion(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Zooms, or turns the camera, while the shutter is open; the middle stays sharp."""
    height, width = picture.shape[:2]
    middle = (height * rng.uniform(0.38, 0.62), width * rng.uniform(0.38, 0.62))
    turns = rng.random() < 0.4
    amount = 0.14 + 0.14 * strength
    steps = 5  # of 2^5 moments
    light = to_light(picture)
    for step in range(steps):
        part = amount / 2 ** (steps - step)
        # The mean of so many moments and the same moments later: twice as many.
        light = (light + _moved(light, middle, part, turns)) / np.float32(2)
    return from_light(light)


def _moved(light: Light, middle: tuple[float, float], amount: float, turns: bool) -> Light:
    """Turns light by an angle, or enlarges it by a factor's logarithm, about a place."""
    y, x = middle
    scale = 1.0 if turns else float(np.exp(-amount))
    cos, sin = (float(np.cos(amount)), float(np.sin(amount))) if turns else (1.0, 0.0)
    a, b = scale * cos, -scale * sin
    d, e = scale * sin, scale * cos
    height, width = light.shape[:2]
    # Corners that turn out of the frame are followed by what a mirror at its edge would show.
    edge = min(int(amount * max(height, width)) + 2, height - 1, width - 1) if turns else 0
    matrix = (a, b, x - a * x - b * y + edge, d, e, y - d * x - e * y + edge)
    wide = np.pad(light, ((edge, edge), (edge, edge), (0, 0)), mode="reflect") if edge else light
    planes = []
    for channel in range(3):
        image = Image.fromarray(np.ascontiguousarray(wide[:, :, channel]))
        image = image.transform(
            (width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=-1
        )
        planes.append(np.asarray(image))
    moved = np.stack(planes, axis=2)
    return np.where(moved < 0, light, moved)


def _resized(plane: Light, size: tuple[int, int]) -> Light:
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, Image.Resampling.BILINEAR))
