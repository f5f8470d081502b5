"""Figures of a model, each beside its trivial baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from trainers.labels import Floats, Mode, classes, is_clear
from trainers.predict import Said


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


def figures(
    mean: Floats, votes: Floats, said: Said, mode: Mode, middle: float, delta: float
) -> dict[str, Any]:
    """All figures of predictions against people's means (n,) and votes (n, 10), on 1-10.

    `all` counts every photo, `polarised` those outside middle ± delta: leaving out the middle flatters, so
    both are given. Constants are the best possible ones, chosen on the same photos.
    """
    threshold = middle if mode in ("distribution", "regression") else 0.0
    guess, truth = said.score > threshold, mean > middle
    clear = is_clear(mean, middle, delta)
    result: dict[str, Any] = {
        "photos": len(mean),
        "spearman": correlation(spearmanr, said.score, mean),
        "pearson": correlation(pearsonr, said.score, mean),
        "all": agreement(truth.astype(int), guess.astype(int), 2),
        "polarised": agreement(truth[clear].astype(int), guess[clear].astype(int), 2),
    }
    if mode in ("distribution", "regression"):
        result["mae"] = float(np.abs(said.score - mean).mean())
        result["mae_constant"] = float(np.abs(np.median(mean) - mean).mean())
    if mode == "distribution":
        result["emd"] = _emd(said.outputs, votes)
        result["emd_constant"] = _emd(votes.mean(axis=0, keepdims=True), votes)
    if mode == "three-way":
        result["three_way"] = agreement(classes(mean, mode, middle, delta), said.outputs.argmax(1), 3)
    return result


def checks(result: dict[str, Any]) -> list[Check]:
    """The comparisons that a model must win to be worth anything."""
    photos = max(result["photos"], 3)
    # What 95% of random orders stay below.
    luck = 1.645 / math.sqrt(photos - 1)
    found = [Check(name, result[name], luck, "chance, 95%") for name in ("spearman", "pearson")]
    for name in ("all", "polarised", "three_way"):
        part = result.get(name)
        if part and part["photos"]:
            found.append(Check(f"accuracy, {name}", part["accuracy"], part["majority"], "majority"))
            found.append(
                Check(f"balanced accuracy, {name}", part["balanced_accuracy"], part["chance"], "chance")
            )
    for name in ("mae", "emd"):
        if name in result:
            found.append(Check(name, result[name], result[f"{name}_constant"], "best constant", higher=False))
    return found


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


def by_category(mean: Floats, score: Floats, categories: tuple[str, ...], middle: float) -> dict[str, Any]:
    """Photos, Spearman and, where scores are marks, mean absolute error for each category."""
    groups = {}
    for name in sorted(set(categories)):
        rows = np.array([category == name for category in categories])
        groups[name] = {
            "photos": int(rows.sum()),
            "spearman": correlation(spearmanr, score[rows], mean[rows]),
            "mae": float(np.abs(score[rows] - mean[rows]).mean()),
            "mae_constant": float(np.abs(np.median(mean[rows]) - mean[rows]).mean()),
        }
    return groups


def correlation(kind: Any, score: Floats, mean: Floats) -> float:
    """A correlation, 0 where one side is constant."""
    if len(mean) < 2 or np.ptp(score) == 0 or np.ptp(mean) == 0:
        return 0.0
    return float(kind(score, mean)[0])


def _emd(votes: Floats, truth: Floats) -> float:
    """Squared earth mover's distance, averaged over photos; see `losses.squared_emd`."""
    return float(((votes - truth).cumsum(axis=1) ** 2).sum(axis=1).mean())


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
