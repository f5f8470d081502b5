"""Alignment of faces: the teacher finds them, and they are cut from their photos once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photocli.errors import UsageError
from photocli.faces.alignment import OUTSIDE, Place, align
from trainers.common.yunet import CLOSE, YuNet

ROOM = 1.25
"""Side of the square that training cuts its views from, in sides of the square that is served: views that are
turned, shifted or a little larger then show what is there, and no border."""

FINER = 1.2
"""Its pixels for one of the square that is served."""

_PADDING = 0.5  # of the side: faces that fill their picture are found where there is room around
_LEAST = 0.5  # score of the teacher: each photo is known to show one face


def detect_faces(paths: Sequence[Path], teacher: Path) -> NDArray[np.float32]:
    """Returns the face (n, 15) of each photo, NaN where there is none."""
    detector, close = YuNet(teacher), YuNet(teacher, CLOSE)
    faces = np.full((len(paths), 15), np.nan, np.float32)
    for number, path in enumerate(paths):
        picture = _read(path)
        face = largest_face(detector, picture)
        if face is not None:  # a single look misses a third of the eyes by more than 8% of their distance
            faces[number] = close.steady(picture, face.astype(np.float64))
    return faces


def largest_face(teacher: YuNet, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Returns the largest and surest face (15,) of a picture.

    Where the teacher finds none, the picture gets room around, and it looks again.
    """
    found = teacher.found(picture, _LEAST)
    if not len(found):
        height, width = picture.shape[:2]
        down, across = round(height * _PADDING), round(width * _PADDING)
        canvas = np.full((height + 2 * down, width + 2 * across, 3), OUTSIDE, np.uint8)
        canvas[down : down + height, across : across + width] = picture
        found = teacher.found(canvas, _LEAST)
        size = np.array([width + 2 * across, height + 2 * down])
        found[:, :14] = (found[:, :14] * np.tile(size, 7) - np.tile([across, down], 7)) / np.tile(
            [width, height], 7
        )
    if not len(found):
        return None
    area = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
    return np.asarray(found[np.argmax(area * found[:, 14])], np.float32)


def cut_faces(
    paths: Sequence[Path], faces: NDArray[np.float32], side: int, place: Place
) -> dict[str, NDArray[Any]]:
    """Cuts aligned `squares` (n, side, side, 3) from photos with faces (n, 15), and `wide` ones with room."""
    around, large = wider_place(place), round(side * ROOM * FINER)
    squares = np.zeros((len(paths), side, side, 3), np.uint8)
    wide = np.zeros((len(paths), large, large, 3), np.uint8)
    for number, (path, face) in enumerate(zip(paths, faces, strict=True)):
        picture = _read(path)
        squares[number] = align(picture, face, side, place)
        wide[number] = align(picture, face, large, around)
    return {"squares": squares, "wide": wide}


def wider_place(place: Place) -> Place:
    """Returns where a face lies in the square with `ROOM` around."""
    return replace(
        place,
        eyes_apart=place.eyes_apart / ROOM,
        eyes_height=0.5 + (place.eyes_height - 0.5) / ROOM,
        box_height=0.5 + (place.box_height - 0.5) / ROOM,
    )


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def cached_arrays(cache: Path | None, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Returns arrays from the cache, or makes them and keeps them there."""
    if cache is None:
        return make()
    file = cache / f"{name}.npz"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        waiting = file.with_suffix(".part")
        with waiting.open("wb") as stream:
            np.savez(stream, **make())
        waiting.replace(file)
    with np.load(file) as stored:
        return dict(stored)
