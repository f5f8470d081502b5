"""Judging an inspector on photos that it never saw: each fault against clean photos, and the four turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

from photocli.profiles import FAULTS
from trainers.common.calibration import fit_isotonic, isotonic, reliability
from trainers.common.frames import Picture
from trainers.common.metrics import Check, Floats, auc
from trainers.common.splits import fold_of
from trainers.technical.corruptions import damage
from trainers.technical.data import Shots, turned_sheet
from trainers.technical.network import Inspector
from trainers.technical.rotation import judge_turns

MODERATE = 0.5
"""The severity at which a fault must be told from clean photos."""

_JUDGED = 240  # photos that are spoiled in every way, evenly from all sources; clean they are all looked at
_FALSE_ALARMS = 0.004  # share of clean photos that each fault's threshold may call faulty
_MILD = 0.3  # below, no fault is called one, however well it is told
_DRAWS = 2  # of severities for each photo and fault
_SHOWN = 18


class Found(NamedTuple):
    """For n sheets: severities (n, 6), uncalibrated, and the logits of the turns (n, 4)."""

    severities: Floats
    logits: Floats

    @property
    def turns(self) -> Floats:
        """Probabilities (n, 4), uncalibrated."""
        raised = np.exp(self.logits - self.logits.max(1, keepdims=True))
        return raised / raised.sum(1, keepdims=True)


def inspect(network: Inspector, sheets: Iterable[Picture], batch: int = 32) -> Found:
    """What the network finds in sheets."""
    device = network.upright.weight.device
    was_training = network.training
    network.eval()
    faults, turns = [], []
    rest = iter(sheets)
    with torch.inference_mode():
        while chunk := list(islice(rest, batch)):
            seen = network(torch.from_numpy(np.stack(chunk)).to(device))
            faults.append(seen.faults.sigmoid().float().cpu().numpy())
            turns.append(seen.turns.float().cpu().numpy())
    network.train(was_training)
    return Found(np.concatenate(faults).astype(np.float64), np.concatenate(turns).astype(np.float64))


def look_at(network: Inspector, shots: Shots, side: int, turn: int = 0) -> Found:
    """What the network finds in photos as they are, or turned."""
    return inspect(network, (turned_sheet(shots.frames[row], turn, side) for row in shots.rows))


def quick_figures(
    network: Inspector, held: Shots, side: int, faults: bool, most: int = 120
) -> dict[str, float]:
    """The share of held-out photos whose turn is right, and the mean AUC of the faults at moderate severity
    on some of them (0.5 where `faults` are not asked for)."""
    upright = held.part(held.rows[held.upright[held.rows]])
    # As they are: the network looks at all four turns of a photo, so its answer turns along.
    right = float((look_at(network, upright, side).turns.argmax(1) == 0).mean())
    if not faults:
        return {"auc": 0.5, "turns_right": right}
    few = _some(held, most)
    clean = look_at(network, few, side)
    areas = []
    for place, name in enumerate(FAULTS):
        spoiled = inspect(network, _spoiled(few, side, lambda row, name=name: {name: MODERATE}))
        areas.append(auc(clean.severities[:, place], spoiled.severities[:, place]))
    return {"auc": float(np.mean(areas)), "turns_right": right}


def judge(network: Inspector, held: Shots, side: int, split: str) -> dict[str, Any]:
    """Figures beside their baselines, calibrations and thresholds, from held-out photos."""
    clean = look_at(network, held, side)
    up = held.upright[held.rows]
    upright = held.part(held.rows[up])
    turned = [clean.logits[up], *(look_at(network, upright, side, turn).logits for turn in (1, 2, 3))]
    few = _some(held, _JUDGED)
    faults = {
        name: _one_fault(network, few, clean.severities, place, side) for place, name in enumerate(FAULTS)
    }
    turns = judge_turns(turned, upright)
    thresholds = {name: faults[name].pop("threshold") for name in FAULTS}
    called = np.array([clean.severities[:, place] > thresholds[name] for place, name in enumerate(FAULTS)])
    calibration = {name: faults[name].pop("calibration") for name in FAULTS}
    calibration["rotate"] = turns.pop("calibration")
    thresholds["rotate"] = turns.pop("threshold")
    figures = {
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
        "figures": figures,
        "calibration": calibration,
        "thresholds": thresholds,
        "checks": [vars(check) | {"passed": check.passed} for check in _checks(figures)],
    }


def _one_fault(network: Inspector, few: Shots, clean: Floats, place: int, side: int) -> dict[str, Any]:
    """One fault alone: areas under the curve, rank correlation, threshold and calibration."""
    name = FAULTS[place]
    areas, found = {}, {}
    for severity in (0.25, MODERATE, 0.75):
        said = inspect(network, _spoiled(few, side, lambda row, s=severity: {name: s}))
        found[severity] = said.severities[:, place]
        areas[str(severity)] = auc(clean[:, place], found[severity])
    true = np.random.default_rng(place).uniform(0, 1, (_DRAWS, len(few)))
    drawn = []
    for number, severities in enumerate(true):
        by_row = dict(zip(few.rows.tolist(), severities.tolist(), strict=True))
        sheets = _spoiled(few, side, lambda row, by_row=by_row: {name: by_row[row]}, number + 1)
        drawn.append(inspect(network, sheets).severities[:, place])
    threshold = _threshold(clean[:, place])
    return {
        "auc": areas,
        "rank_correlation": float(spearmanr(np.concatenate(drawn), true.ravel()).statistic),
        "clean_called_faulty": float((clean[:, place] > threshold).mean()),
        "moderate_called_faulty": float((found[MODERATE] > threshold).mean()),
        "threshold": threshold,
        **_calibrated(np.stack(drawn), true, clean[:, place], _halves(few)),
    }


def _calibrated(said: Floats, true: Floats, clean: Floats, half: Floats) -> dict[str, Any]:
    """The curve from what is said to what is true, (draws, n) each, with `clean` photos (m,) beside.

    How far off it is, and how reliable, is measured on the half of the photos that it was not fitted to.
    """
    zeros = np.zeros(len(clean))
    put_right = np.zeros_like(said)
    for side in (0, 1):
        others = half != side
        curve = fit_isotonic(
            np.concatenate([said[:, others].ravel(), clean]), np.concatenate([true[:, others].ravel(), zeros])
        )
        put_right[:, ~others] = isotonic(said[:, ~others], curve)
    stated, seen, count, error = reliability(put_right.ravel(), true.ravel())
    return {
        "mean_error": float(np.abs(put_right - true).mean()),
        "mean_error_of_constant": float(np.abs(true - np.median(true)).mean()),
        "calibration_error": error,
        "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "photos": count.tolist()},
        "calibration": fit_isotonic(
            np.concatenate([said.ravel(), clean]), np.concatenate([true.ravel(), zeros])
        ),
    }


def _threshold(clean: Floats) -> float:
    """The severity, uncalibrated, above which a fault is called one."""
    return float(max(_MILD, np.quantile(clean, 1 - _FALSE_ALARMS)))


def _alarms_cross_fitted(clean: Floats, held: Shots) -> float:
    """The share of clean photos called faulty by thresholds that were set on the other half of them."""
    half = _halves(held)
    called = np.zeros(len(half), bool)
    for side in (0, 1):
        limits = np.array([_threshold(clean[half != side, place]) for place in range(len(FAULTS))])
        called[half == side] = (clean[half == side] > limits).any(1)
    return float(called.mean())


def _checks(figures: dict[str, Any]) -> Iterator[Check]:
    for name, facts in figures["faults"].items():
        yield Check(f"{name}: AUC at severity {MODERATE}", facts["auc"][str(MODERATE)], 0.5, "chance")
        yield Check(f"{name}: rank correlation", facts["rank_correlation"], 0.0, "chance")
    yield Check("turns right", figures["turns"]["right"], 0.25, "chance")


def others(facts: dict[str, Any]) -> Iterator[str]:
    """What the report says beside the checks: how often it would raise a false alarm."""
    figures = facts["figures"]
    yield (
        f"clean photos called faulty: {figures['clean_called_faulty']:.2%} of {figures['photos']}, "
        f"cross-fitted {figures['clean_called_faulty_cross_fitted']:.2%}; "
        f"upright ones called turned: {figures['turns']['upright_called_turned']:.2%}"
    )


def _halves(shots: Shots) -> Floats:
    """The half, 0 or 1, that each photo belongs to: what is set on one is judged on the other."""
    half = np.array([fold_of("half " + shots.names[row], 2) for row in shots.rows], np.float64)
    return half if 0 < half.mean() < 1 else np.arange(len(half)) % 2.0  # few photos may all fall on one side


def _alarms(severities: Floats, thresholds: dict[str, float], held: Shots) -> list[dict[str, Any]]:
    """The clean photos that exceed a threshold by most, with the fault."""
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


def _some(shots: Shots, most: int) -> Shots:
    """At most so many photos, as many of each source as there are."""
    kinds = sorted(set(shots.origins[row] for row in shots.rows))
    each = max(1, most // max(1, len(kinds)))
    by_chance = sorted(shots.rows, key=lambda row: fold_of("some " + shots.names[row], 1 << 32))
    chosen = [[row for row in by_chance if shots.origins[row] == kind][:each] for kind in kinds]
    return shots.part(np.array(sorted(row for rows in chosen for row in rows), np.intp))


def _spoiled(
    shots: Shots, side: int, severities: Callable[[int], dict[str, float]], seed: int = 0
) -> Iterator[Picture]:
    """Sheets of photos with faults; the draws depend on the photo alone."""
    for row in shots.rows:
        rng = np.random.default_rng([int(row), seed])
        yield turned_sheet(damage(shots.frames[row], severities(int(row)), rng), 0, side)
