"""The data of a run: rated photos and unrated ones, decoded, split, and turned into what is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.inputs import InputSpec
from photocli.records import Photo
from trainers.aesthetics.labels import CLASSES, classes, is_clear
from trainers.aesthetics.ratings import Ratings, read_ratings
from trainers.aesthetics.teachers import teacher_outputs
from trainers.common.frames import Frames, Selection, load_frames
from trainers.common.metrics import Floats
from trainers.common.splits import split

if TYPE_CHECKING:
    from trainers.aesthetics.train import Config


@dataclass(frozen=True)
class Materials:
    """Everything that was read: rated photos with their frames, unrated ones with theirs."""

    ratings: Ratings
    frames: Frames
    others: Frames
    other_paths: tuple[Path, ...]
    sources: tuple[dict[str, Any], ...]
    """Name, role, number of photos and hash of each source, for the record of the run."""


@dataclass(frozen=True)
class TrainingSet:
    """What the network learns from: labelled photos first, then unlabelled ones.

    `targets` (n, k) as `losses.label_loss` takes them; the first `known` rows have one (all do if there are
    teachers). `mean` (n,) is people's mean on 1-10, NaN for the unlabelled.
    """

    pictures: Selection
    labelled: int
    known: int
    targets: Tensor
    mean: Tensor
    ratings: Ratings


@dataclass(frozen=True)
class HeldOut:
    """Photos that a run does not learn from."""

    pictures: Selection
    ratings: Ratings
    rows: NDArray[np.intp]


def read_materials(data: Path, config: Config) -> Materials:
    """Read ratings and decode all photos; those that cannot be read are left out and counted."""
    ratings = read_ratings(data, config.ratings, config.scale)
    side = config.cache_side or InputSpec("image", config.size, config.size).frame_side
    cache = Path(config.cache) if config.cache else None
    frames = load_frames(ratings.paths, side, cache)
    kept = [row for row in range(len(ratings)) if row not in frames.failed]
    if not kept:
        raise UsageError(f"none of the photos of {data} can be read")
    sources = [_source(data, "labelled", len(kept), ratings.take(kept).fingerprint(), len(frames.failed))]
    paths: list[Path] = []
    for folder in config.unlabelled:
        found = [photo.path for photo in discover([Path(folder)]) if isinstance(photo, Photo)]
        paths += found
        sources.append(_source(Path(folder), "unlabelled", len(found), "", 0))
    others = load_frames(paths, side, cache)
    return Materials(ratings, frames, others, tuple(paths), tuple(sources))


def _source(path: Path, role: str, photos: int, fingerprint: str, failed: int) -> dict[str, Any]:
    name = (path if path.is_dir() else path.parent).resolve().name
    facts = {"name": name, "role": role, "photos": photos, "unreadable": failed}
    return {**facts, "hash": fingerprint} if fingerprint else facts


def divide(materials: Materials, config: Config) -> tuple[TrainingSet, HeldOut | None]:
    """The training set and the held-out photos of the fold that the configuration names."""
    fold = None if config.fold == "none" else int(config.fold)
    training, held = split(materials.ratings.names, config.folds, fold, config.split_by)
    training, held = (rows[[row not in materials.frames.failed for row in rows]] for rows in (training, held))
    # The middle is left out of training only, and after the split: held-out photos are judged all.
    if config.labels == "binary":
        training = training[is_clear(materials.ratings.mean[training], config.middle, config.delta)]
    if len(training) < 2 or (fold is not None and len(held) < 2):
        raise UsageError(f"too few photos: {len(training)} to train on, {len(held)} held out")
    held_out = (
        HeldOut(_pick(materials.frames, held), materials.ratings.take(held), held) if len(held) else None
    )
    return training_set(materials, training, config), held_out


def training_set(materials: Materials, rows: NDArray[np.intp] | Sequence[int], config: Config) -> TrainingSet:
    """Labelled rows and all unlabelled photos, with targets from people and from teachers."""
    ratings = materials.ratings.take(rows)
    others = [row for row in range(len(materials.others)) if row not in materials.others.failed]
    pictures = Selection(_pick(materials.frames, rows).parts + _pick(materials.others, others).parts)
    targets = label_targets(ratings, config)
    known = len(targets)
    if config.teacher:
        paths = [*ratings.paths, *(materials.other_paths[row] for row in others)]
        teachers = [Path(name.format(fold=config.fold)) for name in config.teacher]
        said = teacher_outputs(
            teachers, pictures, paths, asdict(config), Path(config.cache) if config.cache else None
        )
        own = config.distill_weight
        targets = np.concatenate([(1 - own) * targets + own * said[:known], said[known:]])
        known = len(targets)
    mean = np.concatenate([ratings.mean, np.full(len(others), np.nan)])
    return TrainingSet(
        pictures,
        len(ratings),
        known,
        torch.from_numpy(targets).float(),
        torch.from_numpy(mean).float(),
        ratings,
    )


def label_targets(ratings: Ratings, config: Config) -> Floats:
    """Targets (n, k) of a label mode: votes, one-hot classes, or means."""
    if config.labels == "distribution":
        return ratings.votes
    if config.labels == "regression":
        return ratings.mean[:, None]
    kind = classes(ratings.mean, config.labels, config.middle, config.delta)
    return np.eye(len(CLASSES[config.labels]))[kind]


def extremes(mean: Floats, count: int) -> NDArray[np.intp]:
    """Rows of the `count` most extreme photos: half of them the worst, half the best."""
    order = np.argsort(mean, kind="stable")
    half = min(count, len(order)) // 2
    return np.concatenate([order[:half], order[len(order) - half :]])


def _pick(frames: Frames, rows: NDArray[np.intp] | Sequence[int]) -> Selection:
    return Selection(tuple((frames, int(row)) for row in rows))
