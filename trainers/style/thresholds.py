"""Thresholds of looks that may hold together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import Floats


def best_thresholds(chances: Floats, truth: Floats) -> Floats:
    """For each column the probability with the best F1, between two that occur; 0.5 where nothing is known.

    `chances` (n, k); `truth` (n, k) is 1, 0, or NaN for what does not count.
    """
    return np.array(
        [_best(chances[known, k], truth[known, k] == 1) for k, known in enumerate(np.isfinite(truth).T)]
    )


def _best(chance: Floats, truth: NDArray[np.bool_]) -> float:
    if not truth.any() or truth.all():
        return 0.5
    order = np.argsort(-chance, kind="stable")
    hits, ranked = np.cumsum(truth[order]), chance[order]
    scores = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    scores[:-1][ranked[:-1] == ranked[1:]] = -1  # equal ones cannot be told apart
    place = int(scores.argmax())
    below = ranked[place + 1] if place + 1 < len(ranked) else 0.0
    return float(np.clip((ranked[place] + below) / 2, 0.02, 0.98))


def no_styled_than(thresholds: Floats, plain: Floats, most: float) -> Floats:
    """Thresholds (k,), raised by one common step of their log odds, the least with which no more than a share
    `most` of plain photos (n, k) is above one of them."""
    if not len(plain):
        return thresholds
    odds = np.log(thresholds / (1 - thresholds))
    for step in np.arange(0, 6, 0.1):
        raised = 1 / (1 + np.exp(-(odds + step)))
        if (plain > raised).any(1).mean() <= most:
            break
    return raised
