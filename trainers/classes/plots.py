"""Plots of a classifier: filters, activations of a photo, training curves, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.records import Photo
from trainers.classes.network import Classifier
from trainers.common.augmentation import plain_view
from trainers.common.checkpoints import Model
from trainers.common.plots import Reliability, activations, common_plots, reliability_diagrams, save

_CURVES = (("training loss", ("loss",)), ("held out", ("accuracy", "mAP")))


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws everything that there is data for; returns the files.

    Activations are those of the first photo of `photos` that can be read.
    """
    assert isinstance(model.network, Classifier)
    drawn, document = common_plots(model.network.backbone, _CURVES, folder, run)
    metrics = document.get("figures")
    if metrics:
        drawn.append(confusion(metrics["confusion"], model.config["classes"], folder / "confusion.png"))
    if metrics and "reliability" in metrics:
        title = f"error {metrics['calibration_error']:.3f}"
        parts = (metrics["reliability"][key] for key in ("stated", "seen", "photos"))
        drawn.append(reliability_diagrams([Reliability(title, *parts)], folder / "reliability.png"))
    for found in discover([photos]) if photos is not None else ():
        try:
            if isinstance(found, Photo):
                view = plain_view(decode(found.path, 640).pixels, model.config["size"], "squash")
                return [*drawn, activations(model.network, view, folder / "activations.png")]
        except DecodeError:
            continue
    return drawn


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], to: Path) -> Path:
    """Draws the confusion matrix: of the photos of a row's class, the share that was given the column's."""
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
    axes.set(xlabel="predicted", ylabel="true", title=f"{int(table.sum())} held out, shares of each row")
    for row, column in zip(*np.nonzero(table), strict=True):
        colour = "black" if shares[row, column] > 0.6 else "white"
        label = str(int(table[row, column]))
        axes.text(column, row, label, ha="center", va="center", fontsize=6, color=colour)
    figure.colorbar(image, ax=axes, shrink=0.8)
    return save(figure, to)
