"""YuNet (Wu et al. 2023), a detector of faces that a user may put in the place of ours: three levels of
cells, each with scores, a box and five points."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.detectors import Candidates, Outputs

STRIDES = (8, 16, 32)
"""Pixels from one cell to the next, level by level; the canvas's side is a multiple of the largest."""

OUTPUTS = tuple(f"{name}_{stride}" for name in ("cls", "obj", "bbox", "kps") for stride in STRIDES)
PADDING = 0


def prepare(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 BGR, 0-255, of shape (1, 3, side, side); see `detectors.DetectorKind`."""
    import numpy as np

    return np.ascontiguousarray(canvas[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)


def read(outputs: Outputs, side: int) -> Candidates:
    """See `detectors.DetectorKind`. A score is the geometric mean of face and centredness."""
    import numpy as np

    levels = [_level(outputs, stride, side // stride) for stride in STRIDES]
    scores, boxes, points = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    return scores, boxes, points


def _level(outputs: Outputs, stride: int, cells: int) -> Candidates:
    """Scores (c,), boxes (c, 4) and points (c, 10) of one level: anchors are the corners of its cells."""
    import numpy as np

    chance, centred, box, point = (
        np.asarray(outputs[f"{name}_{stride}"]).reshape(cells * cells, -1)
        for name in ("cls", "obj", "bbox", "kps")
    )
    down, across = np.divmod(np.arange(cells * cells), cells)
    anchors = np.stack([across, down], 1)
    middle = (box[:, :2] + anchors) * stride
    half = np.exp(box[:, 2:]) * stride / 2
    score = np.sqrt(np.clip(chance[:, 0] * centred[:, 0], 0, 1))
    points = (point + np.tile(anchors, 5)) * stride
    return (
        score.astype(np.float32),
        np.concatenate([middle - half, middle + half], 1).astype(np.float32),
        points.astype(np.float32),
    )
