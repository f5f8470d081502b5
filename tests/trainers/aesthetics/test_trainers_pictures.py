from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rated import make_rated

from trainers.aesthetics.evaluate import checks, metrics
from trainers.aesthetics.network import Scorer
from trainers.aesthetics.plots import draw_all
from trainers.aesthetics.predictions import ScorerPredictions
from trainers.aesthetics.ratings import read_ratings
from trainers.common.calibration import fit_logistic, probability, reliability
from trainers.common.checkpoints import Model
from trainers.common.metrics import agreement
from trainers.common.runs import write_table


def test_everything_is_drawn_that_there_is_data_for(tmp_path: Path) -> None:
    rated = make_rated(tmp_path / "rated", 8)
    ratings = read_ratings(rated, scale=(1.0, 7.0))
    config = {"size": 64, "fit": "squash", "middle": 5.5}
    model = Model(Scorer("squeezenet1_1", "distribution"), config)
    assert [path.name for path in draw_all(model, tmp_path / "few", tmp_path, None)] == ["filters.png"]

    history = [[{"epoch": 0, "loss": 1.0, "spearman": 0.2}, {"epoch": 1, "loss": 0.5}]] * 2
    calibration = {"good": {"method": "logistic", "slope": 1.0, "intercept": -5.0}}
    (tmp_path / "run.json").write_text(json.dumps({"history": history, "calibration": calibration}))
    rows = [(name, 0, mean, mean + 0.5, "") for name, mean in zip(ratings.names, ratings.mean, strict=True)]
    write_table(tmp_path / "predictions.csv", ("file", "fold", "truth", "prediction", "category"), rows)
    drawn = draw_all(model, tmp_path / "all", tmp_path, rated)
    names = {"filters", "curves", "reliability", "best", "worst", "errors", "activations"}
    assert {path.stem for path in drawn} == names
    for path in drawn:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        assert pixels.std() > 1, path.name


def test_calibration_finds_the_curve_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    score = rng.uniform(2, 9, 4000)
    good = rng.random(4000) < probability(score, 1.5, -8.0)
    fitted = fit_logistic(score, np.where(good, 6.0, 5.0), 5.5)
    assert fitted["slope"] == pytest.approx(1.5, rel=0.1)
    assert fitted["intercept"] == pytest.approx(-8.0, rel=0.1)
    chance = probability(score, float(fitted["slope"]), float(fitted["intercept"]))
    assert reliability(chance, good.astype(float))[3] < 0.03


def test_calibration_of_perfectly_separated_scores_stays_finite() -> None:
    score = np.array([2.0, 3.0, 7.0, 8.0])
    fitted = fit_logistic(score, score, 5.5)
    assert 0 < float(fitted["slope"]) < 100
    constant = fit_logistic(np.full(4, 5.0), score, 5.5)
    assert abs(float(constant["slope"])) < 1e-6


def test_metrics_stand_beside_the_best_constant() -> None:
    mean = np.array([2.0, 4.0, 5.0, 6.0, 9.0])
    votes = np.eye(10)[[1, 3, 4, 5, 8]]
    perfect = metrics(mean, votes, ScorerPredictions(mean, votes, votes), "distribution", 5.5, 1.0)
    assert perfect["spearman"] == pytest.approx(1.0)
    assert perfect["mae"] == perfect["emd"] == 0
    assert perfect["mae_constant"] == pytest.approx(np.abs(mean - 5).mean())
    assert perfect["polarised"]["photos"] == 3
    constant = np.full(5, 5.0)
    shares = np.repeat(votes.mean(axis=0, keepdims=True), 5, axis=0)
    useless = metrics(mean, votes, ScorerPredictions(constant, shares, votes), "distribution", 5.5, 1.0)
    assert all(check.passed for check in checks(perfect))
    assert not any(check.passed for check in checks(useless))


def test_balanced_accuracy_is_not_fooled_by_the_majority() -> None:
    truth = np.array([1] * 9 + [0])
    result = agreement(truth, np.ones(10, dtype=int), 2)
    assert (result["accuracy"], result["majority"]) == (0.9, 0.9)
    assert (result["balanced_accuracy"], result["chance"]) == (0.5, 0.5)
