"""Photos with the faces that YuNet finds in them, their split, and the scenes that a detector learns from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset

from photocli.discover import discover
from photocli.errors import UsageError
from photocli.faces.detectors.faces import PADDING
from photocli.records import Photo
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.splits import fold_of, split
from trainers.faces.augmentation import (
    SMALLEST,
    Placement,
    Region,
    change_light,
    fill_region,
    occlude_faces,
    paste_photo,
    random_turn,
)
from trainers.faces.labels import SURE, Faces, faces_from, teacher_detections

FRAME_SIDE = 448
"""The long side in pixels that decoded photos have at least, if they are as large."""

WITHOUT_PEOPLE = ("animal", "object", "scene")
"""Categories of a folder's ratings.csv."""

MAX_FACES = 40
"""The most faces of a scene that are learned."""

# Photos


@dataclass(frozen=True)
class FacePhotos:
    """Photos by row, with names, the folders (sources) they come from, their faces, whether none of them
    shows people, as far as is known, and whether they are drawn or painted; `rows` are those of this part."""

    frames: Frames
    names: tuple[str, ...]
    origins: tuple[str, ...]
    faces: tuple[Faces, ...]
    empty: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    rows: NDArray[np.intp]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, rows: NDArray[np.intp]) -> FacePhotos:
        """Returns the same photos with other `rows`."""
        return replace(self, rows=rows)

    def sure(self, row: int) -> Faces:
        """Returns the faces of a photo without what may be one."""
        faces = self.faces[row]
        return np.asarray(faces[faces[:, 14] == SURE], np.float32)

    def photographed(self) -> FacePhotos:
        """Returns those that are not drawn."""
        return self.part(self.rows[~self.drawn[self.rows]])

    def with_faces(self) -> FacePhotos:
        """Returns those with a face."""
        return self._where([len(self.sure(row)) > 0 for row in self.rows])

    def without_faces(self) -> FacePhotos:
        """Returns those without a face, and without what may be one."""
        return self._where([len(self.faces[row]) == 0 for row in self.rows])

    def without_people(self) -> FacePhotos:
        """Returns the photos, not drawings, that are known to show nobody."""
        return self.part(self.rows[self.empty[self.rows] & ~self.drawn[self.rows]])

    def of(self, origin: str) -> FacePhotos:
        """Returns those of one folder."""
        return self._where([self.origins[row] == origin for row in self.rows])

    def _where(self, chosen: list[bool]) -> FacePhotos:
        return self.part(self.rows[np.array(chosen, bool)])


def read_photos(
    folders: Sequence[Path], drawn: Sequence[Path], teacher: Path, cache: Path | None
) -> FacePhotos:
    """Decodes the photos of some folders, and pictures of `drawn` ones, and finds their faces by the teacher.

    A photo has nobody in it if its category in the folder's ratings.csv says so; see `faces_from`. Raises
    `UsageError` where there is too little.
    """
    paths: list[Path] = []
    origins: list[str] = []
    nobody: list[bool] = []
    for folder in (*folders, *drawn):
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder of photos")
        found = [photo.path for photo in discover([folder]) if isinstance(photo, Photo)]
        categories = _categories(folder)
        paths += found
        origins += [folder.resolve().name] * len(found)
        nobody += [categories.get(path.resolve(), "") in WITHOUT_PEOPLE for path in found]
    frames = load_frames(paths, FRAME_SIDE, cache)
    rows = np.array([row for row in range(len(paths)) if row not in frames.failed], np.intp)
    if len(rows) < 4:
        raise UsageError(f"too few photos can be read: {len(rows)}")
    detections = teacher_detections(teacher, paths, frames, cache)
    drawn_names = {folder.resolve().name for folder in drawn}
    drawings = np.array([origin in drawn_names for origin in origins], bool)
    faces = tuple(faces_from(*one) for one in zip(detections, nobody, drawings.tolist(), strict=True))
    if not any(len(one) for one in faces):
        raise UsageError("the teacher finds no face in any of the photos")
    empty = np.array([len(one) == 0 for one in faces], bool)
    names = tuple(path.name for path in paths)
    sources = _sources(origins, faces, rows)
    return FacePhotos(frames, names, tuple(origins), faces, empty, drawings, rows, sources)


