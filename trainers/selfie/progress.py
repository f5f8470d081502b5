"""Where a training by stages stands: its learning rate, and whether it still learns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainers.common.schedule import cosine_factor

STILL = 0.01
"""A loss that does not fall by this share has stalled."""

PATIENCE = 2
"""So many windows in a row."""

WARM_UP = 40  # steps
STEPS_AT = (0.6, 0.85)
"""Shares of a stage after which SGD's rate falls to a tenth."""


@dataclass
class StageProgress:
    """Where training stands; it is saved in checkpoints, with the network and the optimiser."""

    stage: int = 0
    step: int = 0
    """Within the stage."""

    seconds: float = 0.0
    """Of training, within the stage."""

    scale: float = 1.0
    """What the stage's rate is multiplied by since the network grew."""

    grown: int = 0
    widened_last: bool = False
    window: list[float] = field(default_factory=list)
    best: float = math.inf
    stalled: int = 0
    losses: list[float] = field(default_factory=list)
    """Of the epoch so far."""

    spent: list[float] = field(default_factory=list)
    """Seconds of the stages that are done."""

    history: list[dict[str, Any]] = field(default_factory=list)

    def rate_factor(self, done: float, optimizer: str) -> float:
        """Returns what the rates are multiplied by when this share of the stage is done.

        They warm up, and fall in steps (sgd) or along half a cosine (adamw).
        """
        warm = min(1.0, (self.step + 1) / WARM_UP) * self.scale
        if optimizer == "sgd":
            return float(warm * 0.1 ** sum(done >= at for at in STEPS_AT))
        return cosine_factor(done, warm)

    def stalls(self, loss: float, steps: int) -> bool:
        """Returns whether with this step's loss the mean of windows of so many steps has stopped falling."""
        self.window.append(loss)
        if len(self.window) < steps:
            return False
        mean, self.window = float(np.mean(self.window)), []
        self.stalled = self.stalled + 1 if mean > (1 - STILL) * self.best else 0
        self.best = min(self.best, mean)
        return self.stalled >= PATIENCE

    def forget(self) -> None:
        """Starts anew to watch for a stall: the network has changed."""
        self.window, self.best, self.stalled = [], math.inf, 0
