"""Photos that are taken for good and upright, and the spoiled, turned sheets that a network learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.inputs import FRAME_SIDE
from photocli.profiles import FAULTS
from photocli.records import Photo
from photocli.sheet import lay
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.splits import split
from trainers.common.yunet import find_faces
from trainers.technical.augmentation import Box, look, subject
from trainers.technical.corruptions import damage, draw

LARGE = 900
"""Long side in pixels from which a photo has detail enough to be shown at several sizes."""


@dataclass(frozen=True)
class Shots:
    """Photos by row, with their names, the folder (source) they come from, faces, and whether they are
    upright as far as is known; `photos` says which are good photos, and not mere pictures that teach the
    turns; `rows` are those of this part."""

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    faces: tuple[list[Box], ...]
    upright: NDArray[np.bool_]
    photos: NDArray[np.bool_]
    rows: NDArray[np.intp]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> Shots:
        """The same photos, with other `rows`."""
        return replace(self, rows=rows)


def read_shots(
    folders: Sequence[Path],
    upright: Sequence[Path],
    turned: set[str],
    model: Path | None,
    cache: Path | None,
) -> Shots:
    """Decode the photos of some folders; those that cannot be read are left out.

    The pictures of the folders `upright` teach the turns alone; `turned` names those known not to be upright.
    `model` is a YuNet file, by which faces are found. Raises `UsageError` where there is too little.
    """
    paths: list[Path] = []
    origins: list[str] = []
    first = 0
    for folder in (*folders, *upright):
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder of photos")
        found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
        paths += found
        origins += [folder.resolve().name] * len(found)
        first += len(found) if folder in folders else 0
    frames = load_frames(paths, FRAME_SIDE, cache)
    names = tuple(path.name for path in paths)
    if unknown := turned.difference(names):
        raise UsageError(f"--turned names no photo that is there: {min(unknown)}")
    readable = np.array([row not in frames.failed for row in range(len(paths))], bool)
    if readable.sum() < 4:
        raise UsageError(f"too few photos can be read: {readable.sum()}")
    faces = find_faces(model, paths, frames, cache) if model else [[] for _ in paths]
    sources = tuple(
        {
            "name": folder.resolve().name,
            "role": "spoiled and turned" if folder in folders else "turned",
            "photos": int(
                sum(readable[row] for row, origin in enumerate(origins) if origin == folder.resolve().name)
            ),
        }
        for folder in (*folders, *upright)
    )
    known = np.array([name not in turned for name in names], bool)
    photos = np.arange(len(paths)) < first
    rows = np.flatnonzero(readable)
    return Shots(frames, names, tuple(origins), tuple(faces), known, photos, rows, sources)


def divide(shots: Shots, folds: int, fold: str) -> tuple[Shots, Shots]:
    """The photos to train on, and those held out: decided by a hash of the name."""
    training, held = split(shots.names, folds, None if fold == "none" else int(fold))
    held = held[shots.photos[held]]
    both = tuple(shots.part(np.intersect1d(rows, shots.rows)) for rows in (training, held))
    if len(both[0]) < 2 or (fold != "none" and len(both[1]) < 2):
        raise UsageError(f"too few photos: {len(both[0])} to train on, {len(both[1])} held out")
    return both[0], both[1]


class Draw(NamedTuple):
    """One photo in one batch; `place` counts through the epoch."""

    epoch: int
    place: int
    row: int


def in_epoch(shots: Shots, epoch: int, seed: int, most: int) -> Shots:
    """The photos of an epoch: at most so many of each folder, drawn anew for each epoch."""
    rng = np.random.default_rng([seed, epoch, 1])
    origins = np.array([shots.origins[row] for row in shots.rows])
    drawn = [rng.permutation(shots.rows[origins == origin])[:most] for origin in np.unique(origins)]
    return shots.part(np.sort(np.concatenate(drawn)))


def epoch_draws(shots: Shots, epoch: int, seed: int, batch: int, repeat_large: int) -> list[list[Draw]]:
    """The batches of an epoch: every photo once, large ones more often; what fills no batch waits."""
    repeats = [repeat_large if max(shots.frames.shapes[row]) >= LARGE else 1 for row in shots.rows]
    order = np.random.default_rng([seed, epoch]).permutation(np.repeat(shots.rows, repeats))
    size = min(batch, len(order))
    draws = [Draw(epoch, place, int(row)) for place, row in enumerate(order)]
    return [draws[at : at + size] for at in range(0, len(draws) - size + 1, size)]


class Sample(NamedTuple):
    """A sheet (3, 2 · side, side), the severities (6,) in it, by how many quarters it must be turned
    clockwise to be upright, and the row of its photo."""

    sheet: Picture
    severities: NDArray[np.float32]
    turn: int
    row: int


class Spoiled(Dataset[Sample]):
    """Samples by `Draw`: every random draw is a function of seed, epoch and place."""

    def __init__(self, shots: Shots, side: int, seed: int, spoil: bool = True) -> None:
        self.shots, self.side, self.seed, self.spoil = shots, side, seed, spoil

    def __getitem__(self, draw: Draw) -> Sample:
        rng = np.random.default_rng([self.seed, draw.epoch, draw.place])
        photo, faces = self.shots.frames[draw.row], self.shots.faces[draw.row]
        picture, severities = spoiled(photo, faces, rng, self.spoil)
        turn = int(rng.integers(4))
        found = np.array([severities.get(name, 0.0) for name in FAULTS], np.float32)
        return Sample(turned_sheet(picture, turn, self.side), found, turn, draw.row)


def turned_sheet(picture: Picture, turn: int, side: int) -> Picture:
    """The sheet of a picture that needs `turn` quarters clockwise to be upright again, as serving lays it."""
    return lay(np.ascontiguousarray(np.rot90(picture, turn)), side)


def spoiled(
    picture: Picture, faces: list[Box], rng: Generator, spoil: bool = True
) -> tuple[Picture, dict[str, float]]:
    """A view of a photo with faults (if it shall be spoiled) and with what is none; the faults'
    severities."""
    picture, faces = _view(picture, faces, rng)
    if rng.random() < 0.35:
        picture = look(picture, rng)
    if not spoil:
        return picture, {}
    severities = draw(rng)
    spared = None
    if rng.random() < 0.2:  # a soft background is no fault
        around = subject(picture.shape, faces, rng)
        picture = damage(picture, {"blur": rng.uniform(0.3, 1.0)}, rng, around)
    elif "blur" in severities and _large(faces) and rng.random() < 0.4:  # a soft face before a sharp one is
        spared = 1 - subject(picture.shape, _large(faces), rng)
    return damage(picture, severities, rng, spared), severities


def _view(picture: Picture, faces: list[Box], rng: Generator) -> tuple[Picture, list[Box]]:
    """A box of the photo, perhaps mirrored, at a random size; with its faces."""
    height, width = picture.shape[:2]
    root = np.sqrt(rng.uniform(0.5, 1.0)) if rng.random() < 0.7 else 1.0
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    across = max(8, round(width * min(1.0, root * stretch)))
    down = max(8, round(height * min(1.0, root / stretch)))
    left = int(rng.integers(max(1, width - across + 1)))
    top = int(rng.integers(max(1, height - down + 1)))
    picture = picture[top : top + down, left : left + across]
    height_, width_ = picture.shape[:2]
    moved = [
        (
            (near * width - left) / width_,
            (t * height - top) / height_,
            (r * width - left) / width_,
            (b * height - top) / height_,
        )
        for near, t, r, b in faces
    ]
    faces = [box for box in moved if 0 < (box[0] + box[2]) / 2 < 1 and 0 < (box[1] + box[3]) / 2 < 1]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        faces = [(1 - r, t, 1 - near, b) for near, t, r, b in faces]
    return _resized(picture, rng), faces


def _resized(picture: Picture, rng: Generator) -> Picture:
    """The picture, in seven of ten cases made smaller: frames come in many sizes."""
    side = max(picture.shape)
    if rng.random() < 0.3 or side < 240:
        return np.ascontiguousarray(picture)
    to = rng.uniform(360, side) if side >= LARGE else rng.uniform(0.7, 1.0) * side
    by = rng.choice([Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS])
    size = (max(8, round(picture.shape[1] * to / side)), max(8, round(picture.shape[0] * to / side)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling(by)))


def _large(faces: list[Box]) -> list[Box]:
    """Faces large enough that a viewer looks at them first."""
    return [box for box in faces if box[2] - box[0] > 0.12]
