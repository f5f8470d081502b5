"""Plots of a scorer: filters, activations, training curves, reliability, and its largest errors."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from photocli.decode import decode
from photocli.errors import DecodeError
from trainers.aesthetics.network import Scorer
from trainers.common.augmentation import plain_view
from trainers.common.calibration import probability
from trainers.common.checkpoints import Model
from trainers.common.plots import (
    Reliability,
    activations,
    common_plots,
    contact_sheet,
    reliability_diagrams,
    reliability_of,
)

_CURVES = (("training loss", ("loss",)), ("held-out Spearman", ("spearman",)))


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws everything that there is data for; returns the files: `filters.png` and so on in `folder`.

    `run` is the folder of the training run (run.json, predictions.csv); `photos` holds the photos that
    the ratings file names, for the contact sheets and the activations.
    """
    assert isinstance(model.network, Scorer)
    drawn, document = common_plots(model.network.backbone, _CURVES, folder, run)
    table = run / "predictions.csv"
    if not table.is_file():
        return drawn
    rows = _read_predictions(table)
    calibration = document.get("calibration", {}).get("good")
    if calibration:
        reliable = _reliability(rows, calibration, model.config["middle"])
        drawn.append(reliability_diagrams([reliable], folder / "reliability.png"))
    if photos is not None:
        drawn += _photo_plots(model, rows, photos, folder)
    return drawn


def _reliability(rows: Sequence[dict[str, Any]], calibration: dict[str, Any], middle: float) -> Reliability:
    """Compares the stated probability of lying above the middle with the share that did."""
    score = np.array([row["prediction"] for row in rows])
    good = np.array([row["truth"] > middle for row in rows])
    chance = probability(score, calibration["slope"], calibration["intercept"])
    return reliability_of(chance, good, "photos", "stated probability of being good", "share that was")


def _photo_plots(model: Model, rows: list[dict[str, Any]], photos: Path, folder: Path) -> list[Path]:
    """Draws contact sheets of the best, the worst and the largest errors; activations of the best photo."""
    by_score = sorted(rows, key=lambda row: row["prediction"])
    by_error = sorted(rows, key=lambda row: -abs(row["prediction"] - row["truth"]))
    sheets = (
        ("best", by_score[::-1][:18], "highest predictions, held out: predicted (true)"),
        ("worst", by_score[:18], "lowest predictions, held out: predicted (true)"),
        ("errors", by_error[:18], "largest errors, held out: predicted (true)"),
    )
    drawn = []
    for name, few, title in sheets:
        captioned = [
            (photos / row["file"], f"{row['prediction']:.2f} (true {row['truth']:.2f})") for row in few
        ]
        if sheet := contact_sheet(captioned, folder / f"{name}.png", title):
            drawn.append(sheet)
    if drawn and by_score:
        try:
            picture = decode(photos / by_score[-1]["file"], 640).pixels
        except DecodeError:
            return drawn
        view = plain_view(picture, model.config["size"], model.config["fit"])
        drawn.append(activations(model.network, view, folder / "activations.png"))
    return drawn


def _read_predictions(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [row | {"truth": float(row["truth"]), "prediction": float(row["prediction"])} for row in rows]
