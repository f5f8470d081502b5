"""Photos with the faces that a teacher, YuNet, finds in them: what a detector of faces learns from."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photocli.detectors.detector import overlaps
from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo
from trainers.common.frames import Frames, load_frames
from trainers.common.splits import fold_of, split
from trainers.common.yunet import CLOSE, YuNet

Faces = NDArray[np.float32]
"""(n, 15): box and five points as fractions of the photo or in pixels of a canvas, and what it is: `SURE`, a
face; `UNSURE`, what may be one, of which nothing is learned. Points that cannot be seen are NaN."""

SURE, UNSURE = 1.0, -1.0
FRAME_SIDE = 448
"""The long side in pixels that decoded photos have at least, if they are as large."""

WITHOUT_PEOPLE = ("animal", "object", "scene")
"""Categories of a folder's ratings.csv."""

_SIDES = (320, 640)  # the long sides at which the teacher looks: the second finds smaller faces
_SURE, _UNSURE = 0.8, 0.3  # scores of the teacher
_SAME = 0.3  # intersection over union


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
        """The same photos, with other `rows`."""
        return replace(self, rows=rows)

    def sure(self, row: int) -> Faces:
        """The faces of a photo without what may be one."""
        faces = self.faces[row]
        return faces[faces[:, 14] == SURE]

    def photographed(self) -> FacePhotos:
        """Those that are not drawn."""
        return self.part(self.rows[~self.drawn[self.rows]])

    def with_faces(self) -> FacePhotos:
        """Those with a face."""
        return self.part(self._where([len(self.sure(row)) > 0 for row in self.rows]))

    def without_faces(self) -> FacePhotos:
        """Those without, and without what may be one."""
        return self.part(self._where([len(self.faces[row]) == 0 for row in self.rows]))

    def without_people(self) -> FacePhotos:
        """Photos, not drawings, that are known to show nobody."""
        return self.part(self.rows[self.empty[self.rows] & ~self.drawn[self.rows]])

    def of(self, origin: str) -> FacePhotos:
        """Those of one folder."""
        return self.part(self._where([self.origins[row] == origin for row in self.rows]))

    def _where(self, chosen: list[bool]) -> NDArray[np.intp]:
        return self.rows[np.array(chosen, bool)]


def read_photos(
    folders: Sequence[Path], drawn: Sequence[Path], teacher: Path, cache: Path | None
) -> FacePhotos:
    """Decode the photos of some folders, and pictures of `drawn` ones, and find their faces by the teacher.

    A photo has nobody in it if its category in the folder's ratings.csv says so; see `labels`. Raises
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
    said = _teach(teacher, paths, frames, cache)
    painted = {folder.resolve().name for folder in drawn}
    drawings = np.array([origin in painted for origin in origins], bool)
    faces = tuple(labels(*one) for one in zip(said, nobody, drawings.tolist(), strict=True))
    if not any(len(one) for one in faces):
        raise UsageError("the teacher finds no face in any of the photos")
    empty = np.array([len(one) == 0 for one in faces], bool)
    sources = tuple(
        {
            "name": origin,
            "role": "faces found by YuNet",
            "photos": sum(origins[row] == origin for row in rows),
            "faces": int(sum((faces[row][:, 14] == SURE).sum() for row in rows if origins[row] == origin)),
        }
        for origin in dict.fromkeys(origins)
    )
    names = tuple(path.name for path in paths)
    return FacePhotos(frames, names, tuple(origins), faces, empty, drawings, rows, sources)


def labels(said: NDArray[np.float64], nobody: bool = False, drawn: bool = False) -> Faces:
    """What is learned from what the teacher said of a photo, (n, 15) with scores.

    Where it is unsure, nothing is; but a face that it is unsure of is none in a photo that has `nobody` in
    it. Of drawn pictures nothing is learned where it saw anything: many of their faces are those of
    animals.
    """
    kept = said[said[:, 14] >= (_SURE if nobody else _UNSURE)].astype(np.float32)
    kept[:, 14] = np.where((kept[:, 14] >= _SURE) & (not drawn), SURE, UNSURE)
    return kept


def divide(photos: FacePhotos, folds: int, fold: str) -> tuple[FacePhotos, FacePhotos]:
    """The photos to train on, and those held out: decided by a hash of the name."""
    parts = split(photos.names, folds, None if fold == "none" else int(fold))
    training, held = (photos.part(np.intersect1d(rows, photos.rows)) for rows in parts)
    if not len(training.with_faces()) or (fold != "none" and not len(held.with_faces())):
        raise UsageError(f"too few photos with faces among {len(training)} to train on, {len(held)} held out")
    return training, held


def halves(photos: FacePhotos) -> NDArray[np.intp]:
    """The half, 0 or 1, that each photo belongs to: what is chosen on one is judged on the other."""
    half = np.array([fold_of("half " + photos.names[row], 2) for row in photos.rows], np.intp)
    return half if 0 < half.sum() < len(half) else np.arange(len(half)) % 2


def _categories(folder: Path) -> dict[Path, str]:
    """The categories of a folder's photos, where its ratings.csv has them."""
    table = folder / "ratings.csv"
    if not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8") as lines:
        return {(folder / row["file"]).resolve(): row.get("category") or "" for row in csv.DictReader(lines)}


def _teach(
    model: Path, paths: Sequence[Path], frames: Frames, cache: Path | None
) -> list[NDArray[np.float64]]:
    """What the teacher says of each photo, (n, 15); with a folder for the `cache`, asked once."""
    file = None if cache is None else cache / "yunet-upright.json"
    known: dict[str, list[list[float]]] = json.loads(file.read_text()) if file and file.is_file() else {}
    looks, close = [YuNet(model, side) for side in _SIDES], YuNet(model, CLOSE)
    before = len(known)
    for row, path in enumerate(paths):
        key = str(path.resolve())
        if key in known or row in frames.failed:
            continue
        first, second = (teacher.found(frames[row], _UNSURE) for teacher in looks)
        said = together(first, second)
        known[key] = [
            (close.steady(frames[row], face) if face[14] >= _SURE else face).tolist() for face in said
        ]
    if file and len(known) > before:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known))
    return [np.array(known.get(str(path.resolve()), [])).reshape(-1, 15) for path in paths]


def together(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The faces of both looks; of one that both saw, the place from the first and the higher score."""
    first = first.copy()
    if not len(first) or not len(second):
        return np.concatenate([first, second])
    shared = overlaps(first[:, :4].astype(np.float32), second[:, :4].astype(np.float32)) >= _SAME
    for row in range(len(first)):
        first[row, 14] = max(first[row, 14], *second[shared[row], 14], 0.0)
    return np.concatenate([first, second[~shared.any(0)]])
