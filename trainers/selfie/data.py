"""Rated faces, cut from their photos once: what the trainer of selfies learns from."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from photocli.alignment import OUTSIDE, Place, align
from photocli.errors import UsageError
from trainers.common.metrics import Floats
from trainers.common.splits import fold_of
from trainers.common.yunet import CLOSE, YuNet

ROOM = 1.25
"""Side of the square that training cuts its views from, in sides of the square that is served: views that are
turned, shifted or a little larger then show what is there, and no border."""

FINER = 1.2
"""Its pixels for one of the square that is served."""

_PADDING = 0.5  # of the side: faces that fill their picture are found where there is room around
_LEAST = 0.5  # score of the teacher: each photo is known to show one face


@dataclass(frozen=True)
class Faces:
    """n faces: `squares` (n, side, side, 3) as they are served, `wide` (n, w, w, 3) with room around, both
    uint8 and RGB; people's mean `score` (n,) 1-10, and who is shown, empty where nobody said."""

    squares: NDArray[np.uint8]
    wide: NDArray[np.uint8]
    score: Floats
    names: tuple[str, ...]
    sex: tuple[str, ...]
    group: tuple[str, ...]
    source: dict[str, Any]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def side(self) -> int:
        """The side of the squares that are served, pixels."""
        return int(self.squares.shape[1])

    def rows(self, chosen: NDArray[Any]) -> Faces:
        """Some of them."""
        pick = np.arange(len(self))[chosen]
        named = [tuple(values[row] for row in pick) for values in (self.names, self.sex, self.group)]
        return Faces(self.squares[pick], self.wide[pick], self.score[pick], *named, self.source)

    def like(self, other: Faces) -> Faces:
        """With scores moved and scaled to the mean and spread of others', who marked on another scale."""
        scaled = (self.score - self.score.mean()) / self.score.std() * other.score.std() + other.score.mean()
        return replace(self, score=np.clip(scaled, 1, 10))


def divide(faces: Faces, folds: int, fold: int) -> tuple[Faces, Faces]:
    """Those outside a fold by a hash of the name, and those in it."""
    held = np.array([fold_of(name, folds) == fold for name in faces.names])
    return faces.rows(~held), faces.rows(held)


def read_faces(listed: Path, teacher: Path, side: int, place: Place, cache: Path | None) -> Faces:
    """The faces of a list with columns `file` and `score`, and perhaps `sex` and `group`.

    The teacher, a YuNet file, finds them; photos without a face are left out, and counted. With a folder for
    the `cache` they are cut once. Raises `UsageError` for a list or photos that cannot be read.
    """
    rows = _listed(listed)
    key = _key(rows)
    found = _cached(cache, f"upright-{key}", lambda: {"faces": _find_all(listed.parent, rows, teacher)})[
        "faces"
    ]
    rowed = np.flatnonzero(~np.isnan(found[:, 0]))
    cut = _cached(
        cache,
        f"faces-{_key((key, side, astuple(place), ROOM, FINER))}",
        lambda: _cut([listed.parent / rows[row]["file"] for row in rowed], found[rowed], side, place),
    )
    kept = [rows[row] for row in rowed]
    if len(kept) < len(rows):
        typer.echo(f"{listed}: no face found in {len(rows) - len(kept)} of {len(rows)} photos")
    if not kept:
        raise UsageError(f"{listed}: there is no face in any of its photos")
    source = {"name": f"{listed.resolve().parent.name}/{listed.name}", "photos": len(kept), "hash": key}
    return Faces(
        cut["squares"],
        cut["wide"],
        np.array([float(row["score"]) for row in kept]),
        tuple(row["file"] for row in kept),
        tuple(row.get("sex") or "" for row in kept),
        tuple(row.get("group") or "" for row in kept),
        source,
    )


def _listed(listed: Path) -> list[dict[str, str]]:
    try:
        with listed.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{listed} cannot be read: {error}") from error
    if not rows or not {"file", "score"} <= set(rows[0]):
        raise UsageError(f"{listed} has no columns file and score")
    return rows


def _key(of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()[:16]


def _cached(cache: Path | None, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Arrays from the cache, or made and kept there."""
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


def _find_all(folder: Path, rows: list[dict[str, str]], teacher: Path) -> NDArray[np.float32]:
    """The face (n, 15) of each photo, NaN where there is none."""
    detector, close = YuNet(teacher), YuNet(teacher, CLOSE)
    found = np.full((len(rows), 15), np.nan, np.float32)
    for number, row in enumerate(rows):
        picture = _read(folder / row["file"])
        face = find(detector, picture)
        if face is not None:  # a single look misses a third of the eyes by more than 8% of their distance
            found[number] = close.steady(picture, face.astype(np.float64))
    return found


def _cut(paths: list[Path], faces: NDArray[np.float32], side: int, place: Place) -> dict[str, Any]:
    """Squares (n, side, side, 3), and wide ones."""
    around, large = wider_place(place), round(side * ROOM * FINER)
    squares = np.zeros((len(paths), side, side, 3), np.uint8)
    wide = np.zeros((len(paths), large, large, 3), np.uint8)
    for number, (path, face) in enumerate(zip(paths, faces, strict=True)):
        picture = _read(path)
        squares[number] = align(picture, face, side, place)
        wide[number] = align(picture, face, large, around)
    return {"squares": squares, "wide": wide}


def wider_place(place: Place) -> Place:
    """Where a face lies in the square with `ROOM` around."""
    return replace(
        place,
        eyes_apart=place.eyes_apart / ROOM,
        eyes_height=0.5 + (place.eyes_height - 0.5) / ROOM,
        box_height=0.5 + (place.box_height - 0.5) / ROOM,
    )


def find(teacher: YuNet, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """The largest and surest face (15,) of a picture, looked for with room around where there is none."""
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


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        return np.asarray(Image.open(path).convert("RGB"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
