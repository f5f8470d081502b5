"""A trained network of crops judged again: figures, the control without traces, and plots of its errors."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from photocli.errors import UsageError
from photocli.pieces import GRID
from trainers.common.calibration import probability
from trainers.common.checkpoints import load_model
from trainers.common.metrics import Check
from trainers.common.plots import Reliability, reliability_diagrams, reliability_of, save
from trainers.common.runs import portable, write_json
from trainers.crop.camera_photos import Photos, divide
from trainers.crop.data import held_samples
from trainers.crop.metrics import Said, figures, look_at
from trainers.crop.module import how_to_judge
from trainers.crop.network import Cropper
from trainers.crop.synthetic import clouds
from trainers.crop.train import Config, judge

CHANCE = 0.06
"""How far from one half the area under the curve of the control may be: 95% of networks that know nothing are
nearer, on 24 pictures in eight views."""


def evaluate(
    checkpoint: Path, photos: Photos, to: Path, held: str, views: int, control: int
) -> dict[str, Any]:
    """Judge a network on the photos that its run held out (or `held`); leaves evaluation.json and plots in
    `to`."""
    model = load_model(checkpoint)
    if not isinstance(model.network, Cropper):
        raise UsageError(f"{checkpoint} is no network of crops")
    known = {field.name for field in fields(Config)}
    given = {name: value for name, value in model.config.items() if name in known}
    config = Config(**given | {"views": views, "held": held or model.config["held"]})
    if config.held == "none":
        raise UsageError("this network has seen every photo: name the split to judge with --held")
    _, chosen = divide(photos, config.held, config.folds)
    facts = judge(model.network, chosen, config, f"{config.held}, by a hash of the name")
    if control and config.stage != "patches":
        facts["figures"]["control"] = without_traces(model.network, config, control)
        distance = abs(facts["figures"]["control"]["auc"] - 0.5)
        check = Check("control: AUC from chance", distance, CHANCE, "chance, 95%", higher=False)
        facts["checks"].append(vars(check) | {"passed": check.passed})
    facts["plots"] = [path.name for path in draw_all(model.network, chosen, config, facts, to)]
    write_json(to / "evaluation.json", portable(facts))
    return facts


def without_traces(network: Cropper, config: Config, count: int) -> dict[str, Any]:
    """Figures on crops of clouds, where there is nothing to know."""
    return figures(
        look_at(network, held_samples(clouds(count), how_to_judge(config), config.views)), config.stage
    )


def draw_all(network: Cropper, held: Photos, config: Config, facts: dict[str, Any], to: Path) -> list[Path]:
    """The distribution of the crop factor's error, said against true factors, reliability, and cells."""
    said = {
        kind: look_at(network, held_samples(held, how_to_judge(config, lens), config.views))
        for kind, lens in (("photos as they are", 0.0), ("simulated lens", 1.0))
    }
    drawn = []
    if config.stage != "patches":
        drawn += [errors(said, to / "factor_error.png"), factors(said, to / "factor.png")]
        reliable = _reliability(said["photos as they are"], facts["calibration"]["cropped"])
        drawn.append(reliability_diagrams([reliable], to / "reliability.png"))
    if config.stage != "thumbnail":
        drawn.append(cells(said, to / "cells.png"))
    return drawn


def errors(said: dict[str, Said], to: Path) -> Path:
    """The distribution of the crop factor's error, and of the best constant's."""
    figure = Figure(figsize=(5 * len(said), 3.4), layout="constrained")
    edges = np.linspace(-0.55, 0.55, 45)
    for place, (kind, found) in enumerate(said.items()):
        axes = figure.add_subplot(1, len(said), place + 1)
        constant = np.median(found.true_factor)
        for name, value in (("network", found.factor), ("best constant", constant)):
            error = value - found.true_factor
            label = f"{name}, mean {np.abs(error).mean():.3f}"
            axes.hist(np.clip(error, -0.55, 0.55), edges, histtype="step", label=label)
        axes.set(xlabel="said - true crop factor", ylabel="samples", title=kind)
        axes.legend(fontsize=7)
    return save(figure, to)


def factors(said: dict[str, Said], to: Path) -> Path:
    """Said against true crop factors."""
    figure = Figure(figsize=(4 * len(said), 4), layout="constrained")
    for place, (kind, found) in enumerate(said.items()):
        axes = figure.add_subplot(1, len(said), place + 1)
        axes.plot([0.5, 1], [0.5, 1], color="grey", linewidth=1)
        axes.scatter(found.true_factor, found.factor, s=6, alpha=0.5)
        axes.set(xlabel="true crop factor", ylabel="said", title=kind, ylim=(0.4, 1.1))
    return save(figure, to)


def _reliability(said: Said, curve: dict[str, Any]) -> Reliability:
    """The stated probability of having been cropped against the share that was."""
    chance = probability(said.logit, curve["slope"], curve["intercept"])
    return reliability_of(chance, said.cropped, "samples", "stated probability", "share cropped")


def cells(said: dict[str, Said], to: Path) -> Path:
    """How often the pieces of each cell of the frame are put into it."""
    figure = Figure(figsize=(4 * len(said), 3.4), layout="constrained")
    for place, (kind, found) in enumerate(said.items()):
        right = found.cells == found.true_cells
        share = [
            right[found.true_cells == cell].mean() if (found.true_cells == cell).any() else 0
            for cell in range(16)
        ]
        axes = figure.add_subplot(1, len(said), place + 1)
        image = axes.imshow(np.reshape(share, (GRID, GRID)), vmin=0, cmap="magma")
        axes.set(xticks=[], yticks=[], title=f"{kind}: {right.mean():.3f} right, chance {1 / 16:.3f}")
        figure.colorbar(image, ax=axes)
    return save(figure, to)
