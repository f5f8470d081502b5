"""Metrics of a style network on pictures that it never saw, each beside its trivial baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.calibration import reliability
from trainers.common.metrics import BaselineCheck, agreement, average_precision, f1
from trainers.style.calibration import CalibratedPredictions, StyleCalibration, cross_calibrate
from trainers.style.config import StyleConfig
from trainers.style.data import MEDIA, StyleDataset, StylePictures
from trainers.style.looks import NAMES
from trainers.style.network import StyleNetwork
from trainers.style.predictions import StylePredictions, predict

NATURAL_LOOKS = ("black and white", "sepia", "low key", "high key")
"""Looks that the rules of `looks.natural` find in photos as they are."""

_MISTAKES = 36
"""Mistakes that are listed, at most."""


def quick_metrics(predictions: StylePredictions) -> dict[str, float]:
    """Returns a few metrics for the history; they need neither calibration nor thresholds."""
    precisions = [
        average_precision(predictions.looks[known, look], predictions.true_looks[known, look] == 1)
        for look in range(len(NAMES))
        if (known := predictions.known(look)).any()
    ]
    right = (predictions.paintings.argmax(1) == predictions.true_painting).mean()
    rows = predictions.of_media
    medium = predictions.medium[rows].argmax(1) == predictions.true_medium[rows]
    return {"medium": float(medium.mean()), "looks_ap": float(np.mean(precisions)), "paintings": float(right)}


def evaluate(network: StyleNetwork, held: StylePictures, config: StyleConfig, out: Path) -> dict[str, Any]:
    """Returns all metrics, the checks, and thresholds and calibration of a card; draws mistakes into `out`.

    Whatever is fitted for a metric is fitted on the other half of the photos; what the card gets is fitted on
    all of them.
    """
    from trainers.style.plots import mistake_sheets

    predictions = predict(network, held, config)
    calibrated = cross_calibrate(predictions, config.most_styled)
    metrics = {
        "medium": _medium_metrics(calibrated),
        "paintings": _painting_metrics(calibrated),
        "looks": _look_metrics(calibrated),
        "plain": _plain_metrics(calibrated),
        "by_themselves": _natural_look_metrics(calibrated),
        "reliability": _reliabilities(calibrated),
    }
    everything = np.ones(len(predictions.names), bool)
    card = StyleCalibration.fit(predictions, everything, config.most_styled)
    sheets = mistake_sheets(calibrated, StyleDataset(held, config.side, config.seed), out)
    return {
        "figures": metrics,
        "checks": [vars(check) | {"passed": check.passed} for check in _checks(metrics)],
        "thresholds": dict(zip(NAMES, card.thresholds.tolist(), strict=True)),
        "calibration": card.to_card(),
        "drawn": [path.name for path in sheets],
    }


def _medium_metrics(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns agreement on the pictures of media, and the shares of photos that are called photographs."""
    predictions = calibrated.predictions
    rows, best = predictions.of_media, calibrated.medium.argmax(1)
    truth, guess = predictions.true_medium[rows], best[rows]
    styled = predictions.photos & predictions.made
    return {
        **agreement(truth, guess, len(MEDIA)),
        "classes": list(MEDIA),
        "confusion": confusion_matrix(truth, guess, len(MEDIA)),
        "photos_with_looks_called_photograph": float((best[styled] == 0).mean()),
        "photos_as_taken_called_photograph": float((best[predictions.as_taken] == 0).mean()),
        "mistakes": [
            {
                "file": f"{list(MEDIA.values())[predictions.true_medium[row]]}/{predictions.names[row]}",
                "said": list(MEDIA)[best[row]],
                "chance": float(calibrated.medium[row].max()),
            }
            for row in np.flatnonzero(rows & (best != predictions.true_medium))
        ][:_MISTAKES],
    }


