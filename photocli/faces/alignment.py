"""Faces cut from a photo so that all lie alike: upright, the eyes at fixed places; in training and serving.

A face is an array (15,): left, top, right, bottom of its box, then x and y of five points (the eye at the
left of the picture, the eye at the right, nose tip, mouth corner at the left, at the right), all in fractions
of the upright photo, and its score 0-1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.inputs.pyramid import Pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OUTSIDE = (124, 116, 104)
"""The colour of what lies outside the photo: the mean of ImageNet, which says least to a network."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a face comes to lie in its square: fractions of the side of the square.

    `eyes_apart` is the distance of the eyes, `eyes_height` how far below the upper edge they are; they lie
    symmetrically about the middle.

    Faces in profile would be blown up by that. Where the eyes are closer together than the share `profile` of
    the larger side of the face's box (of faces seen from the front it is 0.30 to 0.40), the box is scaled as
    that of a face with the eyes just so far apart, and the closer they are, the more the middle of the box
    comes to lie at half the width and at `box_height`; from a third less on it lies there.
    """

    eyes_apart: float = 0.30
    eyes_height: float = 0.42
    profile: float = 0.30
    box_height: float = 0.51


@dataclass(frozen=True, slots=True)
class Similarity:
    """A turn, a scale and a shift, from pixels of the square to pixels of the photo.

    The point (x, y) of the square comes from (`a` x - `b` y + `c`, `b` x + `a` y + `d`); the corner of the
    upper left pixel is (0, 0).
    """

    a: float
    b: float
    c: float
    d: float

    @property
    def scale(self) -> float:
        """Pixels of the photo per pixel of the square."""
        return math.hypot(self.a, self.b)

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """Where in the photo a point of the square lies."""
        return self.a * x - self.b * y + self.c, self.b * x + self.a * y + self.d


def similarity(size: tuple[int, int], face: NDArray[np.float32], side: int, place: Place) -> Similarity:
    """From a square of `side` pixels to a photo of `size` (width, height) pixels with this face (15,)."""
    width, height = size
    left, top, right, bottom = (float(v) * n for v, n in zip(face[:4], (width, height) * 2, strict=True))
    x1, y1, x2, y2 = (float(v) * n for v, n in zip(face[4:8], (width, height) * 2, strict=True))
    larger = max(right - left, bottom - top, 1.0)
    apart = math.hypot(x2 - x1, y2 - y1)
    scale = max(apart, place.profile * larger) / (place.eyes_apart * side)
    # Both rules meet where the one gives way to the other, so that a pixel more or less makes no jump.
    box = min(max(3 - 3 * apart / (place.profile * larger), 0.0), 1.0)
    x = (1 - box) * (x1 + x2) / 2 + box * (left + right) / 2
    y = (1 - box) * (y1 + y2) / 2 + box * (top + bottom) / 2
    below = ((1 - box) * place.eyes_height + box * place.box_height) * side
    turn = math.atan2(y2 - y1, x2 - x1) if apart else 0.0
    # Of faces in profile, detectors confuse the eyes; the mouth tells which way is down.
    mouth_x, mouth_y = (float(face[at] + face[at + 2]) / 2 * n for at, n in ((10, width), (11, height)))
    if (mouth_y - (y1 + y2) / 2) * math.cos(turn) < (mouth_x - (x1 + x2) / 2) * math.sin(turn):
        turn += math.pi
    a, b = scale * math.cos(turn), scale * math.sin(turn)
    return Similarity(a, b, x - a * side / 2 + b * below, y - b * side / 2 - a * below)


def align(
    pixels: NDArray[np.uint8], face: NDArray[np.float32], side: int, place: Place | None = None
) -> NDArray[np.uint8]:
    """The face (15,) of upright RGB pixels (height, width, 3), as a square: uint8 (side, side, 3).

    Large faces are reduced with an antialiasing filter; what lies outside the photo has the colour `OUTSIDE`.
    """
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    way = similarity((width, height), face, side, place or Place())
    corners = [way.apply(x, y) for x in (0, side) for y in (0, side)]
    margin = 2 * way.scale + 2  # pixels around it that the filters need
    left = math.floor(min(max(min(x for x, _ in corners) - margin, 0), width - 1))
    top = math.floor(min(max(min(y for _, y in corners) - margin, 0), height - 1))
    right = math.ceil(max(min(max(x for x, _ in corners) + margin, width), left + 1))
    bottom = math.ceil(max(min(max(y for _, y in corners) + margin, height), top + 1))
    part = pixels[top:bottom, left:right]
    across = down = 1.0
    if way.scale > 1:
        size = (max(1, round(part.shape[1] / way.scale)), max(1, round(part.shape[0] / way.scale)))
        across, down = size[0] / part.shape[1], size[1] / part.shape[0]
        part = Pyramid(part).reduced(*size)
    x, y = way.apply(0.5, 0.5)  # OpenCV counts from the middle of the first pixel, and we from its corner
    square = cv2.warpAffine(
        part,
        np.array(
            [
                [way.a * across, -way.b * across, (x - left) * across - 0.5],
                [way.b * down, way.a * down, (y - top) * down - 0.5],
            ]
        ),
        (side, side),
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=OUTSIDE,
    )
    return np.asarray(square, np.uint8)
