"""How sure a score is: the probability that people's mean lies above the middle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import Floats

LEAST = 50
"""Nothing is calibrated by fewer photos: eighteen that are all right would make every confidence 1."""

SPREAD = 0.5
"""How far a temperature is expected from 1: the standard deviation of its logarithm."""

_LEAST_SLOPE = 0.05


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


def probability(score: Floats, slope: float | Floats, intercept: float | Floats) -> Floats:
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


def fit_temperature(logits: Floats, truth: NDArray[np.integer[Any]]) -> float:
    """The divisor of logits (n, k) with which their softmax is least surprised by the truth (n,).

    Temperature scaling (Guo et al. 2017), by a bounded search of its logarithm, which is expected to be 0
    give or take `SPREAD` (a log-normal prior: what is found is the most probable temperature, MacKay 1992).
    So few photos move it little from 1, thousands as far as they say, and fewer than `LEAST` not at all.
    """
    if len(truth) < LEAST:
        return 1.0
    from scipy.optimize import minimize_scalar

    def surprise(power: float) -> float:
        chance = sharpened(logits, float(np.exp(power)))
        prior = (power / SPREAD) ** 2 / 2
        return float(-np.log(chance[np.arange(len(truth)), truth] + 1e-12).sum()) + prior

    return float(np.exp(minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x))


def sharpened(logits: Floats, temperature: float) -> Floats:
    """Softmax of logits (n, k) divided by the temperature."""
    scaled = logits / temperature
    raised = np.exp(scaled - scaled.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def fit_isotonic(said: Floats, truth: Floats, points: int = 12) -> dict[str, Any]:
    """A rising curve from what a network says, 0 to 1, to what is true on average, as a few points.

    Isotonic regression (pool adjacent violators; Zadrozny & Elkan 2002), read off at quantiles, so that a
    card can hold it; between them it is straight, and 0 stays 0.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(said, kind="stable")
    level = isotonic_regression(truth[order]).x
    at = np.unique(np.quantile(said, np.linspace(0, 1, 4 * points)))
    parts = np.array_split(np.arange(len(said)), max(2, min(points, len(at))))
    x = [0.0, *(float(said[order][part].mean()) for part in parts), 1.0]
    y = [0.0, *(float(level[part].mean()) for part in parts), 1.0]
    kept = [0] + [i for i in range(1, len(x)) if x[i] > x[i - 1] + 1e-6]
    x, y = [x[i] for i in kept], [y[i] for i in kept]
    for i in range(1, len(x)):  # never quite level, so that what the network tells apart stays apart
        y[i] = max(y[i], y[i - 1] + _LEAST_SLOPE * (x[i] - x[i - 1]))
    return {"method": "isotonic", "x": x, "y": [min(value, 1.0) for value in y]}


def isotonic(said: Floats, curve: dict[str, Any]) -> Floats:
    """The curve's answer to what a network said."""
    return np.asarray(np.interp(said, curve["x"], curve["y"]))
