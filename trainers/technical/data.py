"""Reads photos that are taken for good and upright, and makes the spoiled, turned sheets of training."""

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
from photocli.inputs.tiles import lay
from photocli.inputs.views import FRAME_SIDE
from photocli.records import Photo
from photocli.scoring.profiles import FAULTS
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.splits import split
from trainers.common.yunet import find_faces
from trainers.technical.augmentation import Box, random_look, subject_mask
from trainers.technical.corruptions import corrupt, draw_severities

LARGE = 900
"""Long side in pixels from which a photo has detail enough to be shown at several sizes."""


@dataclass(frozen=True)
class TechnicalPhotos:
    """Holds photos by row, with their names, folders of origin and faces.

    `upright` (photos,) says which are upright as far as is known; `good` (photos,) which are good photos, and
    not mere pictures that teach the turns; `rows` are those of this part.
    """

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    faces: tuple[list[Box], ...]
    upright: NDArray[np.bool_]
    good: NDArray[np.bool_]
    rows: NDArray[np.intp]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> TechnicalPhotos:
        """Returns the same photos with other `rows`."""
        return replace(self, rows=rows)


def read_photos(
    folders: Sequence[Path],
    upright: Sequence[Path],
    turned: set[str],
    model: Path | None,
    cache: Path | None,
) -> TechnicalPhotos:
    """Decodes the photos of some folders; leaves out those that cannot be read.

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
        _source(folder, "spoiled and turned" if folder in folders else "turned", origins, readable)
        for folder in (*folders, *upright)
    )
    known = np.array([name not in turned for name in names], bool)
    good = np.arange(len(paths)) < first
    rows = np.flatnonzero(readable)
    return TechnicalPhotos(frames, names, tuple(origins), tuple(faces), known, good, rows, sources)


def _source(folder: Path, role: str, origins: list[str], readable: NDArray[np.bool_]) -> dict[str, Any]:
    """Describes a folder for run.json: its name, what it is for, and how many of its photos can be read."""
    name = folder.resolve().name
    return {"name": name, "role": role, "photos": int(readable[np.array(origins) == name].sum())}


def divide(photos: TechnicalPhotos, folds: int, fold: str) -> tuple[TechnicalPhotos, TechnicalPhotos]:
    """Returns the photos to train on and those held out, by a hash of the name.

    Raises `UsageError` where too few are left.
    """
    training, held = split(photos.names, folds, None if fold == "none" else int(fold))
    held = held[photos.good[held]]
    both = tuple(photos.part(np.intersect1d(rows, photos.rows)) for rows in (training, held))
    if len(both[0]) < 2 or (fold != "none" and len(both[1]) < 2):
        raise UsageError(f"too few photos: {len(both[0])} to train on, {len(both[1])} held out")
    return both[0], both[1]


class PhotoIndex(NamedTuple):
    """Names one photo in one batch; `place` counts through the epoch."""

    epoch: int
    place: int
    row: int


def photos_of_epoch(photos: TechnicalPhotos, epoch: int, seed: int, most: int) -> TechnicalPhotos:
    """Draws the photos of an epoch: at most `most` of each folder, other ones in the next epoch."""
    rng = np.random.default_rng([seed, epoch, 1])
    origins = np.array([photos.origins[row] for row in photos.rows])
    drawn = [rng.permutation(photos.rows[origins == origin])[:most] for origin in np.unique(origins)]
    return photos.part(np.sort(np.concatenate(drawn)))


def epoch_batches(
    photos: TechnicalPhotos, epoch: int, seed: int, batch: int, repeat_large: int
) -> list[list[PhotoIndex]]:
    """Returns the batches of an epoch: every photo once, large ones more often; what fills no batch waits."""
    repeats = [repeat_large if max(photos.frames.shapes[row]) >= LARGE else 1 for row in photos.rows]
    order = np.random.default_rng([seed, epoch]).permutation(np.repeat(photos.rows, repeats))
    size = min(batch, len(order))
    indices = [PhotoIndex(epoch, place, int(row)) for place, row in enumerate(order)]
    return [indices[at : at + size] for at in range(0, len(indices) - size + 1, size)]


class TechnicalSample(NamedTuple):
    """Holds a sheet (3, 2 · side, side) and what is true of it.

    `severities` (6,) are those of its faults; `turn` is by how many quarters it must be turned
    clockwise to be upright; `row` is that of its photo.
    """

    sheet: Picture
    severities: NDArray[np.float32]
    turn: int
    row: int


class TechnicalDataset(Dataset[TechnicalSample]):
    """Makes samples by `PhotoIndex`: every random draw is a function of seed, epoch and place."""

    def __init__(self, photos: TechnicalPhotos, side: int, seed: int, with_faults: bool = True) -> None:
        self.photos, self.side, self.seed, self.with_faults = photos, side, seed, with_faults

    def __getitem__(self, index: PhotoIndex) -> TechnicalSample:
        rng = np.random.default_rng([self.seed, index.epoch, index.place])
        photo, faces = self.photos.frames[index.row], self.photos.faces[index.row]
        picture, severities = training_view(photo, faces, rng, self.with_faults)
        turn = int(rng.integers(4))
        truth = np.array([severities.get(name, 0.0) for name in FAULTS], np.float32)
        return TechnicalSample(turned_sheet(picture, turn, self.side), truth, turn, index.row)


def turned_sheet(picture: Picture, turn: int, side: int) -> Picture:
    """Lays, as serving does, the sheet of a picture that needs `turn` quarters clockwise to be upright."""
    return lay(np.ascontiguousarray(np.rot90(picture, turn)), side)


def training_view(
    picture: Picture, faces: list[Box], rng: Generator, with_faults: bool = True
) -> tuple[Picture, dict[str, float]]:
    """Returns a random view of a photo, perhaps with a look and with faults, and the faults' severities."""
    picture, faces = _random_view(picture, faces, rng)
    if rng.random() < 0.35:
        picture = random_look(picture, rng)
    if not with_faults:
        return picture, {}
    severities = draw_severities(rng)
    spared = None
    if rng.random() < 0.2:  # a soft background is no fault
        around = subject_mask(picture.shape, faces, rng)
        picture = corrupt(picture, {"blur": rng.uniform(0.3, 1.0)}, rng, around)
    elif "blur" in severities and _large(faces) and rng.random() < 0.4:  # a soft face before a sharp one is
        spared = 1 - subject_mask(picture.shape, _large(faces), rng)
    return corrupt(picture, severities, rng, spared), severities


def _random_view(picture: Picture, faces: list[Box], rng: Generator) -> tuple[Picture, list[Box]]:
    """Cuts a box of the photo, perhaps mirrored, at a random size; with its faces."""
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
    """Makes the picture smaller in seven of ten cases: frames come in many sizes."""
    side = max(picture.shape)
    if rng.random() < 0.3 or side < 240:
        return np.ascontiguousarray(picture)
    to = rng.uniform(360, side) if side >= LARGE else rng.uniform(0.7, 1.0) * side
    by = rng.choice([Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS])
    size = (max(8, round(picture.shape[1] * to / side)), max(8, round(picture.shape[0] * to / side)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling(by)))


def _large(faces: list[Box]) -> list[Box]:
    """Returns the faces that are so large that a viewer looks at them first."""
    return [box for box in faces if box[2] - box[0] > 0.12]
