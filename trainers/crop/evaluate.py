"""Evaluation of a network of crops: metrics beside the best constant or chance, calibration, checks.

Held-out photos are judged as they are, and through simulated lenses; pictures without traces are the control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from photocli.errors import UsageError
from trainers.common.calibration import fit_logistic, probability, reliability
from trainers.common.checkpoints import load_model
from trainers.common.metrics import BaselineCheck, Floats, auc
from trainers.common.overlap import fits
from trainers.common.runs import portable, write_json
from trainers.crop.camera_photos import CropPhotos, divide
from trainers.crop.config import CropConfig
from trainers.crop.data import evaluation_settings, held_out_samples
from trainers.crop.network import CropNetwork
from trainers.crop.predictions import CropPredictions, predict
from trainers.crop.synthetic import synthetic_photos

CHANCE = 0.06
"""How far from one half the area under the curve of the control may be: 95% of networks that know nothing are
nearer, on 24 pictures in eight views."""
COLLAPSED = 0.005
"""Standard deviation of the outputs below which a network says the same of every photo."""

_GAIN = 0.05  # of IoU over the best constant, which the photos must have whose rectangle is told
_LUCK = 1.645  # standard errors that 95% of constants stay below


def evaluate(network: CropNetwork, held: CropPhotos, config: CropConfig, split: str) -> dict[str, Any]:
    """Returns metrics and calibration on held-out camera photos, as they are and through simulated lenses."""
    real = predict(network, held_out_samples(held, evaluation_settings(config), config.views))
    traced = predict(network, held_out_samples(held, evaluation_settings(config, 1.0), config.views))
    result = {"real": crop_metrics(real, config.stage), "simulated_lens": crop_metrics(traced, config.stage)}
    facts: dict[str, Any] = {"split": split, "figures": result}
    # Who trains with simulated traces alone is judged by them.
    only = config.lens > 0 and config.lens_share == 1
    found = list(checks(result["simulated_lens"] if only else result["real"], "lens: " if only else ""))
    facts["checks"] = [vars(check) | {"passed": check.passed} for check in found]
    if config.stage != "patches":
        facts |= calibrate(real)
        result["real"]["calibrated"] = facts.pop("calibrated")
    return facts


# Metrics


def overlap(one: Floats, other: Floats) -> Floats:
    """Returns intersection over union (n,) of rectangles (n, 4): left, right, top, bottom."""
    boxes = np.broadcast_arrays(np.clip(one, 0, 1), np.clip(other, 0, 1))
    order = [0, 2, 1, 3]  # left, top, right, bottom
    first, second = (torch.from_numpy(box[:, order]) for box in boxes)
    return fits(first, second)[0].numpy()


def best_constant(truth: Floats) -> float:
    """Returns the mean IoU of the best rectangle around the middle, which needs no photo."""
    sizes = [
        np.array([[0.5 - s / 2, 0.5 + s / 2, 0.5 - s / 2, 0.5 + s / 2]]) for s in np.linspace(0.5, 1, 26)
    ]
    return max(float(overlap(size, truth).mean()) for size in sizes)


def quick_metrics(predictions: CropPredictions) -> dict[str, float]:
    """Returns the main metrics, for a look at a network while it trains."""
    crops = predictions.cropped
    return {
        "auc": auc(predictions.logit[~crops], predictions.logit[crops]),
        "factor_error": float(np.abs(predictions.factor - predictions.true_factor).mean()),
        "iou": float(overlap(predictions.rectangle[crops], predictions.true_rectangle[crops]).mean()),
        "cells_right": float((predictions.cells == predictions.true_cells).mean()),
    }


def crop_metrics(predictions: CropPredictions, stage: str) -> dict[str, Any]:
    """Returns all metrics with their baselines; `spread` is the standard deviation of the answers."""
    crops, truth = predictions.cropped, predictions.true_factor
    constant = float(np.median(truth))
    result: dict[str, Any] = {"photos": len(np.unique(predictions.rows)), "samples": len(predictions.rows)}
    if stage != "thumbnail":
        right = predictions.cells == predictions.true_cells
        true_counts = np.bincount(predictions.true_cells.ravel(), minlength=16)
        counts = np.bincount(predictions.cells.ravel(), minlength=16)
        result |= {
            "cells_right": float(right.mean()),
            "cells_right_on_crops": float(right[crops].mean()),
            "cells_chance": 1 / 16,
            "cells_of_constant": float(true_counts.max() / true_counts.sum()),
            "cells_spread": float(counts.std() / right.size),
        }
    if stage == "patches":
        return result
    told, true = predictions.rectangle[crops], predictions.true_rectangle[crops]
    return result | {
        "auc": auc(predictions.logit[~crops], predictions.logit[crops]),
        "pairs_right": _pairs(predictions),
        "factor_error": float(np.abs(predictions.factor - truth).mean()),
        "factor_error_of_constant": float(np.abs(constant - truth).mean()),
        "iou_on_crops": float(overlap(told, true).mean()),
        "iou_of_whole_frame": float(overlap(np.array([[0.0, 1, 0, 1]]), true).mean()),
        "iou_of_best_constant": best_constant(true),
        "spread": float(max(predictions.rectangle.std(0).mean(), predictions.factor.std())),
    }


def _pairs(predictions: CropPredictions) -> float:
    """Returns how often a crop is called more probably cropped than the whole photo that it is from."""
    logit, crops = predictions.logit, predictions.cropped
    right = [
        (logit[mine & crops][:, None] > logit[mine & ~crops]).mean()
        for mine in (predictions.rows == row for row in np.unique(predictions.rows))
        if (mine & crops).any() and (mine & ~crops).any()
    ]
    return float(np.mean(right)) if right else 0.5


def calibrate(predictions: CropPredictions) -> dict[str, Any]:
    """Returns the curve of being cropped, and the doubt above which the rectangle is not told."""
    truth = predictions.cropped.astype(np.float64)
    curve = fit_logistic(predictions.logit, truth, 0.5)
    chance = probability(predictions.logit, float(curve["slope"]), float(curve["intercept"]))
    stated, seen, count, error = reliability(chance, truth)
    limit, told = abstention(predictions)
    return {
        "calibration": {"cropped": curve},
        "thresholds": {"doubt": limit},
        "calibrated": {
            "calibration_error": error,
            "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "samples": count.tolist()},
            **told,
        },
    }


def abstention(predictions: CropPredictions) -> tuple[float, dict[str, float]]:
    """Returns the largest doubt at which rectangles are told, and the metrics of the crops that are left.

    Crops are taken in the order of their doubt as long as those taken overlap the truth clearly better than
    the best constant does; where that never holds, nothing is told.
    """
    rows = np.flatnonzero(predictions.cropped)
    rows = rows[np.argsort(predictions.doubt[rows], kind="stable")]
    for share in np.arange(1.0, 0.09, -0.05):
        kept = rows[: max(2, round(share * len(rows)))]
        reached = float(overlap(predictions.rectangle[kept], predictions.true_rectangle[kept]).mean())
        constant = best_constant(predictions.true_rectangle[kept])
        if reached - constant >= _GAIN:
            limit = float(predictions.doubt[kept].max())
            told = float((predictions.doubt <= limit).mean())
            return limit, {"told": told, "iou_where_told": reached, "iou_of_constant_there": constant}
    return -1.0, {"told": 0.0}


def checks(result: dict[str, Any], prefix: str = "") -> Iterator[BaselineCheck]:
    """Yields the comparisons that a network must win to be worth anything."""
    samples = max(result["samples"], 2)
    if "auc" in result:
        yield BaselineCheck(f"{prefix}spread of the outputs", result["spread"], COLLAPSED, "a constant")
        luck = 0.5 + _LUCK * float(np.sqrt((samples + 1) / (3 * samples**2)))
        yield BaselineCheck(f"{prefix}cropped or not, AUC", result["auc"], luck, "chance, 95%")
        name = "factor_error"
        yield BaselineCheck(
            f"{prefix}factor error", result[name], result[f"{name}_of_constant"], "best constant", False
        )
        iou, constant = result["iou_on_crops"], result["iou_of_best_constant"]
        yield BaselineCheck(f"{prefix}IoU on crops", iou, constant, "best constant")
    if "cells_right" in result:
        constant = max(result["cells_chance"], result["cells_of_constant"])
        yield BaselineCheck(f"{prefix}cells right", result["cells_right"], constant, "best constant")


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Says, beside the checks, all metrics, and whether the network has collapsed."""
    for kind, metrics in facts["figures"].items():
        numbers = {name: value for name, value in metrics.items() if isinstance(value, (int, float))}
        yield f"{kind}: " + ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
    if any(not check["passed"] for check in facts["checks"] if "spread" in check["name"]):
        yield "COLLAPSED: the network says the same of every photo"


