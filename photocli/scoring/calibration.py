"""From what a network says to what is true: the curves that a card holds, fitted on held-out photos."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any


def logistic(value: float, curve: Mapping[str, Any]) -> float:
    """The probability that belongs to a score: Platt's `slope` and `intercept`."""
    return 1 / (1 + math.exp(-(curve["slope"] * value + curve["intercept"])))


def log_odds(chance: float) -> float:
    """The logit of a probability, which `logistic` turns into another one; certainty is left out."""
    chance = min(max(chance, 1e-7), 1 - 1e-7)
    return math.log(chance / (1 - chance))


def isotonic(value: float, curve: Mapping[str, Any] | None) -> float:
    """The rising curve through the points (`x`, `y`), straight between them; without one, the value
    itself."""
    if not curve:
        return value
    x, y = curve["x"], curve["y"]
    place = bisect_right(x, value)
    if place == 0 or place == len(x):
        return float(y[0] if place == 0 else y[-1])
    share = (value - x[place - 1]) / (x[place] - x[place - 1])
    return float(y[place - 1] + share * (y[place] - y[place - 1]))


def sharpened(chances: Sequence[float], curve: Mapping[str, Any] | None) -> list[float]:
    """Class probabilities after temperature scaling (Guo et al. 2017): their powers 1 / `temperature`, which
    is the softmax of the logits divided by it."""
    power = 1 / curve["temperature"] if curve else 1.0
    raised = [max(chance, 1e-12) ** power for chance in chances]
    total = math.fsum(raised)
    return [value / total for value in raised]
