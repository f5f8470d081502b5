"""Data of the style model: photos, pictures of four media and repainted photos; their split; samples of them.

Every random number of a sample follows from the seed, the epoch and the sample's position in it, so an epoch
is the same whether the run was interrupted before it or not, and however many processes load it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch.utils.data import Dataset

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo
from trainers.common.augmentation import plain_view, random_view
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.splits import fold_of, split
from trainers.style.augmentation import FRAME_SIDE, FRAMING, random_recompression, random_resize
from trainers.style.config import StyleConfig
from trainers.style.looks import NAMES, compatible, random_looks
from trainers.style.looks.targets import Targets, drawing_targets, make_looks

MEDIA = {"photograph": "photo", "painting": "art_painting", "cartoon": "cartoon", "sketch": "sketch"}
"""The media, and the folders in which they lie."""

NONE = "none"
"""The first of the paintings: not repainted."""

UNKNOWN = -1

_HELD_OUT_EPOCH = 10_000
"""The epoch from which looks of held-out photos are drawn: no training epoch has this number."""

# Reading


@dataclass(frozen=True)
class StylePictures:
    """Holds pictures by row; `rows` are those of this part of the split.

    `names` are of the photos that they show, `origins` the folders that they come from; `medium` is an index
    or `UNKNOWN`, `painting` the style that a photo was repainted in (0: none).
    """

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    medium: NDArray[np.intp]
    painting: NDArray[np.intp]
    rows: NDArray[np.intp]
    classes: dict[str, tuple[str, ...]]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> StylePictures:
        """Returns the same pictures with other `rows`."""
        return replace(self, rows=rows)

    def photos(self) -> NDArray[np.intp]:
        """Returns the rows of photos as the camera left them; looks are made of these."""
        return self.rows[(self.medium[self.rows] == 0) & (self.painting[self.rows] == 0)]

    def drawings(self) -> NDArray[np.intp]:
        """Returns the rows of paintings, cartoons and sketches."""
        return self.rows[self.medium[self.rows] > 0]

    def repainted(self) -> NDArray[np.intp]:
        """Returns the rows of photos in a painting's style."""
        return self.rows[self.painting[self.rows] > 0]


@dataclass(frozen=True)
class _PictureFile:
    """A picture before it is decoded."""

    path: Path
    name: str
    origin: str
    medium: int
    style: str


def read_pictures(
    folders: Sequence[Path], media: Path, paintings: Path | None, cache: Path | None
) -> StylePictures:
    """Decodes photos, pictures of media, and repainted photos of `trainers.stylize generate`.

    The medium of a repainted photo is unknown: nobody has said whether it looks painted. Raises `UsageError`
    where there is too little.
    """
    files = [found for folder in folders for found in _photo_files(folder)]
    for place, folder in enumerate(MEDIA.values()):
        files += _photo_files(media / folder, place)
    files += _repainted_files(paintings) if paintings else []
    frames = load_frames([found.path for found in files], FRAME_SIDE, cache)
    styles = (NONE, *sorted({found.style for found in files} - {NONE}))
    if set(styles) & set(NAMES):
        raise UsageError("a painting's style has the name of a look")
    rows = np.array([row for row in range(len(files)) if row not in frames.failed], np.intp)
    decoded = [files[row] for row in rows]
    sources = tuple(
        {"name": origin, "role": _role(one), "photos": sum(found.origin == origin for found in decoded)}
        for origin, one in {found.origin: found for found in decoded}.items()
    )
    return StylePictures(
        frames,
        tuple(found.name for found in files),
        tuple(found.origin for found in files),
        np.array([found.medium for found in files], np.intp),
        np.array([styles.index(found.style) for found in files], np.intp),
        rows,
        {"medium": tuple(MEDIA), "looks": NAMES, "paintings": styles},
        sources,
    )


def _photo_files(folder: Path, medium: int = 0) -> list[_PictureFile]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder of pictures")
    found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
    return [_PictureFile(path, path.name, folder.resolve().name, medium, NONE) for path in found]


def _repainted_files(folder: Path) -> list[_PictureFile]:
    """Lists the data set of `trainers.stylize generate`: labels.csv has file, style and content."""
    table = folder / "labels.csv"
    if not table.is_file():
        raise UsageError(f"{table} does not exist; trainers.stylize generate writes it")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or not {"file", "style", "content"} <= set(rows[0]):
        raise UsageError(f"{table} has no rows, or not the columns file, style and content")
    # Those that were left as they are serve as photos like any other, from their own folders.
    repainted = [row for row in rows if row["style"] != NONE]
    origin = folder.resolve().name
    return [
        _PictureFile(folder / row["file"], Path(row["content"]).name, origin, UNKNOWN, row["style"])
        for row in repainted
    ]


def _role(one: _PictureFile) -> str:
    if one.style != NONE:
        return "repainted photos"
    return "photos, with looks made" if one.medium == 0 else "medium"


# Splitting


def divide(pictures: StylePictures, folds: int, fold: str) -> tuple[StylePictures, StylePictures]:
    """Returns the pictures to train on and those held out, by a hash of the photo's name.

    Repainted copies lie on the side of their photo. Raises `UsageError` where a part has too few pictures.
    """
    parts = split(pictures.names, folds, None if fold == "none" else int(fold))
    training, held = (pictures.part(np.intersect1d(rows, pictures.rows)) for rows in parts)
    for part in (training, held) if fold != "none" else (training,):
        if not len(part.photos()) or not len(part.drawings()):
            raise UsageError(f"too few pictures: {len(training)} to train on, {len(held)} held out")
    return training, held


