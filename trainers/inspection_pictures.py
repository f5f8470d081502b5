"""Pictures of an inspector: its filters, how it learned, how reliable it is, and where it errs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.profiles import FAULTS
from photocli.records import Photo
from trainers.checkpoint import Model
from trainers.inspector import Inspector
from trainers.pictures import filters, grid, run_document, save


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files; see `pictures.draw_all`."""
    assert isinstance(model.network, Inspector)
    drawn = [filters(model.network.near, folder / "filters.png")]
    document = run_document(run)
    if document.get("history"):
        drawn.append(curves(document["history"], folder / "curves.png"))
    figures = document.get("figures")
    if not figures:
        return drawn
    drawn.append(reliability_diagrams(figures, folder / "reliability.png"))
    if photos is not None:
        drawn += _sheets(figures, photos, folder)
    return drawn


def curves(history: Sequence[dict[str, float]], to: Path) -> Path:
    """Loss by epoch; on held-out photos the mean AUC of the faults, and the share of turns that are right."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for place, (key, title) in enumerate(
        (
            ("loss", "training loss"),
            ("auc", "held-out AUC of faults"),
            ("turns_right", "held-out turns right"),
        )
    ):
        axes = figure.add_subplot(1, 3, place + 1)
        rows = [row for row in history if key in row]
        axes.plot([row["epoch"] + 1 for row in rows], [row[key] for row in rows], linewidth=1)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
    return save(figure, to)


def reliability_diagrams(figures: dict[str, Any], to: Path) -> Path:
    """What is stated, calibrated on other photos, against what is true: severities, and the surest turn."""
    parts = [(name.replace("_", " "), figures["faults"][name], "severity") for name in FAULTS]
    parts.append(("turn", figures["turns"], "share that was right"))
    figure = Figure(figsize=(13, 6.4), layout="constrained")
    for place, (name, facts, meaning) in enumerate(parts):
        axes = figure.add_subplot(2, 4, place + 1)
        stated, seen, count = (facts["reliability"][key] for key in ("stated", "seen", "photos"))
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
        axes.scatter(stated, seen, s=[10 + 250 * number / sum(count) for number in count])
        axes.set(
            xlabel="stated",
            ylabel=meaning,
            title=f"{name}: error {facts['calibration_error']:.3f}",
            xlim=(0, 1),
            ylim=(0, 1),
        )
    return save(figure, to)


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
        tiles, captions = [], []
        for file, caption in rows:
            try:
                tiles.append(decode(paths[file], 240).pixels)
            except (KeyError, DecodeError):
                continue
            captions.append(caption)
        if tiles:
            made.append(grid(tiles, captions, 6, folder / f"{name}.png", title))
    return made
