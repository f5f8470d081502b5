"""Judging a trained network: figures on held-out photos, degraded copies, calibration."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainers.aesthetics.metrics import by_category, checks, figures
from trainers.aesthetics.network import Scorer
from trainers.aesthetics.predictions import Said, predict
from trainers.aesthetics.ratings import Ratings
from trainers.common.calibration import fit_logistic, probability, reliability
from trainers.common.corruptions import expose, gaussian_blur
from trainers.common.frames import Selection
from trainers.common.metrics import Check, Floats
from trainers.common.runs import now, portable, write_json, write_table

if TYPE_CHECKING:
    from trainers.aesthetics.train import Config

FAULTS = {
    "blur_1_percent": partial(gaussian_blur, sigma=0.01),
    "plus_2_ev": partial(expose, stops=2.0),
    "minus_3_ev": partial(expose, stops=-3.0),
}
"""Faults that a held-back original must win against."""


@dataclass(frozen=True)
class Table:
    """Held-out predictions: for n photos, names, folds, people's means and votes, and what was said."""

    ratings: Ratings
    folds: tuple[int, ...]
    said: Said


@dataclass(frozen=True)
class Outcome:
    """A run: facts about how it was trained, figures if photos were held out, and the predictions."""

    facts: dict[str, Any]
    table: Table | None = None
    degraded: dict[str, Floats] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The content of run.json."""
        return {**portable(self.facts), "created": now()}

    def write(self, folder: Path) -> None:
        """Write predictions.csv and predictions.npz, and last run.json, which says that the run is done."""
        if self.table is not None:
            _write_predictions(folder, self.table, self.degraded)
        write_json(folder / "run.json", self.document())

    @staticmethod
    def read(folder: Path) -> Outcome | None:
        """What a finished run left in its folder; None if it is not finished."""
        if not (folder / "run.json").is_file():
            return None
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return Outcome(facts, *_read_predictions(folder))


def judge(
    config: Config,
    facts: dict[str, Any],
    ratings: Ratings,
    said: Said,
    degraded: dict[str, Floats],
    split: str,
) -> Outcome:
    """The outcome of one fold."""
    fold = int(config.fold) if config.fold.isdigit() else 0
    return _judged(config, facts, Table(ratings, (fold,) * len(ratings), said), degraded, split)


def pooled(config: Config, facts: dict[str, Any], outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of a cross-validation: all out-of-fold predictions judged together."""
    tables = [outcome.table for outcome in outcomes if outcome.table is not None]
    ratings = Ratings(
        tuple(path for table in tables for path in table.ratings.paths),
        tuple(name for table in tables for name in table.ratings.names),
        np.concatenate([table.ratings.mean for table in tables]),
        np.concatenate([table.ratings.std for table in tables]),
        np.concatenate([table.ratings.votes for table in tables]),
        tuple(name for table in tables for name in table.ratings.categories),
    )
    said = Said(*(np.concatenate([table.said[part] for table in tables]) for part in range(3)))
    degraded = {
        name: np.concatenate([outcome.degraded[name] for outcome in outcomes])
        for name in outcomes[0].degraded
    }
    folds = tuple(fold for table in tables for fold in table.folds)
    per_fold = [outcome.facts["figures"]["spearman"] for outcome in outcomes]
    history = [outcome.facts["history"] for outcome in outcomes]
    facts = facts | {"config": facts["config"] | {"fold": "each"}}
    facts = facts | {"spearman_by_fold": per_fold, "history": history}
    split = f"{config.folds}-fold cross-validation, split by a hash of the file name ({config.split_by})"
    return _judged(config, facts, Table(ratings, folds, said), degraded, split)


def degraded_shares(network: Scorer, pictures: Selection, score: Floats, config: Config) -> dict[str, Floats]:
    """For each fault, whether each original (n,) outscores its copy: 1 or 0."""
    wins = {}
    for name, fault in FAULTS.items():
        copies = predict(network, pictures, config.size, config.fit, mirror=config.mirror, change=fault)
        wins[name] = (score > copies.score).astype(np.float64)
    return wins


def _judged(
    config: Config, facts: dict[str, Any], table: Table, degraded: dict[str, Floats], split: str
) -> Outcome:
    ratings, said = table.ratings, table.said
    result = figures(ratings.mean, ratings.votes, said, config.labels, config.middle, config.delta)
    calibration = fit_logistic(said.score, ratings.mean, config.middle)
    chance = probability(said.score, float(calibration["slope"]), float(calibration["intercept"]))
    good = (ratings.mean > config.middle).astype(np.float64)
    result["calibration_error"] = reliability(chance, good)[3]
    beaten = {name: float(wins.mean()) for name, wins in degraded.items()}
    result["originals_above_degraded"] = beaten
    shares = [Check(f"above {name}", share, 0.5, "chance") for name, share in beaten.items()]
    facts = facts | {
        "split": split,
        "figures": result,
        "checks": [asdict(check) | {"passed": check.passed} for check in (*checks(result), *shares)],
        "calibration": {"good": calibration},
    }
    if ratings.categories:
        facts["groups"] = by_category(ratings.mean, said.score, ratings.categories, config.middle)
    return Outcome(facts, table, degraded)


def others(facts: dict[str, Any]) -> Iterator[str]:
    """What the report says beside the checks: the figure of each group of photos."""
    for name, group in facts.get("groups", {}).items():
        yield f"{name}: {group['photos']} photos, Spearman {group['spearman']:.3f}"


def _write_predictions(folder: Path, table: Table, degraded: dict[str, Floats]) -> None:
    ratings, said = table.ratings, table.said
    kinds = ratings.categories or ("",) * len(ratings)
    rows = [
        (name, fold, f"{mean:.5f}", f"{score:.5f}", kind)
        for name, fold, mean, score, kind in zip(
            ratings.names, table.folds, ratings.mean, said.score, kinds, strict=True
        )
    ]
    write_table(folder / "predictions.csv", ("file", "fold", "truth", "prediction", "category"), rows)
    arrays = {
        "mean": ratings.mean,
        "std": ratings.std,
        "votes": ratings.votes,
        "folds": np.array(table.folds),
    }
    arrays |= {"score": said.score, "outputs": said.outputs}
    arrays |= {f"degraded_{name}": wins for name, wins in degraded.items()}
    np.savez(folder / "predictions.npz", **arrays)


def _read_predictions(folder: Path) -> tuple[Table | None, dict[str, Floats]]:
    if not (folder / "predictions.npz").is_file():
        return None, {}
    with (folder / "predictions.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    names = tuple(row["file"] for row in rows)
    kinds = tuple(row["category"] for row in rows)
    with np.load(folder / "predictions.npz") as stored:
        ratings = Ratings(
            tuple(Path(name) for name in names),
            names,
            stored["mean"],
            stored["std"],
            stored["votes"],
            kinds if any(kinds) else (),
        )
        said = Said(stored["score"], stored["outputs"], np.zeros((len(names), 0), np.float32))
        degraded = {name[9:]: stored[name] for name in stored.files if name.startswith("degraded_")}
        return Table(ratings, tuple(int(fold) for fold in stored["folds"]), said), degraded
