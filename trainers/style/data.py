"""What the built-in model of styles learns from: photos, pictures of four media, and repainted photos."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo
from trainers.common.frames import Frames, load_frames
from trainers.common.splits import fold_of, split
from trainers.style.looks import NAMES

MEDIA = {"photograph": "photo", "painting": "art_painting", "cartoon": "cartoon", "sketch": "sketch"}
"""The media, and the folders in which they lie."""

NONE = "none"
"""The first of the paintings: not repainted."""

FRAME_SIDE = 320
"""The long side in pixels that decoded pictures have at least, if they are as large."""

UNKNOWN = -1


@dataclass(frozen=True)
class Pictures:
    """Pictures by row: the name of the photo that each shows, the folder (source) that it comes from, its
    medium (an index, or `UNKNOWN`), and the painting that it is styled after (0: none). `rows` are those of
    this part."""

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    medium: NDArray[np.intp]
    painting: NDArray[np.intp]
    rows: NDArray[np.intp]
    classes: dict[str, tuple[str, ...]]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> Pictures:
        """The same pictures, with other `rows`."""
        return replace(self, rows=rows)

    def photographed(self) -> NDArray[np.intp]:
        """Rows of photos that are as the camera left them: looks are made of these."""
        return self.rows[(self.medium[self.rows] == 0) & (self.painting[self.rows] == 0)]

    def drawn(self) -> NDArray[np.intp]:
        """Rows of paintings, cartoons and sketches."""
        return self.rows[self.medium[self.rows] > 0]

    def repainted(self) -> NDArray[np.intp]:
        """Rows of photos in a painting's style."""
        return self.rows[self.painting[self.rows] > 0]


@dataclass(frozen=True)
class _Listed:
    """A picture before it is decoded."""

    path: Path
    name: str
    origin: str
    medium: int
    style: str


def read_pictures(
    folders: Sequence[Path], media: Path, paintings: Path | None, cache: Path | None
) -> Pictures:
    """Decode photos, pictures of media, and repainted photos of `trainers.stylize generate`.

    The medium of a repainted photo is unknown: nobody has said whether it looks painted. Raises `UsageError`
    where there is too little.
    """
    listed = [found for folder in folders for found in _photos(folder)]
    for place, folder in enumerate(MEDIA.values()):
        listed += _photos(media / folder, place)
    listed += _repainted(paintings) if paintings else []
    frames = load_frames([found.path for found in listed], FRAME_SIDE, cache)
    styles = (NONE, *sorted({found.style for found in listed} - {NONE}))
    if not len(styles) - len(set(styles) - set(NAMES)) == 0:
        raise UsageError("a painting's style has the name of a look")
    rows = np.array([row for row in range(len(listed)) if row not in frames.failed], np.intp)
    counted = [listed[row] for row in rows]
    sources = tuple(
        {"name": origin, "role": _role(one), "photos": sum(found.origin == origin for found in counted)}
        for origin, one in {found.origin: found for found in counted}.items()
    )
    return Pictures(
        frames,
        tuple(found.name for found in listed),
        tuple(found.origin for found in listed),
        np.array([found.medium for found in listed], np.intp),
        np.array([styles.index(found.style) for found in listed], np.intp),
        rows,
        {"medium": tuple(MEDIA), "looks": NAMES, "paintings": styles},
        sources,
    )


def divide(pictures: Pictures, folds: int, fold: str) -> tuple[Pictures, Pictures]:
    """Pictures to train on, and those held out, by a hash of the name of the photo that they show: repainted
    copies lie on its side."""
    parts = split(pictures.names, folds, None if fold == "none" else int(fold))
    training, held = (pictures.part(np.intersect1d(rows, pictures.rows)) for rows in parts)
    for part in (training, held) if fold != "none" else (training,):
        if not len(part.photographed()) or not len(part.drawn()):
            raise UsageError(f"too few pictures: {len(training)} to train on, {len(held)} held out")
    return training, held


def halves(names: Sequence[str]) -> NDArray[np.intp]:
    """The half, 0 or 1, of each photo: what is fitted on one is judged on the other."""
    half = np.array([fold_of("half " + name, 2) for name in names], np.intp)
    return half if 0 < half.sum() < len(half) else np.arange(len(half)) % 2


def _photos(folder: Path, medium: int = 0) -> list[_Listed]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of pictures")
    found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
    return [_Listed(path, path.name, folder.resolve().name, medium, NONE) for path in found]


def _repainted(folder: Path) -> list[_Listed]:
    """The data set of `trainers.stylize generate`: labels.csv with file, style and content."""
    table = folder / "labels.csv"
    if not table.is_file():
        raise UsageError(f"{table} does not exist; trainers.stylize generate writes it")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not {"file", "style", "content"} <= set(rows[0]):
        raise UsageError(f"{table} has no rows, or not the columns file, style and content")
    # Those that were left as they are serve as photos like any other, from their own folders.
    repainted = [row for row in rows if row["style"] != NONE]
    return [
        _Listed(folder / row["file"], Path(row["content"]).name, folder.resolve().name, UNKNOWN, row["style"])
        for row in repainted
    ]


def _role(one: _Listed) -> str:
    if one.style != NONE:
        return "repainted photos"
    return "photos, with looks made" if one.medium == 0 else "medium"
