"""Photos to be repainted, and networks that repaint them in no particular way."""

from __future__ import annotations

from pathlib import Path

import torch
from photos import picture, sample_pictures, write_photo

from trainers.common.checkpoints import Model, save_model
from trainers.style_transfer.network import StyleTransferNetwork


def write_pieces(folder: Path) -> Path:
    """Twelve pieces of real photos, of different shapes; the folder."""
    for number, name in enumerate(sorted(sample_pictures())):
        image = picture(name)
        half = (image.width // 2, image.height // 2)
        write_photo(folder / f"{name}.jpg", image.crop((0, 0, *half)), size=(150, 100 + number))
        write_photo(folder / f"{name}_2.jpg", image.crop((*half, *image.size)), size=(100, 140))
    return folder


def write_styles(folder: Path, *names: str) -> list[Path]:
    """Networks that were not trained; they change a photo all the same, each in its way."""
    files = []
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        config = {"trainer": "stylize", "width": 0.125, "upsample": "nearest", "style": name}
        files.append(folder / f"{name}.ckpt")
        save_model(files[-1], Model(StyleTransferNetwork(0.125), config))
    return files
