"""YuNet (Wu et al. 2023), the face detector that our trainers take as a teacher: boxes of faces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from photocli.errors import UsageError
from trainers.frames import Frames, Picture

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the picture."""

_STRIDES = (8, 16, 32)
_SIDE = 320  # long side, pixels; a multiple of the largest stride
_OVERLAP = 0.3  # intersection over union from which two boxes are one face


class YuNet:
    """The detector, from its ONNX file (the one with free sizes)."""

    def __init__(self, path: Path) -> None:
        """Raises `UsageError` if there is no such file."""
        if not path.is_file():
            raise UsageError(f"{path} does not exist; a YuNet ONNX file is wanted")
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._names = [value.name for value in self._session.get_outputs()]

    def faces(self, picture: Picture, threshold: float = 0.8) -> list[Box]:
        """The faces of a picture (height, width, 3), RGB, with at least this score, the surest first."""
        image = Image.fromarray(picture)
        scale = _SIDE / max(image.size)
        size = tuple(max(1, round(length * scale)) for length in image.size)
        canvas = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        canvas[: size[1], : size[0]] = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        blob = canvas[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        outputs = self._session.run(None, {self._session.get_inputs()[0].name: blob})
        named = {
            name: value.reshape(-1, value.shape[-1]) for name, value in zip(self._names, outputs, strict=True)
        }
        parts = [_decoded(named, stride) for stride in _STRIDES]
        scores = np.concatenate([part[0] for part in parts])
        boxes = np.concatenate([part[1] for part in parts])
        kept = _distinct(boxes, scores, threshold)
        return [tuple(float(v) for v in boxes[i] / np.array([*size, *size])) for i in kept]  # type: ignore[misc]


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


def _decoded(
    named: dict[str, NDArray[np.float32]], stride: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores (n,) and boxes (n, 4) in pixels of one level: anchors are the corners of its cells."""
    cells = _SIDE // stride
    down, across = np.divmod(np.arange(cells * cells), cells)
    chance = named[f"cls_{stride}"][:, 0] * named[f"obj_{stride}"][:, 0]
    box = named[f"bbox_{stride}"]
    middle = (box[:, :2] + np.stack([across, down], 1)) * stride
    half = np.exp(box[:, 2:]) * stride / 2
    return np.sqrt(np.clip(chance, 0, 1)), np.concatenate([middle - half, middle + half], 1)


def _distinct(boxes: NDArray[np.float32], scores: NDArray[np.float32], threshold: float) -> list[int]:
    """Of boxes that overlap, the surest: non-maximum suppression."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < threshold:
            break
        if all(_overlap(boxes[i], boxes[j]) < _OVERLAP for j in kept):
            kept.append(int(i))
    return kept


def _overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Intersection over union."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    common = float(np.prod(np.maximum(high - low, 0)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - common
    return common / union if union > 0 else 0.0
