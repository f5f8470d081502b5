"""Changes that a photographer may want and that are no faults: haze, night, black and white, soft background.

Each is a function (picture, rng) -> picture over sRGB, uint8, (height, width, 3).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainers.common.corruptions import from_light, to_light
from trainers.common.frames import Picture

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the picture."""


def black_and_white(picture: Picture, rng: Generator) -> Picture:
    """Mixes the channels to grey at random, with some contrast."""
    weights = rng.dirichlet([3, 5, 2])
    grey = (picture @ weights - 128) * rng.uniform(0.9, 1.5) + 128
    return np.repeat(np.clip(grey + 0.5, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def haze(picture: Picture, rng: Generator) -> Picture:
    """Adds fog, evenly, since more of it above would tell up from down."""
    amount = np.float32(rng.uniform(0.25, 0.65))
    veil = rng.uniform(0.45, 0.85) * np.array([0.97, 1.0, 1.03], np.float32)
    return from_light(to_light(picture) * (1 - amount) + veil * amount)


def night(picture: Picture, rng: Generator) -> Picture:
    """Darkens the scene but for its lights."""
    light = to_light(picture)
    peak = light.max(axis=2, keepdims=True)
    return from_light(light * np.power(peak + 1e-4, rng.uniform(0.5, 1.4)) * rng.uniform(0.8, 1.1))


def high_key(picture: Picture, rng: Generator) -> Picture:
    """Brightens all of it, as on snow or before a white wall; darks stay dark and whites are not lost."""
    light = to_light(picture)
    return from_light(np.power(light, np.float32(rng.uniform(0.45, 0.75))) * np.float32(0.97))


def tinted(picture: Picture, rng: Generator) -> Picture:
    """Changes the white balance."""
    return from_light(to_light(picture) * np.exp2(rng.uniform(-0.4, 0.4, 3)).astype(np.float32))


LOOKS = (black_and_white, haze, night, high_key, tinted)
CHANCES = (0.3, 0.12, 0.15, 0.13, 0.3)


def random_look(picture: Picture, rng: Generator) -> Picture:
    """Gives the picture one of the looks, drawn by `CHANCES`."""
    return LOOKS[int(rng.choice(len(LOOKS), p=CHANCES))](picture, rng)


def subject_mask(shape: tuple[int, ...], faces: list[Box], rng: Generator) -> NDArray[np.float32]:
    """Returns where a photo of this shape is sharp while its background is soft: (height, width), 0 to 1.

    That is a face, where there is one, or an ellipse anywhere near the middle.
    """
    height, width = shape[:2]
    if faces:
        left, top, right, bottom = max(faces, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
        middle = ((left + right) / 2, (top + bottom) / 2)
        reach = ((right - left) * rng.uniform(0.6, 0.9), (bottom - top) * rng.uniform(0.6, 0.9))
    else:
        middle = (rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.75))
        reach = (rng.uniform(0.16, 0.35), rng.uniform(0.16, 0.35))
    across = (np.arange(width, dtype=np.float32) + 0.5) / width - np.float32(middle[0])
    down = (np.arange(height, dtype=np.float32) + 0.5) / height - np.float32(middle[1])
    distance = np.hypot(across[None] / np.float32(reach[0]), down[:, None] / np.float32(reach[1]))
    return np.clip((1.25 - distance) / 0.4, 0, 1).astype(np.float32)
