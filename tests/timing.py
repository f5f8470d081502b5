"""How long things take, on machines that do other things at the same time."""

from __future__ import annotations

import time
import zlib

import numpy as np

from photocli.models.card import Card


def least_seconds(card: Card, tries: int) -> float:
    """Seconds of CPU for one photo, on one core; the best of many tries, as of an undisturbed machine."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(card.network), options, providers=["CPUExecutionProvider"])
    sheet = np.zeros((1, 3, card.input.height, card.input.width), np.uint8)
    taken, before = [], slowness()
    for _ in range(tries):
        started = time.process_time()
        session.run(None, {card.input.name: sheet})
        taken.append(time.process_time() - started)
    return min(taken) / ((before + slowness()) / 2)


QUIET_S = 0.026
"""CPU seconds of `_work` on one of two undisturbed cores of the machines for which the limits were set."""


def slowness() -> float:
    """How many times longer work takes just now than on an undisturbed machine, by its CPU time; at least 1.

    Where other processes use the same cores, their caches and their second threads, a second of CPU time does
    less. Limits are for an undisturbed machine, so what was measured is divided by this.
    """
    return max(1.0, float(np.median([_work() for _ in range(5)])) / QUIET_S)


def _work() -> float:
    """Do what programs do at their start, with strings, numbers, dictionaries and bytes; its CPU seconds."""
    began = time.process_time()
    words = {str(number): number * number % 97 for number in range(60_000)}
    zlib.crc32(zlib.compress(" ".join(sorted(words)).encode(), 6))
    return time.process_time() - began
