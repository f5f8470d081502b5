"""Where a training by stages stands, and whether it still learns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

STILL = 0.01
"""A loss that does not fall by this share has stalled."""

PATIENCE = 2
"""So many windows in a row."""


@dataclass
class Progress:
    """Where training stands; saved in checkpoints, with the network and the optimiser."""

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

    def stalls(self, loss: float, steps: int) -> bool:
        """Whether with this step's loss the mean of windows of so many steps has stopped falling."""
        self.window.append(loss)
        if len(self.window) < steps:
            return False
        mean, self.window = float(np.mean(self.window)), []
        self.stalled = self.stalled + 1 if mean > (1 - STILL) * self.best else 0
        self.best = min(self.best, mean)
        return self.stalled >= PATIENCE

    def forget(self) -> None:
        """Look anew for a stall: the network has changed."""
        self.window, self.best, self.stalled = [], math.inf, 0
