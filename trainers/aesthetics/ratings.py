"""Rated photos: a CSV of means or vote counts, or AVA's own text file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photocli.errors import UsageError
from trainers.aesthetics.labels import (
    TYPICAL_STD,
    moments,
    spread_to_ten,
    to_ten,
    votes_from_counts,
    votes_from_normal,
)
from trainers.common.metrics import Floats


@dataclass(frozen=True)
class RatedPhotos:
    """Holds n rated photos: `mean` and `std` (n,) on 1-10, `votes` (n, 10) shares that sum to 1.

    `names` are as written in the ratings file and decide the split; `categories` are empty where the file
    has none.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    mean: Floats
    std: Floats
    votes: Floats
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: NDArray[np.intp] | Sequence[int]) -> RatedPhotos:
        """Returns these rows only, in this order."""
        chosen = [int(row) for row in rows]
        return RatedPhotos(
            tuple(self.paths[row] for row in chosen),
            tuple(self.names[row] for row in chosen),
            self.mean[chosen],
            self.std[chosen],
            self.votes[chosen],
            tuple(self.categories[row] for row in chosen) if self.categories else (),
        )

    def fingerprint(self) -> str:
        """Returns a hash of names and ratings: the same for the same data, whatever the order of the rows."""
        lines = sorted(
            f"{name},{mean:.6f},{std:.6f}"
            for name, mean, std in zip(self.names, self.mean, self.std, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_ratings(data: Path, file: str = "", scale: tuple[float, float] | None = None) -> RatedPhotos:
    """Reads the ratings of a folder: `file` in it, or its only `*.csv`, or `AVA.txt`.

    `scale` is the lowest and highest mark of the file; vote counts n1...nK are on 1-K without it.
    Raises `UsageError` if there is nothing to read or the file says nothing about marks.
    """
    source = _find(data, file)
    if source.suffix.lower() == ".txt":
        return read_ava(source)
    with source.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or "file" not in rows[0]:
        raise UsageError(f"{source} has no rows, or no column 'file'")
    names = tuple(row["file"] for row in rows)
    mean, std, votes = _from_columns(rows, scale, source)
    categories = tuple(row["category"] for row in rows) if "category" in rows[0] else ()
    return _existing(
        RatedPhotos(tuple(source.parent / name for name in names), names, mean, std, votes, categories),
        source,
    )


def read_ava(source: Path) -> RatedPhotos:
    """Reads AVA's format, `index id n1 ... n10 tag tag challenge` on each line; photos are `<id>.jpg`."""
    rows = [line.split() for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        counts = np.array([[float(count) for count in row[2:12]] for row in rows])
    except ValueError as error:
        raise UsageError(f"{source} is not in AVA's format: {error}") from error
    if counts.ndim != 2 or counts.shape[1] != 10 or (counts.sum(axis=1) <= 0).any():
        raise UsageError(f"{source} is not in AVA's format: each line needs an index, an id and ten counts")
    names = tuple(f"{row[1]}.jpg" for row in rows)
    votes = votes_from_counts(counts)
    folders = [source.parent / name for name in ("images", "photos", "image")]
    folder = next((folder for folder in folders if folder.is_dir()), source.parent)
    return _existing(
        RatedPhotos(tuple(folder / name for name in names), names, *moments(votes), votes, ()), source
    )


def _find(data: Path, file: str) -> Path:
    if data.is_file():
        return data
    if file:
        if (data / file).is_file():
            return data / file
        raise UsageError(f"{data / file} does not exist")
    for pattern in ("ratings.csv", "AVA.txt", "*.csv"):
        found = sorted(data.glob(pattern))
        if len(found) == 1:
            return found[0]
    raise UsageError(f"{data} has no ratings.csv or AVA.txt; name the file with --ratings")


def _from_columns(
    rows: list[dict[str, str]], scale: tuple[float, float] | None, source: Path
) -> tuple[Floats, Floats, Floats]:
    """Reads mean, std and votes from a CSV's columns: vote counts n1...nK, or mean (or score) and std."""
    columns = rows[0]
    marks = 0
    while f"n{marks + 1}" in columns:
        marks += 1
    key = "mean" if "mean" in columns else "score"
    if marks < 2 and key not in columns:
        raise UsageError(f"{source} has neither a column 'mean' nor columns 'n1' to 'n10'")
    try:
        if marks >= 2:
            counts = np.array([[float(row[f"n{mark + 1}"]) for mark in range(marks)] for row in rows])
            return _from_counts(counts, scale or (1.0, float(marks)))
        low, high = scale or (1.0, 10.0)
        mean = to_ten(np.array([float(row[key]) for row in rows]), low, high)
        has_std = "std" in columns
        spread = [float(row["std"]) for row in rows] if has_std else [TYPICAL_STD] * len(rows)
    except ValueError as error:
        raise UsageError(f"{source} has a mark that is no number: {error}") from error
    std = np.array(spread) * (spread_to_ten(low, high) if has_std else 1.0)
    if mean.min() < 1 - 1e-6 or mean.max() > 10 + 1e-6:
        raise UsageError(f"{source} has marks outside {low:g}-{high:g}; give the right --scale")
    return mean, std, votes_from_normal(mean, std)


def _from_counts(counts: Floats, scale: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Returns mean, std and votes; other than ten counts go through their mean and spread."""
    shares = votes_from_counts(counts)
    if counts.shape[1] == 10 and scale == (1.0, 10.0):
        return (*moments(shares), shares)
    marks = np.linspace(*scale, counts.shape[1])
    mean = shares @ marks
    std = np.sqrt(np.maximum(shares @ marks**2 - mean**2, 0.0)) * spread_to_ten(*scale)
    ten = to_ten(mean, *scale)
    return ten, std, votes_from_normal(ten, std)


def _existing(ratings: RatedPhotos, source: Path) -> RatedPhotos:
    """Returns the rows whose photo is there (some of AVA's were deleted). Raises `UsageError` if none is."""
    rows = [row for row, path in enumerate(ratings.paths) if path.is_file()]
    if not rows:
        raise UsageError(f"none of the photos that {source} names was found")
    return ratings if len(rows) == len(ratings) else ratings.take(rows)
