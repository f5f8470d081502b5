"""AVA's lists of photographic styles (Murray et al. 2012): 14 classes, one of each training photo, several of
test photos."""

from __future__ import annotations

from pathlib import Path

from photocli.errors import UsageError
from trainers.classes.data import Row

STYLES = (
    *("Complementary Colors", "Duotones", "HDR", "Image Grain", "Light On White", "Long Exposure", "Macro"),
    *("Motion Blur", "Negative Image", "Rule of Thirds", "Shallow DOF", "Silhouettes", "Soft Focus"),
    "Vanishing Point",
)
"""In the order of AVA's numbers, which start at 1."""

_FOLDERS = ("images", "photos", "image")


def is_ava_style(source: Path) -> bool:
    """Whether a folder holds AVA's lists of styles."""
    return (source / "train.jpgl").is_file() and (source / "train.lab").is_file()


def read_training(folder: Path) -> list[Row]:
    """The training photos, each of one style: `train.jpgl` has ids and `train.lab` numbers of styles.

    Photos are `<id>.jpg` in `images/`, beside the lists or beside their folder; they need not all be there.
    Raises `UsageError` if the lists do not belong together.
    """
    names, marks = _lines(folder / "train.jpgl"), _lines(folder / "train.lab")
    _same(folder, len(names), len(marks))
    return [
        Row(_photo(folder, name), (_style(folder, mark),)) for name, mark in zip(names, marks, strict=True)
    ]


def read_test(folder: Path) -> list[Row]:
    """The test photos: `test.multilab` has a line of 14 times 0 or 1 for each id of `test.jpgl`."""
    names, marks = _lines(folder / "test.jpgl"), _lines(folder / "test.multilab")
    _same(folder, len(names), len(marks))
    rows = []
    for name, line in zip(names, marks, strict=True):
        flags = line.split()
        if len(flags) != len(STYLES) or set(flags) - {"0", "1"}:
            raise UsageError(f"{folder / 'test.multilab'}: '{line}' is not {len(STYLES)} times 0 or 1")
        held = tuple(style for style, flag in zip(STYLES, flags, strict=True) if flag == "1")
        rows.append(Row(_photo(folder, name), held))
    return rows


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise UsageError(f"AVA's list {path} does not exist")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _same(folder: Path, names: int, marks: int) -> None:
    if names != marks:
        raise UsageError(f"AVA's lists in {folder} have {names} photos and {marks} lines of styles")


def _style(folder: Path, mark: str) -> str:
    if not mark.isdigit() or not 1 <= int(mark) <= len(STYLES):
        raise UsageError(f"{folder / 'train.lab'}: '{mark}' is not the number of a style, 1-{len(STYLES)}")
    return STYLES[int(mark) - 1]


def _photo(folder: Path, name: str) -> Path:
    """Where a photo lies; a path where nothing is if it was not found."""
    file = name if name.lower().endswith(".jpg") else f"{name}.jpg"
    places = [near / sub / file for near in (folder, folder.parent) for sub in _FOLDERS] + [folder / file]
    return next((place for place in places if place.is_file()), places[0])
