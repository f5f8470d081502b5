"""The scoring network: a backbone, and a head of one linear layer whose outputs depend on the label mode.

The head can start from ridge regression on the backbone's features. Fine-tuning from a random head distorts
good features; a probed head avoids that (LP-FT, Kumar et al. 2022).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainers.aesthetics.labels import BINS, CLASSES, Mode
from trainers.common.backbones import initialise, make_backbone, normalisation
from trainers.common.metrics import Floats
from trainers.common.ridge import ridge

PROBE_LIMIT = 4000
"""Photos that a probe uses at most: the system to solve has as many unknowns as photos."""


class Scorer(nn.Module):
    """Scores uint8 RGB (n, 3, size, size) with raw outputs (n, k); k is 10, 2, 3 or 1 by label mode.

    Scaling and normalisation are part of the network, so that training and serving cannot drift.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, arch: str, mode: Mode, dropout: float = 0.0, middle: float = 5.5) -> None:
        super().__init__()
        self.arch, self.mode, self.middle = arch, mode, middle
        self.backbone, width = make_backbone(arch)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(CLASSES[mode]))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        mean, std = normalisation(arch)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)  # depthwise convolutions take half the time

    def embed(self, image: Tensor) -> Tensor:
        """Computes the backbone's pooled features, shape (n, width)."""
        image = image.contiguous(memory_format=torch.channels_last)
        return self.backbone((image.float() / 255 - self.mean) / self.std).flatten(1)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.drop(self.embed(image)))

    def outputs(self, raw: Tensor) -> Tensor:
        """Turns raw outputs into vote shares (n, 10), class probabilities (n, k), or means (n, 1) on 1-10."""
        return raw + self.middle if self.mode == "regression" else raw.softmax(1)

    def score(self, raw: Tensor) -> Tensor:
        """Returns one number per photo, shape (n,), higher for better: the mean mark 1-10 where it is known.

        The class modes give the difference of the logits of good and bad.
        """
        if self.mode == "distribution":
            marks = torch.arange(1, 11, device=raw.device, dtype=raw.dtype)
            return raw.softmax(1) @ marks
        if self.mode == "regression":
            return raw[:, 0] + self.middle
        return raw[:, -1] - raw[:, 0]


def make_scorer(arch: str, mode: Mode, init: str, dropout: float, middle: float) -> Scorer:
    """Makes a scorer whose backbone starts from `init`; see `backbones.initialise`."""
    network = Scorer(arch, mode, dropout, middle)
    initialise(network.backbone, arch, init)
    return network


def from_config(config: dict[str, Any]) -> Scorer:
    """Makes the scorer of a configuration, with random weights."""
    return Scorer(config["arch"], config["labels"], config["dropout"], config["middle"])


def probe_head(
    network: Scorer, features: NDArray[np.floating], mean: Floats, std: Floats, delta: float
) -> float:
    """Sets the head from features (n, width) and people's means and spreads (n,) on 1-10.

    Returns the leave-one-out root mean square error of the mean, on 1-10.
    """
    rows = np.random.default_rng(0).permutation(len(mean))[:PROBE_LIMIT]
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
    """Returns head weights (k, width) and biases (k,) whose outputs say what the ridge says.

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
