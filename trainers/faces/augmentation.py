"""What happens to scenes with faces: parts of faces are covered, and light, colours and detail change."""

from __future__ import annotations

import io

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from trainers.common.frames import Picture
from trainers.faces.data import SURE, Faces


def cover(canvas: Image.Image, faces: Faces, other: Picture, rng: Generator) -> None:
    """Cover a side of some faces, less than half of it, by one colour or a piece of another photo."""
    for face in faces:
        if face[14] != SURE or rng.random() > 0.15:
            continue
        left, top, right, bottom = face[:4]
        share, side = rng.uniform(0.15, 0.45), int(rng.integers(4))
        width, height = right - left, bottom - top
        box = [left - 0.1 * width, top - 0.1 * height, right + 0.1 * width, bottom + 0.1 * height]
        cut = (left + share * width, top + share * height, right - share * width, bottom - share * height)
        box[(side + 2) % 4] = cut[side]
        x, y = round(box[0]), round(box[1])
        size = (max(1, round(box[2]) - x), max(1, round(box[3]) - y))
        if rng.random() < 0.5:
            canvas.paste(
                tuple(int(value) for value in rng.integers(0, 256, 3)), (x, y, x + size[0], y + size[1])
            )
        else:
            canvas.paste(Image.fromarray(np.ascontiguousarray(other)).resize(size, reducing_gap=1.0), (x, y))


def relit(canvas: Image.Image, rng: Generator) -> Picture:
    """The canvas in other light and colours, or grey, soft, noisy or compressed."""
    if rng.random() < 0.15:
        canvas = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.4)))
    if rng.random() < 0.1:
        canvas = canvas.convert("L").convert("RGB")
    if rng.random() < 0.8:
        canvas = canvas.point(_curves(rng))
    if rng.random() < 0.2:
        stored = io.BytesIO()
        canvas.save(stored, "JPEG", quality=int(rng.integers(25, 85)))
        canvas = Image.open(stored).convert("RGB")
    pixels = np.asarray(canvas)
    if rng.random() < 0.15:
        noise = rng.normal(0, rng.uniform(3, 20), (*pixels.shape[:2], 1 if rng.random() < 0.5 else 3))
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return pixels


def _curves(rng: Generator) -> list[int]:
    """A table of 3 x 256 values: gamma, contrast about the middle, and the gain of each channel."""
    level = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.3))
    level = (level - 0.5) * np.exp(rng.normal(0, 0.2)) + 0.5
    gains = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.08, 3))
    return [int(value) for gain in gains for value in np.clip(255 * level * gain, 0, 255)]
