"""How long a network takes."""

from __future__ import annotations

import time

import numpy as np

from photocli.models.card import Card


def least_seconds(card: Card, tries: int) -> float:
    """Seconds of CPU for one photo, on one core; the best of many tries, as machines that test are busy."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(card.network), options, providers=["CPUExecutionProvider"])
    sheet = np.zeros((1, 3, card.input.height, card.input.width), np.uint8)
    taken = []
    for _ in range(tries):
        started = time.process_time()
        session.run(None, {card.input.name: sheet})
        taken.append(time.process_time() - started)
    return min(taken)
