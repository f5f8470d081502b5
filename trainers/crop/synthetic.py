"""Makes pictures without a camera, alike at any scale, for the control that the samples betray nothing.

A crop of them looks like the whole, and no lens was there: a network that tells crops of them from
whole pictures has learned how the samples were made.
"""

from __future__ import annotations

import numpy as np

from trainers.common.frames import Frames, Picture
from trainers.crop.camera_photos import CropPhotos

_FIELD = 2  # the noise goes on beyond the picture, so that its edges are nothing special


def synthetic_picture(width: int, height: int, seed: int) -> Picture:
    """Makes RGB noise (height, width, 3), uint8, whose power falls with the square of the frequency.

    So no size stands out in it.
    """
    rng = np.random.default_rng([seed, 7])
    shape = (_FIELD * height, _FIELD * width)
    down, across = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    common, planes = None, []
    for _ in range(3):
        noise = rng.standard_normal(shape, dtype=np.float32)
        plane = np.fft.irfft2(np.fft.rfft2(noise) / frequency, shape)[:height, :width]
        common = plane if common is None else common
        planes.append(0.8 * common + 0.4 * plane)
    picture = np.stack(planes, axis=2)
    picture = 118 + 45 * (picture - picture.mean()) / picture.std()
    return np.clip(picture, 0, 255).astype(np.uint8)


def synthetic_photos(count: int, width: int = 1536, height: int = 1024) -> CropPhotos:
    """Makes so many pictures, all in the test split."""
    pictures = [synthetic_picture(width, height, seed) for seed in range(count)]
    frames = Frames(pictures, ((height, width),) * count, (0,) * count, {})
    names = tuple(f"cloud_{number}" for number in range(count))  # samples are drawn by these names
    rows = np.arange(count)
    return CropPhotos(frames, names, ("synthetic",) * count, np.ones(count, bool), ("test",) * count, rows)
