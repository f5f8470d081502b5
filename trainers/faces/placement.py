"""Photos placed on a canvas, nearer or farther, turned or mirrored, and where their faces come to lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from photocli.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.common.yunet import mirrored
from trainers.faces.data import UNSURE, Faces

SMALLEST = 9.0
"""Size in pixels, the root of the box's area, from which a face is one to be found."""

_WHOLE, _CUT = 0.7, 0.2  # shares of a box in sight: from the first it is a face, from the second nobody knows


class Region(NamedTuple):
    """A part of the canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Placing:
    """How a photo gets onto the canvas: its point `centre` (fractions) comes to `to` (pixels), at `scale`
    pixels of canvas per pixel, turned clockwise by `turn` degrees, after mirroring if that is asked for."""

    centre: tuple[float, float]
    to: tuple[float, float]
    scale: float
    turn: float = 0.0
    mirror: bool = False


def moved(faces: Faces, size: tuple[int, int], how: Placing) -> Faces:
    """Faces (fractions of a photo of this width and height, mirrored before if asked for) in pixels of the
    canvas.

    A turned face's box is that of the ellipse within the upright one: a face does not fill its corners.
    """
    cos, sin = np.cos(np.radians(how.turn)), np.sin(np.radians(how.turn))
    turn = how.scale * np.array([[cos, -sin], [sin, cos]])
    length = np.array(size)

    def to_canvas(places: np.ndarray) -> np.ndarray:
        return (places - how.centre) * length @ turn.T + how.to

    middle = to_canvas((faces[:, :2] + faces[:, 2:4]) / 2)
    half = (faces[:, 2:4] - faces[:, :2]) / 2 * length * how.scale
    half = np.sqrt((half * cos) ** 2 + (half[:, ::-1] * sin) ** 2)
    points = to_canvas(faces[:, 4:14].reshape(-1, 2)).reshape(-1, 10)
    return np.concatenate([middle - half, middle + half, points, faces[:, 14:]], axis=1).astype(np.float32)


def lay(canvas: Image.Image, region: Region, photo: Picture, faces: Faces, how: Placing) -> Faces:
    """Draw a photo into a region of the canvas; its faces there, those that are cut off as unsure."""
    if how.mirror:
        photo, faces = photo[:, ::-1], mirrored(faces)
    size = (photo.shape[1], photo.shape[0])
    image = Image.fromarray(np.ascontiguousarray(photo))
    scale = how.scale
    if scale < 1:  # antialiased; what remains is a shift and a turn
        less = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
        image, scale = image.resize(less, Image.Resampling.BILINEAR, reducing_gap=2.0), 1.0
    _draw(canvas, region, image, how, scale)
    return in_sight(moved(faces, size, how), region)


def _draw(canvas: Image.Image, region: Region, image: Image.Image, how: Placing, scale: float) -> None:
    """The affine map from the region's pixels back to the image's, and what lies inside of it."""
    cos, sin = np.cos(np.radians(how.turn)) / scale, np.sin(np.radians(how.turn)) / scale
    to = (how.to[0] - region.left, how.to[1] - region.top)
    centre = (how.centre[0] * image.width, how.centre[1] * image.height)
    across = centre[0] - cos * to[0] - sin * to[1]
    down = centre[1] + sin * to[0] - cos * to[1]
    image.putalpha(255)
    drawn = image.transform(
        (region.width, region.height),
        Image.Transform.AFFINE,
        (cos, sin, across, -sin, cos, down),
        Image.Resampling.BILINEAR,
    )
    canvas.paste(drawn.convert("RGB"), (region.left, region.top), drawn.getchannel("A"))


def in_sight(faces: Faces, region: Region) -> Faces:
    """Of faces in pixels, those in sight within a region; cut off or very small ones as unsure."""
    low = np.array([region.left, region.top])
    high = low + np.array([region.width, region.height])
    seen = np.clip(faces[:, 2:4], low, high) - np.clip(faces[:, :2], low, high)
    size = np.maximum(faces[:, 2:4] - faces[:, :2], 1e-6)
    share = (seen / size).prod(axis=1)
    faces = faces.copy()
    points = faces[:, 4:14].reshape(-1, 5, 2)
    points[((points < low) | (points > high)).any(axis=2)] = np.nan
    faces[:, 4:14] = points.reshape(-1, 10)
    faces[(share < _WHOLE) | (np.sqrt(size.prod(axis=1)) < SMALLEST), 14] = UNSURE
    return faces[share >= _CUT]


def contained(photo: Picture, faces: Faces, side: int, turn: float = 0.0) -> tuple[Picture, Faces]:
    """A photo as serving sees it, whole at the canvas's top left, but turned about its middle."""
    height, width = photo.shape[:2]
    scale = side / max(height, width)
    region = Region(0, 0, max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = Image.new("RGB", (side, side), (PADDING,) * 3)
    how = Placing((0.5, 0.5), (region.width / 2, region.height / 2), scale, turn)
    found = lay(canvas, region, photo, faces, how)
    return np.asarray(canvas), found
