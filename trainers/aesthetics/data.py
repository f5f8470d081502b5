"""The data of a run: rated photos and unrated ones, decoded, split, and turned into what is learned.

Targets come from people, and from teachers: the outputs of trained models (Hinton et al. 2015), which rate
photos that nobody rated, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photocli.decode import DECODE_VERSION
from photocli.discover import discover
from photocli.errors import UsageError
from photocli.inputs.views import InputSpec
from photocli.records import Photo
from trainers.aesthetics.config import AestheticsConfig
from trainers.aesthetics.labels import CLASSES, classes, is_clear
from trainers.aesthetics.predictions import predict
from trainers.aesthetics.ratings import RatedPhotos, read_ratings
from trainers.common.checkpoints import load_model
from trainers.common.frames import Frames, Selection, load_frames
from trainers.common.metrics import Floats
from trainers.common.splits import split

# Reading


@dataclass(frozen=True)
class Materials:
    """Holds everything that was read: rated photos with their frames, unrated ones with theirs."""

    ratings: RatedPhotos
    frames: Frames
    others: Frames
    other_paths: tuple[Path, ...]
    sources: tuple[dict[str, Any], ...]
    """Name, role, number of photos and hash of each source, for the record of the run."""


def read_materials(data: Path, config: AestheticsConfig) -> Materials:
    """Reads ratings and decodes all photos; those that cannot be read are left out and counted.

    Raises `UsageError` if no rated photo can be read.
    """
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


# Splitting


@dataclass(frozen=True)
class TrainingSet:
    """Holds what the network learns from: labelled photos first, then unlabelled ones.

    `targets` (n, k) as `train.label_loss` takes them; the first `known` rows have one (all do if there are
    teachers). `mean` (n,) is people's mean on 1-10, NaN for the unlabelled.
    """

    pictures: Selection
    labelled: int
    known: int
    targets: Tensor
    mean: Tensor
    ratings: RatedPhotos


@dataclass(frozen=True)
class HeldOut:
    """Holds the photos that a run does not learn from."""

    pictures: Selection
    ratings: RatedPhotos
    rows: NDArray[np.intp]


def split_materials(materials: Materials, config: AestheticsConfig) -> tuple[TrainingSet, HeldOut | None]:
    """Returns the training set and the held-out photos of the fold that the configuration names.

    Raises `UsageError` if either has fewer than two photos.
    """
    fold = None if config.fold == "none" else int(config.fold)
    training, held = split(materials.ratings.names, config.folds, fold, config.split_by)
    training, held = (rows[[row not in materials.frames.failed for row in rows]] for rows in (training, held))
    # The middle is left out of training only, and after the split: all held-out photos are evaluated.
    if config.labels == "binary":
        training = training[is_clear(materials.ratings.mean[training], config.middle, config.delta)]
    if len(training) < 2 or (fold is not None and len(held) < 2):
        raise UsageError(f"too few photos: {len(training)} to train on, {len(held)} held out")
    held_out = (
        HeldOut(_pick(materials.frames, held), materials.ratings.take(held), held) if len(held) else None
    )
    return training_set(materials, training, config), held_out


def training_set(
    materials: Materials, rows: NDArray[np.intp] | Sequence[int], config: AestheticsConfig
) -> TrainingSet:
    """Returns labelled rows and all unlabelled photos, with targets from people and from teachers."""
    ratings = materials.ratings.take(rows)
    others = [row for row in range(len(materials.others)) if row not in materials.others.failed]
    pictures = Selection(_pick(materials.frames, rows).parts + _pick(materials.others, others).parts)
    targets = label_targets(ratings, config)
    known = len(targets)
    if config.teacher:
        paths = [*ratings.paths, *(materials.other_paths[row] for row in others)]
        teachers = [Path(name.format(fold=config.fold)) for name in config.teacher]
        cache = Path(config.cache) if config.cache else None
        taught = teacher_outputs(teachers, pictures, paths, asdict(config), cache)
        share = config.distill_weight
        targets = np.concatenate([(1 - share) * targets + share * taught[:known], taught[known:]])
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


def extremes(mean: Floats, count: int) -> NDArray[np.intp]:
    """Returns rows of the `count` most extreme photos: half of them the worst, half the best."""
    order = np.argsort(mean, kind="stable")
    half = min(count, len(order)) // 2
    return np.concatenate([order[:half], order[len(order) - half :]])


def _pick(frames: Frames, rows: NDArray[np.intp] | Sequence[int]) -> Selection:
    return Selection(tuple((frames, int(row)) for row in rows))


# Targets


def label_targets(ratings: RatedPhotos, config: AestheticsConfig) -> Floats:
    """Returns targets (n, k) of a label mode: votes, one-hot classes, or means."""
    if config.labels == "distribution":
        return ratings.votes
    if config.labels == "regression":
        return ratings.mean[:, None]
    kind = classes(ratings.mean, config.labels, config.middle, config.delta)
    return np.eye(len(CLASSES[config.labels]))[kind]


def teacher_outputs(
    teachers: Sequence[Path],
    pictures: Selection,
    paths: Sequence[Path],
    config: dict[str, Any],
    cache: Path | None,
) -> Floats:
    """Returns the mean of the teachers' outputs, shape (n, k), over each photo and its mirror image.

    Each teacher sees photos at its own input size. Raises `UsageError` for a teacher of another label mode,
    or one that has seen the photos which this run holds out.
    """
    total: Floats | None = None
    for path in teachers:
        stored = _cache_file(path, paths, cache)
        if stored is not None and stored.exists():
            _check_teacher(load_model(path).config, config, path)
            outputs = np.load(stored)
        else:
            outputs = _ask(path, pictures, config)
            if stored is not None:
                stored.parent.mkdir(parents=True, exist_ok=True)
                np.save(stored, outputs)
        total = outputs if total is None else total + outputs
    assert total is not None, "there is at least one teacher"
    return total / len(teachers)


def _ask(path: Path, pictures: Selection, config: dict[str, Any]) -> Floats:
    model = load_model(path)
    _check_teacher(model.config, config, path)
    return predict(model.network, pictures, model.config["size"], model.config["fit"], mirror=True).outputs


def _check_teacher(teacher: dict[str, Any], student: dict[str, Any], path: Path) -> None:
    if teacher["labels"] != student["labels"]:
        raise UsageError(f"teacher {path} gives '{teacher['labels']}', this run learns '{student['labels']}'")
    split = ("fold", "folds", "split_by")
    if student["fold"] != "none" and any(teacher[key] != student[key] for key in split):
        raise UsageError(
            f"teacher {path} was trained on photos that this run holds out; "
            "use the teacher of the same fold (--teacher 'runs/NAME/fold{fold}/model.ckpt')"
        )


def _cache_file(path: Path, paths: Sequence[Path], cache: Path | None) -> Path | None:
    if cache is None or not path.is_file():
        return None
    digest = hashlib.sha256(path.read_bytes())
    for photo in paths:
        facts = photo.stat()
        digest.update(f"{photo.resolve()},{facts.st_size},{facts.st_mtime_ns},{DECODE_VERSION}\n".encode())
    return cache / f"teacher-{digest.hexdigest()[:16]}.npy"
