"""Crops: what a network says of the frame that the camera took -> probability, rectangle and crop factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.scoring.calibration import logistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

FIELDS = ("cropped", "crop_left", "crop_top", "crop_right", "crop_bottom", "crop_factor")
NEEDS = ("cropped", "rectangle", "factor", "doubt")


def assess(card: Card, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Read `cropped` (1,), a logit; `rectangle` (4,), left, right, top and bottom of the photo in the
    camera's frame, as fractions of it and in upright coordinates, if it was cropped; `factor` (1,), the
    linear size that was kept; `doubt` (1,), the error that the network expects of its rectangle.

    `cropped` is calibrated by the card's logistic curve. The rest is empty where the doubt is above the
    card's threshold: the picture then shows no evidence of its place. A photo that is more probably whole
    than cropped has the whole frame.
    """
    chance = logistic(float(outputs["cropped"][0]), card.facts["calibration"]["cropped"])
    if float(outputs["doubt"][0]) > card.facts["thresholds"]["doubt"]:
        return {"cropped": chance} | dict.fromkeys(FIELDS[1:])
    left, right, top, bottom = (min(1.0, max(0.0, float(side))) for side in outputs["rectangle"])
    factor = min(1.0, max(0.0, float(outputs["factor"][0])))
    if chance < 0.5 or left >= right or top >= bottom:
        left, right, top, bottom, factor = 0.0, 1.0, 0.0, 1.0, 1.0
    return {
        "cropped": chance,
        "crop_left": left,
        "crop_top": top,
        "crop_right": right,
        "crop_bottom": bottom,
        "crop_factor": factor,
    }
