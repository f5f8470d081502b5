"""Faces that were found, beside those that are there: candidates, who is whom, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from photocli.detectors.detector import distinct, overlaps
from photocli.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.faces.data import SURE, FacePhotos, Faces
from trainers.faces.network import Finder
from trainers.faces.placement import contained
from trainers.faces.scenes import Scenes

NEAR = 0.08
"""Share of the distance between the eyes within which an eye's point is right."""

_LEAST = 0.05  # scores below are of no interest
_SAME = 0.5  # intersection over union from which a face is found
_MOSAICS = 150


@dataclass(frozen=True)
class Looks:
    """Pictures with the faces that are there, (n, 15) in pixels of the canvas, and those that were found,
    (m, 15) with scores, the surest first; `rows` are the photos' places in the part that was judged."""

    there: list[Faces]
    found: list[Faces]
    rows: NDArray[np.intp]

    def take(self, chosen: NDArray[np.intp]) -> Looks:
        """These pictures alone."""
        return Looks([self.there[at] for at in chosen], [self.found[at] for at in chosen], self.rows[chosen])


def find(network: Finder, canvases: Iterable[Picture], overlap: float, batch: int = 32) -> list[Faces]:
    """The candidates of canvases (side, side, 3), (m, 15) in pixels with their scores, the surest first."""
    found: list[Faces] = []
    waiting: list[Picture] = []
    network.eval()

    def run() -> None:
        pixels = torch.from_numpy(np.stack(waiting).transpose(0, 3, 1, 2).copy())
        with torch.inference_mode():
            pixels = pixels.to(network.mean.device)
            seen = network(pixels)
            said = (seen.logits.sigmoid(), seen.boxes, network.points(seen, pixels))
        for scores, boxes, points in zip(*(part.cpu().numpy() for part in said), strict=True):
            kept = distinct(scores, boxes, _LEAST, overlap)
            found.append(np.concatenate([boxes[kept], points[kept], scores[kept, None]], axis=1))
        waiting.clear()

    for canvas in canvases:
        waiting.append(canvas)
        if len(waiting) == batch:
            run()
    if waiting:
        run()
    return found


def look_at(network: Finder, photos: FacePhotos, overlap: float, turn: float = 0.0) -> Looks:
    """Each photo as serving sees it, or turned by so many degrees."""
    there: list[Faces] = []

    def canvases() -> Iterator[Picture]:
        for row in photos.rows:
            canvas, faces = contained(photos.frames[row], photos.faces[row], network.side, turn)
            there.append(faces)
            yield canvas

    return Looks(there, find(network, canvases(), overlap), np.arange(len(photos)))


def look_at_mosaics(network: Finder, photos: FacePhotos, overlap: float, count: int = _MOSAICS) -> Looks:
    """Mosaics of 2 x 2 to 4 x 4 of the photos, four of five with a face."""
    scenes = Scenes(photos, network.side, 0, people=0.8)
    there: list[Faces] = []

    def canvases() -> Iterator[Picture]:
        for place in range(count):
            canvas = Image.new("RGB", (network.side,) * 2, (PADDING,) * 3)
            there.append(scenes.mosaic(canvas, 2 + place % 3, np.random.default_rng([7, place])))
            yield np.asarray(canvas)

    return Looks(there, find(network, canvases(), overlap), np.arange(count))


@dataclass
class Tally:
    """Counts over pictures: faces that are there and how many of them were found, candidates that are none,
    and of the found faces' eyes how many are near enough."""

    there: int = 0
    right: int = 0
    wrong: int = 0
    eyes: int = 0
    near: int = 0

    def figures(self) -> dict[str, Any]:
        """The shares."""
        result = {"faces": self.there, "recall": self.right / max(1, self.there)}
        result["precision"] = self.right / max(1, self.right + self.wrong)
        return result | ({"eyes_near": self.near / self.eyes} if self.eyes else {})


def match(there: Faces, found: Faces) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each sure face the place of the surest candidate that is it, or -1; and which candidates are
    neither one of these, nor at the place of what may be a face."""
    sure = there[:, 14] == SURE
    mine = np.full(int(sure.sum()), -1, np.intp)
    wrong = np.ones(len(found), bool)
    if not len(there) or not len(found):
        return mine, wrong
    shared = overlaps(found[:, :4], there[:, :4])
    for place in range(len(found)):
        open_ = np.where(mine < 0, shared[place, sure], 0)
        if len(open_) and open_.max() >= _SAME:
            mine[open_.argmax()], wrong[place] = place, False
    wrong &= (shared[:, ~sure] < _SAME).all(axis=1)
    return mine, wrong


def count(looks: Looks, threshold: float, sizes: tuple[float, float] = (0.0, np.inf)) -> Tally:
    """The tally with candidates of at least this score; of faces whose size lies between these alone (a wrong
    candidate's own size counts)."""
    tally = Tally()
    for there, candidates in zip(looks.there, looks.found, strict=True):
        found = candidates[candidates[:, 14] >= threshold]
        mine, wrong = match(there, found)
        sure = there[there[:, 14] == SURE]
        within = _sized(sure, sizes)
        tally.there += int(within.sum())
        tally.right += int((mine[within] >= 0).sum())
        tally.wrong += int((wrong & _sized(found, sizes)).sum())
        for face, place in zip(sure[within], mine[within], strict=True):
            if place >= 0 and np.isfinite(face[4:8]).all():
                off, apart = eyes_off(face, found[place])
                tally.eyes += 2
                tally.near += int((off <= NEAR * apart).sum())
    return tally


def _sized(faces: Faces, sizes: tuple[float, float]) -> NDArray[np.bool_]:
    size = np.sqrt((faces[:, 2:4] - faces[:, :2]).clip(0).prod(axis=1))
    return (size >= sizes[0]) & (size < sizes[1])


def eyes_off(face: Faces, other: Faces) -> tuple[NDArray[np.float32], float]:
    """How far both eyes are from where they should be, and from each other."""
    eyes, said = face[4:8].reshape(2, 2), other[4:8].reshape(2, 2)
    return np.linalg.norm(said - eyes, axis=1), float(np.linalg.norm(eyes[1] - eyes[0]))


def false_share(looks: Looks, threshold: float) -> float:
    """The share of pictures that show a face at this threshold."""
    return float(np.mean([bool(len(found) and found[0, 14] >= threshold) for found in looks.found]))