# A trained network, evaluated again


def evaluate_checkpoint(
    checkpoint: Path, photos: CropPhotos, to: Path, held: str, views: int, control: int
) -> dict[str, Any]:
    """Evaluates a network on the photos that its run held out, or `held`; returns the facts.

    Leaves evaluation.json and plots in the folder `to`; `control` counts the pictures of the control. Raises
    `UsageError` where the checkpoint or the split is not one to evaluate.
    """
    from trainers.crop.plots import draw_all  # matplotlib takes a second, and only plots need it

    model = load_model(checkpoint)
    if not isinstance(model.network, CropNetwork):
        raise UsageError(f"{checkpoint} is no network of crops")
    known = {field.name for field in fields(CropConfig)}
    given = {name: value for name, value in model.config.items() if name in known}
    config = CropConfig(**given | {"views": views, "held": held or model.config["held"]})
    if config.held == "none":
        raise UsageError("this network has seen every photo: name the split to judge with --held")
    _, chosen = divide(photos, config.held, config.folds)
    facts = evaluate(model.network, chosen, config, f"{config.held}, by a hash of the name")
    if control and config.stage != "patches":
        facts["figures"]["control"] = without_traces(model.network, config, control)
        distance = abs(facts["figures"]["control"]["auc"] - 0.5)
        check = BaselineCheck("control: AUC from chance", distance, CHANCE, "chance, 95%", higher=False)
        facts["checks"].append(vars(check) | {"passed": check.passed})
    facts["plots"] = [path.name for path in draw_all(model.network, chosen, config, facts, to)]
    write_json(to / "evaluation.json", portable(facts))
    return facts


def without_traces(network: CropNetwork, config: CropConfig, count: int) -> dict[str, Any]:
    """Returns metrics on crops of synthetic pictures, where there is nothing to know."""
    samples = held_out_samples(synthetic_photos(count), evaluation_settings(config), config.views)
    return crop_metrics(predict(network, samples), config.stage)