def _categories(folder: Path) -> dict[Path, str]:
    """Returns the categories of a folder's photos, where its ratings.csv has them."""
    table = folder / "ratings.csv"
    if not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8") as lines:
        return {(folder / row["file"]).resolve(): row.get("category") or "" for row in csv.DictReader(lines)}


def _sources(
    origins: Sequence[str], faces: Sequence[Faces], rows: NDArray[np.intp]
) -> tuple[dict[str, Any], ...]:
    """Returns what run.json says of each folder."""
    return tuple(
        {
            "name": origin,
            "role": "faces found by YuNet",
            "photos": sum(origins[row] == origin for row in rows),
            "faces": int(sum((faces[row][:, 14] == SURE).sum() for row in rows if origins[row] == origin)),
        }
        for origin in dict.fromkeys(origins)
    )


def divide(photos: FacePhotos, folds: int, fold: str) -> tuple[FacePhotos, FacePhotos]:
    """Returns the photos to train on, and those held out: decided by a hash of the name."""
    parts = split(photos.names, folds, None if fold == "none" else int(fold))
    training, held = (photos.part(np.intersect1d(rows, photos.rows)) for rows in parts)
    if not len(training.with_faces()) or (fold != "none" and not len(held.with_faces())):
        raise UsageError(f"too few photos with faces among {len(training)} to train on, {len(held)} held out")
    return training, held


def halves(photos: FacePhotos) -> NDArray[np.intp]:
    """Returns the half, 0 or 1, of each photo: what is chosen on one is judged on the other."""
    half = np.array([fold_of("half " + photos.names[row], 2) for row in photos.rows], np.intp)
    return half if 0 < half.sum() < len(half) else np.arange(len(half)) % 2


# Scenes


class SceneIndex(NamedTuple):
    """Names one scene of one epoch."""

    epoch: int
    place: int


class Scene(NamedTuple):
    """A canvas (3, side, side), and its faces in pixels (MAX_FACES, 15); rows of zeros are none."""

    canvas: Picture
    faces: Faces


