"""Configuration of the trainer of painting styles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option


@dataclass(frozen=True)
class StyleTransferConfig:
    """Holds everything that decides what is trained; checkpoints and `run.json` save it."""

    loss_weights: str = option("imagenet", "SqueezeNet 1.1 that judges: a file, imagenet (download), or none")
    width: float = option(1.0, "channels of the network, as a multiple of Johnson's")
    upsample: Literal["nearest", "transposed"] = option("nearest", "how it enlarges: transposed is Johnson's")
    start: str = option("", "model.ckpt to begin with, of another style or of style-weight 0")
    size: int = option(256, "side of the training views, pixels; 160 is what two CPU cores can do")
    style_side: int = option(
        384, "long side to which the style picture is reduced: the larger, the larger the strokes"
    )
    content_weight: float = option(7.5, "weight of what is in the photo")
    style_weight: float = option(20.0, "weight of the style; 0 learns to repeat the photo, as a start")
    tv_weight: float = option(400.0, "weight of the variation between neighbouring pixels")
    steps: int = option(2000, "steps in all")
    batch: int = option(4, "photos per step")
    lr: float = option(1e-3, "learning rate of Adam; it falls to 0 along half a cosine")
    clip: float = option(10.0, "largest norm of the gradient")
    folds: int = option(20, "one photo in so many is held out, by a hash of its name")
    every: int = option(100, "steps between checkpoints and previews")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    precision: Literal["32", "bf16"] = option("32", "bf16: automatic mixed precision")


def checked(config: StyleTransferConfig) -> StyleTransferConfig:
    """Returns the configuration, or raises `UsageError` if it contradicts itself."""
    if config.size < 64 or config.style_side < 64:
        raise UsageError("size and style-side are at least 64: the network that judges sees no less")
    if min(config.steps, config.batch, config.every) < 1 or config.width <= 0 or config.folds < 2:
        raise UsageError("steps, batch and every are at least 1, folds 2, and width is above 0")
    return config
