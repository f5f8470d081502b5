"""Detections of the face detector: candidates, which face each of them is, and counts of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from photocli.faces.detectors.detector import distinct, overlaps
from photocli.faces.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.faces.augmentation import serving_view
from trainers.faces.data import FacePhotos, Scenes
from trainers.faces.labels import SURE, Faces
from trainers.faces.network import FaceDetector

NEAR = 0.08
"""Share of the distance between the eyes within which an eye's point is right."""

_LEAST = 0.05  # scores below are of no interest
_SAME = 0.5  # intersection over union from which a face is found
_MOSAICS = 150

# Predictions


@dataclass(frozen=True)
class Detections:
    """Pictures with their faces, (n, 15) in pixels of the canvas, and the candidates that were found,
    (m, 15) with scores, the surest first; `rows` are the photos' places in the part that was judged."""

    truth: list[Faces]
    found: list[Faces]
    rows: NDArray[np.intp]

    def take(self, chosen: NDArray[np.intp]) -> Detections:
        """Returns these pictures alone."""
        truth, found = ([faces[at] for at in chosen] for faces in (self.truth, self.found))
        return Detections(truth, found, self.rows[chosen])


def detect(
    network: FaceDetector, canvases: Iterable[Picture], overlap: float, batch: int = 32
) -> list[Faces]:
    """Returns the candidates of canvases (side, side, 3), (m, 15) in pixels with their scores.

    The surest come first; of candidates with more than this overlap the surest is kept.
    """
    found: list[Faces] = []
    waiting: list[Picture] = []
    network.eval()

    def run() -> None:
        pixels = torch.from_numpy(np.stack(waiting).transpose(0, 3, 1, 2).copy())
        with torch.inference_mode():
            pixels = pixels.to(network.mean.device)
            output = network(pixels)
            parts = (output.logits.sigmoid(), output.boxes, network.points(output, pixels))
        for scores, boxes, points in zip(*(part.cpu().numpy() for part in parts), strict=True):
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


def detect_in_photos(
    network: FaceDetector, photos: FacePhotos, overlap: float, turn: float = 0.0
) -> Detections:
    """Detects the faces of each photo as serving sees it, or turned by so many degrees."""
    truth: list[Faces] = []

    def canvases() -> Iterator[Picture]:
        for row in photos.rows:
            canvas, faces = serving_view(photos.frames[row], photos.faces[row], network.side, turn)
            truth.append(faces)
            yield canvas

    return Detections(truth, detect(network, canvases(), overlap), np.arange(len(photos)))


def detect_in_mosaics(
    network: FaceDetector, photos: FacePhotos, overlap: float, count: int = _MOSAICS
) -> Detections:
    """Detects the faces of mosaics of 2 x 2 to 4 x 4 of the photos, four of five with a face."""
    scenes = Scenes(photos, network.side, 0, people=0.8)
    truth: list[Faces] = []

    def canvases() -> Iterator[Picture]:
        for place in range(count):
            canvas = Image.new("RGB", (network.side,) * 2, (PADDING,) * 3)
            truth.append(scenes.mosaic(canvas, 2 + place % 3, np.random.default_rng([7, place])))
            yield np.asarray(canvas)

    return Detections(truth, detect(network, canvases(), overlap), np.arange(count))


# Metrics


@dataclass
class DetectionCounts:
    """Counts over pictures: faces, how many of them were found, candidates that are none, eyes of the faces
    that were found, and how many of these are near enough."""

    faces: int = 0
    found: int = 0
    false: int = 0
    eyes: int = 0
    near: int = 0

    def __add__(self, other: DetectionCounts) -> DetectionCounts:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return DetectionCounts(*(one + two for one, two in pairs))

    def metrics(self) -> dict[str, Any]:
        """Returns recall, precision and the share of eyes that are near enough."""
        result = {"faces": self.faces, "recall": self.found / max(1, self.faces)}
        result["precision"] = self.found / max(1, self.found + self.false)
        return result | ({"eyes_near": self.near / self.eyes} if self.eyes else {})


def assign_detections(truth: Faces, found: Faces) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Assigns candidates (m, 15) to the faces (n, 15) that they are.

    Returns for each sure face the place of the surest candidate that is it, or -1; and which candidates are
    neither one of these, nor at the place of what may be a face.
    """
    sure = truth[:, 14] == SURE
    assigned = np.full(int(sure.sum()), -1, np.intp)
    false = np.ones(len(found), bool)
    if not len(truth) or not len(found):
        return assigned, false
    shared = overlaps(found[:, :4], truth[:, :4])
    for place in range(len(found)):
        free = np.where(assigned < 0, shared[place, sure], 0)
        if len(free) and free.max() >= _SAME:
            assigned[free.argmax()], false[place] = place, False
    false &= (shared[:, ~sure] < _SAME).all(axis=1)
    return assigned, false


def count_detections(
    detections: Detections, threshold: float, sizes: tuple[float, float] = (0.0, np.inf)
) -> DetectionCounts:
    """Counts candidates with at least this score, and faces.

    Only faces whose size in pixels lies between `sizes` count; of a false candidate its own size.
    """
    counts = DetectionCounts()
    for truth, candidates in zip(detections.truth, detections.found, strict=True):
        found = candidates[candidates[:, 14] >= threshold]
        assigned, false = assign_detections(truth, found)
        sure = truth[truth[:, 14] == SURE]
        within = _within(sure, sizes)
        counts.faces += int(within.sum())
        counts.found += int((assigned[within] >= 0).sum())
        counts.false += int((false & _within(found, sizes)).sum())
        for face, place in zip(sure[within], assigned[within], strict=True):
            if place >= 0 and np.isfinite(face[4:8]).all():
                off, apart = eye_errors(face, found[place])
                counts.eyes += 2
                counts.near += int((off <= NEAR * apart).sum())
    return counts


def _within(faces: Faces, sizes: tuple[float, float]) -> NDArray[np.bool_]:
    size = np.sqrt((faces[:, 2:4] - faces[:, :2]).clip(0).prod(axis=1))
    return np.asarray((size >= sizes[0]) & (size < sizes[1]))


def eye_errors(face: Faces, other: Faces) -> tuple[NDArray[np.float32], float]:
    """Returns how far the eyes (2,) of another face (15,) are off, and how far the true ones are apart."""
    eyes, guess = face[4:8].reshape(2, 2), other[4:8].reshape(2, 2)
    return np.linalg.norm(guess - eyes, axis=1), float(np.linalg.norm(eyes[1] - eyes[0]))


def false_positive_share(detections: Detections, threshold: float) -> float:
    """Returns the share of pictures that show a face at this threshold."""
    return float(np.mean([bool(len(found) and found[0, 14] >= threshold) for found in detections.found]))
