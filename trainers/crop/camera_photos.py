"""Chooses photos that look straight from a camera, lists them with their side of the split, and reads them.

Whether a photo was cropped before cannot be seen from outside; size, aspect ratio and metadata sort out most.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.inputs.views import FRAME_SIDE
from photocli.records import Photo
from trainers.common.frames import Frames, load_frames
from trainers.common.runs import write_table
from trainers.common.splits import fold_of
from trainers.crop.config import SelectionRules

SPLITS = ("training", "validation", "test")
HEADER = ("file", "width", "height", "turned", "split")
ASPECTS = (3 / 2, 4 / 3)
EDITORS = (
    *(
        "photoshop",
        "lightroom",
        "gimp",
        "paint",
        "picasa",
        "snapseed",
        "capture one",
        "darktable",
        "affinity",
    ),
    *("rawtherapee", "instagram", "vsco", "irfanview", "photoscape", "photo gallery", "luminar", "acdsee"),
)
"""Programs that crop; EXIF names the last one that wrote the file."""

_MORE = (1.2, 1.65)  # aspect ratios of photos that are only learned from


def split_of(name: str) -> str:
    """Returns the split of a photo by a hash of its name: 75% training, 15% validation, 10% test."""
    place = fold_of(name, 20)
    return SPLITS[0] if place < 15 else SPLITS[1] if place < 18 else SPLITS[2]


def prepare(folders: Sequence[Path], to: Path, rules: SelectionRules) -> tuple[Counter[str], Counter[str]]:
    """Writes the list of the photos that pass; counts them by split, and those dropped by reason.

    Photos stay where they are; `turned` says that a portrait one will be turned to landscape. Raises
    `UsageError` for a folder that is not there, or if none passes.
    """
    rows, kept, dropped = [], Counter[str](), Counter[str]()
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder of photos")
        for item in discover([folder]):
            if not isinstance(item, Photo):
                dropped["no photo"] += 1
                continue
            try:
                width, height, reason = examine(item.path, rules)
            except (OSError, DecodeError, ValueError, SyntaxError):
                reason = "cannot be read"
            if reason:
                dropped[reason] += 1
                continue
            split = split_of(item.path.name)
            kept[split] += 1
            rows.append((_relative(item.path, to), width, height, int(height > width), split))
    if not rows:
        raise UsageError(f"no photo passes; dropped: {dict(dropped)}")
    write_table(to, HEADER, rows)
    return kept, dropped


def _relative(path: Path, to: Path) -> str:
    return Path(os.path.relpath(path.resolve(), to.resolve().parent)).as_posix()


def examine(path: Path, rules: SelectionRules) -> tuple[int, int, str]:
    """Returns upright width and height, and why the photo is not taken; empty if it is."""
    with Image.open(path) as image:
        exif = image.getexif()
        width, height = image.size
    if exif.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8):
        width, height = height, width
    software = str(exif.get(ExifTags.Base.Software, "")).lower()
    aspect = max(width, height) / max(1, min(width, height))
    if max(width, height) < rules.side:
        return width, height, "too small"
    if not rules.edited and any(editor in software for editor in EDITORS):
        return width, height, "edited"
    if all(abs(aspect / common - 1) > rules.margin for common in ASPECTS):
        return width, height, "neither 3:2 nor 4:3"
    return width, height, ""


@dataclass(frozen=True)
class CropPhotos:
    """Holds photos by row, as upright frames, with their names, folders of origin and splits.

    `camera` (photos,) says which are from the list of camera photos; the others have the split training;
    `rows` are those of this part.
    """

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    camera: NDArray[np.bool_]
    splits: tuple[str, ...]
    rows: NDArray[np.intp]
    sources: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> CropPhotos:
        """Returns the same photos with other `rows`."""
        return replace(self, rows=rows)


def read_photos(listed: Path, more: Sequence[Path], cache: Path | None) -> CropPhotos:
    """Reads the photos of a list, and those of more folders.

    Whether the latter were cropped nobody knows, but a crop of them is still one. Leaves out photos that
    cannot be read, and further ones that are far from 3:2 and 4:3. Raises `UsageError`.
    """
    paths, splits = _listed(listed)
    origins = [path.parent.name for path in paths]
    camera = len(paths)
    for folder in more:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder of photos")
        found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
        paths += found
        origins += [folder.resolve().name] * len(found)
    splits += ["training"] * (len(paths) - camera)
    frames = load_frames(paths, FRAME_SIDE, cache)
    usable = []
    for row in range(len(paths)):
        height, width = frames.shapes[row]
        short, long = sorted((height, width))
        fits = row < camera or (long >= 200 and short and _MORE[0] <= long / short <= _MORE[1])
        if row not in frames.failed and fits:
            usable.append(row)
    counts = Counter(origins[row] for row in usable)
    sources = [
        {"name": origin, "role": "cropped on purpose", "photos": counts[origin]}
        for origin in dict.fromkeys(origins)
    ]
    return CropPhotos(
        frames,
        tuple(path.name for path in paths),
        tuple(origins),
        np.arange(len(paths)) < camera,
        tuple(splits),
        np.array(usable, np.intp),
        tuple(sources),
    )


def _listed(path: Path) -> tuple[list[Path], list[str]]:
    """Reads files and splits of a list that `prepare` wrote."""
    if not path.is_file():
        raise UsageError(
            f"{path} does not exist; make it with: python -m trainers.crop prepare FOLDER --to {path}"
        )
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        if not set(HEADER).issubset(reader.fieldnames or ()):
            raise UsageError(f"{path} is no list of photos: it has no columns {', '.join(HEADER)}")
        rows = list(reader)
    return [path.parent / row["file"] for row in rows], [row["split"] for row in rows]


def divide(photos: CropPhotos, held: str, folds: int) -> tuple[CropPhotos, CropPhotos]:
    """Returns the photos to train on, and the camera photos held out.

    `held` is a split, `both` (validation and test), `none`, or the number of one of `folds` parts by a hash
    of the name. Raises `UsageError` where too few are left.
    """
    names = {"both": SPLITS[1:], "none": ()}.get(held, (held,))
    if held.isdigit():
        out = [photos.camera[row] and fold_of(photos.names[row], folds) == int(held) for row in photos.rows]
    else:
        out = [photos.camera[row] and photos.splits[row] in names for row in photos.rows]
    mask = np.array(out, bool)
    training, others = photos.part(photos.rows[~mask]), photos.part(photos.rows[mask])
    if len(training) < 2 or (held != "none" and len(others) < 2):
        raise UsageError(f"too few photos: {len(training)} to train on, {len(others)} held out")
    return training, others


def subset(photos: CropPhotos, count: int) -> CropPhotos:
    """Returns so many of the photos, the first by a hash of the name; with 0, all.

    So the photos of a smaller number are among those of any larger one.
    """
    order = sorted(photos.rows.tolist(), key=lambda row: fold_of(photos.names[row], 1 << 32))
    return photos if count == 0 else photos.part(np.sort(np.array(order[:count], np.intp)))
