"""The learning rate over a training: a warm-up, and half a cosine that ends at 0."""

from __future__ import annotations

import math


def cosine_factor(done: float, warm: float = 1.0) -> float:
    """Returns what a learning rate is multiplied by: `warm` (0 to 1) in the warm-up, and half a cosine.

    `done` is the share of the training that is over; from 1 on the rate is 0.
    """
    return warm * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done)))
