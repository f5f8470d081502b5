"""Figures of a scorer on rated photos, each beside its trivial baseline."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from trainers.aesthetics.labels import Mode, classes, is_clear
from trainers.aesthetics.predictions import Said
from trainers.common.metrics import Check, Floats, agreement, correlation


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


def _emd(votes: Floats, truth: Floats) -> float:
    """Squared earth mover's distance, averaged over photos; see `losses.squared_emd`."""
    return float(((votes - truth).cumsum(axis=1) ** 2).sum(axis=1).mean())
