"""Formats in which classes of photos are given: a list file, a folder per class, a CSV, AVA's lists.

AVA's styles (Murray et al. 2012) are 14 classes: one of each training photo, several of test photos.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo

NAMES = "classes.txt"
"""Beside a list file whose classes are integers: their names, one a line, from 0 on."""

_NOT = frozenset(("", "0", "0.0", "false", "no"))


class Row(NamedTuple):
    """Holds one photo and its classes: one or, where several may hold, any number."""

    path: Path
    classes: tuple[str, ...]


def read_rows(source: Path) -> tuple[bool, list[Row]]:
    """Returns whether several classes may hold at once, and the rows of one source in its order.

    Raises `UsageError` if there is no such source, or if it is in none of the formats.
    """
    if source.is_dir():
        return False, list(_read_folders(source))
    if not source.is_file():
        raise UsageError(f"there is no file or folder '{source}'")
    return _read_table(source) if source.suffix.lower() == ".csv" else (False, list(_read_list(source)))


def _read_folders(source: Path) -> Iterator[Row]:
    """Reads a folder per class; photos may lie in folders of these."""
    folders = sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise UsageError(f"{source} holds no folders, one for each class")
    for folder in folders:
        for found in discover([folder]):
            if isinstance(found, Photo):
                yield Row(found.path, (folder.name,))


def _read_list(source: Path) -> Iterator[Row]:
    """Reads Caffe's format: `<file> <class>` on each line, with a tab between where a class has spaces."""
    names = source.with_name(NAMES)
    named = names.read_text(encoding="utf-8").splitlines() if names.is_file() else []
    for number, line in enumerate(source.read_text(encoding="utf-8-sig").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        parts = line.rsplit("\t" if "\t" in line else None, 1)
        if len(parts) < 2:
            raise UsageError(f"{source}, line {number}: '{line}' is not '<file> <class>'")
        kind = parts[1].strip()
        if named and kind.isdigit():
            if int(kind) >= len(named):
                raise UsageError(f"{source}, line {number}: {names} has no class {kind}")
            kind = named[int(kind)].strip()
        yield Row(source.parent / parts[0].strip(), (kind,))


def _read_table(source: Path) -> tuple[bool, list[Row]]:
    """Reads a CSV with `file` and a column of 0 and 1 for each class, or with `file` and `class`."""
    with source.open(newline="", encoding="utf-8-sig") as lines:
        table = csv.DictReader(lines)
        header, rows = list(table.fieldnames or ()), list(table)
    columns = [name for name in header if name != "file"]
    if "file" not in header or not columns:
        raise UsageError(f"{source} needs a column 'file' and a column for each class, or 'class'")
    if columns == ["class"]:
        return False, [Row(source.parent / row["file"], (row["class"],)) for row in rows]
    found = []
    for number, row in enumerate(rows, start=2):
        marks = {name: (row[name] or "").strip().lower() for name in columns}
        if wrong := [mark for mark in marks.values() if mark not in _NOT | {"1", "1.0", "true", "yes"}]:
            raise UsageError(f"{source}, line {number}: '{wrong[0]}' is neither 0 nor 1")
        held = tuple(name for name, mark in marks.items() if mark not in _NOT)
        found.append(Row(source.parent / row["file"], held))
    return True, found


# AVA's lists

AVA_STYLES = (
    *("Complementary Colors", "Duotones", "HDR", "Image Grain", "Light On White", "Long Exposure", "Macro"),
    *("Motion Blur", "Negative Image", "Rule of Thirds", "Shallow DOF", "Silhouettes", "Soft Focus"),
    "Vanishing Point",
)
"""In the order of AVA's numbers, which start at 1."""

_AVA_FOLDERS = ("images", "photos", "image")


def is_ava_style(source: Path) -> bool:
    """Says whether a folder holds AVA's lists of styles."""
    return (source / "train.jpgl").is_file() and (source / "train.lab").is_file()


def read_ava_training(folder: Path) -> list[Row]:
    """Reads the training photos, each of one style: `train.jpgl` has ids and `train.lab` numbers of styles.

    Photos are `<id>.jpg` in `images/`, beside the lists or beside their folder; they need not all be there.
    Raises `UsageError` if the lists do not belong together.
    """
    names, marks = _lines(folder / "train.jpgl"), _lines(folder / "train.lab")
    _check_lengths(folder, len(names), len(marks))
    return [
        Row(_photo(folder, name), (_style(folder, mark),)) for name, mark in zip(names, marks, strict=True)
    ]


def read_ava_test(folder: Path) -> list[Row]:
    """Reads the test photos: `test.multilab` has a line of 14 times 0 or 1 for each id of `test.jpgl`."""
    names, marks = _lines(folder / "test.jpgl"), _lines(folder / "test.multilab")
    _check_lengths(folder, len(names), len(marks))
    rows = []
    for name, line in zip(names, marks, strict=True):
        flags = line.split()
        if len(flags) != len(AVA_STYLES) or set(flags) - {"0", "1"}:
            raise UsageError(f"{folder / 'test.multilab'}: '{line}' is not {len(AVA_STYLES)} times 0 or 1")
        held = tuple(style for style, flag in zip(AVA_STYLES, flags, strict=True) if flag == "1")
        rows.append(Row(_photo(folder, name), held))
    return rows


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UsageError(f"AVA's list {path} does not exist")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _check_lengths(folder: Path, names: int, marks: int) -> None:
    if names != marks:
        raise UsageError(f"AVA's lists in {folder} have {names} photos and {marks} lines of styles")


def _style(folder: Path, mark: str) -> str:
    if not mark.isdigit() or not 1 <= int(mark) <= len(AVA_STYLES):
        raise UsageError(
            f"{folder / 'train.lab'}: '{mark}' is not the number of a style, 1-{len(AVA_STYLES)}"
        )
    return AVA_STYLES[int(mark) - 1]


def _photo(folder: Path, name: str) -> Path:
    """Returns where a photo lies; a path where nothing is if it was not found."""
    file = name if name.lower().endswith(".jpg") else f"{name}.jpg"
    places = [near / sub / file for near in (folder, folder.parent) for sub in _AVA_FOLDERS] + [folder / file]
    return next((place for place in places if place.is_file()), places[0])
