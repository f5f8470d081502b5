"""Aesthetics: ten predicted votes -> mean, spread, probability of being in the better half, class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.scoring.calibration import logistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

FIELDS = ("aesthetic", "aesthetic_std", "aesthetic_good", "aesthetic_class")
NEEDS = ("votes",)


def assess(card: Card, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Read `votes`, shape (10,), the predicted shares of votes 1 to 10 (NIMA, Talebi & Milanfar 2018).

    `aesthetic` is their mean (1-10), `aesthetic_std` their standard deviation. `aesthetic_good` is the
    probability that people's mean is above the middle of the scale, calibrated on photos that the network
    had not seen. `aesthetic_class` is `bad` or `good` beyond the card's distance from the middle.
    """
    votes = [float(share) for share in outputs["votes"]]
    total = math.fsum(votes)
    mean = math.fsum(vote * share for vote, share in enumerate(votes, start=1)) / total
    variance = math.fsum((vote - mean) ** 2 * share for vote, share in enumerate(votes, start=1)) / total
    middle, delta = (float(card.facts["thresholds"][name]) for name in ("middle", "delta"))
    if mean < middle - delta:
        label = "bad"
    elif mean > middle + delta:
        label = "good"
    else:
        label = "average"
    return {
        "aesthetic": mean,
        "aesthetic_std": math.sqrt(max(variance, 0.0)),
        "aesthetic_good": logistic(mean, card.facts["calibration"]["good"]),
        "aesthetic_class": label,
    }
