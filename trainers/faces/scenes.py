"""Scenes that a detector of faces learns from: photos whole, near and far, turned and side by side, with
every face where the scene has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image
from torch.utils.data import Dataset

from photocli.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.faces.augmentation import cover, relit
from trainers.faces.data import SURE, FacePhotos, Faces
from trainers.faces.placement import SMALLEST, Placing, Region, lay

MOST = 40
"""Faces of a scene that are told, at most."""

TURN = 40.0
"""Degrees by which faces are turned, at most."""


class Draw(NamedTuple):
    """One scene of one epoch."""

    epoch: int
    place: int


class Scene(NamedTuple):
    """A canvas (3, side, side), and its faces in pixels (MOST, 15); rows of zeros are none."""

    canvas: Picture
    faces: Faces


class Scenes(Dataset[Scene]):
    """Scenes by `Draw`: every random draw is a function of seed, epoch and place.

    `people` is the share of photos with faces. Of these, and of the others, a folder's photos come in
    proportion to the root of their number, so that large folders do not drown the small ones.
    """

    def __init__(self, photos: FacePhotos, side: int, seed: int, people: float = 0.6) -> None:
        self.photos, self.side, self.seed, self.people = photos, side, seed, people
        self._some = _chances(photos, photos.with_faces().rows)
        self._none = _chances(photos, photos.without_faces().rows)

    def __getitem__(self, draw: Draw) -> Scene:
        rng = np.random.default_rng([self.seed, draw.epoch, draw.place])
        canvas, faces = self.drawn(rng)
        cover(canvas, faces, self._photo(rng, faces=False)[0], rng)
        pixels = relit(canvas, rng)
        return Scene(np.ascontiguousarray(pixels.transpose(2, 0, 1)), padded(faces))

    def drawn(self, rng: Generator) -> tuple[Image.Image, Faces]:
        """A canvas as it is before anything is covered or relit, with its faces."""
        side, kind = self.side, rng.random()
        canvas = Image.new("RGB", (side, side), (PADDING,) * 3)
        with_faces = bool(rng.random() < self.people)
        if kind < 0.35:
            photo, faces = self._photo(rng, with_faces)
            return canvas, self._whole(canvas, photo, faces, rng)
        if kind < 0.65:
            photo, faces = self._photo(rng, with_faces)
            return canvas, self._near_or_far(canvas, photo, faces, rng)
        return canvas, self.mosaic(canvas, int(rng.choice([2, 2, 2, 3, 3, 4])), rng)

    def mosaic(self, canvas: Image.Image, across: int, rng: Generator) -> Faces:
        """Photos side by side, `across` in a row, most with a face."""
        cell = self.side / across
        edges = [round(place * cell) for place in range(across + 1)]
        rows = across if rng.random() < 0.5 else max(1, round(across * rng.uniform(0.6, 1.0)))
        found = []
        for row in range(rows):
            for column in range(across):
                region = Region(
                    edges[column],
                    edges[row],
                    edges[column + 1] - edges[column],
                    edges[row + 1] - edges[row],
                )
                photo, faces = self._photo(rng, bool(rng.random() < self.people))
                found.append(_filled(canvas, region, photo, faces, rng))
        return np.concatenate(found)

    def _whole(self, canvas: Image.Image, photo: Picture, faces: Faces, rng: Generator) -> Faces:
        """The photo as serving sees it, but perhaps turned, moved, mirrored or a little nearer."""
        height, width = photo.shape[:2]
        scale = self.side / max(height, width)
        across, down = (max(8, round(length * scale)) for length in (width, height))
        if rng.random() < 0.3:  # another shape of photo
            across, down = (round(length * rng.uniform(0.6, 1.0)) for length in (across, down))
        to = (across * (0.5 + rng.normal(0, 0.04)), down * (0.5 + rng.normal(0, 0.04)))
        nearer = scale * np.exp(rng.uniform(-0.15, 0.3))
        how = Placing((0.5, 0.5), to, nearer, _turn(rng), bool(rng.random() < 0.5))
        return lay(canvas, Region(0, 0, across, down), photo, faces, how)

    def _near_or_far(self, canvas: Image.Image, photo: Picture, faces: Faces, rng: Generator) -> Faces:
        """A photo with a face of any size at any place, before another one without."""
        side = self.side
        canvas_region = Region(0, 0, side, side)
        if rng.random() < 0.6:
            behind, none = self._photo(rng, faces=False)
            _filled(canvas, canvas_region, behind, none, rng)
        height, width = photo.shape[:2]
        sure = faces[faces[:, 14] == SURE]
        if not len(sure):
            return _filled(canvas, canvas_region, photo, faces, rng)
        face = sure[rng.integers(len(sure))]
        middle = (face[:2] + face[2:4]) / 2
        size = np.sqrt((face[2] - face[0]) * width * (face[3] - face[1]) * height)
        wanted = np.exp(rng.uniform(np.log(SMALLEST + 1), np.log(0.85 * side)))
        scale = min(wanted / max(size, 1.0), 4.0)
        mirror = bool(rng.random() < 0.5)
        centre = (float(1 - middle[0] if mirror else middle[0]), float(middle[1]))
        free = min(0.5, 0.45 * wanted / side)
        to = tuple(side * rng.uniform(free, 1 - free, 2))
        return lay(canvas, canvas_region, photo, faces, Placing(centre, to, scale, _turn(rng), mirror))  # type: ignore[arg-type]

    def _photo(self, rng: Generator, faces: bool) -> tuple[Picture, Faces]:
        """A photo with faces or without, as far as there are such."""
        rows, chances = self._some if faces or not len(self._none[0]) else self._none
        row = int(rng.choice(rows, p=chances))
        return self.photos.frames[row], self.photos.faces[row]


def _chances(photos: FacePhotos, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows, and the chance of each to be drawn."""
    origins = np.array([photos.origins[row] for row in rows])
    count = {origin: int((origins == origin).sum()) for origin in set(origins.tolist())}
    weights = np.array([count[origin] ** -0.5 for origin in origins])
    return rows, weights / max(weights.sum(), 1e-12)


