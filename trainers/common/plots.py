"""Pictures of a trained network: its filters, what they see in a photo, how it learned and where it errs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from photocli.decode import decode
from photocli.errors import DecodeError
from trainers.common.calibration import reliability
from trainers.common.frames import Picture
from trainers.common.metrics import Floats

Panels = Sequence[tuple[str, Sequence[str]]]
"""Titles of plots, and the entries of a history that each shows."""


def common_plots(
    backbone: nn.Module, panels: Panels, folder: Path, run: Path
) -> tuple[list[Path], dict[str, Any]]:
    """What is drawn of every network, its filters and how it learned; and the run.json of its run."""
    drawn = [filters(backbone, folder / "filters.png")]
    document = run_document(run)
    if document.get("history"):
        drawn.append(curves(document["history"], panels, folder / "curves.png"))
    return drawn, document


def filters(backbone: nn.Module, to: Path) -> Path:
    """The filters of the first convolution, each stretched to its own range; of its inputs, the colours."""
    kernel = first_convolution(backbone).weight.detach().cpu().numpy()[:, :3]
    low, high = kernel.min(axis=(1, 2, 3), keepdims=True), kernel.max(axis=(1, 2, 3), keepdims=True)
    tiles = ((kernel - low) / np.maximum(high - low, 1e-9)).transpose(0, 2, 3, 1)
    return grid(list(tiles), [""] * len(tiles), 8, to, "filters of the first layer")


def activations(network: nn.Module, view: Picture, to: Path) -> Path:
    """What the first layer's filters answer to a network's input (3, height, width), and that input."""
    seen: list[torch.Tensor] = []
    layer = first_convolution(network)
    handle = layer.register_forward_hook(lambda module, given, answer: seen.append(answer))
    try:
        with torch.inference_mode():
            network.eval()(torch.from_numpy(view)[None])
    finally:
        handle.remove()
    maps = seen[0][0].clamp_min(0).cpu().numpy()
    tiles: list[Any] = [
        view.transpose(1, 2, 0),
        *(answer / max(float(answer.max()), 1e-9) for answer in maps),
    ]
    return grid(tiles, ["input", *[""] * len(maps)], 8, to, "activations of the first layer")


def curves(history: Sequence[Any], panels: Panels, to: Path) -> Path:
    """Figures of a history by epoch, a panel for each title; one thin line per fold of a cross-validation."""
    runs = history if history and isinstance(history[0], list) else [history]
    figure = Figure(figsize=(4 + 2 * len(panels), 3.2), layout="constrained")
    for place, (title, keys) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), place + 1)
        for key in keys:
            for run in runs:
                rows = [row for row in run if key in row]
                values = [row[key] for row in rows]
                axes.plot([row["epoch"] + 1 for row in rows], values, linewidth=1, label=key)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
        if len(keys) > 1:
            axes.legend()
    return save(figure, to)


class Reliability(NamedTuple):
    """What was stated of photos, in bins with so many in each, and what was true of them, both 0 to 1."""

    title: str
    stated: Sequence[float]
    seen: Sequence[float]
    counts: Sequence[float]
    statement: str = "stated"
    truth: str = "share that was right"


def reliability_of(chance: Floats, good: NDArray[Any], kind: str, statement: str, truth: str) -> Reliability:
    """The reliability of stated probabilities (n,) of what is `good` (n,); `kind` is what is counted."""
    stated, seen, count, error = reliability(chance, good.astype(np.float64))
    title = f"{len(chance)} {kind}, error {error:.3f}"
    return Reliability(title, stated.tolist(), seen.tolist(), count.tolist(), statement, truth)


def reliability_diagrams(found: Sequence[Reliability], to: Path, across: int = 4) -> Path:
    """What was stated against what was true, an axis for each, `across` in a row."""
    across = min(across, len(found))
    down = -(-len(found) // across)
    side = 4.0 if len(found) == 1 else 3.25
    figure = Figure(figsize=(side * across, side * down), layout="constrained")
    for place, one in enumerate(found):
        axes = figure.add_subplot(down, across, place + 1)
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
        axes.scatter(one.stated, one.seen, s=[10 + 200 * number / sum(one.counts) for number in one.counts])
        axes.set(xlabel=one.statement, ylabel=one.truth, title=one.title, xlim=(0, 1), ylim=(0, 1))
    return save(figure, to)


def contact_sheet(rows: Iterable[tuple[Path | None, str]], to: Path, title: str) -> Path | None:
    """Photos with their captions, without those that are not there; None if none of them can be read."""
    tiles, captions = [], []
    for path, caption in rows:
        try:
            if path is not None:
                tiles.append(decode(path, 240).pixels)
                captions.append(caption)
        except DecodeError:
            continue
    return grid(tiles, captions, 6, to, title) if tiles else None


def first_convolution(backbone: nn.Module) -> nn.Conv2d:
    """The convolution that sees the photo."""
    return next(module for module in backbone.modules() if isinstance(module, nn.Conv2d))


def grid(tiles: Sequence[Any], captions: Sequence[str], across: int, to: Path, title: str) -> Path:
    """Pictures side by side, `across` in a row, each with its caption above; the file."""
    down = -(-len(tiles) // across)
    figure = Figure(figsize=(1.5 * across, 1.5 * down + 0.4), layout="constrained")
    figure.suptitle(title)
    for place, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        axes = figure.add_subplot(down, across, place + 1)
        axes.imshow(tile, cmap="magma", interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(caption, fontsize=7)
    return save(figure, to)


def save(figure: Figure, to: Path) -> Path:
    """Write a figure as PNG; the file."""
    to.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)  # draws without a screen, and without touching matplotlib's global state
    figure.savefig(to, dpi=110)
    return to


def run_document(folder: Path) -> dict[str, Any]:
    """The run.json of a folder; empty where there is none."""
    path = folder / "run.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
