"""Plots of a painting style: photos beside their repainted copies, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from trainers.common.frames import Picture
from trainers.common.plots import grid, save


def draw_preview(photos: Picture, painted: Picture, name: str, title: str, to: Path) -> Path:
    """Draws photos (n, 3, size, size), uint8, each beside its repainted copy; returns the file."""
    tiles = [tile.transpose(1, 2, 0) for pair in zip(photos, painted, strict=True) for tile in pair]
    return grid(tiles, ["photo", name] * len(photos), 8, to, title)


def draw_curves(history: Sequence[dict[str, float]], to: Path) -> Path:
    """Draws the loss and its terms, without their weights, by step; returns the file."""
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    for place, name in enumerate(("loss", "content", "style", "variation")):
        axes = figure.add_subplot(1, 4, place + 1)
        axes.plot([row["step"] for row in history], [row[name] for row in history], linewidth=1)
        axes.set(xlabel="step", title=name, yscale="log")
        axes.grid(alpha=0.3)
    return save(figure, to)
