"""Figures of a model, each beside its trivial baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BaselineCheck:
    """A figure and what needs no photo to reach; the figure must be better."""

    name: str
    value: float
    baseline: float
    baseline_name: str
    higher: bool = True

    @property
    def passed(self) -> bool:
        return self.value > self.baseline if self.higher else self.value < self.baseline


def agreement(truth: NDArray[np.int64], guess: NDArray[np.int64], count: int) -> dict[str, Any]:
    """Accuracy and balanced accuracy of class guesses, with the majority's share and chance."""
    if not len(truth):
        return {"photos": 0}
    shares = np.bincount(truth, minlength=count) / len(truth)
    present = np.flatnonzero(shares)
    return {
        "photos": len(truth),
        "accuracy": float((guess == truth).mean()),
        "majority": float(shares.max()),
        "balanced_accuracy": float(np.mean([(guess[truth == kind] == kind).mean() for kind in present])),
        "chance": 1 / len(present),
    }


def correlation(kind: Any, score: Floats, mean: Floats) -> float:
    """A correlation, 0 where one side is constant."""
    if len(mean) < 2 or np.ptp(score) == 0 or np.ptp(mean) == 0:
        return 0.0
    return float(kind(score, mean)[0])


def auc(without: Floats, having: Floats) -> float:
    """Returns the area under the ROC curve: how often one `having` it exceeds one `without`; ties half."""
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(without), len(having)])
    return float(roc_auc_score(truth, np.concatenate([without, having])))


def average_precision(score: Floats, truth: NDArray[Any]) -> float:
    """Returns the mean over recalls of the precision (n,), ties together; 0 where nothing is true."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth > 0, score)) if truth.any() else 0.0


def f1(guess: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Returns the harmonic mean of precision and recall; 0 where nothing is right."""
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guess, zero_division=0.0))


def interval(
    figure: Callable[[NDArray[np.intp]], float], count: int, draws: int = 300
) -> tuple[float, float]:
    """Returns the 95% interval of a figure of `count` photos, by drawing them anew (Efron's bootstrap).

    `figure` computes it from the rows that were drawn.
    """
    rng = np.random.default_rng(0)
    found = [figure(rng.integers(count, size=count)) for _ in range(draws)] if count else [0.0]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
