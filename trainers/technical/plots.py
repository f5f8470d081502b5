"""Plots of a network of technical quality: filters, learning curves, reliability, mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from photocli.discover import discover
from photocli.records import Photo
from photocli.scoring.profiles import FAULTS
from trainers.common.checkpoints import Model
from trainers.common.plots import Reliability, common_plots, contact_sheet, reliability_diagrams
from trainers.technical.network import TechnicalNetwork

_CURVES = (
    ("training loss", ("loss",)),
    ("held-out AUC of faults", ("auc",)),
    ("held-out turns right", ("turns_right",)),
)


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws all that there is data for; returns the files. See `export.kinds.Kind.draw`."""
    assert isinstance(model.network, TechnicalNetwork)
    drawn, document = common_plots(model.network.near, _CURVES, folder, run)
    metrics = document.get("figures")
    if not metrics:
        return drawn
    drawn.append(reliability_diagrams(_reliabilities(metrics), folder / "reliability.png"))
    if photos is not None:
        drawn += _contact_sheets(metrics, photos, folder)
    return drawn


def _reliabilities(metrics: dict[str, Any]) -> list[Reliability]:
    """Returns the reliability of the severities and of the surest turn, calibrated on other photos."""
    parts = [(name.replace("_", " "), metrics["faults"][name], "severity") for name in FAULTS]
    parts.append(("turn", metrics["turns"], "share that was right"))
    return [
        Reliability(
            f"{name}: error {facts['calibration_error']:.3f}",
            stated=facts["reliability"]["stated"],
            seen=facts["reliability"]["seen"],
            counts=facts["reliability"]["photos"],
            truth=truth,
        )
        for name, facts, truth in parts
    ]


def _contact_sheets(metrics: dict[str, Any], photos: Path, folder: Path) -> list[Path]:
    """Draws sheets of clean photos that were called faulty, and of upright ones that seemed turned."""
    paths = {found.path.name: found.path for found in discover([photos]) if isinstance(found, Photo)}
    alarms = [
        (row["file"], f"{row['fault'].replace('_', ' ')} {row['severity']:.2f}")
        for row in metrics["clean_photos_called_faulty"]
    ]
    turns = [
        (row["file"], f"{row['said']}° {row['chance']:.2f}") for row in metrics["turns"]["surest_mistakes"]
    ]
    made = []
    for name, rows, title in (
        ("alarms", alarms, "clean photos called faulty: fault and severity"),
        ("turns", turns, "upright photos, surest wrong turns: degrees and probability"),
    ):
        captioned = [(paths.get(file), caption) for file, caption in rows]
        if sheet := contact_sheet(captioned, folder / f"{name}.png", title):
            made.append(sheet)
    return made
