"""YuNet (Wu et al. 2023), the face detector that our trainers take as a teacher: boxes of faces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photocli.errors import UsageError
from photocli.faces.detectors import yunet
from photocli.faces.detectors.detector import distinct, overlaps
from photocli.models.runtime import load_runtime
from trainers.common.frames import Frames, Picture

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the picture."""

CLOSE = 160
"""The side in pixels of a closer look at one face."""

_SIDE = 320  # long side, pixels; a multiple of the largest stride
_MARGINS = (1.6, 1.8, 2.0, 2.2, 2.5, 2.8)  # sides of the squares of closer looks, in sizes of the face
_SHIFT = 0.04  # how far from the middle the face lies in them, at most, as a share of their sides
MIRRORED = (1, 0, 2, 4, 3)  # the points of a face in a mirror
_LEVELLINGS = 2  # how often a face is turned upright and looked at again; more changes little
_OVERLAP = 0.3  # intersection over union from which two boxes are one face


class YuNet:
    """The detector, from its ONNX file (the one with free sizes), on pictures whose long side is `side`
    pixels, a multiple of 32."""

    def __init__(self, path: Path, side: int = _SIDE) -> None:
        """Raises `UsageError` if there is no such file."""
        if not path.is_file():
            raise UsageError(f"{path} does not exist; a YuNet ONNX file is wanted")
        runtime = load_runtime()
        options = runtime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._side = side

    def faces(self, picture: Picture, threshold: float = 0.8) -> list[Box]:
        """The boxes of a picture's faces (height, width, 3), RGB, with at least this score, the surest
        first."""
        return [(row[0], row[1], row[2], row[3]) for row in self.found(picture, threshold).tolist()]

    def found(self, picture: Picture, threshold: float = 0.8) -> NDArray[np.float64]:
        """The faces, (n, 15): box, points and score as `faces.detectors.detector` has them."""
        image = Image.fromarray(np.ascontiguousarray(picture))
        scale = self._side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        canvas = np.full((self._side, self._side, 3), yunet.PADDING, np.uint8)
        canvas[: size[1], : size[0]] = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        given = {self._session.get_inputs()[0].name: yunet.prepare(canvas)}
        outputs = dict(zip(yunet.OUTPUTS, self._session.run(yunet.OUTPUTS, given), strict=True))
        scores, boxes, points = yunet.read(outputs, self._side)
        kept = distinct(scores, boxes, threshold, _OVERLAP)
        places = np.concatenate([boxes[kept], points[kept]], axis=1) / np.tile([*size], 7)
        return np.concatenate([places, scores[kept, None]], axis=1)

    def steady(self, picture: Picture, face: NDArray[np.float64]) -> NDArray[np.float64]:
        """A found face (15,), with the mean of its places over twelve closer looks, half of them mirrored.

        What YuNet says of an eye differs from look to look by 4% of the distance between the eyes (the median
        of 80 portraits), which is nothing that a trainer should learn by heart, or judge by. And of a tilted
        face it puts the eyes too level. So the points are those of looks in which the face is upright.
        """
        image = Image.fromarray(picture)
        size = np.array(image.size)
        middle = (face[:2] + face[2:4]) / 2 * size
        mean = np.mean([face[:14], *self._closer(image, face)], axis=0)
        points = mean[4:].reshape(5, 2) * size
        for _ in range(_LEVELLINGS):
            tilt = _tilt(points)
            grey, how = (yunet.PADDING,) * 3, Image.Resampling.BICUBIC
            level = image.rotate(np.degrees(tilt), how, center=tuple(middle), fillcolor=grey)
            looks = self._closer(level, face)
            if not looks:
                break
            cos, sin = np.cos(tilt), np.sin(tilt)
            away = np.mean(looks, axis=0)[4:].reshape(5, 2) * size - middle
            points = middle + away @ np.array([[cos, sin], [-sin, cos]])
        return np.concatenate([mean[:4], (points / size).ravel(), face[14:]])

    def _closer(self, image: Image.Image, face: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """The places (14,) of a face in closer looks, as far as it is found in them."""
        middle = (face[:2] + face[2:4]) / 2 * image.size
        length = float(((face[2:4] - face[:2]) * image.size).max())
        shifts = np.random.default_rng(0).uniform(-_SHIFT, _SHIFT, (2 * len(_MARGINS), 2))
        places = []
        for number, shift in enumerate(shifts):
            side = max(8, round(_MARGINS[number // 2] * length))
            left, top = (round(start) for start in middle - side / 2 + shift * side)
            square = np.asarray(image.crop((left, top, left + side, top + side)))
            found = mirrored(self.found(square[:, ::-1])) if number % 2 else self.found(square)
            there = (found[:, :14] * side + np.tile([left, top], 7)) / np.tile(image.size, 7)
            if len(there):
                fit = overlaps(face[None, :4], there[:, :4])[0]
                places += [there[fit.argmax()]] if fit.max() >= 0.5 else []
        return places


def _tilt(points: NDArray[np.float64]) -> float:
    """The angle in radians, clockwise, by which a face with these points (5, 2) in pixels is tilted: as its
    eyes and the corners of its mouth lie, and what lies between them, which still tells it from the side."""
    left, right, _, mouth_left, mouth_right = points
    across = right - left + mouth_right - mouth_left
    down = mouth_left + mouth_right - left - right
    return float(np.arctan2(across[1] - down[0], across[0] + down[1]))


def mirrored(faces: NDArray[Any]) -> NDArray[Any]:
    """The faces (n, 15), as fractions, of the picture in a mirror."""
    other = faces.copy()
    other[:, [0, 2]] = 1 - faces[:, [2, 0]]
    points = faces[:, 4:14].reshape(-1, 5, 2)[:, MIRRORED].copy()
    points[:, :, 0] = 1 - points[:, :, 0]
    other[:, 4:14] = points.reshape(-1, 10)
    return other


def find_faces(model: Path, paths: Sequence[Path], frames: Frames, cache: Path | None) -> list[list[Box]]:
    """The faces of each frame; with a folder for the `cache`, looked for once."""
    file = None if cache is None else cache / "faces.json"
    known: dict[str, list[list[float]]] = json.loads(file.read_text()) if file and file.is_file() else {}
    detector = None
    result: list[list[Box]] = []
    for row, path in enumerate(paths):
        key = str(path.resolve())
        if key not in known:
            detector = detector or YuNet(model)
            known[key] = [] if row in frames.failed else [list(box) for box in detector.faces(frames[row])]
        result.append([(box[0], box[1], box[2], box[3]) for box in known[key]])
    if file and detector:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known))
    return result
