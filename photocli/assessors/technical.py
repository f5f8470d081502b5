"""Technical quality: severities of faults and probabilities of the quarter turns -> calibrated fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.calibration import isotonic, sharpened
from photocli.profiles import FAULTS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

FIELDS = (*FAULTS, "faults", "rotate", "rotate_confidence")
NEEDS = ("severities", "turns")


def assess(card: Card, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Read `severities` (6,) from 0 to 1, and `turns` (4,), the probabilities that the photo needs no, one,
    two or three quarter turns clockwise.

    Severities are put right by the card's isotonic curves; `faults` are those above the card's thresholds,
    which few clean photos pass. `rotate` is 0 unless a turn is surer than the card's threshold: a photo is
    better left alone than turned wrongly. `rotate_confidence` is the calibrated probability that it is right.
    """
    curves, thresholds = card.facts.get("calibration", {}), card.facts["thresholds"]
    severities = dict(zip(FAULTS, map(float, outputs["severities"]), strict=True))
    turns = sharpened([float(chance) for chance in outputs["turns"]], curves.get("rotate"))
    turn = max(range(len(turns)), key=turns.__getitem__)
    if turns[turn] <= thresholds["rotate"]:
        turn = 0
    return {
        **{name: isotonic(value, curves.get(name)) for name, value in severities.items()},
        "faults": tuple(name for name, value in severities.items() if value > thresholds[name]),
        "rotate": 90 * turn,
        "rotate_confidence": turns[turn],
    }
