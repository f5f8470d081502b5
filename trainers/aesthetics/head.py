"""The head in closed form: ridge regression on frozen features, so that fine-tuning starts well.

Fine-tuning from a random head distorts good features; a probed head first avoids that (LP-FT, Kumar et al.
2022).
"""

from __future__ import annotations

import numpy as np
import torch

from trainers.aesthetics.labels import BINS
from trainers.aesthetics.network import Scorer
from trainers.common.metrics import Floats
from trainers.common.ridge import ridge

MOST_PHOTOS = 4000  # the system to solve has as many unknowns as photos


def probe_head(network: Scorer, features: Floats, mean: Floats, std: Floats, delta: float) -> float:
    """Set the head from features (n, width) and people's means and spreads (n,) on 1-10.

    Returns the leave-one-out root mean square error of the mean, on 1-10.
    """
    rows = np.random.default_rng(0).permutation(len(mean))[:MOST_PHOTOS]
    direction, offset, error = ridge(features[rows].astype(np.float64), mean[rows])
    weight, bias = _as_logits(
        network.mode, direction, offset, float(std.mean()), error, network.middle, delta
    )
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weight))
        network.head.bias.copy_(torch.from_numpy(bias))
    return error


def _as_logits(
    mode: str, direction: Floats, offset: float, std: float, error: float, middle: float, delta: float
) -> tuple[Floats, Floats]:
    """Head weights (k, width) and biases (k,) whose outputs say what the ridge says.

    The logarithm of a normal density with fixed spread s at mark j is j·mean/s² - j²/2s² + constant: linear
    in the mean, so a linear layer with softmax gives the normal's votes exactly. Classes use the logistic
    approximation of a normal error, 1.702/s.
    """
    if mode == "distribution":
        return np.outer(BINS / std**2, direction), BINS * offset / std**2 - BINS**2 / (2 * std**2)
    if mode == "regression":
        return direction[None, :], np.array([offset - middle])
    steep = 1.702 / max(error, 1e-3)
    if mode == "binary":
        signs = np.array([-0.5, 0.5])
        return steep * np.outer(signs, direction), steep * signs * (offset - middle)
    signs = np.array([-1.0, 0.0, 1.0])
    return steep * np.outer(signs, direction), steep * (signs * (offset - middle) - np.abs(signs) * delta)
