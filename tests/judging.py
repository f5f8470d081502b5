"""A shoot of small photos to be judged, and second readers of what is written for them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photos import picture

from photocli.review.judging import Change, Judge, Judged, Standing


@dataclass
class TablePhoto:
    """A photo on the table."""

    path: Path
    twin: Path | None = None
    can_judge: bool = True


@dataclass
class Table:
    """A shoot as a judge asks for it: photos by number, and what it was told of each."""

    photos: list[TablePhoto]
    told: dict[int, Standing] = field(default_factory=dict)

    def entry(self, id: int) -> TablePhoto:
        return self.photos[id]

    def set_judgement(self, id: int, standing: Standing) -> None:
        self.told[id] = standing


def jpegs(folder: Path, *names: str) -> list[Path]:
    """Small JPEGs with these names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        picture(size=(60, 40)).save(folder / name)
    return [folder / name for name in names]


def raws(folder: Path, *names: str) -> list[Path]:
    """Files with the names of RAW files; nobody develops them here."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"II*\0\x08\0\0\0\0\0\0\0\0\0" + b"raw" * 100)
    return [folder / name for name in names]


def judge_of(*photos: Path | tuple[Path, Path], **options: Any) -> tuple[Judge, Table]:
    """A judge of some photos, or pairs of a JPEG and its RAW file, and the table that they lie on."""
    pairs = [photo if isinstance(photo, tuple) else (photo, None) for photo in photos]
    table = Table([TablePhoto(photo, twin) for photo, twin in pairs])
    return Judge(table, **options), table


def press(judge: Judge, *ids: int, **change: Any) -> Judged:
    """Judge as a page does that has just been loaded."""
    return judge.judge(ids, Change(**change), {id: judge.standing(id).state for id in ids})


def said(judge: Judge, id: int = 0) -> tuple[Any, ...]:
    """Stars, pick and label of a row."""
    row = judge.standing(id).as_row()
    return row["stars"], row["pick"], row["label"]


def by_exiftool(file: Path) -> dict[str, Any]:
    """What exiftool reads of ratings, flags and labels in a file, by tag."""
    command = ["exiftool", "-j", "-n", "-XMP:all", str(file)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {tag: value for tag, value in found.items() if tag not in ("SourceFile", "XMPToolkit")}


def by_exiv2(file: Path) -> dict[str, str]:
    """What exiv2 reads of XMP in a file, by key."""
    command = ["exiv2", "-q", "-PXkt", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (line.split(None, 1) for line in done.stdout.splitlines())
    return {parts[0]: parts[1].strip() if len(parts) > 1 else "" for parts in lines if parts}
