"""Plots of a network of crops: errors of the factor, reliability, and cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from photocli.inputs.patches import GRID
from trainers.common.calibration import probability
from trainers.common.plots import Reliability, reliability_diagrams, reliability_of, save
from trainers.crop.camera_photos import CropPhotos
from trainers.crop.config import CropConfig
from trainers.crop.data import evaluation_settings, held_out_samples
from trainers.crop.network import CropNetwork
from trainers.crop.predictions import CropPredictions, predict


def draw_all(
    network: CropNetwork, held: CropPhotos, config: CropConfig, facts: dict[str, Any], to: Path
) -> list[Path]:
    """Draws the crop factor's errors, predicted against true factors, reliability and cells; the files."""
    predictions = {
        kind: predict(network, held_out_samples(held, evaluation_settings(config, lens), config.views))
        for kind, lens in (("photos as they are", 0.0), ("simulated lens", 1.0))
    }
    drawn = []
    if config.stage != "patches":
        drawn += [errors(predictions, to / "factor_error.png"), factors(predictions, to / "factor.png")]
        reliable = _reliability(predictions["photos as they are"], facts["calibration"]["cropped"])
        drawn.append(reliability_diagrams([reliable], to / "reliability.png"))
    if config.stage != "thumbnail":
        drawn.append(cells(predictions, to / "cells.png"))
    return drawn


def errors(predictions: dict[str, CropPredictions], to: Path) -> Path:
    """Draws the distribution of the crop factor's error, and of the best constant's."""
    figure = Figure(figsize=(5 * len(predictions), 3.4), layout="constrained")
    edges = np.linspace(-0.55, 0.55, 45)
    for place, (kind, found) in enumerate(predictions.items()):
        axes = figure.add_subplot(1, len(predictions), place + 1)
        constant = np.median(found.true_factor)
        for name, value in (("network", found.factor), ("best constant", constant)):
            error = value - found.true_factor
            label = f"{name}, mean {np.abs(error).mean():.3f}"
            axes.hist(np.clip(error, -0.55, 0.55), edges.tolist(), histtype="step", label=label)
        axes.set(xlabel="predicted - true crop factor", ylabel="samples", title=kind)
        axes.legend(fontsize=7)
    return save(figure, to)


def factors(predictions: dict[str, CropPredictions], to: Path) -> Path:
    """Draws predicted against true crop factors."""
    figure = Figure(figsize=(4 * len(predictions), 4), layout="constrained")
    for place, (kind, found) in enumerate(predictions.items()):
        axes = figure.add_subplot(1, len(predictions), place + 1)
        axes.plot([0.5, 1], [0.5, 1], color="grey", linewidth=1)
        axes.scatter(found.true_factor, found.factor, s=6, alpha=0.5)
        axes.set(xlabel="true crop factor", ylabel="predicted", title=kind, ylim=(0.4, 1.1))
    return save(figure, to)


def _reliability(predictions: CropPredictions, curve: dict[str, Any]) -> Reliability:
    """Returns the stated probability of having been cropped against the share that was."""
    chance = probability(predictions.logit, curve["slope"], curve["intercept"])
    return reliability_of(chance, predictions.cropped, "samples", "stated probability", "share cropped")


def cells(predictions: dict[str, CropPredictions], to: Path) -> Path:
    """Draws how often the pieces of each cell of the frame are put into it."""
    figure = Figure(figsize=(4 * len(predictions), 3.4), layout="constrained")
    for place, (kind, found) in enumerate(predictions.items()):
        right = found.cells == found.true_cells
        share = [
            right[found.true_cells == cell].mean() if (found.true_cells == cell).any() else 0
            for cell in range(16)
        ]
        axes = figure.add_subplot(1, len(predictions), place + 1)
        image = axes.imshow(np.reshape(share, (GRID, GRID)), vmin=0, cmap="magma")
        axes.set(xticks=[], yticks=[], title=f"{kind}: {right.mean():.3f} right, chance {1 / 16:.3f}")
        figure.colorbar(image, ax=axes)
    return save(figure, to)
