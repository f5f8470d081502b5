"""Figures of a model, each beside its trivial baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Check:
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
    """The area under the ROC curve: how often something `having` it exceeds one `without`; ties half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([without, having]))[len(without) :]
    return float((ranks.sum() - len(having) * (len(having) + 1) / 2) / (len(without) * len(having)))


def average_precision(score: Floats, truth: NDArray[Any]) -> float:
    """The mean over recalls of the precision (n,), ties together; 0 where nothing is true."""
    if not truth.any():
        return 0.0
    order = np.argsort(-score, kind="stable")
    score, truth = score[order], truth[order]
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    hits = np.cumsum(truth > 0)[ends]
    return float(np.sum(np.diff(hits, prepend=0) / hits[-1] * hits / (ends + 1)))


def f1(said: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """The harmonic mean of precision and recall; 0 where nothing is right."""
    right = float((said & truth).sum())
    return 2 * right / max(1.0, float(said.sum() + truth.sum()))
