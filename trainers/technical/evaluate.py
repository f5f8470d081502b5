"""Evaluation on photos that the network never saw: each fault against clean photos, and the four turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

from photocli.scoring.profiles import FAULTS
from trainers.common.calibration import fit_isotonic, isotonic, reliability
from trainers.common.frames import Picture
from trainers.common.metrics import BaselineCheck, Floats, auc
from trainers.common.splits import fold_of
from trainers.technical.corruptions import corrupt
from trainers.technical.data import TechnicalPhotos, turned_sheet
from trainers.technical.network import TechnicalNetwork
from trainers.technical.rotation import evaluate_turns

MODERATE = 0.5
"""The severity at which a fault must be told from clean photos."""

_CORRUPTED = 240  # photos that get every fault, evenly from all sources; clean they are all looked at
_FALSE_ALARMS = 0.004  # share of clean photos that each fault's threshold may call faulty
_MILD = 0.3  # below, no fault is called one, however well it is told
_DRAWS = 2  # of severities for each photo and fault
_SHOWN = 18


class TechnicalPredictions(NamedTuple):
    """Holds, for n sheets, severities (n, 6), uncalibrated, and the logits of the turns (n, 4)."""

    severities: Floats
    logits: Floats

    @property
    def turns(self) -> Floats:
        """Probabilities of the turns (n, 4), uncalibrated."""
        raised = np.exp(self.logits - self.logits.max(1, keepdims=True))
        return raised / raised.sum(1, keepdims=True)


def predict(network: TechnicalNetwork, sheets: Iterable[Picture], batch: int = 32) -> TechnicalPredictions:
    """Runs the network over sheets (3, 2 · side, side), `batch` at a time."""
    device = network.upright.weight.device
    was_training = network.training
    network.eval()
    faults, turns = [], []
    rest = iter(sheets)
    with torch.inference_mode():
        while chunk := list(islice(rest, batch)):
            output = network(torch.from_numpy(np.stack(chunk)).to(device))
            faults.append(output.faults.sigmoid().float().cpu().numpy())
            turns.append(output.turns.float().cpu().numpy())
    network.train(was_training)
    severities, logits = (np.concatenate(parts).astype(np.float64) for parts in (faults, turns))
    return TechnicalPredictions(severities, logits)


def predict_photos(
    network: TechnicalNetwork, photos: TechnicalPhotos, side: int, turn: int = 0
) -> TechnicalPredictions:
    """Runs the network over photos as they are, or turned by so many quarters."""
    return predict(network, (turned_sheet(photos.frames[row], turn, side) for row in photos.rows))


def quick_metrics(
    network: TechnicalNetwork, held: TechnicalPhotos, side: int, faults: bool, most: int = 120
) -> dict[str, float]:
    """Returns the share of held-out photos whose turn is right, and the mean AUC of the faults.

    The AUC is at moderate severity, on at most `most` photos; it is 0.5 where `faults` are not asked for.
    """
    upright = held.part(held.rows[held.upright[held.rows]])
    # As they are: the network looks at all four turns of a photo, so its answer turns along.
    right = float((predict_photos(network, upright, side).turns.argmax(1) == 0).mean())
    if not faults:
        return {"auc": 0.5, "turns_right": right}
    few = _some(held, most)
    clean = predict_photos(network, few, side)
    areas = []
    for place, name in enumerate(FAULTS):
        faulty = predict(network, _faulty_sheets(few, side, name, [MODERATE] * len(few)))
        areas.append(auc(clean.severities[:, place], faulty.severities[:, place]))
    return {"auc": float(np.mean(areas)), "turns_right": right}


def evaluate(network: TechnicalNetwork, held: TechnicalPhotos, side: int, split: str) -> dict[str, Any]:
    """Returns metrics beside their baselines, calibrations and thresholds, from held-out photos."""
    clean = predict_photos(network, held, side)
    up = held.upright[held.rows]
    upright = held.part(held.rows[up])
    turned = [clean.logits[up], *(predict_photos(network, upright, side, turn).logits for turn in (1, 2, 3))]
    few = _some(held, _CORRUPTED)
    faults = {
        name: _evaluate_fault(network, few, clean.severities, place, side)
        for place, name in enumerate(FAULTS)
    }
    turns = evaluate_turns(turned, upright)
    thresholds = {name: faults[name].pop("threshold") for name in FAULTS}
    called = np.array([clean.severities[:, place] > thresholds[name] for place, name in enumerate(FAULTS)])
    calibration = {name: faults[name].pop("calibration") for name in FAULTS}
    calibration["rotate"] = turns.pop("calibration")
    thresholds["rotate"] = turns.pop("threshold")
    metrics = {
        "photos": len(held),
        "spoiled_photos": len(few),
        "faults": faults,
        "clean_called_faulty": float(called.any(0).mean()),
        "clean_called_faulty_cross_fitted": _alarms_cross_fitted(clean.severities, held),
        "clean_photos_called_faulty": _alarms(clean.severities, thresholds, held),
        "turns": turns,
    }
    return {
        "split": split,
        "figures": metrics,
        "calibration": calibration,
        "thresholds": thresholds,
        "checks": [vars(check) | {"passed": check.passed} for check in _checks(metrics)],
    }


def _evaluate_fault(
    network: TechnicalNetwork, few: TechnicalPhotos, clean: Floats, place: int, side: int
) -> dict[str, Any]:
    """Returns the areas under the curve, rank correlation, threshold and calibration of one fault alone."""
    name = FAULTS[place]
    areas, found = {}, {}
    for severity in (0.25, MODERATE, 0.75):
        predictions = predict(network, _faulty_sheets(few, side, name, [severity] * len(few)))
        found[severity] = predictions.severities[:, place]
        areas[str(severity)] = auc(clean[:, place], found[severity])
    true = np.random.default_rng(place).uniform(0, 1, (_DRAWS, len(few)))
    drawn = []
    for number, severities in enumerate(true):
        sheets = _faulty_sheets(few, side, name, severities.tolist(), number + 1)
        drawn.append(predict(network, sheets).severities[:, place])
    threshold = _threshold(clean[:, place])
    return {
        "auc": areas,
        "rank_correlation": float(spearmanr(np.concatenate(drawn), true.ravel()).statistic),
        "clean_called_faulty": float((clean[:, place] > threshold).mean()),
        "moderate_called_faulty": float((found[MODERATE] > threshold).mean()),
        "threshold": threshold,
        **_calibrated(np.stack(drawn), true, clean[:, place], _halves(few)),
    }


def _calibrated(predicted: Floats, true: Floats, clean: Floats, half: Floats) -> dict[str, Any]:
    """Returns the curve from predicted to true severities (draws, n), with `clean` photos (m,) beside.

    How far off it is, and how reliable, is measured on the half of the photos that it was not fitted to.
    """
    zeros = np.zeros(len(clean))
    put_right = np.zeros_like(predicted)
    for side in (0, 1):
        others = half != side
        curve = fit_isotonic(
            np.concatenate([predicted[:, others].ravel(), clean]),
            np.concatenate([true[:, others].ravel(), zeros]),
        )
        put_right[:, ~others] = isotonic(predicted[:, ~others], curve)
    stated, seen, count, error = reliability(put_right.ravel(), true.ravel())
    return {
        "mean_error": float(np.abs(put_right - true).mean()),
        "mean_error_of_constant": float(np.abs(true - np.median(true)).mean()),
        "calibration_error": error,
        "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "photos": count.tolist()},
        "calibration": fit_isotonic(
            np.concatenate([predicted.ravel(), clean]), np.concatenate([true.ravel(), zeros])
        ),
    }


def _threshold(clean: Floats) -> float:
    """Returns the severity, uncalibrated, above which a fault is called one."""
    return float(max(_MILD, np.quantile(clean, 1 - _FALSE_ALARMS)))


def _alarms_cross_fitted(clean: Floats, held: TechnicalPhotos) -> float:
    """Returns the share of clean photos called faulty by thresholds set on the other half of them."""
    half = _halves(held)
    called = np.zeros(len(half), bool)
    for side in (0, 1):
        limits = np.array([_threshold(clean[half != side, place]) for place in range(len(FAULTS))])
        called[half == side] = (clean[half == side] > limits).any(1)
    return float(called.mean())


def _checks(metrics: dict[str, Any]) -> Iterator[BaselineCheck]:
    for name, facts in metrics["faults"].items():
        yield BaselineCheck(f"{name}: AUC at severity {MODERATE}", facts["auc"][str(MODERATE)], 0.5, "chance")
        yield BaselineCheck(f"{name}: rank correlation", facts["rank_correlation"], 0.0, "chance")
    yield BaselineCheck("turns right", metrics["turns"]["right"], 0.25, "chance")


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Says, beside the checks, how often the model would raise a false alarm."""
    metrics = facts["figures"]
    yield (
        f"clean photos called faulty: {metrics['clean_called_faulty']:.2%} of {metrics['photos']}, "
        f"cross-fitted {metrics['clean_called_faulty_cross_fitted']:.2%}; "
        f"upright ones called turned: {metrics['turns']['upright_called_turned']:.2%}"
    )


