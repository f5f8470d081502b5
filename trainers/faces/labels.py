"""The faces that a teacher, YuNet, finds in photos, and what is learned of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photocli.faces.detectors.detector import overlaps
from trainers.common.frames import Frames
from trainers.common.yunet import CLOSE, YuNet

Faces = NDArray[np.float32]
"""(n, 15): box and five points as fractions of the photo or in pixels of a canvas, and what it is: `SURE`, a
face; `UNSURE`, what may be one, of which nothing is learned. Points that cannot be seen are NaN."""

SURE, UNSURE = 1.0, -1.0

_SIDES = (320, 640)  # the long sides at which the teacher looks: the second finds smaller faces
_SURE, _UNSURE = 0.8, 0.3  # scores of the teacher
_SAME = 0.3  # intersection over union


def faces_from(detections: NDArray[np.float64], nobody: bool = False, drawn: bool = False) -> Faces:
    """Returns the faces to learn of a photo from the teacher's detections, (n, 15) with scores.

    Where the teacher is unsure, nothing is learned; but in a photo with `nobody` in it, what it is unsure of
    is no face. Nothing is learned of what it saw in `drawn` pictures: many of their faces are those of
    animals.
    """
    kept = detections[detections[:, 14] >= (_SURE if nobody else _UNSURE)].astype(np.float32)
    kept[:, 14] = np.where((kept[:, 14] >= _SURE) & (not drawn), SURE, UNSURE)
    return kept


def teacher_detections(
    model: Path, paths: Sequence[Path], frames: Frames, cache: Path | None
) -> list[NDArray[np.float64]]:
    """Returns the teacher's detections in each photo, (n, 15); with a folder for the `cache`, found once."""
    file = None if cache is None else cache / "yunet-upright.json"
    known: dict[str, list[list[float]]] = json.loads(file.read_text()) if file and file.is_file() else {}
    teachers, close = [YuNet(model, side) for side in _SIDES], YuNet(model, CLOSE)
    before = len(known)
    for row, path in enumerate(paths):
        key = str(path.resolve())
        if key in known or row in frames.failed:
            continue
        first, second = (teacher.found(frames[row], _UNSURE) for teacher in teachers)
        known[key] = [
            (close.steady(frames[row], face) if face[14] >= _SURE else face).tolist()
            for face in merge_detections(first, second)
        ]
    if file and len(known) > before:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known))
    return [np.array(known.get(str(path.resolve()), [])).reshape(-1, 15) for path in paths]


def merge_detections(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Merges the detections (n, 15) of one photo at two sizes.

    A face that is in both has the place of the first and the higher score.
    """
    first = first.copy()
    if not len(first) or not len(second):
        return np.concatenate([first, second])
    shared = overlaps(first[:, :4].astype(np.float32), second[:, :4].astype(np.float32)) >= _SAME
    for row in range(len(first)):
        first[row, 14] = max(first[row, 14], *second[shared[row], 14], 0.0)
    return np.concatenate([first, second[~shared.any(0)]])