def _filled(canvas: Image.Image, region: Region, photo: Picture, faces: Faces, rng: Generator) -> Faces:
    """A region covered by a photo, around one of its faces if it has any."""
    height, width = photo.shape[:2]
    scale = max(region.width / width, region.height / height) * np.exp(rng.uniform(0, 0.5))
    turn, mirror = _turn(rng), bool(rng.random() < 0.5)
    centre = rng.uniform(0.35, 0.65, 2)
    sure = faces[faces[:, 14] == SURE]
    if len(sure):
        face = sure[rng.integers(len(sure))]
        centre = (face[:2] + face[2:4]) / 2 + rng.normal(0, 0.1, 2) * (face[2:4] - face[:2])
        fits = 1.2 * max((face[2] - face[0]) * width, (face[3] - face[1]) * height)
        scale = min(scale, min(region.width, region.height) / max(fits, 1.0))
        if mirror:
            centre[0] = 1 - centre[0]
    # As near to the face as the photo still covers the region.
    for axis, (length, room) in enumerate(((width, region.width), (height, region.height))):
        free = min(0.5, room / 2 / (length * scale))
        centre[axis] = np.clip(centre[axis], free, 1 - free)
    to = (region.left + region.width / 2, region.top + region.height / 2)
    how = Placing((float(centre[0]), float(centre[1])), to, float(scale), turn, mirror)
    return lay(canvas, region, photo, faces, how)


def _turn(rng: Generator) -> float:
    """Degrees; none for half."""
    return float(rng.uniform(-TURN, TURN)) if rng.random() < 0.5 else 0.0


def padded(faces: Faces) -> Faces:
    """The largest faces in an array of MOST rows."""
    size = (faces[:, 2:4] - faces[:, :2]).prod(axis=1)
    kept = faces[np.argsort(-size, kind="stable")[:MOST]]
    return np.concatenate([kept, np.zeros((MOST - len(kept), 15), np.float32)])


def epoch_draws(epoch: int, scenes: int, batch: int) -> Sequence[list[Draw]]:
    """The batches of an epoch."""
    draws = [Draw(epoch, place) for place in range(scenes)]
    return [draws[at : at + batch] for at in range(0, len(draws) - batch + 1, batch)] or [draws]
