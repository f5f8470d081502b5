"""Rated faces: their lists are read and divided, and batches of views are drawn from them."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor

from photocli.errors import UsageError
from photocli.faces.alignment import Place
from trainers.common.image_corruptions import SPOILS, spoiled
from trainers.common.metrics import Floats
from trainers.common.splits import fold_of
from trainers.selfie.alignment import FINER, ROOM, cached_arrays, cut_faces, detect_faces
from trainers.selfie.augmentation import AugmentationRange, random_views
from trainers.selfie.config import SelfieConfig, place_of
from trainers.selfie.network import LOWEST

UNSEEN = 10
"""One of so many parts of the further list takes no part in the Siamese stage."""

# Lists


@dataclass(frozen=True)
class AlignedFaces:
    """n faces: `squares` (n, side, side, 3) as they are served, `wide` (n, w, w, 3) with room around, both
    uint8 and RGB; people's mean `score` (n,) 1-10, and who is shown, empty where nobody said."""

    squares: NDArray[np.uint8]
    wide: NDArray[np.uint8]
    score: Floats
    names: tuple[str, ...]
    sex: tuple[str, ...]
    group: tuple[str, ...]
    source: dict[str, Any]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def side(self) -> int:
        """The side of the squares that are served, pixels."""
        return int(self.squares.shape[1])

    def rows(self, chosen: NDArray[Any]) -> AlignedFaces:
        """Returns some of them."""
        pick = np.arange(len(self))[chosen]
        names, sex, group = (
            tuple(values[row] for row in pick) for values in (self.names, self.sex, self.group)
        )
        return AlignedFaces(
            self.squares[pick], self.wide[pick], self.score[pick], names, sex, group, self.source
        )

    def like(self, other: AlignedFaces) -> AlignedFaces:
        """Moves and scales the scores to the mean and spread of others', who marked on another scale."""
        scaled = (self.score - self.score.mean()) / self.score.std() * other.score.std() + other.score.mean()
        return replace(self, score=np.clip(scaled, 1, 10))


class FaceLists(NamedTuple):
    """The faces of a run; `split` says in words which are held out."""

    training: AlignedFaces
    held: AlignedFaces | None
    more: AlignedFaces | None
    studio: AlignedFaces | None
    split: str


def read_data(listed: Path, config: SelfieConfig) -> FaceLists:
    """Reads the lists, and divides the first where no other is held out. Raises `UsageError`."""
    cache = Path(config.cache) if config.cache else None
    place = place_of(config)

    def faces(name: str | Path) -> AlignedFaces:
        return read_faces(Path(name), Path(config.teacher), config.side, place, cache)

    training, held, split = faces(listed), None, ""
    if config.held:
        held, split = faces(config.held), f"{Path(config.held).name}, as it was given"
    elif config.fold != "none":
        training, held = divide(training, config.folds, int(config.fold))
        split = f"fold {config.fold} of {config.folds}, by a hash of the name"
    more = faces(config.more) if config.more else None
    studio = None
    if config.studio:
        studio = more if config.studio == config.more else faces(config.studio)
    return FaceLists(training, held, more.like(training) if more is not None else None, studio, split)


def divide(faces: AlignedFaces, folds: int, fold: int) -> tuple[AlignedFaces, AlignedFaces]:
    """Returns the faces outside a fold by a hash of the name, and those in it."""
    held = np.array([fold_of(name, folds) == fold for name in faces.names])
    return faces.rows(~held), faces.rows(held)


def read_faces(listed: Path, teacher: Path, side: int, place: Place, cache: Path | None) -> AlignedFaces:
    """Reads the faces of a list with columns `file` and `score`, and perhaps `sex` and `group`.

    The teacher, a YuNet file, finds them; photos without a face are left out, and counted. With a folder for
    the `cache` they are cut once. Raises `UsageError` for a list or photos that cannot be read.
    """
    rows = _listed(listed)
    key = _key(rows)
    paths = [listed.parent / row["file"] for row in rows]
    found = cached_arrays(cache, f"upright-{key}", lambda: {"faces": detect_faces(paths, teacher)})["faces"]
    with_face = np.flatnonzero(~np.isnan(found[:, 0]))
    cut = cached_arrays(
        cache,
        f"faces-{_key((key, side, astuple(place), ROOM, FINER))}",
        lambda: cut_faces([paths[row] for row in with_face], found[with_face], side, place),
    )
    kept = [rows[row] for row in with_face]
    if len(kept) < len(rows):
        typer.echo(f"{listed}: no face found in {len(rows) - len(kept)} of {len(rows)} photos")
    if not kept:
        raise UsageError(f"{listed}: there is no face in any of its photos")
    source = {"name": f"{listed.resolve().parent.name}/{listed.name}", "photos": len(kept), "hash": key}
    return AlignedFaces(
        cut["squares"],
        cut["wide"],
        np.array([float(row["score"]) for row in kept]),
        tuple(row["file"] for row in kept),
        tuple(row.get("sex") or "" for row in kept),
        tuple(row.get("group") or "" for row in kept),
        source,
    )