def _halves(photos: TechnicalPhotos) -> Floats:
    """Returns the half, 0 or 1, of each photo: what is set on one is evaluated on the other."""
    half = np.array([fold_of("half " + photos.names[row], 2) for row in photos.rows], np.float64)
    if 0 < half.mean() < 1:
        return half
    return np.arange(len(half), dtype=np.float64) % 2  # few photos may all fall on one side


def _alarms(severities: Floats, thresholds: dict[str, float], held: TechnicalPhotos) -> list[dict[str, Any]]:
    """Lists the clean photos that exceed a threshold by most, with the fault."""
    over = severities / np.array([thresholds[name] for name in FAULTS])
    order = np.argsort(-over.max(1))[:_SHOWN]
    return [
        {
            "file": held.names[held.rows[at]],
            "fault": FAULTS[int(over[at].argmax())],
            "severity": float(severities[at, over[at].argmax()]),
        }
        for at in order
        if over[at].max() > 1
    ]


def _some(photos: TechnicalPhotos, most: int) -> TechnicalPhotos:
    """Chooses at most so many photos, evenly from all sources."""
    kinds = sorted({photos.origins[row] for row in photos.rows})
    each = max(1, most // max(1, len(kinds)))
    by_chance = sorted(photos.rows, key=lambda row: fold_of("some " + photos.names[row], 1 << 32))
    chosen = [[row for row in by_chance if photos.origins[row] == kind][:each] for kind in kinds]
    return photos.part(np.array(sorted(row for rows in chosen for row in rows), np.intp))


def _faulty_sheets(
    photos: TechnicalPhotos, side: int, fault: str, severities: Sequence[float], seed: int = 0
) -> Iterator[Picture]:
    """Yields the sheet of each photo with one fault of its severity (n,); draws depend on the row alone."""
    for row, severity in zip(photos.rows, severities, strict=True):
        rng = np.random.default_rng([int(row), seed])
        yield turned_sheet(corrupt(photos.frames[row], {fault: severity}, rng), 0, side)
