"""Evaluation of a classifier on held-out photos: metrics beside baselines, calibration, the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainers.classes.config import ClassesConfig
from trainers.classes.data import DecodedPhotos
from trainers.classes.network import Classifier
from trainers.common.augmentation import plain_view
from trainers.common.calibration import (
    LEAST,
    fit_logistic,
    fit_temperature,
    probability,
    reliability,
    sharpened,
)
from trainers.common.frames import Selection
from trainers.common.metrics import BaselineCheck, Floats, average_precision, f1
from trainers.common.runs import write_table
from trainers.common.splits import fold_of

_PAIRS = 10  # of the most confused classes
Targets = NDArray[np.float32]

# Predictions


def predict_logits(network: Classifier, pictures: Selection, size: int, batch: int = 32) -> Floats:
    """Computes the logits (n, k) of a network for pictures without augmentation."""
    was_training = network.training
    network.eval()
    device, parts = network.head.weight.device, []
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            rows = range(start, min(start + batch, len(pictures)))
            views = np.stack([plain_view(pictures[row], size, "squash") for row in rows])
            parts.append(network(torch.from_numpy(views).to(device)).float().cpu().numpy())
    network.train(was_training)
    return np.concatenate(parts).astype(np.float64)


def evaluate_held_out(
    network: Classifier, held: DecodedPhotos, config: ClassesConfig, out: Path
) -> dict[str, Any]:
    """Evaluates a network on the held-out photos and writes `predictions.csv` into `out`; see `evaluate`."""
    photos = held.photos
    names = [path.name for path in photos.paths]
    logits = predict_logits(network, held.pictures, config.size, config.batch)
    facts = evaluate(logits, photos.targets, photos.several, photos.classes, names)
    chances = calibrated(logits, facts["calibration"], photos.several, photos.classes)
    truth = [
        "; ".join(name for name, mark in zip(photos.classes, row, strict=True) if mark)
        for row in photos.targets
    ]
    rows = zip(names, truth, *(column.round(5).tolist() for column in chances.T), strict=True)
    write_table(out / "predictions.csv", ("file", "truth", *photos.classes), list(rows))
    return facts


# Metrics


def mean_average_precision(score: Floats, targets: Targets) -> float:
    """Returns the mean average precision over the classes that occur; `score` and `targets` are (n, k)."""
    present = np.flatnonzero(targets.sum(0))
    return float(np.mean([average_precision(score[:, kind], targets[:, kind]) for kind in present]))


def evaluate(
    logits: Floats, targets: Targets, several: bool, classes: Sequence[str], names: Sequence[str]
) -> dict[str, Any]:
    """Returns entries of run.json: metrics, checks, per class, calibration and thresholds.

    Photos `names` (n,) with logits and classes (n, k). What is fitted (calibration, thresholds) is fitted to
    half of them, by a hash of the name, and what depends on it is measured on the other half.
    """
    half = np.array([fold_of(name, 2) for name in names])
    curve = _calibration(logits[half == 0], targets[half == 0], several, classes)
    chances = calibrated(logits, curve, several, classes)
    limits = _thresholds(chances[half == 0], targets[half == 0], classes) if several else {}
    asked = half == 1 if several and (half == 1).any() else np.ones(len(half), dtype=bool)
    if several:
        predicted = chances > np.array([limits[name] for name in classes])
    else:
        predicted = np.eye(len(classes), dtype=bool)[logits.argmax(1)]
    found = _metrics(logits, targets, predicted, asked, several)
    found |= {"photos": len(logits), "confusion": _confusion(targets[asked], predicted[asked]).tolist()}
    found["confused"] = _confused(np.array(found["confusion"]), targets[asked], classes)
    found |= _reliability(logits, chances, targets, several, half == 1)
    checks = _checks(found, several)
    return {
        "figures": found,
        "groups": _per_class(logits, targets, predicted, asked, classes),
        "checks": [vars(check) | {"passed": check.passed} for check in checks],
        "calibration": curve,
        "thresholds": limits,
    }


def calibrated(logits: Floats, curve: dict[str, Any], several: bool, classes: Sequence[str]) -> Floats:
    """Returns probabilities (n, k), by the curves of a card."""
    if not several:
        return sharpened(logits, curve.get("probabilities", {"temperature": 1.0})["temperature"])
    parts = [
        probability(logits[:, place], curve[name]["slope"], curve[name]["intercept"])
        for place, name in enumerate(classes)
    ]
    return np.stack(parts, axis=1)


def _calibration(logits: Floats, targets: Targets, several: bool, classes: Sequence[str]) -> dict[str, Any]:
    """Fits a temperature (Guo et al. 2017), or a curve for each class (Platt 1999).

    A class that never or always occurs gets the plain logistic curve. With fewer photos than `LEAST` all
    classes do, and the temperature is 1. Each says by how many `photos` it was fitted: 0 if it was not.
    """
    if not several:
        one = targets.sum(1) == 1
        truth = targets[one].argmax(1)
        photos = len(truth) if len(truth) >= LEAST else 0
        warmth = fit_temperature(logits[one], truth)
        return {"probabilities": {"method": "temperature", "temperature": warmth, "photos": photos}}
    curves: dict[str, Any] = {}
    for place, name in enumerate(classes):
        truth, score = targets[:, place].astype(np.float64), logits[:, place]
        if 0 < truth.sum() < len(truth) and len(truth) >= LEAST:
            curves[name] = fit_logistic(score, truth, 0.5) | {"photos": len(truth)}
        else:
            curves[name] = {"method": "logistic", "slope": 1.0, "intercept": 0.0, "photos": 0}
    return curves


def _thresholds(chances: Floats, targets: Targets, classes: Sequence[str]) -> dict[str, float]:
    """Returns for each class the probability above which its F1 is best; 0.5 if it does not occur."""
    limits = {}
    for place, name in enumerate(classes):
        chance, truth = chances[:, place], targets[:, place] > 0
        limits[name] = 0.5
        if truth.any():
            values = np.unique(chance)
            between = np.append((values[1:] + values[:-1]) / 2, values[0] / 2)
            best = max(between, key=lambda limit: (f1(chance > limit, truth), -abs(limit - 0.5)))
            limits[name] = float(np.clip(best, 0.02, 0.98))
    return limits


def _metrics(
    logits: Floats, targets: Targets, predicted: NDArray[np.bool_], asked: NDArray[np.bool_], several: bool
) -> dict[str, Any]:
    shares = targets.mean(0)
    found = {
        "mAP": mean_average_precision(logits, targets),
        "mAP_chance": float(shares[shares > 0].mean()),
    }
    true, predicted = targets[asked] > 0, predicted[asked]
    present = np.flatnonzero(true.any(0))
    share = true.mean(0)[present]
    found["macro_f1"] = float(np.mean([f1(predicted[:, kind], true[:, kind]) for kind in present]))
    if several:
        found["macro_f1_always"] = float((2 * share / (1 + share)).mean())
        return found
    recalls = [predicted[true[:, kind], kind].mean() for kind in present]
    return found | {
        "accuracy": float((true & predicted).any(1).mean()),
        "majority": float(share.max()),
        "chance": float(true.sum(1).mean() / true.shape[1]),
        "balanced_accuracy": float(np.mean(recalls)),
    }


def _checks(found: dict[str, Any], several: bool) -> list[BaselineCheck]:
    checks = [BaselineCheck("mAP", found["mAP"], found["mAP_chance"], "chance")]
    if several:
        return [*checks, BaselineCheck("macro F1", found["macro_f1"], found["macro_f1_always"], "always yes")]
    return [
        BaselineCheck("accuracy", found["accuracy"], found["majority"], "majority"),
        BaselineCheck("balanced accuracy", found["balanced_accuracy"], found["chance"], "chance"),
        *checks,
    ]


def _confusion(targets: Targets, predicted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Counts (k, k) the photos with the class of the row that were given the class of the column."""
    return ((targets > 0).astype(np.int64).T @ predicted.astype(np.int64)).astype(np.int64)


