"""Photos that look straight from a camera: chosen from folders, listed with their side of the split, and
read.

Whether a photo was cropped before cannot be seen from outside; size, aspect ratio and metadata sort out most.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.inputs import FRAME_SIDE
from photocli.records import Photo
from trainers.common.frames import Frames, load_frames
from trainers.common.runs import write_table
from trainers.common.splits import fold_of

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


@dataclass(frozen=True)
class Rules:
    """What a photo must be to be taken for a whole one: the long side in pixels at least, the aspect ratio
    within a share of 3:2 or 4:3, and not written by an editor, if that counts."""

    side: int = 1200
    margin: float = 0.01
    edited: bool = False


def split_of(name: str) -> str:
    """75% training, 15% validation, 10% test, by a hash of the name."""
    place = fold_of(name, 20)
    return SPLITS[0] if place < 15 else SPLITS[1] if place < 18 else SPLITS[2]


def prepare(folders: Sequence[Path], to: Path, rules: Rules) -> tuple[Counter[str], Counter[str]]:
    """Write the list of the photos that pass: how many there are of each split, and how many were dropped by
    reason.

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
                width, height, reason = inspect(item.path, rules)
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


def inspect(path: Path, rules: Rules) -> tuple[int, int, str]:
    """Upright width and height, and why the photo is not taken; empty if it is."""
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
class Photos:
    """Photos by row, as upright frames, with their names, the folders that they come from, whether they are
    from the list of camera photos, and their split (others: training); `rows` are those of this part."""

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    camera: NDArray[np.bool_]
    splits: tuple[str, ...]
    rows: NDArray[np.intp]
    sources: tuple[dict[str, Any], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> Photos:
        """The same photos, with other `rows`."""
        return Photos(self.frames, self.names, self.origins, self.camera, self.splits, rows, self.sources)


def read_photos(listed: Path, more: Sequence[Path], cache: Path | None) -> Photos:
    """The photos of a list, and those of more folders, whose own crop nobody knows: a crop of them is still
    one.

    Photos that cannot be read, and further ones that are far from 3:2 and 4:3, are left out. Raises
    `UsageError`.
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
    sources = [
        {
            "name": origin,
            "role": "cropped on purpose",
            "photos": sum(origins[row] == origin for row in usable),
        }
        for origin in dict.fromkeys(origins)
    ]
    return Photos(
        frames,
        tuple(path.name for path in paths),
        tuple(origins),
        np.arange(len(paths)) < camera,
        tuple(splits),
        np.array(usable, np.intp),
        tuple(sources),
    )


def _listed(path: Path) -> tuple[list[Path], list[str]]:
    """Files and splits of a list that `prepare` wrote."""
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


def divide(photos: Photos, held: str, folds: int) -> tuple[Photos, Photos]:
    """The photos to train on, and the camera photos held out.

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


def fewer(photos: Photos, count: int) -> Photos:
    """So many of the photos, the first by a hash of the name, and so among those of any larger number; 0:
    all."""
    order = sorted(photos.rows.tolist(), key=lambda row: fold_of(photos.names[row], 1 << 32))
    return photos if count == 0 else photos.part(np.sort(np.array(order[:count], np.intp)))
