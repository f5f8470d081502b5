"""Evaluation of a trained network: metrics on held-out photos, degraded copies, calibration, and the report.

Each metric stands beside its trivial baseline.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from trainers.aesthetics.config import AestheticsConfig
from trainers.aesthetics.labels import Mode, classes, is_clear
from trainers.aesthetics.network import Scorer
from trainers.aesthetics.predictions import ScorerPredictions, predict
from trainers.aesthetics.ratings import RatedPhotos
from trainers.common.calibration import fit_logistic, probability, reliability
from trainers.common.corruptions import expose, gaussian_blur
from trainers.common.frames import Selection
from trainers.common.metrics import BaselineCheck, Floats, agreement, correlation
from trainers.common.runs import now, portable, write_json, write_table

FAULTS = {
    "blur_1_percent": partial(gaussian_blur, sigma=0.01),
    "plus_2_ev": partial(expose, stops=2.0),
    "minus_3_ev": partial(expose, stops=-3.0),
}
"""Faults that a held-back original must win against."""


# Metrics


def metrics(
    mean: Floats, votes: Floats, predictions: ScorerPredictions, mode: Mode, middle: float, delta: float
) -> dict[str, Any]:
    """Computes all metrics of predictions against people's means (n,) and votes (n, 10), on 1-10.

    `all` counts every photo, `polarised` those outside middle ± delta: leaving out the middle flatters, so
    both are given. Constants are the best possible ones, chosen on the same photos.
    """
    threshold = middle if mode in ("distribution", "regression") else 0.0
    guess, truth = predictions.score > threshold, mean > middle
    clear = is_clear(mean, middle, delta)
    result: dict[str, Any] = {
        "photos": len(mean),
        "spearman": correlation(spearmanr, predictions.score, mean),
        "pearson": correlation(pearsonr, predictions.score, mean),
        "all": agreement(truth.astype(int), guess.astype(int), 2),
        "polarised": agreement(truth[clear].astype(int), guess[clear].astype(int), 2),
    }
    if mode in ("distribution", "regression"):
        result["mae"] = float(np.abs(predictions.score - mean).mean())
        result["mae_constant"] = float(np.abs(np.median(mean) - mean).mean())
    if mode == "distribution":
        result["emd"] = _squared_emd(predictions.outputs, votes)
        result["emd_constant"] = _squared_emd(votes.mean(axis=0, keepdims=True), votes)
    if mode == "three-way":
        guessed = predictions.outputs.argmax(1)
        result["three_way"] = agreement(classes(mean, mode, middle, delta), guessed, 3)
    return result


def checks(result: dict[str, Any]) -> list[BaselineCheck]:
    """Returns the comparisons that a model must win to be worth anything."""
    photos = max(result["photos"], 3)
    # What 95% of random orders stay below.
    luck = 1.645 / math.sqrt(photos - 1)
    found = [BaselineCheck(name, result[name], luck, "chance, 95%") for name in ("spearman", "pearson")]
    for name in ("all", "polarised", "three_way"):
        part = result.get(name)
        if part and part["photos"]:
            found.append(BaselineCheck(f"accuracy, {name}", part["accuracy"], part["majority"], "majority"))
            found.append(
                BaselineCheck(
                    f"balanced accuracy, {name}", part["balanced_accuracy"], part["chance"], "chance"
                )
            )
    for name in ("mae", "emd"):
        if name in result:
            found.append(
                BaselineCheck(name, result[name], result[f"{name}_constant"], "best constant", higher=False)
            )
    return found


def by_category(mean: Floats, score: Floats, categories: tuple[str, ...], middle: float) -> dict[str, Any]:
    """Returns photos, Spearman and, where scores are marks, mean absolute error for each category."""
    groups = {}
    for name in sorted(set(categories)):
        rows = np.array([category == name for category in categories])
        groups[name] = {
            "photos": int(rows.sum()),
            "spearman": correlation(spearmanr, score[rows], mean[rows]),
            "mae": float(np.abs(score[rows] - mean[rows]).mean()),
            "mae_constant": float(np.abs(np.median(mean[rows]) - mean[rows]).mean()),
        }
    return groups


def degraded_wins(
    network: Scorer, pictures: Selection, score: Floats, config: AestheticsConfig
) -> dict[str, Floats]:
    """Returns for each fault whether each original (n,) outscores its degraded copy: 1 or 0."""
    wins = {}
    for name, fault in FAULTS.items():
        copies = predict(network, pictures, config.size, config.fit, mirror=config.mirror, change=fault)
        wins[name] = (score > copies.score).astype(np.float64)
    return wins


def _squared_emd(votes: Floats, truth: Floats) -> float:
    """Returns the squared earth mover's distance, averaged over photos; see `train.squared_emd`."""
    return float(((votes - truth).cumsum(axis=1) ** 2).sum(axis=1).mean())


# Results


@dataclass(frozen=True)
class HeldOutPredictions:
    """Holds for n held-out photos names, folds, people's means and votes, and the predictions."""

    ratings: RatedPhotos
    folds: tuple[int, ...]
    predictions: ScorerPredictions


