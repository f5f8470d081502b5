"""Thresholds of looks that may hold together, and the figures by which they are chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainers.labels import Floats


def average_precision(score: Floats, truth: NDArray[np.bool_]) -> float:
    """The area under the curve of precision over recall, as steps; 0 where nothing is true."""
    order = np.argsort(-score, kind="stable")
    hits = truth[order]
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def f1(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """The harmonic mean of precision and recall; 0 where nothing is right."""
    right = float((said & truth).sum())
    return 2 * right / max(1.0, float(said.sum() + truth.sum()))


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
