"""Reads photos without labels and cuts them to a model's input, as they are and spoiled."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photocli.decode import DECODE_VERSION, decode
from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.faces.detection import FaceDetection
from photocli.faces.detectors.detector import contain
from photocli.inputs.views import FRAME_SIDE, InputSpec, cut
from photocli.models.card import Card
from photocli.records import Photo
from trainers.common.frames import Picture
from trainers.common.splits import fold_of
from trainers.crop.camera_photos import split_of
from trainers.technical.data import training_view

Pictures = NDArray[np.uint8]

CANVAS = 128
"""The grey beside a photo on the square canvas of a detector."""


@dataclass(frozen=True)
class Views:
    """Inputs (n, 3, height, width), the names of their photos, and which of those (n,) are held out."""

    pictures: Pictures
    names: tuple[str, ...]
    held: NDArray[np.bool_]

    def part(self, rows: NDArray[np.intp]) -> Views:
        """Returns the views of some rows."""
        return Views(self.pictures[rows], tuple(self.names[row] for row in rows), self.held[rows])


def read_views(
    card: Card,
    folders: Sequence[Path],
    *,
    copies: int,
    held: Path | None,
    cache: Path | None,
    detector: Path | None = None,
    most: int = 0,
) -> Views:
    """Cuts every photo of some folders once as it is, and `copies` times in another, spoiled view.

    Held out is what the model's own trainer holds out: see `is_held`. `most` photos of each folder are read,
    all if 0, chosen by a hash of the name. `detector` finds the faces, where the model judges them. Raises
    `UsageError` where no photo can be read.
    """
    paths = [path for folder in folders for path in _paths(folder, most)]
    spec = card.input if detector is None else _bound(card.input, detector)
    listed = frozenset(_listed(held)) if held else frozenset()
    pictures, rows = _cached(spec, paths, copies, cache)
    names = tuple(paths[row].name for row in rows)
    if not names:
        raise UsageError(f"no photo of {', '.join(map(str, folders))} can be read")
    return Views(pictures, names, np.array([is_held(card.kind, name, listed) for name in names], np.bool_))


def is_held(kind: str, name: str, listed: frozenset[str]) -> bool:
    """Whether the trainer of this kind of model holds a photo out: by a hash of the name, or in a list."""
    if kind == "crop":
        return split_of(name) != "training"
    return name in listed if listed else fold_of(name, 5) == 0


def _paths(folder: Path, most: int) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of photos")
    found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
    found.sort(key=lambda path: (fold_of(f"order {path.name}", 1 << 32), path))
    return found[:most] if most else found


def _listed(file: Path) -> Iterator[str]:
    """Yields the names of the photos in a list with a column `file`."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            yield from (Path(row["file"]).name for row in csv.DictReader(lines))
    except (OSError, KeyError) as error:
        raise UsageError(f"{file} is no list of photos with a column 'file': {error}") from error


def _bound(spec: InputSpec, detector: Path) -> InputSpec:
    from dataclasses import replace

    return replace(spec, detector=str(detector))


def _cached(
    spec: InputSpec, paths: Sequence[Path], copies: int, cache: Path | None
) -> tuple[Pictures, NDArray[np.intp]]:
    """Returns the views and the rows of their photos; with `cache`, from a file that is made once."""
    if cache is None:
        return _cut_all(spec, paths, copies)
    digest = hashlib.sha256(f"{spec.key},{copies},{DECODE_VERSION}".encode())
    for path in paths:
        digest.update(f"{path.resolve()},{path.stat().st_size}\n".encode())
    stem = cache / f"views-{digest.hexdigest()[:16]}"
    if not (rows := stem.with_suffix(".rows.npy")).exists():
        cache.mkdir(parents=True, exist_ok=True)
        pictures, found = _cut_all(spec, paths, copies)
        np.save(stem.with_suffix(".npy"), pictures)
        np.save(rows, found)  # last: rows that exist belong to complete pictures
    return np.load(stem.with_suffix(".npy"), mmap_mode="r"), np.load(rows)


def _cut_all(spec: InputSpec, paths: Sequence[Path], copies: int) -> tuple[Pictures, NDArray[np.intp]]:
    cutter = _Cutter(spec)
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda path: list(cutter.views(path, copies)), paths))
    rows = np.repeat(np.arange(len(paths)), [len(part) for part in parts])
    empty = np.zeros((0, 3, spec.height, spec.width), np.uint8)
    return np.concatenate([empty, *(np.stack(part) for part in parts if part)]), rows


class _Cutter:
    """Cuts photos to one input as serving does."""

    def __init__(self, spec: InputSpec) -> None:
        self.spec = spec
        self._detection = FaceDetection()

    def views(self, path: Path, copies: int) -> Iterator[Picture]:
        """Yields the inputs that a photo gives; none if it cannot be read."""
        try:
            picture = decode(path, max(FRAME_SIDE, self.spec.frame_side)).pixels
        except DecodeError:
            return
        yield from self._cut(picture)
        for copy in range(copies):
            rng = np.random.default_rng([fold_of(path.name, 1 << 32), copy])
            other = training_view(picture, [], rng)[0]
            if self.spec.fit == "sheet":
                other = np.rot90(other, int(rng.integers(4)))
            if min(other.shape[:2]) >= 32:
                yield from self._cut(np.ascontiguousarray(other))

    def _cut(self, picture: Picture) -> Iterator[Picture]:
        if self.spec.fit == "faces":
            yield from self._detection.detect(picture, [self.spec])[self.spec.key][:2]
        elif self.spec.fit == "contain":
            yield contain(picture, self.spec.width, CANVAS)[0].transpose(2, 0, 1)
        else:
            yield cut(picture, self.spec)
