"""How sure a score is: the probability that people's mean lies above the middle."""

from __future__ import annotations

import numpy as np

from trainers.labels import Floats


def fit_logistic(score: Floats, truth: Floats, middle: float) -> dict[str, float | str]:
    """Fit P(truth > middle) = 1 / (1 + exp(-(slope · score + intercept))) to held-out scores.

    Newton's method on the log-likelihood, with a slight pull of the slope to 0 (as if one photo more spoke
    against it), so that perfectly separated scores do not send it to infinity.
    """
    good = (truth > middle).astype(np.float64)
    centre, width = float(score.mean()), float(score.std()) or 1.0
    inputs = np.stack([(score - centre) / width, np.ones(len(score))], axis=1)
    pull = np.diag([0.1, 1e-6])
    weights = np.zeros(2)
    for _ in range(50):
        chance = probability(inputs @ weights, 1.0, 0.0)
        slope = inputs.T @ (good - chance) - pull @ weights
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + pull
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-10:
            break
    slope_out = weights[0] / width
    return {
        "method": "logistic",
        "slope": float(slope_out),
        "intercept": float(weights[1] - slope_out * centre),
    }


def probability(score: Floats, slope: float, intercept: float) -> Floats:
    """The logistic curve."""
    return 1 / (1 + np.exp(-np.clip(slope * np.asarray(score) + intercept, -50, 50)))


def reliability(chance: Floats, good: Floats, bins: int = 10) -> tuple[Floats, Floats, Floats, float]:
    """Stated probability, observed share and count per occupied bin; the expected calibration error."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.float64)
    held = count > 0
    stated = np.bincount(place, chance, bins)[held] / count[held]
    seen = np.bincount(place, good, bins)[held] / count[held]
    error = float(np.sum(count[held] * np.abs(stated - seen)) / len(chance))
    return stated, seen, count[held], error