@dataclass(frozen=True)
class RunResult:
    """Holds what came of a run: facts about the training, metrics if photos were held out, predictions."""

    facts: dict[str, Any]
    table: HeldOutPredictions | None = None
    degraded: dict[str, Floats] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Returns the content of run.json."""
        return {**portable(self.facts), "created": now()}

    def write(self, folder: Path) -> None:
        """Writes predictions.csv and predictions.npz, and last run.json, which says that the run is done."""
        if self.table is not None:
            _write_predictions(folder, self.table, self.degraded)
        write_json(folder / "run.json", self.document())

    @staticmethod
    def read(folder: Path) -> RunResult | None:
        """Reads what a finished run left in its folder; None if it is not finished."""
        if not (folder / "run.json").is_file():
            return None
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return RunResult(facts, *_read_predictions(folder))


def evaluate_fold(
    config: AestheticsConfig,
    facts: dict[str, Any],
    ratings: RatedPhotos,
    predictions: ScorerPredictions,
    degraded: dict[str, Floats],
    split: str,
) -> RunResult:
    """Returns the result of one fold."""
    fold = int(config.fold) if config.fold.isdigit() else 0
    table = HeldOutPredictions(ratings, (fold,) * len(ratings), predictions)
    return _evaluated(config, facts, table, degraded, split)


def pool_folds(config: AestheticsConfig, facts: dict[str, Any], results: Sequence[RunResult]) -> RunResult:
    """Returns the result of a cross-validation: all out-of-fold predictions evaluated together."""
    tables = [result.table for result in results if result.table is not None]
    ratings = RatedPhotos(
        tuple(path for table in tables for path in table.ratings.paths),
        tuple(name for table in tables for name in table.ratings.names),
        np.concatenate([table.ratings.mean for table in tables]),
        np.concatenate([table.ratings.std for table in tables]),
        np.concatenate([table.ratings.votes for table in tables]),
        tuple(name for table in tables for name in table.ratings.categories),
    )
    predictions = ScorerPredictions(
        *(np.concatenate([table.predictions[part] for table in tables]) for part in range(3))
    )
    degraded = {
        name: np.concatenate([result.degraded[name] for result in results]) for name in results[0].degraded
    }
    folds = tuple(fold for table in tables for fold in table.folds)
    per_fold = [result.facts["figures"]["spearman"] for result in results]
    history = [result.facts["history"] for result in results]
    facts = facts | {"config": facts["config"] | {"fold": "each"}}
    facts = facts | {"spearman_by_fold": per_fold, "history": history}
    split = f"{config.folds}-fold cross-validation, split by a hash of the file name ({config.split_by})"
    return _evaluated(config, facts, HeldOutPredictions(ratings, folds, predictions), degraded, split)


def _evaluated(
    config: AestheticsConfig,
    facts: dict[str, Any],
    table: HeldOutPredictions,
    degraded: dict[str, Floats],
    split: str,
) -> RunResult:
    ratings, predictions = table.ratings, table.predictions
    result = metrics(ratings.mean, ratings.votes, predictions, config.labels, config.middle, config.delta)
    calibration = fit_logistic(predictions.score, ratings.mean, config.middle)
    chance = probability(predictions.score, float(calibration["slope"]), float(calibration["intercept"]))
    good = (ratings.mean > config.middle).astype(np.float64)
    result["calibration_error"] = reliability(chance, good)[3]
    beaten = {name: float(wins.mean()) for name, wins in degraded.items()}
    result["originals_above_degraded"] = beaten
    shares = [BaselineCheck(f"above {name}", share, 0.5, "chance") for name, share in beaten.items()]
    facts = facts | {
        "split": split,
        "figures": result,
        "checks": [asdict(check) | {"passed": check.passed} for check in (*checks(result), *shares)],
        "calibration": {"good": calibration},
    }
    if ratings.categories:
        facts["groups"] = by_category(ratings.mean, predictions.score, ratings.categories, config.middle)
    return RunResult(facts, table, degraded)


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yields what the report says beside the checks: the metrics of each group of photos."""
    for name, group in facts.get("groups", {}).items():
        yield f"{name}: {group['photos']} photos, Spearman {group['spearman']:.3f}"


# Files


def _write_predictions(folder: Path, table: HeldOutPredictions, degraded: dict[str, Floats]) -> None:
    ratings, predictions = table.ratings, table.predictions
    kinds = ratings.categories or ("",) * len(ratings)
    rows = [
        (name, fold, f"{mean:.5f}", f"{score:.5f}", kind)
        for name, fold, mean, score, kind in zip(
            ratings.names, table.folds, ratings.mean, predictions.score, kinds, strict=True
        )
    ]
    write_table(folder / "predictions.csv", ("file", "fold", "truth", "prediction", "category"), rows)
    arrays: dict[str, Any] = {
        "mean": ratings.mean,
        "std": ratings.std,
        "votes": ratings.votes,
        "folds": np.array(table.folds),
    }
    arrays |= {"score": predictions.score, "outputs": predictions.outputs}
    arrays |= {f"degraded_{name}": wins for name, wins in degraded.items()}
    np.savez(folder / "predictions.npz", **arrays)


def _read_predictions(folder: Path) -> tuple[HeldOutPredictions | None, dict[str, Floats]]:
    if not (folder / "predictions.npz").is_file():
        return None, {}
    with (folder / "predictions.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = tuple(row["file"] for row in rows)
    kinds = tuple(row["category"] for row in rows)
    with np.load(folder / "predictions.npz") as stored:
        ratings = RatedPhotos(
            tuple(Path(name) for name in names),
            names,
            stored["mean"],
            stored["std"],
            stored["votes"],
            kinds if any(kinds) else (),
        )
        embedding = np.zeros((len(names), 0), np.float32)
        predictions = ScorerPredictions(stored["score"], stored["outputs"], embedding)
        degraded = {name[9:]: stored[name] for name in stored.files if name.startswith("degraded_")}
        folds = tuple(int(fold) for fold in stored["folds"])
        return HeldOutPredictions(ratings, folds, predictions), degraded
