"""Scenes: what stands before the camera, as linear light, at any size; sharp, though made from less."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Light = NDArray[np.float32]

FRAMES = 4
"""Frames of a burst, which show one scene; the camera moves a little between them."""

_LARGEST_PART, _SMALLEST_PART = 1.0, 0.6
_DETAIL = 0.6
_MOVES_BY = 0.002


@lru_cache(maxsize=1)
def _pictures() -> tuple[NDArray[np.uint8], ...]:
    """Returns real pictures as RGB arrays, one of them with a face."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    samples = (*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee(), data.rocket())
    return tuple(np.ascontiguousarray(picture) for picture in samples)


def make_scene(number: int, width: int, height: int) -> Light:
    """Returns the scene of photo `number`: linear RGB from 0 to 1, float32 of shape (height, width, 3).

    Photos of one burst share a scene and differ by where the camera points.
    """
    rng = np.random.default_rng(number // FRAMES)
    picture = _pictures()[number // FRAMES % len(_pictures())]
    part = _part(picture, rng, width / height)
    scene = _enlarged(np.asarray(part / 255, np.float32), width, height)
    scene += _texture(part, width, height)[:, :, None]
    np.clip(scene, 0, 1, out=scene)
    scene **= 2.2
    return _moved(scene, np.random.default_rng([number, 1]), number % FRAMES)


def _enlarged(light: Light, width: int, height: int) -> Light:
    return np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _part(picture: NDArray[np.uint8], rng: Generator, aspect: float) -> NDArray[np.uint8]:
    """Returns a part of a picture with these proportions, mirrored or not."""
    height, width = picture.shape[:2]
    across = min(width, height * aspect) * rng.uniform(_SMALLEST_PART, _LARGEST_PART)
    size = (round(across / aspect), round(across))
    top, left = (
        int(rng.integers(0, most - side + 1)) for most, side in zip((height, width), size, strict=True)
    )
    part = picture[top : top + size[0], left : left + size[1]]
    return np.ascontiguousarray(part[:, ::-1] if rng.integers(2) else part)


def _texture(part: NDArray[np.uint8], width: int, height: int) -> Light:
    """Returns detail like the finest of a picture, but in no order, and as strong as the picture's is there.

    Enlarged twelve times, a picture has none of its own at the scale of the new pixels.
    """
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    fine = np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 2), np.float32)
    strength = cv2.resize(cv2.GaussianBlur(np.abs(fine), (0, 0), 3), (width, height))
    texture = np.zeros((height, width), np.float32)
    spectrum = np.abs(np.fft.rfft2(fine))
    for times in (1, 3):
        phases = np.random.default_rng(times).uniform(0, 2 * np.pi, spectrum.shape)
        alike = np.fft.irfft2(spectrum * np.exp(1j * phases), s=fine.shape).astype(np.float32)
        larger = _enlarged(alike, times * fine.shape[1], times * fine.shape[0])
        texture += _repeated(larger / max(float(larger.std()), 1e-6), width, height)
    return np.asarray(_DETAIL * strength * texture, np.float32)


def _repeated(tile: Light, width: int, height: int) -> Light:
    """Returns an area filled with a tile and its mirror images, which meet without seams."""
    both = np.concatenate([tile, tile[:, ::-1]], axis=1)
    four = np.concatenate([both, both[::-1]])
    times = (-(-height // four.shape[0]), -(-width // four.shape[1]))
    return np.asarray(np.tile(four, times)[:height, :width])


def _moved(scene: Light, rng: Generator, frame: int) -> Light:
    if frame == 0:
        return scene
    height, width = scene.shape[:2]
    across, down = rng.uniform(-_MOVES_BY, _MOVES_BY, 2) * width
    shift = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(scene, shift, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.float32)
