"""Faces of a frame: found, measured and cut out inside a worker, which keeps its networks between photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from photocli.inputs import pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.faces.detectors.detector import Detector
    from photocli.inputs.pyramid import Pyramid
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
        self,
        photo: Pixels | Pyramid,
        specs: Sequence[InputSpec],
        larger: Pixels | None = None,
        convert: Callable[[Pixels], Pixels] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """What specifications with a detector ask for, by their keys; each detector looks once.

        From upright RGB pixels (height, width, 3), or their levels, for fit `contain` the faces: float32
        (n, `VALUES`), the most prominent first; for `faces` the first `MOST` of them aligned, uint8
        (k, 3, side, side). Either may have no rows. Of small faces, sharpness and crops are those of
        `larger`, or the `detail` of the levels, the same photo with more pixels, if it is there; `convert`
        puts pixels that are cut from it into sRGB. Raises `ModelError`.
        """
        levels = pyramid.of(photo, larger)
        found: dict[str, Floats] = {}
        inputs: dict[str, NDArray[Any]] = {}
        for spec in specs:
            if spec.detector not in found:
                found[spec.detector] = self._faces(levels, spec.detector)
            faces = found[spec.detector]
            if spec.fit == "contain":
                inputs[spec.key] = _measured(levels, faces)
            else:
                inputs[spec.key] = _crops(levels, faces, spec, convert)
        return inputs

    def _faces(self, levels: Pyramid, reference: str) -> Floats:
        """The faces (n, 15), the most prominent first."""
        import numpy as np

        from photocli.faces.detectors.detector import Detector
        from photocli.models.card import read_reference

        if reference not in self._detectors:
            self._detectors[reference] = Detector(read_reference(reference))
        faces = self._detectors[reference].faces(levels)
        return faces[np.argsort(-prominence(faces), kind="stable")]


def _measured(levels: Pyramid, faces: Floats) -> Floats:
    import numpy as np

    from photocli.faces import sharpness

    found = []
    for face in faces:
        small = sharpness.size_of(levels.pixels, face) < sharpness.LARGEST
        found.append(sharpness.measure(levels.finest if small else levels.pixels, face))
    measured = np.array(found, np.float32)
    return np.concatenate([faces, measured.reshape(-1, 1)], axis=1)


def _crops(
    levels: Pyramid, faces: Floats, spec: InputSpec, convert: Callable[[Pixels], Pixels] | None
) -> Pixels:
    import numpy as np

    from photocli.faces.alignment import Place, align, similarity

    crops = np.empty((min(len(faces), MOST), 3, spec.height, spec.width), np.uint8)
    height, width = levels.pixels.shape[:2]
    place = Place(*spec.place)
    for crop, face in zip(crops, faces, strict=False):
        small = similarity((width, height), face, spec.width, place).scale < 1
        aligned = align(levels.finest if small else levels.pixels, face, spec.width, place)
        if small and convert is not None:
            aligned = convert(aligned)
        crop[:] = pyramid.planes(aligned)
    return crops
