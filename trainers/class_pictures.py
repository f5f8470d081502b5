"""Pictures of a classifier: its filters, what they see in a photo, how it learned, and what it confuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.records import Photo
from trainers.checkpoint import Model
from trainers.classifier import Classifier
from trainers.pictures import activations, filters, run_document, save
from trainers.views import plain_view


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files; see `pictures.draw_all`.

    Activations are those of the first photo of `photos` that can be read.
    """
    assert isinstance(model.network, Classifier)
    drawn = [filters(model.network.body, folder / "filters.png")]
    document = run_document(run)
    if document.get("history"):
        drawn.append(curves(document["history"], folder / "curves.png"))
    figures = document.get("figures")
    if figures:
        drawn.append(confusion(figures["confusion"], model.config["classes"], folder / "confusion.png"))
    if figures and "reliability" in figures:
        drawn.append(reliability_diagram(figures, folder / "reliability.png"))
    for found in discover([photos]) if photos is not None else ():
        try:
            if isinstance(found, Photo):
                view = plain_view(decode(found.path, 640).pixels, model.config["size"], "squash")
                return [*drawn, activations(model.network, view, folder / "activations.png")]
        except DecodeError:
            continue
    return drawn


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], to: Path) -> Path:
    """The confusion matrix: of the photos of the class of a row, the share that was called that of the
    column."""
    table = np.asarray(counts, dtype=np.float64)
    # Each photo of a single class is called one class; where several may hold, rows may add up to anything.
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    side = 2.5 + 0.32 * len(classes)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="magma", vmin=0, vmax=1)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=90, fontsize=7)
    axes.set_yticks(places, classes, fontsize=7)
    axes.set(xlabel="said", ylabel="true", title=f"{int(table.sum())} held out, shares of each row")
    for row, column in zip(*np.nonzero(table), strict=True):
        colour = "black" if shares[row, column] > 0.6 else "white"
        label = str(int(table[row, column]))
        axes.text(column, row, label, ha="center", va="center", fontsize=6, color=colour)
    figure.colorbar(image, ax=axes, shrink=0.8)
    return save(figure, to)


def curves(history: Sequence[dict[str, float]], to: Path) -> Path:
    """Loss by epoch; accuracy and mean average precision on held-out photos."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for place, (keys, title) in enumerate(((("loss",), "training loss"), (("accuracy", "mAP"), "held out"))):
        axes = figure.add_subplot(1, 2, place + 1)
        for key in keys:
            rows = [row for row in history if key in row]
            axes.plot([row["epoch"] + 1 for row in rows], [row[key] for row in rows], label=key, linewidth=1)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
        if place:
            axes.legend()
    return save(figure, to)


def reliability_diagram(figures: dict[str, Any], to: Path) -> Path:
    """Stated probability against the share that was right, on the half that it was not fitted to."""
    stated, seen, count = (figures["reliability"][key] for key in ("stated", "seen", "photos"))
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(stated, seen, s=[10 + 200 * number / sum(count) for number in count])
    axes.set(
        xlabel="stated probability",
        ylabel="share that was right",
        title=f"error {figures['calibration_error']:.3f}",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    return save(figure, to)
