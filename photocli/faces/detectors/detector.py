"""A detector of faces at work: a photo's pixels -> its faces, whichever kind of network finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photocli.errors import ModelError
from photocli.faces import detectors
from photocli.inputs import pyramid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.faces.detectors import Candidates
    from photocli.inputs.pyramid import Pyramid
    from photocli.models.card import Card
    from photocli.models.session import Session

VALUES = 15
"""Numbers of a face: box, five points, score."""


class Detector:
    """Finds faces on one CPU thread, for use inside a worker process; the network is loaded when first used.

    The card says which kind of network it is, the side of its square canvas (`input.size`), the score from
    which a candidate is a face (`thresholds.score`), and the intersection over union from which two of them
    are the same one (`thresholds.overlap`).
    """

    def __init__(self, card: Card) -> None:
        """Raises `ModelError` if the card is not that of a detector."""
        self._kind = detectors.load(card.kind)
        try:
            limits = card.facts["thresholds"]
            self.score, self.overlap = float(limits["score"]), float(limits["overlap"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the card of model {card.label} has no thresholds of faces: {error!r}"
            ) from error
        if card.input.height != card.input.width:
            raise ModelError(f"model {card.label} finds faces, so its input must be square")
        if missing := set(self._kind.OUTPUTS).difference(card.outputs):
            raise ModelError(f"the card of model {card.label} lacks the outputs {', '.join(sorted(missing))}")
        self.card = card
        self._session: Session | None = None

    def faces(self, photo: NDArray[np.uint8] | Pyramid) -> NDArray[np.float32]:
        """The faces of an upright RGB photo (height, width, 3), or of its levels: float32 (n, 15), the surest
        first.

        Each row: left, top, right, bottom; x and y of the eye at the left of the picture, the eye at the
        right, the tip of the nose, the mouth's corner at the left and at the right; the score, 0-1. Places
        are fractions of the photo, and may lie a little outside of it. Raises `ModelError` if the network
        cannot be run.
        """
        import numpy as np

        side = self.card.input.width
        canvas, width, height = contain(photo, side, self._kind.PADDING)
        scores, boxes, points = self._read(self._run(self._kind.prepare(canvas)))
        kept = distinct(scores, boxes, self.score, self.overlap)
        places = np.concatenate([boxes[kept], points[kept]], axis=1) / np.tile([width, height], 7)
        return np.concatenate([places, scores[kept, None]], axis=1).astype(np.float32)

    def _read(self, outputs: dict[str, NDArray[np.float32]]) -> Candidates:
        """The candidates that the network tells of. Raises `ModelError` for what cannot be candidates."""
        import numpy as np

        try:
            scores, boxes, points = found = self._kind.read(outputs, self.card.input.width)
        except (ValueError, IndexError, KeyError) as error:
            raise ModelError(f"model {self.card.label} gives no faces that can be read: {error}") from error
        count = len(scores)
        if (scores.shape, boxes.shape, points.shape) != ((count,), (count, 4), (count, 10)):
            shapes = ", ".join(str(list(part.shape)) for part in found)
            raise ModelError(f"model {self.card.label} gives faces of the wrong shapes: {shapes}")
        if not all(np.isfinite(part).all() for part in found):
            raise ModelError(f"model {self.card.label} gives faces with numbers that are none or infinite")
        if count and not -0.01 <= scores.min() <= scores.max() <= 1.01:
            raise ModelError(
                f"model {self.card.label} gives scores of faces from {scores.min():.4g} to "
                f"{scores.max():.4g}, not from 0 to 1"
            )
        return found

    def _run(self, batch: Any) -> dict[str, NDArray[np.float32]]:
        from photocli.models.session import Session

        if self._session is None:
            self._session = Session(self.card, "cpu", threads=1)
        return self._session.run(batch)


def contain(
    photo: NDArray[np.uint8] | Pyramid, side: int, padding: int
) -> tuple[NDArray[np.uint8], int, int]:
    """A photo (height, width, 3), or its levels, made as long as `side` at the top left of a square canvas
    (side, side, 3); its width and height on it."""
    import numpy as np

    levels = pyramid.of(photo)
    height, width = levels.pixels.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = np.full((side, side, 3), padding, np.uint8)
    canvas[: size[1], : size[0]] = levels.reduced(*size)
    return canvas, *size


def distinct(
    scores: NDArray[np.float32], boxes: NDArray[np.float32], score: float, overlap: float
) -> NDArray[np.intp]:
    """Of candidates with at least this score, which boxes (c, 4) overlap none that is surer by `overlap` or
    more: non-maximum suppression. Their rows, the surest first."""
    import numpy as np

    order = np.flatnonzero(scores >= score)
    order = order[np.argsort(-scores[order], kind="stable")]
    kept = []
    while len(order):
        kept.append(order[0])
        shared = overlaps(boxes[order[:1]], boxes[order[1:]])[0]
        order = order[1:][shared < overlap]
    return np.array(kept, np.intp)


def overlaps(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Intersection over union, 0-1, of each of the boxes (n, 4) with each of the boxes (m, 4): (n, m)."""
    import numpy as np

    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.maximum(high - low, 0).prod(axis=2)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    union = sizes[0][:, None] + sizes[1][None, :] - common
    return np.asarray(common / np.maximum(union, 1e-12))
