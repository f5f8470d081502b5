"""Where the face of scikit-image's astronaut is, for the tests of faces."""

from __future__ import annotations

import numpy as np

# Where pupils, nose and mouth are in skimage's astronaut, by hand, in pixels.
PUPILS = np.array([(203.5, 100.9), (247.0, 103.0)])


BOX = np.array([177.4, 65.4, 268.7, 175.6])


REST = np.array([(223.2, 127.5), (204.4, 143.0), (242.8, 143.4)])


POINTS = np.concatenate([PUPILS, REST])


def face_of(box: np.ndarray, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A face (15,) from pixels, in a photo of `size` (width, height)."""
    near = np.concatenate([box, points.ravel()]) / np.resize(size, 14)
    return np.append(near, 0.9).astype(np.float32)
