"""Augmentation of photos with faces: they are placed on canvases, covered in part, and change in light."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from photocli.faces.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.common.yunet import mirrored
from trainers.faces.labels import SURE, UNSURE, Faces

SMALLEST = 9.0
"""The least size of a face that is to be found: the root of the box's area, in pixels."""

MAX_TURN = 40.0
"""The largest angle by which scenes turn faces, in degrees."""

_WHOLE, _CUT = 0.7, 0.2  # visible shares of a box: from the first it is a face, from the second nobody knows

# Geometry


class Region(NamedTuple):
    """A part of the canvas, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Placement:
    """How a photo gets onto the canvas: its point `centre` (fractions) comes to `to` (pixels), at `scale`
    pixels of canvas per pixel, turned clockwise by `turn` degrees, after mirroring if that is asked for."""

    centre: tuple[float, float]
    to: tuple[float, float]
    scale: float
    turn: float = 0.0
    mirror: bool = False


def transform_faces(faces: Faces, size: tuple[int, int], how: Placement) -> Faces:
    """Returns the faces of a photo in pixels of the canvas.

    `faces` are fractions of a photo of this width and height, which is mirrored already if it is to be. A
    turned face's box is that of the ellipse within the upright one: a face does not fill its corners.
    """
    cos, sin = np.cos(np.radians(how.turn)), np.sin(np.radians(how.turn))
    turn = how.scale * np.array([[cos, -sin], [sin, cos]])
    length = np.array(size)

    def to_canvas(places: np.ndarray) -> np.ndarray:
        return np.asarray((places - how.centre) * length @ turn.T + how.to)

    middle = to_canvas((faces[:, :2] + faces[:, 2:4]) / 2)
    half = (faces[:, 2:4] - faces[:, :2]) / 2 * length * how.scale
    half = np.sqrt((half * cos) ** 2 + (half[:, ::-1] * sin) ** 2)
    points = to_canvas(faces[:, 4:14].reshape(-1, 2)).reshape(-1, 10)
    return np.concatenate([middle - half, middle + half, points, faces[:, 14:]], axis=1).astype(np.float32)


def paste_photo(canvas: Image.Image, region: Region, photo: Picture, faces: Faces, how: Placement) -> Faces:
    """Draws a photo into a region of the canvas; returns its faces there, cut off ones as unsure."""
    if how.mirror:
        photo, faces = photo[:, ::-1], mirrored(faces)
    size = (photo.shape[1], photo.shape[0])
    image = Image.fromarray(np.ascontiguousarray(photo))
    scale = how.scale
    if scale < 1:  # antialiased; what remains is a shift and a turn
        less = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
        image, scale = image.resize(less, Image.Resampling.BILINEAR, reducing_gap=2.0), 1.0
    _draw(canvas, region, image, how, scale)
    return visible_faces(transform_faces(faces, size, how), region)


def _draw(canvas: Image.Image, region: Region, image: Image.Image, how: Placement, scale: float) -> None:
    """Draws an image by the affine map from the region's pixels back to its own."""
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


def visible_faces(faces: Faces, region: Region) -> Faces:
    """Returns the faces (n, 15), in pixels, that a region shows; those cut off or very small as unsure."""
    low = np.array([region.left, region.top])
    high = low + np.array([region.width, region.height])
    shown = np.clip(faces[:, 2:4], low, high) - np.clip(faces[:, :2], low, high)
    size = np.maximum(faces[:, 2:4] - faces[:, :2], 1e-6)
    share = (shown / size).prod(axis=1)
    faces = faces.copy()
    points = faces[:, 4:14].reshape(-1, 5, 2)
    points[((points < low) | (points > high)).any(axis=2)] = np.nan
    faces[:, 4:14] = points.reshape(-1, 10)
    faces[(share < _WHOLE) | (np.sqrt(size.prod(axis=1)) < SMALLEST), 14] = UNSURE
    return np.asarray(faces[share >= _CUT], np.float32)


def serving_view(photo: Picture, faces: Faces, side: int, turn: float = 0.0) -> tuple[Picture, Faces]:
    """Returns a photo as serving sees it, whole at the canvas's top left, and its faces in pixels.

    The photo is turned about its middle by `turn` degrees.
    """
    height, width = photo.shape[:2]
    scale = side / max(height, width)
    region = Region(0, 0, max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = Image.new("RGB", (side, side), (PADDING,) * 3)
    how = Placement((0.5, 0.5), (region.width / 2, region.height / 2), scale, turn)
    shown = paste_photo(canvas, region, photo, faces, how)
    return np.asarray(canvas), shown


def fill_region(canvas: Image.Image, region: Region, photo: Picture, faces: Faces, rng: Generator) -> Faces:
    """Covers a region by a photo, around one of its faces if it has any; returns its faces there."""
    height, width = photo.shape[:2]
    scale = max(region.width / width, region.height / height) * np.exp(rng.uniform(0, 0.5))
    turn, mirror = random_turn(rng), bool(rng.random() < 0.5)
    centre = rng.uniform(0.35, 0.65, 2)
    sure = faces[faces[:, 14] == SURE]
    if len(sure):
        face = sure[rng.integers(len(sure))]
        centre = (face[:2] + face[2:4]) / 2 + rng.normal(0, 0.1, 2) * (face[2:4] - face[:2])
        fits = 1.2 * max((face[2] - face[0]) * width, (face[3] - face[1]) * height)
        scale = min(scale, min(region.width, region.height) / max(fits, 1.0))
        if mirror:
            centre[0] = 1 - centre[0]
    # As near to the face as the photo still covers the region.
    for axis, (length, room) in enumerate(((width, region.width), (height, region.height))):
        free = min(0.5, room / 2 / (length * scale))
        centre[axis] = np.clip(centre[axis], free, 1 - free)
    to = (region.left + region.width / 2, region.top + region.height / 2)
    how = Placement((float(centre[0]), float(centre[1])), to, float(scale), turn, mirror)
    return paste_photo(canvas, region, photo, faces, how)


def random_turn(rng: Generator) -> float:
    """Draws an angle in degrees; half of them are 0."""
    return float(rng.uniform(-MAX_TURN, MAX_TURN)) if rng.random() < 0.5 else 0.0


# Occlusion, light and colour


def occlude_faces(canvas: Image.Image, faces: Faces, other: Picture, rng: Generator) -> None:
    """Covers a side of some faces, less than half of it, by one colour or a piece of another photo."""
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


def change_light(canvas: Image.Image, rng: Generator) -> Picture:
    """Returns the canvas in other light and colours, or grey, soft, noisy or compressed."""
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
    """Draws a table of 3 x 256 values: gamma, contrast about the middle, and the gain of each channel."""
    level = np.linspace(0, 1, 256) ** np.exp(rng.normal(0, 0.3))
    level = (level - 0.5) * np.exp(rng.normal(0, 0.2)) + 0.5
    gains = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.08, 3))
    return [int(value) for gain in gains for value in np.clip(255 * level * gain, 0, 255)]
