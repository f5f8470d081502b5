"""A few photos with ratings, drawings, and a data set of teachers that is made of them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from trainers.common.backbones import make_backbone
from trainers.style.data import MEDIA
from trainers.teachers.config import TeachersConfig
from trainers.teachers.dataset import build

SERIES = 12
"""Series of rated photos, with two photos each."""


def draw(folder: Path, name: str, rng: np.random.Generator, light: float = 0.5) -> Path:
    """Write a small photo with blotches, as light as asked."""
    height, width = ((48, 72), (72, 48), (60, 60))[int(rng.integers(3))]
    blotches = Image.fromarray(rng.integers(0, 256, (6, 9, 3), dtype=np.uint8))
    pixels = np.asarray(blotches.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels * (0.3 + 0.7 * light)).astype(np.uint8)).save(folder / name, quality=95)
    return folder / name


def make_folders(root: Path) -> TeachersConfig:
    """Write photos, and return what the teachers are asked about them."""
    rng = np.random.default_rng(0)
    rated = root / "rated"
    rated.mkdir(parents=True)
    with (rated / "ratings.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "mean", "std"))
        for number in range(2 * SERIES):
            light = float(rng.uniform())
            name = f"Scene{number // 2} {1 + number % 2}.jpg"
            draw(rated, name, rng, light)
            table.writerow((name, f"{3 + 5 * light:.3f}", "1.4"))
    for medium in MEDIA.values():
        for number in range(6):
            draw(root / "media" / medium, f"{medium}{number}.jpg", rng)
    for folder in ("plain", "more"):
        for number in range(8):
            draw(root / folder, f"{folder}{number}.jpg", rng)
    torch.manual_seed(0)
    weights = []
    for arch in ("efficientnet_lite0", "squeezenet1_1"):
        network, _ = make_backbone(arch)
        weights.append(root / f"{arch}.pt")
        torch.save(network.state_dict(), weights[-1])
    return TeachersConfig(
        rated=str(rated),
        media=str(root / "media"),
        photos=(str(root / "plain"),),
        more=(str(root / "more"),),
        teacher=tuple(f"{path.stem}@64={path}" for path in weights),
        folds=3,
    )


def make_taught(root: Path) -> Path:
    """Write photos and the data set of their teachers; return its folder."""
    build(make_folders(root / "folders"), root / "taught")
    return root / "taught"
