"""Faces of a frame: found, measured and cut out inside a worker, which keeps its networks between photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.faces.detectors.detector import Detector
    from photocli.inputs.views import InputSpec

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

MOST = 12
"""Of a photo, so many faces are judged at most, the most prominent ones."""

MIDDLE = 0.5
"""What a face in a corner counts, as a share of what it would in the middle of the photo."""

VALUES = 16
"""Numbers of a face: those of `Detector.faces`, and its sharpness."""


def prominence(faces: Floats) -> Floats:
    """How prominent each of the faces (n, 15 or more) is: its share of the photo's area, less off the middle.

    It falls linearly with the distance from the middle of the photo to `MIDDLE` of itself in the corners. So
    the face that is nearer to the camera comes first, and of two alike the one in the middle.
    """
    import numpy as np

    width, height = np.maximum(faces[:, 2] - faces[:, 0], 0), np.maximum(faces[:, 3] - faces[:, 1], 0)
    across, down = faces[:, 0] + faces[:, 2] - 1, faces[:, 1] + faces[:, 3] - 1
    off = np.minimum(np.sqrt((across**2 + down**2) / 2), 1)
    return np.asarray(width * height * (1 - (1 - MIDDLE) * off), np.float32)


class FaceDetection:
    """Finds the faces of frames with the detectors that the specifications name."""

    def __init__(self) -> None:
        self._detectors: dict[str, Detector] = {}

    def detect(
        self, pixels: Pixels, specs: Sequence[InputSpec], *, sharpness: bool = True
    ) -> dict[str, NDArray[Any]]:
        """What specifications with a detector ask for, by their keys; each detector looks once.

        From upright RGB pixels (height, width, 3), for fit `contain` the faces: float32 (n, `VALUES`), the
        most prominent first; for `faces` the first `MOST` of them aligned, uint8 (k, 3, side, side). Either
        may have no rows. Without `sharpness`, that of faces is not measured, and NaN. Raises `ModelError`.
        """
        found: dict[str, Floats] = {}
        inputs: dict[str, NDArray[Any]] = {}
        for spec in specs:
            if spec.detector not in found:
                found[spec.detector] = self._faces(pixels, spec.detector)
            faces = found[spec.detector]
            inputs[spec.key] = (
                _measured(pixels, faces, sharpness) if spec.fit == "contain" else _crops(pixels, faces, spec)
            )
        return inputs

    def _faces(self, pixels: Pixels, folder: str) -> Floats:
        """The faces (n, 15), the most prominent first."""
        import numpy as np

        from photocli.faces.detectors.detector import Detector
        from photocli.models.card import read_card

        if folder not in self._detectors:
            self._detectors[folder] = Detector(read_card(Path(folder)))
        faces = self._detectors[folder].faces(pixels)
        return faces[np.argsort(-prominence(faces), kind="stable")]


def _measured(pixels: Pixels, faces: Floats, measures: bool) -> Floats:
    import numpy as np

    from photocli.faces import sharpness

    found = [sharpness.measure(pixels, face) if measures else np.nan for face in faces]
    measured = np.array(found, np.float32)
    return np.concatenate([faces, measured.reshape(-1, 1)], axis=1)


def _crops(pixels: Pixels, faces: Floats, spec: InputSpec) -> Pixels:
    import numpy as np

    from photocli.faces.alignment import Place, align

    crops = np.empty((min(len(faces), MOST), 3, spec.height, spec.width), np.uint8)
    for crop, face in zip(crops, faces, strict=False):
        crop[:] = align(pixels, face, spec.width, Place(*spec.place)).transpose(2, 0, 1)
    return crops
