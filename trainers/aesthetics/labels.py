"""Label modes: votes and what a network learns from them. Inside, every rating is on the scale 1-10."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import Floats

Mode = Literal["distribution", "binary", "three-way", "regression"]

BINS = np.arange(1.0, 11.0)
"""The ten marks that a vote can have."""

CLASSES: dict[str, tuple[str, ...]] = {
    "distribution": tuple(str(int(mark)) for mark in BINS),
    "binary": ("bad", "good"),
    "three-way": ("bad", "average", "good"),
    "regression": ("mean",),
}
"""What the outputs of a network stand for, by label mode."""

TYPICAL_STD = 1.4
"""Spread of the votes on one photo, 1-10, where only means are known (about AVA's average)."""


def to_ten(value: Floats, low: float, high: float) -> Floats:
    """Maps ratings on the scale `low`-`high` linearly to 1-10."""
    return 1.0 + (np.asarray(value, dtype=np.float64) - low) * spread_to_ten(low, high)


def spread_to_ten(low: float, high: float) -> float:
    """Returns the factor that takes a standard deviation on the scale `low`-`high` to one on 1-10."""
    return 9.0 / (high - low)


def votes_from_normal(mean: Floats, std: Floats) -> Floats:
    """Returns shares of the ten marks, shape (n, 10), for a normal with `mean` and `std` (n,) on 1-10.

    The normal is cut at the half marks; the outer marks take the tails, so that each row sums to 1.
    """
    from scipy.stats import norm

    edges = np.arange(1.5, 10.0)
    inner = norm.cdf(edges[None, :], np.asarray(mean)[:, None], np.maximum(std, 1e-3)[:, None])
    padded = np.pad(inner, ((0, 0), (1, 1)), constant_values=((0.0, 0.0), (0.0, 1.0)))
    return np.diff(padded, axis=1)


def normal_logits(direction: Floats, offset: float, std: float) -> tuple[Floats, Floats]:
    """Returns weights (10, width) and biases (10,) whose softmax has a normal's votes.

    Its mean on 1-10 is features @ direction + offset, its spread `std`: the logarithm of the density at mark
    j is j·mean/s² - j²/2s² + constant, linear in the mean.
    """
    return np.outer(BINS / std**2, direction), BINS * offset / std**2 - BINS**2 / (2 * std**2)


def votes_from_counts(counts: Floats) -> Floats:
    """Returns shares of the marks from vote counts of shape (n, 10)."""
    return counts / counts.sum(axis=1, keepdims=True)


def moments(votes: Floats) -> tuple[Floats, Floats]:
    """Returns mean and standard deviation, each (n,), of vote shares of shape (n, 10)."""
    mean = votes @ BINS
    return mean, np.sqrt(np.maximum(votes @ BINS**2 - mean**2, 0.0))


def classes(mean: Floats, mode: Mode, middle: float, delta: float) -> NDArray[np.int64]:
    """Returns the class of each mean: bad/good, or for `three-way` bad/average/good (at middle ± delta)."""
    if mode == "three-way":
        return (1 + (mean > middle + delta).astype(np.int64) - (mean < middle - delta)).astype(np.int64)
    return (mean > middle).astype(np.int64)


def is_clear(mean: Floats, middle: float, delta: float) -> NDArray[np.bool_]:
    """Says which photos lie outside middle ± delta; with delta 0 all do."""
    return np.abs(mean - middle) > delta if delta > 0 else np.ones(len(mean), dtype=bool)
