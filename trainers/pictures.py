"""Pictures of a trained network: its filters, what they see in a photo, how it learned and where it errs."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import nn

from photocli.decode import decode
from photocli.errors import DecodeError
from trainers.calibration import probability, reliability
from trainers.checkpoint import Model
from trainers.frames import Picture
from trainers.labels import Floats
from trainers.network import Scorer
from trainers.views import plain_view


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files: `filters.png` and so on in `folder`.

    `run` is the folder of the training run (run.json, predictions.csv); `photos` holds the photos that
    the ratings file names, for the contact sheets and the activations.
    """
    assert isinstance(model.network, Scorer)
    drawn = [filters(model.network.body, folder / "filters.png")]
    document = run_document(run)
    if document.get("history"):
        drawn.append(curves(document["history"], folder / "curves.png"))
    table = run / "predictions.csv"
    if not table.is_file():
        return drawn
    rows = _table(table)
    calibration = document.get("calibration", {}).get("good")
    if calibration:
        middle = model.config["middle"]
        drawn.append(reliability_diagram(rows, calibration, middle, folder / "reliability.png"))
    if photos is not None:
        drawn += _of_photos(model, rows, photos, folder)
    return drawn


def filters(body: nn.Module, to: Path) -> Path:
    """The filters of the first convolution, each stretched to its own range; of its inputs, the colours."""
    kernel = first_convolution(body).weight.detach().cpu().numpy()[:, :3]
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


def curves(history: Sequence[Any], to: Path) -> Path:
    """Loss and held-out Spearman by epoch; one thin line per fold of a cross-validation."""
    runs = history if history and isinstance(history[0], list) else [history]
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for place, (key, title) in enumerate((("loss", "training loss"), ("spearman", "held-out Spearman"))):
        axes = figure.add_subplot(1, 2, place + 1)
        for run in runs:
            rows = [row for row in run if key in row]
            axes.plot([row["epoch"] + 1 for row in rows], [row[key] for row in rows], linewidth=1)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
    return save(figure, to)


def reliability_diagram(
    rows: Sequence[dict[str, Any]], calibration: dict[str, Any], middle: float, to: Path
) -> Path:
    """Stated probability of lying above the middle against the share that did."""
    score = np.array([row["prediction"] for row in rows])
    good = np.array([row["truth"] > middle for row in rows], dtype=np.float64)
    chance: Floats = probability(score, calibration["slope"], calibration["intercept"])
    stated, seen, count, error = reliability(chance, good)
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.scatter(stated, seen, s=10 + 200 * count / count.sum())
    axes.set(
        xlabel="stated probability of being good",
        ylabel="share that was",
        title=f"{len(rows)} photos, error {error:.3f}",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    return save(figure, to)


def contact_sheet(rows: Sequence[dict[str, Any]], photos: Path, to: Path, title: str) -> Path | None:
    """Photos with predicted and true score; None if none of them can be read."""
    tiles, captions = [], []
    for row in rows:
        try:
            tiles.append(decode(photos / row["file"], 240).pixels)
        except DecodeError:
            continue
        captions.append(f"{row['prediction']:.2f} (true {row['truth']:.2f})")
    return grid(tiles, captions, 6, to, title) if tiles else None


def first_convolution(body: nn.Module) -> nn.Conv2d:
    """The convolution that sees the photo."""
    return next(module for module in body.modules() if isinstance(module, nn.Conv2d))


def _of_photos(model: Model, rows: list[dict[str, Any]], photos: Path, folder: Path) -> list[Path]:
    """Contact sheets of the best, the worst and the largest errors; activations of the best photo."""
    by_score = sorted(rows, key=lambda row: row["prediction"])
    by_error = sorted(rows, key=lambda row: -abs(row["prediction"] - row["truth"]))
    sheets = (
        ("best", by_score[::-1][:18], "highest predictions, held out: predicted (true)"),
        ("worst", by_score[:18], "lowest predictions, held out: predicted (true)"),
        ("errors", by_error[:18], "largest errors, held out: predicted (true)"),
    )
    made = [contact_sheet(few, photos, folder / f"{name}.png", title) for name, few, title in sheets]
    drawn = [path for path in made if path is not None]
    if drawn and by_score:
        try:
            picture = decode(photos / by_score[-1]["file"], 640).pixels
        except DecodeError:
            return drawn
        view = plain_view(picture, model.config["size"], model.config["fit"])
        drawn.append(activations(model.network, view, folder / "activations.png"))
    return drawn


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


def _table(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [row | {"truth": float(row["truth"]), "prediction": float(row["prediction"])} for row in rows]