def _confused(counts: NDArray[np.int64], targets: Targets, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the pairs of classes of which the one is taken for the other most often."""
    true = np.maximum(targets.sum(0), 1)
    share = counts / true[:, None]
    np.fill_diagonal(share, 0)
    places = np.argsort(-share, axis=None, kind="stable")[:_PAIRS]
    rows, columns = np.unravel_index(places, share.shape)
    return [
        {"true": classes[row], "said": classes[column], "photos": int(counts[row, column])}
        for row, column in zip(rows, columns, strict=True)
        if share[row, column] > 0
    ]


def _per_class(
    logits: Floats,
    targets: Targets,
    predicted: NDArray[np.bool_],
    asked: NDArray[np.bool_],
    classes: Sequence[str],
) -> dict[str, Any]:
    rows = {}
    for place, name in enumerate(classes):
        true, called = targets[asked, place] > 0, predicted[asked, place]
        both = int((true & called).sum())
        rows[name] = {
            "photos": int(targets[:, place].sum()),
            "precision": float(both / called.sum()) if called.any() else None,
            "recall": float(both / true.sum()) if true.any() else None,
            "f1": f1(called, true),
            "ap": average_precision(logits[:, place], targets[:, place]),
        }
    return rows


def _reliability(
    logits: Floats, chances: Floats, targets: Targets, several: bool, other: NDArray[np.bool_]
) -> dict[str, Any]:
    """Measures how far stated probabilities are from what is true, on the half that they were not fitted to.

    They are those of the predicted class, or where several may hold, of all.
    """
    if not other.any():
        return {}
    if several:
        raw = 1 / (1 + np.exp(-logits[other]))
        true = targets[other].ravel().astype(np.float64)
        before, after = raw.ravel(), chances[other].ravel()
    else:
        best = logits[other].argmax(1)
        true = targets[other][np.arange(len(best)), best].astype(np.float64)
        before, after = sharpened(logits[other], 1.0).max(1), chances[other].max(1)
    stated, seen, count, error = reliability(after, true)
    return {
        "calibration_error": error,
        "calibration_error_before": reliability(before, true)[3],
        "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "photos": count.tolist()},
    }


# Report


def report_lines(facts: dict[str, Any]) -> Iterator[Any]:
    """Yields what the report says beside the checks: a table of the classes, confusions, the calibration."""
    from rich.table import Table

    table = Table("class", "learned from", "held out", "precision", "recall", "F1", "AP")
    for name, row in facts["groups"].items():
        shares = (
            "-" if row[key] is None else f"{row[key]:.3f}" for key in ("precision", "recall", "f1", "ap")
        )
        table.add_row(name, str(facts["training_classes"][name]), str(row["photos"]), *shares)
    yield table
    found = facts["figures"]
    for pair in found["confused"][:5]:
        yield f"{pair['true']} called {pair['said']}: {pair['photos']} photos"
    if "calibration_error" in found:
        before, after = found["calibration_error_before"], found["calibration_error"]
        yield f"calibration error {before:.3f}, calibrated {after:.3f}"
    yield "left out: " + (", ".join(f"{n} {why}" for why, n in facts["left_out"].items()) or "none")
