"""Pictures of an inspector: its filters, how it learned, how reliable it is, and where it errs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from photocli.discover import discover
from photocli.profiles import FAULTS
from photocli.records import Photo
from trainers.common.checkpoints import Model
from trainers.common.plots import Reliability, common_plots, contact_sheet, reliability_diagrams
from trainers.technical.network import Inspector

_CURVES = (
    ("training loss", ("loss",)),
    ("held-out AUC of faults", ("auc",)),
    ("held-out turns right", ("turns_right",)),
)


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files; see `pictures.draw_all`."""
    assert isinstance(model.network, Inspector)
    drawn, document = common_plots(model.network.near, _CURVES, folder, run)
    figures = document.get("figures")
    if not figures:
        return drawn
    drawn.append(reliability_diagrams(_reliabilities(figures), folder / "reliability.png"))
    if photos is not None:
        drawn += _sheets(figures, photos, folder)
    return drawn


def _reliabilities(figures: dict[str, Any]) -> list[Reliability]:
    """What is stated, calibrated on other photos, against what is true: severities, and the surest turn."""
    parts = [(name.replace("_", " "), figures["faults"][name], "severity") for name in FAULTS]
    parts.append(("turn", figures["turns"], "share that was right"))
    return [
        Reliability(
            f"{name}: error {facts['calibration_error']:.3f}",
            *(facts["reliability"][key] for key in ("stated", "seen", "photos")),
            truth=truth,
        )
        for name, facts, truth in parts
    ]


def _sheets(figures: dict[str, Any], photos: Path, folder: Path) -> list[Path]:
    """Contact sheets of clean photos that were called faulty, and of upright ones that seemed turned."""
    paths = {found.path.name: found.path for found in discover([photos]) if isinstance(found, Photo)}
    alarms = [
        (row["file"], f"{row['fault'].replace('_', ' ')} {row['severity']:.2f}")
        for row in figures["clean_photos_called_faulty"]
    ]
    turns = [
        (row["file"], f"{row['said']}° {row['chance']:.2f}") for row in figures["turns"]["surest_mistakes"]
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
