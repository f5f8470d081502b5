"""Photos with classes of a user's own: read, without copies and contradictions, split, and decoded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from photocli.errors import UsageError
from trainers.classes.config import ClassesConfig
from trainers.classes.formats import (
    AVA_STYLES,
    Row,
    is_ava_style,
    read_ava_test,
    read_ava_training,
    read_rows,
)
from trainers.common.frames import Selection, load_frames
from trainers.common.splits import fold_of


@dataclass(frozen=True)
class LabelledPhotos:
    """Holds n photos of k classes: `targets` (n, k) is 0 or 1.

    With `several`, rows may have any number of 1s. `dropped` counts by reason the rows that are left out.
    """

    paths: tuple[Path, ...]
    classes: tuple[str, ...]
    targets: NDArray[np.float32]
    several: bool
    dropped: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: NDArray[np.intp] | Sequence[int]) -> LabelledPhotos:
        """Returns these rows only, in this order."""
        chosen = [int(row) for row in rows]
        paths = tuple(self.paths[row] for row in chosen)
        return LabelledPhotos(paths, self.classes, self.targets[chosen], self.several, self.dropped)

    @property
    def counts(self) -> dict[str, int]:
        """Photos of each class."""
        return {name: int(n) for name, n in zip(self.classes, self.targets.sum(0), strict=True)}

    def fingerprint(self) -> str:
        """Returns a hash of names and classes: the same for the same data, whatever the order of the rows."""
        lines = sorted(
            f"{path.name},{','.join(np.asarray(self.classes)[row > 0])}"
            for path, row in zip(self.paths, self.targets, strict=True)
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


# Reading


def read_photos(
    sources: Sequence[Path], config: ClassesConfig
) -> tuple[LabelledPhotos, LabelledPhotos | None]:
    """Returns photos to learn from, shuffled once, and those held out; see `split_photos`."""
    folds = (config.folds, config.fold, config.seed)
    if is_ava_style(sources[0]):
        if len(sources) > 1 or config.held:
            raise UsageError("AVA's lists come with their own test photos, and alone")
        training = label_photos(read_ava_training(sources[0]), False, AVA_STYLES)
        return split_photos(training, label_photos(read_ava_test(sources[0]), True, AVA_STYLES), *folds)
    training = read_labelled(sources)
    held = read_labelled([Path(path) for path in config.held], training.classes) if config.held else None
    return split_photos(training, held, *folds)


def read_labelled(sources: Sequence[Path], classes: Sequence[str] = ()) -> LabelledPhotos:
    """Reads photos and their classes from list files, folders and CSV files; see `label_photos`.

    Raises `UsageError` if a source cannot be read, or if sources are of different kinds.
    """
    found = [read_rows(source) for source in sources]
    if len({several for several, _ in found}) > 1:
        raise UsageError("photos of one class each and photos of several classes cannot be mixed")
    return label_photos([row for _, rows in found for row in rows], found[0][0], classes)


def label_photos(rows: Sequence[Row], several: bool, classes: Sequence[str] = ()) -> LabelledPhotos:
    """Returns rows as photos of known classes.

    With `classes` those are the classes, in that order, and a row of another one is dropped. Rows whose photo
    is missing are dropped and counted; so are copies of a photo that came before (the same bytes), and photos
    that are listed with different classes. Raises `UsageError` if nothing is left.
    """
    dropped: Counter[str] = Counter()
    known = tuple(classes) or _in_order({name for row in rows for name in row.classes})
    kept = list(_unique(_existing(rows, known, dropped), dropped))
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
    return LabelledPhotos(tuple(row.path for row in kept), known, targets, several, dropped)


def _existing(rows: Iterable[Row], known: Sequence[str], dropped: Counter[str]) -> Iterator[Row]:
    """Yields the rows whose photo is there and whose classes are known."""
    for row in rows:
        if not row.path.is_file():
            dropped["missing"] += 1
        elif set(row.classes) - set(known):
            dropped["of an unknown class"] += 1
        else:
            yield row


def _unique(rows: Iterable[Row], dropped: Counter[str]) -> Iterator[Row]:
    """Yields each photo once; none where its copies have different classes."""
    kept: dict[str, list[Row]] = {}
    for row in rows:
        kept.setdefault(_digest(row.path), []).append(row)
    for copies in kept.values():
        if len({frozenset(row.classes) for row in copies}) > 1:
            dropped["listed with different classes"] += len(copies)
            continue
        dropped["copies"] += len(copies) - 1
        yield copies[0]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Sorts integers by value, names by the alphabet."""
    numbers = {name: int(name) for name in names if name.isdigit()}
    return tuple(sorted(names, key=lambda name: (name not in numbers, numbers.get(name, 0), name)))


# Splitting


def split_photos(
    photos: LabelledPhotos, held: LabelledPhotos | None, folds: int, fold: str, seed: int
) -> tuple[LabelledPhotos, LabelledPhotos | None]:
    """Returns photos to learn from, shuffled once by the seed, and those held out (None: nothing is).

    `held` are photos that a user keeps apart: copies of them are not learned from. Without it, `fold` of
    `folds` is held out, by a hash of the file name. Raises `UsageError` if either side is empty.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(photos))
    if held is not None:
        kept_apart = {_digest(path) for path in held.paths}
        same = [_digest(path) in kept_apart for path in photos.paths]
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


# Decoding


class DecodedPhotos(NamedTuple):
    """Holds photos with their classes, and their pixels."""

    photos: LabelledPhotos
    pictures: Selection


def decode_photos(photos: LabelledPhotos, config: ClassesConfig) -> DecodedPhotos:
    """Decodes photos, without those that cannot be read, which are counted.

    Raises `UsageError` if none can be read.
    """
    cache = Path(config.cache) if config.cache else None
    frames = load_frames(photos.paths, config.cache_side, cache, max(1, config.workers))
    rows = [row for row in range(len(photos)) if row not in frames.failed]
    photos.dropped["unreadable"] += len(frames.failed)
    if not rows:
        raise UsageError("none of the photos can be read")
    return DecodedPhotos(photos.take(rows), Selection(tuple((frames, row) for row in rows)))
