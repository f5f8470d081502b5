"""Makes the shoot, set by set, those photos that a folder lacks; and folders of many names for few photos."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

VERSION = 1
"""Part of the folder's name: it grows whenever the same photo would come out otherwise."""


@dataclass(frozen=True)
class PhotoSet:
    """Photos of one kind: the suffix, the size in pixels, how many distinct ones there are.

    `megabytes` is about what one takes, to say beforehand what the shoot will.
    """

    name: str
    suffix: str
    width: int
    height: int
    distinct: int
    megabytes: float
    preview: bool = False

    @property
    def title(self) -> str:
        """The kind of photo, for people."""
        kind = {".jpg": "JPEG", ".heic": "HEIC", ".png": "PNG", ".dng": "DNG"}[self.suffix]
        mega = round(self.width * self.height / 1e6)
        return f"{kind}, {mega} megapixels{', with a preview' if self.preview else ''}"


SETS = (
    PhotoSet("jpeg24", ".jpg", 6000, 4000, 40, 5.5),
    PhotoSet("preview24", ".jpg", 6000, 4000, 20, 5.9, preview=True),
    PhotoSet("jpeg45", ".jpg", 8192, 5464, 8, 9.5),
    PhotoSet("heic24", ".heic", 6000, 4000, 4, 9.0),
    PhotoSet("png24", ".png", 6000, 4000, 4, 31.0),
    PhotoSet("dng24", ".dng", 6000, 4000, 4, 48.3),
)


def default_folder() -> Path:
    """Where photos and environments are kept, unless the user says so: the platform's folder for caches."""
    import platformdirs

    return platformdirs.user_cache_path("photocli-benchmarks", appauthor=False)


def set_named(name: str, sets: Sequence[PhotoSet] = SETS) -> PhotoSet:
    """Returns the set of that name."""
    return next(kind for kind in sets if kind.name == name)


def make_set(kind: PhotoSet, folder: Path) -> list[Path]:
    """Make the photos of a set that `folder` lacks, on all cores, and return the paths of all.

    Each is written beside its name and then renamed, so that a stopped run leaves no half photo behind.
    """
    home = folder / f"shoot-{VERSION}" / kind.name
    home.mkdir(parents=True, exist_ok=True)
    paths = [home / f"{number:04}{kind.suffix}" for number in range(kind.distinct)]
    missing = [(path, number) for number, path in enumerate(paths) if not path.exists()]
    if missing:
        size = len(missing) * kind.megabytes
        print(f"making {len(missing)} photos, {kind.title}, about {size:.0f} MB", file=sys.stderr)
        with ProcessPoolExecutor(min(cores(), len(missing))) as pool:
            list(pool.map(_make, missing, [kind] * len(missing)))
    return paths


def _make(missing: tuple[Path, int], kind: PhotoSet) -> None:
    from benchmarks.shoot.files import write_photo

    path, number = missing
    temporary = path.with_name(f"part-{path.name}")
    write_photo(temporary, number, kind.width, kind.height, preview=kind.preview)
    temporary.replace(path)


def link_photos(sources: Sequence[Path], folder: Path, count: int) -> Path:
    """Fill a folder with `count` names for the photos (hard links, in turn), and return the folder.

    To a program that goes by path, each is another photo. Names that are there already stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        source = sources[number % len(sources)]
        name = folder / f"IMG_{number:05}{source.suffix}"
        if not name.exists():
            os.link(source, name)
    return folder


def cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
