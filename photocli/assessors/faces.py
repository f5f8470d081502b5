"""Faces: what was found in the frame -> how many there are, each one, and how sharp the most prominent is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.records import Face
from photocli.scoring.ratings import DIGITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

    Outputs = Mapping[str, NDArray[np.float32]]

FIELDS = ("faces", "face_sharpness", "each_face")
NEEDS = ("faces", "sharpness")


def assess(card: Card, outputs: Outputs) -> dict[str, Any]:
    """Read `faces` (n, 15) and `sharpness` (n,) of `detection.FaceDetection`, the most prominent first.

    Sharpness is None where it was not measured, and NaN.
    """
    found = each(outputs)
    return {
        "faces": len(found),
        "face_sharpness": found[0].sharpness if found else None,
        "each_face": found,
    }


def each(outputs: Outputs) -> tuple[Face, ...]:
    """The faces as records hold them: those of which there are `scores` (k, 1), which are the first, with
    these."""
    scores = [float(score) for score in outputs["scores"].reshape(-1)] if "scores" in outputs else []
    found = []
    for number, (face, sharp) in enumerate(zip(outputs["faces"], outputs["sharpness"], strict=True)):
        values = [round(float(value), DIGITS) for value in face]
        found.append(
            Face(
                box=(values[0], values[1], values[2], values[3]),
                eyes=((values[4], values[5]), (values[6], values[7])),
                confidence=values[14],
                sharpness=None if math.isnan(sharp) else round(float(sharp), DIGITS),
                selfie=round(scores[number], DIGITS) if number < len(scores) else None,
            )
        )
    return tuple(found)