def _painting_metrics(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns agreement on repainted photos and photos as taken, and on the repainted ones alone."""
    predictions, classes = calibrated.predictions, calibrated.predictions.classes["paintings"]
    rows = (predictions.true_painting > 0) | predictions.as_taken
    truth, guess = predictions.true_painting[rows], calibrated.paintings[rows].argmax(1)
    other = calibrated.paintings[predictions.made | (predictions.true_medium > 0)].argmax(1)
    painted = truth > 0
    return {
        **agreement(truth, guess, len(classes)),
        "repainted": agreement(truth[painted], guess[painted], len(classes)),
        "classes": list(classes),
        "confusion": confusion_matrix(truth, guess, len(classes)),
        "looks_and_drawings_called_none": float((other == 0).mean()) if len(other) else None,
    }


def _look_metrics(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns average precision and F1 of each look where it is known, and their means."""
    predictions = calibrated.predictions
    each: dict[str, Any] = {}
    for look, name in enumerate(NAMES):
        known = predictions.known(look)
        truth = predictions.true_looks[known, look] == 1
        share = float(truth.mean()) if known.any() else 0.0
        each[name] = {
            "photos": int(known.sum()),
            "having_it": int(truth.sum()),
            "ap": average_precision(predictions.looks[known, look], truth),
            "ap_chance": share,
            "f1": f1(calibrated.holds[known, look], truth),
            "f1_always_yes": 2 * share / (1 + share),
        }
    present = [one for one in each.values() if one["having_it"]]
    means = {
        f"macro_{key}": float(np.mean([one[key] for one in present])) for key in list(each[NAMES[0]])[2:]
    }
    return {**means, "each": each}


def _plain_metrics(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns the shares of plain photos and of photos with looks that are called styled; and which are."""
    predictions = calibrated.predictions
    plain, styled = predictions.plain, predictions.made & predictions.photos
    sure = plain & np.isfinite(predictions.true_looks).all(1)
    rows = np.flatnonzero(plain & calibrated.styled).tolist()
    wrong = sorted(((row, *calibrated.style(row)) for row in rows), key=lambda one: -one[2])
    return {
        "photos": int(plain.sum()),
        "called_styled": float(calibrated.styled[plain].mean()) if plain.any() else 0.0,
        "called_styled_where_all_is_known": float(calibrated.styled[sure].mean()) if sure.any() else 0.0,
        "with_looks_called_styled": float(calibrated.styled[styled].mean()) if styled.any() else 0.0,
        "share_with_looks": float(styled.sum() / max(1, (plain | styled).sum())),
        "called": dict(Counter(style for _, style, _ in wrong)),
        "mistakes": [
            {"file": predictions.names[row], "said": style, "chance": chance} for row, style, chance in wrong
        ][:_MISTAKES],
    }


def _natural_look_metrics(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns how often a look that nobody made is among a photo's styles, and how often the first."""
    predictions = calibrated.predictions
    found = {}
    for name in NATURAL_LOOKS:
        look = NAMES.index(name)
        rows = np.flatnonzero(predictions.as_taken & (predictions.true_looks[:, look] == 1))
        if len(rows):
            found[name] = {
                "photos": len(rows),
                "among": float(calibrated.holds[rows, look].mean()),
                "first": float(np.mean([calibrated.style(row)[0] == name for row in rows.tolist()])),
            }
    return found


def _reliabilities(calibrated: CalibratedPredictions) -> dict[str, Any]:
    """Returns stated probability beside what is true: the surest medium and painting, and all looks."""
    predictions, rows = calibrated.predictions, calibrated.predictions.of_media
    medium, paintings = calibrated.medium[rows], calibrated.paintings
    parts = {
        "medium": (medium.max(1), medium.argmax(1) == predictions.true_medium[rows]),
        "paintings": (paintings.max(1), paintings.argmax(1) == predictions.true_painting),
    }
    known = np.isfinite(predictions.true_looks) & predictions.photos[:, None]
    parts["looks"] = (calibrated.looks[known], predictions.true_looks[known] == 1)
    result = {}
    for name, (chance, right) in parts.items():
        stated, found, count, error = reliability(chance, right.astype(np.float64))
        result[name] = {
            "stated": stated.tolist(),
            "seen": found.tolist(),
            "pictures": count.tolist(),
            "error": error,
        }
    return result


def confusion_matrix(truth: NDArray[np.intp], guess: NDArray[np.intp], count: int) -> list[list[int]]:
    """Returns how many of each class (rows) were taken for each class (columns)."""
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, guess), 1)
    return table.tolist()


def _checks(metrics: dict[str, Any]) -> Iterator[BaselineCheck]:
    """Yields the comparisons that a model must win to be worth anything."""
    for name in ("medium", "paintings"):
        found = metrics[name]
        yield BaselineCheck(f"accuracy, {name}", found["accuracy"], found["majority"], "majority")
        yield BaselineCheck(
            f"balanced accuracy, {name}", found["balanced_accuracy"], found["chance"], "chance"
        )
    looks, plain = metrics["looks"], metrics["plain"]
    yield BaselineCheck(
        "looks, mean average precision", looks["macro_ap"], looks["macro_ap_chance"], "chance"
    )
    yield BaselineCheck("looks, macro F1", looks["macro_f1"], looks["macro_f1_always_yes"], "always yes")
    share, lot = plain["called_styled"], plain["share_with_looks"]
    yield BaselineCheck("photos without a look called styled", share, lot, "by lot", higher=False)


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yields what the report says beside the checks."""
    metrics = facts["figures"]
    for name, found in metrics["looks"]["each"].items():
        yield f"{name}: F1 {found['f1']:.3f}, AP {found['ap']:.3f}, {found['having_it']} of {found['photos']}"
    for name in ("medium", "paintings"):
        yield f"{name}, rows are true: {', '.join(metrics[name]['classes'])}"
        yield from (" ".join(f"{count:5d}" for count in row) for row in metrics[name]["confusion"])
    yield _of_plain(metrics["plain"])
    for name, found in metrics["by_themselves"].items():
        yield f"{name}, of photos that have it by themselves: " + _numbers(found)
    errors = {name: one["error"] for name, one in metrics["reliability"].items()}
    yield f"calibration error: {_numbers(errors)}"


def _of_plain(plain: dict[str, Any]) -> str:
    """What photos without a look are called."""
    called = ", ".join(f"{name} {count}" for name, count in plain["called"].items()) or "nothing"
    numbers = {name: value for name, value in plain.items() if isinstance(value, (int, float))}
    return f"photos without a look: {_numbers(numbers)}; called: {called}"


def _numbers(found: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in found.items())
