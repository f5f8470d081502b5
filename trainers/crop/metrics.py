"""Figures of a network that sees crops, on held-out photos, each beside its best constant or chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from trainers.common.calibration import fit_logistic, probability, reliability
from trainers.common.metrics import Check, Floats, auc
from trainers.crop.data import Sample
from trainers.crop.network import Cropper

COLLAPSED = 0.005
"""Standard deviation of the outputs below which a network says the same of every photo."""

_GAIN = 0.05  # of IoU over the best constant, which the photos must have whose rectangle is told
_LUCK = 1.645  # standard errors that 95% of constants stay below


class Said(NamedTuple):
    """What a network said of n samples, and what is true: rectangles (n, 4), factors, logits, doubts (n,),
    cells (n, 16); `rows` (n,) tells which samples are of one photo."""

    rectangle: Floats
    factor: Floats
    logit: Floats
    doubt: Floats
    cells: NDArray[np.int64]
    true_rectangle: Floats
    true_factor: Floats
    cropped: NDArray[np.bool_]
    true_cells: NDArray[np.int64]
    rows: NDArray[np.int64]


def look_at(network: Cropper, samples: Iterable[Sample], batch: int = 32) -> Said:
    """What the network says of samples."""
    device, was_training = network.cell.weight.device, network.training
    network.eval()
    found: list[tuple[Any, ...]] = []
    rest = iter(samples)
    with torch.inference_mode():
        while chunk := list(islice(rest, batch)):
            seen = network(torch.from_numpy(np.stack([sample.sheet for sample in chunk])).to(device))
            said = [value.float().cpu().numpy() for value in seen[:4]]
            truth = [np.stack(values) for values in list(zip(*chunk, strict=True))[1:]]
            found.append((*said, seen.cells.argmax(2).cpu().numpy(), *truth))
    network.train(was_training)
    values = [np.concatenate(parts) for parts in zip(*found, strict=True)]
    rectangle, factor, logit, doubt = (value.astype(np.float64) for value in values[:4])
    places, factors, cropped, cells, rows = values[5:]
    true = (places.astype(np.float64), factors.astype(np.float64), cropped > 0.5, cells, rows)
    return Said(rectangle, factor, logit, doubt, values[4], *true)


def overlap(one: Floats, other: Floats) -> Floats:
    """Intersection over union (n,) of rectangles (n, 4): left, right, top, bottom."""
    one, other = np.broadcast_arrays(np.clip(one, 0, 1), np.clip(other, 0, 1))
    low, high = np.maximum(one, other), np.minimum(one, other)
    across = np.maximum(high[:, 1] - low[:, 0], 0)
    down = np.maximum(high[:, 3] - low[:, 2], 0)
    both = across * down
    return both / np.maximum(_area(one) + _area(other) - both, 1e-9)


def _area(rectangle: Floats) -> Floats:
    return np.maximum(rectangle[:, 1] - rectangle[:, 0], 0) * np.maximum(rectangle[:, 3] - rectangle[:, 2], 0)


def best_constant(truth: Floats) -> float:
    """The mean IoU of the best rectangle around the middle, which needs no photo."""
    sizes = [
        np.array([[0.5 - s / 2, 0.5 + s / 2, 0.5 - s / 2, 0.5 + s / 2]]) for s in np.linspace(0.5, 1, 26)
    ]
    return max(float(overlap(size, truth).mean()) for size in sizes)


def quick_figures(said: Said) -> dict[str, float]:
    """The main figures, for a look at a network while it trains."""
    crops = said.cropped
    return {
        "auc": auc(said.logit[~crops], said.logit[crops]),
        "factor_error": float(np.abs(said.factor - said.true_factor).mean()),
        "iou": float(overlap(said.rectangle[crops], said.true_rectangle[crops]).mean()),
        "cells_right": float((said.cells == said.true_cells).mean()),
    }


def figures(said: Said, stage: str) -> dict[str, Any]:
    """All figures with their baselines; `spread` is the standard deviation of what the network says."""
    crops, truth = said.cropped, said.true_factor
    constant = float(np.median(truth))
    result: dict[str, Any] = {"photos": len(np.unique(said.rows)), "samples": len(said.rows)}
    if stage != "thumbnail":
        counts = np.bincount(said.true_cells.ravel(), minlength=16)
        result |= {
            "cells_right": float((said.cells == said.true_cells).mean()),
            "cells_right_on_crops": float((said.cells == said.true_cells)[crops].mean()),
            "cells_chance": 1 / 16,
            "cells_of_constant": float(counts.max() / counts.sum()),
            "cells_spread": float(np.bincount(said.cells.ravel(), minlength=16).std() / said.cells.size),
        }
    if stage == "patches":
        return result
    told, true = said.rectangle[crops], said.true_rectangle[crops]
    return result | {
        "auc": auc(said.logit[~crops], said.logit[crops]),
        "pairs_right": _pairs(said),
        "factor_error": float(np.abs(said.factor - truth).mean()),
        "factor_error_of_constant": float(np.abs(constant - truth).mean()),
        "iou_on_crops": float(overlap(told, true).mean()),
        "iou_of_whole_frame": float(overlap(np.array([[0.0, 1, 0, 1]]), true).mean()),
        "iou_of_best_constant": best_constant(true),
        "spread": float(max(said.rectangle.std(0).mean(), said.factor.std())),
    }


def _pairs(said: Said) -> float:
    """How often a crop is called more probably cropped than the whole photo that it is from."""
    right = [
        (said.logit[mine & said.cropped][:, None] > said.logit[mine & ~said.cropped]).mean()
        for mine in (said.rows == row for row in np.unique(said.rows))
        if (mine & said.cropped).any() and (mine & ~said.cropped).any()
    ]
    return float(np.mean(right)) if right else 0.5


def calibrate(said: Said) -> dict[str, Any]:
    """The curve of being cropped, and the doubt above which the rectangle is not told; from held-out
    samples."""
    truth = said.cropped.astype(np.float64)
    curve = fit_logistic(said.logit, truth, 0.5)
    chance = probability(said.logit, float(curve["slope"]), float(curve["intercept"]))
    stated, seen, count, error = reliability(chance, truth)
    limit, told = abstention(said)
    return {
        "calibration": {"cropped": curve},
        "thresholds": {"doubt": limit},
        "calibrated": {
            "calibration_error": error,
            "reliability": {"stated": stated.tolist(), "seen": seen.tolist(), "samples": count.tolist()},
            **told,
        },
    }


def abstention(said: Said) -> tuple[float, dict[str, float]]:
    """The largest doubt at which rectangles are told, and the figures of the crops that are left.

    Crops are taken in the order of their doubt as long as those taken overlap the truth clearly better than
    the best constant does; where that never holds, nothing is told.
    """
    rows = np.flatnonzero(said.cropped)
    rows = rows[np.argsort(said.doubt[rows], kind="stable")]
    for share in np.arange(1.0, 0.09, -0.05):
        kept = rows[: max(2, round(share * len(rows)))]
        reached = float(overlap(said.rectangle[kept], said.true_rectangle[kept]).mean())
        constant = best_constant(said.true_rectangle[kept])
        if reached - constant >= _GAIN:
            limit = float(said.doubt[kept].max())
            told = float((said.doubt <= limit).mean())
            return limit, {"told": told, "iou_where_told": reached, "iou_of_constant_there": constant}
    return -1.0, {"told": 0.0}


def checks(result: dict[str, Any], prefix: str = "") -> Iterator[Check]:
    """The comparisons that a network must win to be worth anything."""
    samples = max(result["samples"], 2)
    if "auc" in result:
        yield Check(f"{prefix}spread of the outputs", result["spread"], COLLAPSED, "a constant")
        luck = 0.5 + _LUCK * float(np.sqrt((samples + 1) / (3 * samples**2)))
        yield Check(f"{prefix}cropped or not, AUC", result["auc"], luck, "chance, 95%")
        name = "factor_error"
        yield Check(
            f"{prefix}factor error", result[name], result[f"{name}_of_constant"], "best constant", False
        )
        iou, constant = result["iou_on_crops"], result["iou_of_best_constant"]
        yield Check(f"{prefix}IoU on crops", iou, constant, "best constant")
    if "cells_right" in result:
        constant = max(result["cells_chance"], result["cells_of_constant"])
        yield Check(f"{prefix}cells right", result["cells_right"], constant, "best constant")
