"""The photos that teachers answer for: rated ones, pictures of four media, photos that nobody rated."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo
from trainers.aesthetics.ratings import read_ratings
from trainers.common.metrics import Floats
from trainers.common.runs import write_table
from trainers.common.splits import fold_of
from trainers.style.data import MEDIA
from trainers.teachers.config import TeachersConfig

HEADER = ("file", "origin", "role", "medium", "mean", "std", "fold", "fold_by_name")
NEVER = -1
"""The fold of photos that are never held out."""


@dataclass(frozen=True)
class TeachingPhotos:
    """Photos by row. `mean` and `std` (n,) are people's on 1-10, NaN where nobody said; `medium` is an index
    of `MEDIA`; `fold` is by series for rated photos, by name for others, `NEVER` for some; `role` is `rated`,
    `medium`, `photos` or `more`.
    """

    paths: tuple[Path, ...]
    origins: tuple[str, ...]
    roles: tuple[str, ...]
    medium: NDArray[np.intp]
    mean: Floats
    std: Floats
    fold: NDArray[np.intp]
    fold_by_name: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def rated(self) -> NDArray[np.intp]:
        """Rows of the photos that people rated."""
        return np.flatnonzero(np.isfinite(self.mean))


def find_photos(config: TeachersConfig) -> TeachingPhotos:
    """Lists the photos of a configuration, in an order that is the same everywhere.

    Raises `UsageError` where a folder is missing or nobody rated anything.
    """
    rows: list[tuple[Path, str, str, int, float, float]] = []
    if not config.rated:
        raise UsageError("give the folder of rated photos with --rated")
    ratings = read_ratings(Path(config.rated), "", config.scale)
    origin = Path(config.rated).resolve().name
    for path, mean, std in zip(ratings.paths, ratings.mean, ratings.std, strict=True):
        rows.append((path, origin, "rated", 0, float(mean), float(std)))
    for place, name in enumerate(MEDIA.values()) if config.media else ():
        rows += [(path, name, "medium", place, np.nan, np.nan) for path in _files(Path(config.media) / name)]
    for role, folders in (("photos", config.photos), ("more", config.more)):
        for folder in map(Path, folders):
            rows += [(path, folder.resolve().name, role, 0, np.nan, np.nan) for path in _files(folder)]
    paths, origins, roles, medium, means, stds = zip(*rows, strict=True)
    by = {"rated": "series", "medium": "name", "photos": "name"}
    folds = [
        fold_of(path.name, config.folds, "series" if by.get(role) == "series" else "name")
        if role in by
        else NEVER
        for path, role in zip(paths, roles, strict=True)
    ]
    named = [fold_of(path.name, config.folds) for path in paths]
    return TeachingPhotos(
        paths,
        origins,
        roles,
        np.array(medium, np.intp),
        np.array(means),
        np.array(stds),
        np.array(folds, np.intp),
        np.array(named, np.intp),
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of photos")
    return [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]


def write_photos(photos: TeachingPhotos, to: Path) -> None:
    """Writes the list of the photos; their paths are relative to it where that is possible."""
    rows = [
        (
            _relative(path, to),
            photos.origins[row],
            photos.roles[row],
            tuple(MEDIA)[photos.medium[row]],
            *("" if np.isnan(value) else f"{value:.5f}" for value in (photos.mean[row], photos.std[row])),
            photos.fold[row],
            photos.fold_by_name[row],
        )
        for row, path in enumerate(photos.paths)
    ]
    write_table(to, HEADER, rows)


def read_photos(table: Path) -> TeachingPhotos:
    """Reads a list that `write_photos` wrote. Raises `UsageError` if it is none."""
    if not table.is_file():
        raise UsageError(f"{table} does not exist; trainers.teachers build writes it")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or set(HEADER) - set(rows[0]):
        raise UsageError(f"{table} is no list of trainers.teachers: it has no columns {', '.join(HEADER)}")
    numbers = {key: np.array([float(row[key] or "nan") for row in rows]) for key in ("mean", "std")}
    folds = {key: np.array([int(row[key]) for row in rows], np.intp) for key in ("fold", "fold_by_name")}
    return TeachingPhotos(
        tuple(table.parent / row["file"] for row in rows),
        tuple(row["origin"] for row in rows),
        tuple(row["role"] for row in rows),
        np.array([tuple(MEDIA).index(row["medium"]) for row in rows], np.intp),
        numbers["mean"],
        numbers["std"],
        folds["fold"],
        folds["fold_by_name"],
    )


def _relative(path: Path, to: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), to.resolve().parent)).as_posix()
    except ValueError:  # another drive of Windows
        return path.resolve().as_posix()
