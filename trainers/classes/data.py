"""Photos with classes of a user's own: a list file, a folder per class, or a CSV."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo
from trainers.common.splits import fold_of

NAMES = "classes.txt"
"""Beside a list file whose classes are integers: their names, one a line, from 0 on."""

_NOT = frozenset(("", "0", "0.0", "false", "no"))


class Row(NamedTuple):
    """One photo and its classes: one or, where several may hold, any number."""

    path: Path
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """n photos of k classes: `targets` (n, k) holds 0 and 1; with `several`, rows may have any number of 1s.

    `dropped` counts by reason the rows that are left out.
    """

    paths: tuple[Path, ...]
    classes: tuple[str, ...]
    targets: NDArray[np.float32]
    several: bool
    dropped: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: NDArray[np.intp] | Sequence[int]) -> Listed:
        """These rows only, in this order."""
        chosen = [int(row) for row in rows]
        paths = tuple(self.paths[row] for row in chosen)
        return Listed(paths, self.classes, self.targets[chosen], self.several, self.dropped)

    @property
    def counts(self) -> dict[str, int]:
        """Photos of each class."""
        return {name: int(n) for name, n in zip(self.classes, self.targets.sum(0), strict=True)}

    def fingerprint(self) -> str:
        """A hash of names and classes: the same for the same data, whatever the order of the rows."""
        lines = sorted(
            f"{path.name},{','.join(np.asarray(self.classes)[row > 0])}"
            for path, row in zip(self.paths, self.targets, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_listed(sources: Sequence[Path], classes: Sequence[str] = ()) -> Listed:
    """Read photos and their classes from list files, folders and CSV files; see `listed`.

    Raises `UsageError` if a source cannot be read, or if sources are of different kinds.
    """
    found = [read_rows(source) for source in sources]
    if len({several for several, _ in found}) > 1:
        raise UsageError("photos of one class each and photos of several classes cannot be mixed")
    return listed([row for _, rows in found for row in rows], found[0][0], classes)


def listed(rows: Sequence[Row], several: bool, classes: Sequence[str] = ()) -> Listed:
    """Rows as photos of known classes.

    With `classes` those are the classes, in that order, and a row of another one is dropped. Rows whose photo
    is missing are dropped and counted; so are copies of a photo that came before (the same bytes), and photos
    that are listed with different classes. Raises `UsageError` if nothing is left.
    """
    dropped: Counter[str] = Counter()
    known = tuple(classes) or _in_order({name for row in rows for name in row.classes})
    kept = list(_unique(_there(rows, known, dropped), dropped))
    if not kept:
        why = ", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "none is listed"
        raise UsageError(f"none of the listed photos can be used: {why}")
    if odd := next((name for name in known if not name.strip() or ";" in name), None):
        raise UsageError(f"'{odd}' cannot be the name of a class: it would be joined to others by semicolons")
    if len(known) < 2 and not several:
        raise UsageError(f"there is only one class, '{known[0]}', so nothing to tell apart")
    targets = np.zeros((len(kept), len(known)), np.float32)
    place = {name: column for column, name in enumerate(known)}
    for number, row in enumerate(kept):
        targets[number, [place[name] for name in row.classes]] = 1
    return Listed(tuple(row.path for row in kept), known, targets, several, dropped)


def read_rows(source: Path) -> tuple[bool, list[Row]]:
    """Whether several classes may hold at once, and the rows of one source, as they stand in it."""
    if source.is_dir():
        return False, list(_of_folders(source))
    if not source.is_file():
        raise UsageError(f"there is no file or folder '{source}'")
    return _of_table(source) if source.suffix.lower() == ".csv" else (False, list(_of_list(source)))


def divide(
    photos: Listed, held: Listed | None, folds: int, fold: str, seed: int
) -> tuple[Listed, Listed | None]:
    """Photos to learn from, shuffled once by the seed, and those held out (None: nothing is).

    `held` are photos that a user keeps apart: copies of them are not learned from. Without it, `fold` of
    `folds` is held out, by a hash of the file name.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(photos))
    if held is not None:
        kept_apart = {_content(path) for path in held.paths}
        same = [_content(path) in kept_apart for path in photos.paths]
        photos.dropped["held out as well"] += sum(same)
        training = photos.take([row for row in order if not same[row]])
    elif fold == "none":
        return photos.take(order), None
    else:
        out = np.array([fold_of(path.name, folds) == int(fold) for path in photos.paths], dtype=bool)
        training, held = photos.take([row for row in order if not out[row]]), photos.take(np.flatnonzero(out))
    if not len(training) or not len(held):
        raise UsageError(f"{len(training)} photos to learn from and {len(held)} held out: both are needed")
    return training, held


# Formats


def _of_folders(source: Path) -> Iterator[Row]:
    """A folder per class; photos may lie in folders of these."""
    folders = sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise UsageError(f"{source} holds no folders, one for each class")
    for folder in folders:
        for found in discover([folder]):
            if isinstance(found, Photo):
                yield Row(found.path, (folder.name,))


def _of_list(source: Path) -> Iterator[Row]:
    """Caffe's format: `<file> <class>` on each line, or with a tab between them where a class has spaces."""
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


def _of_table(source: Path) -> tuple[bool, list[Row]]:
    """A CSV with `file` and a column of 0 and 1 for each class, or with `file` and `class`."""
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


# What is left out


def _there(rows: Iterable[Row], known: Sequence[str], dropped: Counter[str]) -> Iterator[Row]:
    """The rows whose photo is there and whose classes are known."""
    for row in rows:
        if not row.path.is_file():
            dropped["missing"] += 1
        elif set(row.classes) - set(known):
            dropped["of an unknown class"] += 1
        else:
            yield row


def _unique(rows: Iterable[Row], dropped: Counter[str]) -> Iterator[Row]:
    """Each photo once; none where its copies have different classes."""
    kept: dict[str, list[Row]] = {}
    for row in rows:
        kept.setdefault(_content(row.path), []).append(row)
    for copies in kept.values():
        if len({frozenset(row.classes) for row in copies}) > 1:
            dropped["listed with different classes"] += len(copies)
            continue
        dropped["copies"] += len(copies) - 1
        yield copies[0]


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Integers by value, names by the alphabet."""
    numbers = {name: int(name) for name in names if name.isdigit()}
    return tuple(sorted(names, key=lambda name: (name not in numbers, numbers.get(name, 0), name)))
