"""Data of the shared network: photos with labels and teachers' answers, and the batches of an epoch.

Every random draw is a function of the seed, the epoch and the place in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from photocli.errors import UsageError
from trainers.aesthetics.labels import votes_from_normal
from trainers.common.frames import Frames, load_frames
from trainers.common.metrics import Floats
from trainers.shared.config import SharedConfig
from trainers.shared.heads import FAULTS
from trainers.shared.views import PhotoView, Subject, training_views
from trainers.style.looks import NAMES
from trainers.teachers.dataset import TaughtPhotos, read_taught

_DISAGREEMENT = 0.5  # marks: a photo that teachers are so far apart on counts half


@dataclass(frozen=True)
class SharedPhotos:
    """Photos by row with what is known of each; `rows` are those of this part of the split.

    `votes` (n, 10) and `mean` (n,) are targets, from people and teachers; `trust` (n,) is how much they
    count, 0 where there are none; `people` (n,) is people's mean, NaN where nobody said; `upright` (n,) is
    false for photos that are known not to be.
    """

    frames: Frames
    taught: TaughtPhotos
    votes: Floats
    mean: Floats
    trust: Floats
    people: Floats
    upright: NDArray[np.bool_]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> SharedPhotos:
        """Returns the same photos with other `rows`."""
        return replace(self, rows=rows)

    def rated(self) -> SharedPhotos:
        """Returns the photos of this part that people rated."""
        return self.part(self.rows[np.isfinite(self.people[self.rows])])

    def known_marks(self) -> Floats:
        """Returns the marks (n,) of people and teachers; NaN for drawings, of which neither said anything."""
        return np.where(self.trust > 0, self.mean, np.nan)

    def subject(self, row: int) -> Subject:
        """Returns a photo to make views of."""
        photos = self.taught.photos
        drawn = bool(photos.medium[row] > 0)
        return Subject(self.frames[row], drawn, photos.roles[row] != "medium")


def read_shared(folder: Path, config: SharedConfig) -> SharedPhotos:
    """Reads a data set of `trainers.teachers`, and decodes its photos; those that can't be read are left out.

    Raises `UsageError` if there is none.
    """
    taught = read_taught(folder)
    photos = taught.photos
    cache = Path(config.cache) if config.cache else None
    frames = load_frames(photos.paths, config.frame_side, cache)
    held = None if config.fold == "none" else int(config.fold)
    mark, apart = taught.mark(held)
    share = config.distill_weight
    mean = np.where(np.isfinite(photos.mean), (1 - share) * photos.mean + share * mark, mark)
    std = np.where(np.isfinite(photos.std), photos.std, np.nanmean(photos.std))
    trust = np.where(np.isfinite(photos.mean), 1.0, 0.5 / (1 + (apart / _DISAGREEMENT) ** 2))
    trust[photos.medium > 0] = 0.0  # teachers of photos know nothing of drawings
    upright = np.array([path.name not in config.turned for path in photos.paths], bool)
    rows = np.array([row for row in range(len(photos)) if row not in frames.failed], np.intp)
    votes = votes_from_normal(mean, std)
    return SharedPhotos(frames, taught, votes, mean, trust, photos.mean, upright, rows)


def divide(photos: SharedPhotos, fold: str) -> tuple[SharedPhotos, SharedPhotos]:
    """Returns the photos to train on and those held out, as the data set says.

    Raises `UsageError` where too few are left.
    """
    held = photos.taught.photos.fold[photos.rows] == (-2 if fold == "none" else int(fold))
    training, out = photos.part(photos.rows[~held]), photos.part(photos.rows[held])
    if len(training) < 4 or (fold != "none" and len(out) < 4):
        raise UsageError(f"too few photos: {len(training)} to train on, {len(out)} held out")
    return training, out


# Batches


class ViewIndex(NamedTuple):
    """Names one photo in one batch; `place` counts through the epoch."""

    epoch: int
    place: int
    row: int


def epoch_batches(photos: SharedPhotos, config: SharedConfig, epoch: int) -> list[list[ViewIndex]]:
    """Returns the batches of an epoch, with the configured shares of rated photos and drawings.

    Each medium is as frequent as another; photos of large origins are rarer.
    """
    rng = np.random.default_rng([config.seed, epoch])
    known = photos.taught.photos
    rated = np.isfinite(known.mean[photos.rows])
    drawn = known.medium[photos.rows] > 0
    groups = (
        (config.rated_share, photos.rows[rated], np.zeros(len(known), np.intp)),
        (config.drawn_share, photos.rows[drawn], known.medium),
    )
    parts = [_spread(rows, kind[rows], round(config.samples * share), rng) for share, rows, kind in groups]
    origin = np.unique(np.array(known.origins), return_inverse=True)[1]
    others = photos.rows[~rated & ~drawn]
    rest = config.samples - sum(map(len, parts))
    pool, kind = (others, origin) if len(others) else (photos.rows, np.zeros(len(known), np.intp))
    parts.append(rng.choice(pool, rest, p=_capped(kind[pool], config.most_per_origin)))
    order = rng.permutation(np.concatenate(parts))
    indices = [ViewIndex(epoch, place, int(row)) for place, row in enumerate(order)]
    steps = max(1, len(indices) // config.batch)
    return [indices[step * config.batch : (step + 1) * config.batch] for step in range(steps)]


def _spread(
    rows: NDArray[np.intp], kind: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draws rows so that each kind is as frequent, and of each kind every row before one comes again."""
    kinds = np.unique(kind)
    parts = [np.zeros(0, np.intp)]
    for place, each in enumerate(kinds):
        of_kind = rng.permutation(rows[kind == each])
        parts.append(np.resize(of_kind, count * (place + 1) // len(kinds) - count * place // len(kinds)))
    return np.concatenate(parts)


def _capped(kinds: NDArray[np.intp], most: int) -> Floats:
    """Returns probabilities with which no kind counts as more than `most` of its photos."""
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weights = np.minimum(1.0, most / counts[inverse])
    return np.asarray(weights / weights.sum())


class SharedDataset(Dataset[tuple[tuple[int, PhotoView], ...]]):
    """Makes the views of photos by `ViewIndex`: a plain and a changed one, each with the photo's row."""

    def __init__(self, photos: SharedPhotos, config: SharedConfig) -> None:
        self.photos, self.config = photos, config

    def __getitem__(self, index: ViewIndex) -> tuple[tuple[int, PhotoView], ...]:
        rng = np.random.default_rng([self.config.seed, index.epoch, index.place])
        views = training_views(self.photos.subject(index.row), self.config.pixels, rng)
        return tuple((index.row, view) for view in views)


class SharedBatch(NamedTuple):
    """Views of a batch, those of one size beside each other.

    `images` are uint8 (k, 3, h, w), of several sizes, together n; `rows`, `turn`, `plain`, `severity` (n,),
    `looks` (n, 16) and `faults` (n, 4) are of the views in the same order; `original` (n,) is the place of
    the plain view of the same photo.
    """

    images: list[Tensor]
    rows: Tensor
    turn: Tensor
    plain: Tensor
    severity: Tensor
    looks: Tensor
    faults: Tensor
    original: Tensor


_LARGEST = 8
"""Views of one size that go through the network at once. Sizes of batches are powers of two up to it: for
each one the CPU's kernels are made anew, which takes longer than a step."""


def collate(items: list[tuple[tuple[int, PhotoView], ...]]) -> SharedBatch:
    """Views as one batch."""
    views = [(row, view, item) for item, pair in enumerate(items) for row, view in pair]
    order = sorted(range(len(views)), key=lambda place: views[place][1].picture.shape)
    views = [views[place] for place in order]
    first = {item: place for place, (_, view, item) in enumerate(views) if view.plain}
    sizes: dict[tuple[int, ...], list[NDArray[np.uint8]]] = {}
    for _, view, _ in views:
        sizes.setdefault(view.picture.shape, []).append(view.picture)
    images = [torch.from_numpy(np.stack(part)) for of_size in sizes.values() for part in _pieces(of_size)]
    return SharedBatch(
        images,
        torch.tensor([row for row, _, _ in views]),
        torch.tensor([view.turn for _, view, _ in views]),
        torch.tensor([view.plain for _, view, _ in views]),
        torch.tensor([view.severity for _, view, _ in views], dtype=torch.float32),
        torch.from_numpy(np.stack([view.looks for _, view, _ in views])).view(-1, len(NAMES)),
        torch.from_numpy(np.stack([view.faults for _, view, _ in views])).view(-1, len(FAULTS)),
        torch.tensor([first.get(item, 0) for _, _, item in views]),
    )


def _pieces(pictures: list[NDArray[np.uint8]]) -> list[list[NDArray[np.uint8]]]:
    found, size = [], _LARGEST
    while pictures:
        while size > len(pictures):
            size //= 2
        found.append(pictures[:size])
        pictures = pictures[size:]
    return found