def _listed(listed: Path) -> list[dict[str, str]]:
    try:
        with listed.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{listed} cannot be read: {error}") from error
    if not rows or not {"file", "score"} <= set(rows[0]):
        raise UsageError(f"{listed} has no columns file and score")
    return rows


def _key(of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()[:16]


# Pairs


def score_classes(score: Floats) -> NDArray[np.int64]:
    """Returns classes of scores (n,): the whole number next to each."""
    return np.floor(np.asarray(score) + 0.5).astype(np.int64)


def has_pairs(classes: NDArray[np.int64]) -> bool:
    """Whether there are both kinds of pairs: two faces of one class, and two of different ones."""
    sizes = np.unique(classes, return_counts=True)[1]
    return len(sizes) > 1 and bool(sizes.max() > 1)


def draw_pairs(
    classes: NDArray[np.int64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Draws rows (count,) of one face and of another, half of them of one class; returns which are, too.

    Classes come up equally often, so that the rare very low and very high scores count as much.
    """
    names, sizes = np.unique(classes, return_counts=True)
    members = {name: np.flatnonzero(classes == name) for name in names}
    paired = names[sizes > 1]
    same = np.arange(count) % 2 == 0
    first, second = np.empty(count, np.int64), np.empty(count, np.int64)
    for place, alike in enumerate(same):
        if alike:
            first[place], second[place] = rng.choice(members[rng.choice(paired)], 2, replace=False)
        else:
            one, other = rng.choice(names, 2, replace=False)
            first[place], second[place] = rng.choice(members[one]), rng.choice(members[other])
    return first, second, same


# Batches


class RatedBatch(NamedTuple):
    """`images` (n, 3, side, side): `own` faces of the main list, those of the further one, and copies of the
    first of them, spoiled with `severity`; `truth`, the scores of all that are no copies, 0-9."""

    images: Tensor
    truth: Tensor
    own: int
    severity: Tensor

    def to(self, device: torch.device) -> RatedBatch:
        """Returns the same on another device."""
        images, truth, own, severity = self
        return RatedBatch(images.to(device), truth.to(device), own, severity.to(device))


class FaceBatches:
    """Draws batches from the main list of faces and, if there is one, a further list."""

    def __init__(self, config: SelfieConfig, faces: AlignedFaces, more: AlignedFaces | None) -> None:
        self.config, self.faces, self.more = config, faces, more
        self.limits = AugmentationRange(config.turn, config.scale, 0.05, 0.04, config.colour)
        self.chances = balanced(faces.score, config.balance)
        self._sets = [faces]
        self.unseen: list[AlignedFaces] = []
        if more is not None:  # a part of it makes no pairs, and shows whether these are told apart
            paired, unseen = divide(more, UNSEEN, 0)
            self._sets.append(paired)
            self.unseen.append(unseen)
        self._classes = [score_classes(part.score) for part in self._sets]

    def _views(self, faces: AlignedFaces, rows: Any, generator: torch.Generator) -> Tensor:
        return random_views(torch.from_numpy(faces.wide[rows]), faces.side, self.limits, generator)

    def pairs(self, rng: np.random.Generator, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draws faces (n, 3, side, side) as pairs, and returns their classes (n,); all are of one list."""
        sizes = np.array([len(part) for part in self._sets], float)
        which = int(rng.choice(len(sizes), p=sizes / sizes.sum()))
        first, second, _ = draw_pairs(self._classes[which], max(2, self.config.batch // 2), rng)
        rows = np.concatenate([first, second])
        images = self._views(self._sets[which], rows, generator)
        return images, torch.from_numpy(self._classes[which][rows])

    def rated(self, rng: np.random.Generator, generator: torch.Generator, joint: bool) -> RatedBatch:
        """Draws faces with scores, those of the further list among them if `joint`."""
        config = self.config
        beside = round(config.batch * config.more_share) if joint and self.more is not None else 0
        rows = rng.choice(len(self.faces), config.batch - beside, p=self.chances)
        parts, truth = [self._views(self.faces, rows, generator)], [self.faces.score[rows]]
        if beside and self.more is not None:
            others = rng.choice(len(self.more), beside)
            parts.append(self._views(self.more, others, generator))
            truth.append(self.more.score[others])
        pairs = min(config.pairs, len(rows)) if config.craft > 0 else 0
        severity = 0.15 + 0.85 * torch.rand(pairs, generator=generator)
        if pairs:
            kinds = torch.randint(len(SPOILS), (pairs,), generator=generator)
            parts.append(spoiled(parts[0][:pairs], kinds, severity, generator))
        marks = torch.from_numpy(np.concatenate(truth) - LOWEST).float()
        return RatedBatch(torch.cat(parts), marks, len(rows), severity)


def balanced(score: Floats, balance: float) -> Floats:
    """Returns the chance of each face: 0 draws all alike, 1 every class of scores equally often."""
    classes = score_classes(score)
    sizes = np.bincount(classes)[classes].astype(np.float64)
    chance = sizes**-balance
    return np.asarray(chance / chance.sum())
