"""Selfies: a score for each aligned face -> that of the most prominent one, and those of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.assessors.faces import each
from photocli.scoring.ratings import HIGHEST, LOWEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

FIELDS = ("selfie", "each_face")
NEEDS = ("scores",)


def assess(card: Card, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Read `scores` (k, 1) of the first k faces, 1 to 10, beside the `faces` and `sharpness` of the detector.

    `selfie` is the score of the most prominent face, None without any.
    """
    found = each({**outputs, "scores": outputs["scores"].clip(LOWEST, HIGHEST)})
    return {"selfie": found[0].selfie if found else None, "each_face": found}