def halves(names: Sequence[str]) -> NDArray[np.intp]:
    """Returns the half, 0 or 1, of each photo: what is fitted on one is evaluated on the other."""
    half = np.array([fold_of("half " + name, 2) for name in names], np.intp)
    return half if 0 < half.sum() < len(half) else np.arange(len(half)) % 2


# Samples


class StyleSampleIndex(NamedTuple):
    """Addresses one sample: the row of its picture, and its `place` in the epoch.

    Training samples have turn -1 and random looks. Held-out photos come plain at turn 0; at turn k look
    k - 1 is made of them, at times with a second one.
    """

    epoch: int
    place: int
    row: int
    turn: int = -1


class StyleSample(NamedTuple):
    """Holds a view (3, side, side), uint8, and its targets; medium -1 and looks NaN are unknown."""

    view: Picture
    medium: int
    looks: Targets
    painting: int


class StyleDataset(Dataset[StyleSample]):
    """Makes samples: held-out ones in the view that serving sees, others in a random one."""

    def __init__(self, pictures: StylePictures, side: int, seed: int) -> None:
        self.pictures, self.side, self.seed = pictures, side, seed

    def __getitem__(self, index: StyleSampleIndex) -> StyleSample:
        rng = np.random.default_rng([self.seed, index.epoch, index.place])
        picture, looks = self._with_looks(index, rng)
        compressed = random_recompression(picture, rng)
        if index.turn < 0:
            view = random_view(compressed, self.side, "squash", FRAMING, rng)
        else:
            view = plain_view(compressed, self.side, "squash")
        medium, painting = self.pictures.medium[index.row], self.pictures.painting[index.row]
        return StyleSample(view, int(medium), looks, int(painting))

    def _with_looks(self, index: StyleSampleIndex, rng: Generator) -> tuple[Picture, Targets]:
        """Returns the picture with its looks, and their targets."""
        picture = random_resize(self.pictures.frames[index.row], rng)
        if self.pictures.painting[index.row] > 0 or self.pictures.medium[index.row] > 0:
            return picture, drawing_targets()
        strengths = random_looks(rng) if index.turn < 0 else _held_out_looks(index.turn, rng)
        return make_looks(picture, strengths, rng)


def _held_out_looks(turn: int, rng: Generator) -> Mapping[str, float]:
    """Returns the look of a held-out photo's turn and, one time in three, a second one that goes with it."""
    if turn == 0:
        return {}
    first = NAMES[turn - 1]
    others = [name for name in NAMES if compatible(name, first)]
    second = [others[int(rng.integers(len(others)))]] if rng.random() < 1 / 3 else []
    return {name: float(rng.uniform()) for name in (first, *second)}


def epoch_batches(pictures: StylePictures, config: StyleConfig, epoch: int) -> list[list[StyleSampleIndex]]:
    """Returns the batches of an epoch, with the configured shares of photos, drawings and repainted photos.

    Each medium is as frequent as another, and so is each painting; photos of large folders are rarer.
    """
    rng = np.random.default_rng([config.seed, epoch])
    groups = (
        (config.drawn_share, pictures.drawings(), pictures.medium),
        (config.repainted_share, pictures.repainted(), pictures.painting),
    )
    parts = [
        rng.choice(rows, round(config.samples * share), p=_balanced(kind[rows]))
        for share, rows, kind in groups
        if len(rows)
    ]
    photos = pictures.photos()
    rest = config.samples - sum(len(part) for part in parts)
    origins = np.array([pictures.origins[row] for row in photos])
    parts.append(rng.choice(photos, rest, p=_capped(origins, config.most_per_folder)))
    order = rng.permutation(np.concatenate(parts))
    indices = [StyleSampleIndex(epoch, place, int(row)) for place, row in enumerate(order)]
    steps = max(1, config.samples // config.batch)
    return [indices[step * config.batch : (step + 1) * config.batch] for step in range(steps)]


def held_out_indices(pictures: StylePictures, turns: int, every: int = 1) -> list[StyleSampleIndex]:
    """Returns the samples of held-out pictures, or of one of `every`.

    Photos come plain and `turns` times with looks, all of which are as frequent; other pictures come once.
    """
    photos = pictures.photos()[::every]
    chosen = [(int(row), 0) for row in photos]
    chosen += [(int(row), 1 + place % len(NAMES)) for place, row in enumerate(np.repeat(photos, turns))]
    chosen += [(int(row), 0) for row in (*pictures.drawings()[::every], *pictures.repainted()[::every])]
    return [StyleSampleIndex(_HELD_OUT_EPOCH, place, row, turn) for place, (row, turn) in enumerate(chosen)]


def _balanced(kinds: NDArray[np.intp]) -> NDArray[np.float64]:
    """Returns probabilities with which every kind is as frequent as another."""
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[inverse]
    return weights / weights.sum()


def _capped(kinds: NDArray[np.str_], most: int) -> NDArray[np.float64]:
    """Returns probabilities with which no kind counts as more than `most` of its pictures."""
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights = np.minimum(1.0, most / counts[inverse])
    return weights / weights.sum()
