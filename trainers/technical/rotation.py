"""Evaluation of the four turns of each photo, and of how sure an answer must be to turn one."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainers.common.calibration import fit_temperature, reliability, sharpened
from trainers.common.metrics import Floats
from trainers.technical.data import TechnicalPhotos

_FALSE_TURNS = 0.004  # share of upright photos that may be called turned
_SURE = 0.9  # the least that a turn needs
_SHOWN = 18


def evaluate_turns(logits: list[Floats], upright: TechnicalPhotos) -> dict[str, Any]:
    """Returns the metrics of the logits (n, 4) of upright photos in each of the four turns.

    They are the shares that are right, also by source; the temperature; the threshold from which a photo is
    called turned; and the surest mistakes.
    """
    truth = np.repeat(np.arange(4), len(upright))
    temperature = fit_temperature(np.concatenate(logits), truth)
    chance = sharpened(np.concatenate(logits), temperature)
    prediction = chance.argmax(1)
    right = prediction == truth
    as_they_are = chance[: len(upright)]
    turn = as_they_are[:, 1:].max(1)
    threshold = float(max(_SURE, np.quantile(turn, 1 - _FALSE_TURNS)))
    found = right & (chance.max(1) > threshold)
    kinds = np.array([upright.origins[row] for row in upright.rows])
    stated, seen, count, error = reliability(chance.max(1), right.astype(np.float64))
    return {
        "right": float(right.mean()),
        "right_by_turn": [float(right[truth == turn].mean()) for turn in range(4)],
        "right_by_source": {
            str(kind): float(right[np.tile(kinds == kind, 4)].mean()) for kind in np.unique(kinds)
        },
        "upright_called_turned": float((turn > threshold).mean()),
        "turned_found": float(found[truth > 0].mean()),
        "calibration_error": error,
        "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "photos": count.tolist()},
        "threshold": threshold,
        "calibration": {"method": "temperature", "temperature": temperature},
        "surest_mistakes": [
            {
                "file": upright.names[upright.rows[at]],
                "said": int(90 * prediction[at]),
                "chance": float(turn[at]),
            }
            for at in np.argsort(-turn)[:_SHOWN]
            if prediction[at]
        ],
    }
