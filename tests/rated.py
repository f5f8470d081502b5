"""A small folder of rated photos for the trainers' tests: real pictures, made-up ratings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SIDE = 96


def make_rated(folder: Path, count: int = 24, scale: tuple[float, float] = (1.0, 7.0)) -> Path:
    """Pieces of scikit-image's pictures, rated by their brightness, with a ratings.csv; the folder."""
    data = pytest.importorskip("skimage.data")
    sources = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
    rng = np.random.default_rng(7)
    (folder / "images").mkdir(parents=True)
    pieces = []
    for number in range(count):
        source = sources[number % len(sources)]
        top, left = (rng.uniform(0, np.array(source.shape[:2]) - 2 * SIDE)).astype(int)
        piece = source[top : top + 2 * SIDE, left : left + 2 * SIDE]
        image = Image.fromarray(piece).resize((SIDE, SIDE * 3 // 4))
        name = f"images/piece_{number}.jpg"
        image.save(folder / name, quality=92)
        pieces.append((name, float(np.asarray(image).mean()), ("cat", "thing")[number % 2]))
    light = np.array([piece[1] for piece in pieces])
    low, high = scale
    marks = low + (high - low) * (0.1 + 0.8 * light.argsort().argsort() / (count - 1))
    with (folder / "ratings.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "mean", "std", "raters", "category"])
        for (name, _, category), mark in zip(pieces, marks, strict=True):
            writer.writerow([name, f"{mark:.4f}", "0.9", 100, category])
    return folder