class Scenes(Dataset[Scene]):
    """Scenes by `SceneIndex`: every random draw is a function of seed, epoch and place.

    Photos come whole, near and far, turned and side by side. `people` is the share of photos with faces. Of
    these, and of the others, a folder's photos come in proportion to the root of their number, so that large
    folders do not drown the small ones.
    """

    def __init__(self, photos: FacePhotos, side: int, seed: int, people: float = 0.6) -> None:
        self.photos, self.side, self.seed, self.people = photos, side, seed, people
        self._some = _sampling_weights(photos, photos.with_faces().rows)
        self._none = _sampling_weights(photos, photos.without_faces().rows)

    def __getitem__(self, index: SceneIndex) -> Scene:
        rng = np.random.default_rng([self.seed, index.epoch, index.place])
        canvas, faces = self.compose(rng)
        occlude_faces(canvas, faces, self._photo(rng, faces=False)[0], rng)
        pixels = change_light(canvas, rng)
        return Scene(np.ascontiguousarray(pixels.transpose(2, 0, 1)), pad_faces(faces))

    def compose(self, rng: Generator) -> tuple[Image.Image, Faces]:
        """Draws a canvas before anything is covered or changes in light; returns it with its faces."""
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
        """Draws photos side by side, `across` in a row, most with a face; returns the faces."""
        cell = self.side / across
        edges = [round(place * cell) for place in range(across + 1)]
        rows = across if rng.random() < 0.5 else max(1, round(across * rng.uniform(0.6, 1.0)))
        shown = []
        for top, bottom in pairwise(edges[: rows + 1]):
            for left, right in pairwise(edges):
                region = Region(left, top, right - left, bottom - top)
                photo, faces = self._photo(rng, bool(rng.random() < self.people))
                shown.append(fill_region(canvas, region, photo, faces, rng))
        return np.concatenate(shown)

    def _whole(self, canvas: Image.Image, photo: Picture, faces: Faces, rng: Generator) -> Faces:
        """Draws the photo as serving sees it, but perhaps turned, moved, mirrored or a little nearer."""
        height, width = photo.shape[:2]
        scale = self.side / max(height, width)
        across, down = (max(8, round(length * scale)) for length in (width, height))
        if rng.random() < 0.3:  # another shape of photo
            across, down = (round(length * rng.uniform(0.6, 1.0)) for length in (across, down))
        to = (across * (0.5 + rng.normal(0, 0.04)), down * (0.5 + rng.normal(0, 0.04)))
        nearer = scale * np.exp(rng.uniform(-0.15, 0.3))
        how = Placement((0.5, 0.5), to, nearer, random_turn(rng), bool(rng.random() < 0.5))
        return paste_photo(canvas, Region(0, 0, across, down), photo, faces, how)

    def _near_or_far(self, canvas: Image.Image, photo: Picture, faces: Faces, rng: Generator) -> Faces:
        """Draws a photo with a face of any size at any place, before another one without."""
        side = self.side
        whole = Region(0, 0, side, side)
        if rng.random() < 0.6:
            behind, none = self._photo(rng, faces=False)
            fill_region(canvas, whole, behind, none, rng)
        height, width = photo.shape[:2]
        sure = faces[faces[:, 14] == SURE]
        if not len(sure):
            return fill_region(canvas, whole, photo, faces, rng)
        face = sure[rng.integers(len(sure))]
        middle = (face[:2] + face[2:4]) / 2
        size = np.sqrt((face[2] - face[0]) * width * (face[3] - face[1]) * height)
        wanted = np.exp(rng.uniform(np.log(SMALLEST + 1), np.log(0.85 * side)))
        scale = min(wanted / max(size, 1.0), 4.0)
        mirror = bool(rng.random() < 0.5)
        centre = (float(1 - middle[0] if mirror else middle[0]), float(middle[1]))
        free = min(0.5, 0.45 * wanted / side)
        x, y = side * rng.uniform(free, 1 - free, 2)
        return paste_photo(
            canvas, whole, photo, faces, Placement(centre, (x, y), scale, random_turn(rng), mirror)
        )

    def _photo(self, rng: Generator, faces: bool) -> tuple[Picture, Faces]:
        """Draws a photo with faces or without, as far as there are such."""
        rows, weights = self._some if faces or not len(self._none[0]) else self._none
        row = int(rng.choice(rows, p=weights))
        return self.photos.frames[row], self.photos.faces[row]


def _sampling_weights(photos: FacePhotos, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns rows, and the chance of each to be drawn."""
    origins = np.array([photos.origins[row] for row in rows])
    count = {origin: int((origins == origin).sum()) for origin in set(origins.tolist())}
    weights = np.array([count[origin] ** -0.5 for origin in origins])
    return rows, weights / max(weights.sum(), 1e-12)


def pad_faces(faces: Faces) -> Faces:
    """Returns the largest faces in an array of MAX_FACES rows."""
    size = (faces[:, 2:4] - faces[:, :2]).prod(axis=1)
    kept = faces[np.argsort(-size, kind="stable")[:MAX_FACES]]
    return np.concatenate([kept, np.zeros((MAX_FACES - len(kept), 15), np.float32)])


def epoch_batches(epoch: int, scenes: int, batch: int) -> Sequence[list[SceneIndex]]:
    """Returns the batches of an epoch."""
    indices = [SceneIndex(epoch, place) for place in range(scenes)]
    return [indices[at : at + batch] for at in range(0, len(indices) - batch + 1, batch)] or [indices]
