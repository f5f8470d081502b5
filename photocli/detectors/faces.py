"""Our own detector of faces: the graph decodes its outputs itself, from `trainers.faces`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.detectors import Candidates, Outputs

OUTPUTS = ("scores", "boxes", "points")
PADDING = 128


def prepare(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 RGB of shape (1, 3, side, side); see `detectors.DetectorKind`."""
    import numpy as np

    return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])


def read(outputs: Outputs, side: int) -> Candidates:
    """See `detectors.DetectorKind`: `scores` (1, c), `boxes` (1, c, 4) and `points` (1, c, 10)."""
    return outputs["scores"][0], outputs["boxes"][0], outputs["points"][0]
