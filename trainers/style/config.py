"""Configuration of the built-in style model's trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option
from trainers.common.splits import check_fold


@dataclass(frozen=True)
class StyleConfig:
    """Holds everything that decides what is trained; checkpoints, `run.json` and the model card save it."""

    folds: int = option(5, "folds of the split by the name of the photo that is shown")
    fold: str = option("0", "the fold that is held out, or none")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    side: int = option(224, "side of the square that the network sees, pixels")
    dropout: float = option(0.2, "dropout before the linear layer")
    samples: int = option(5000, "samples in an epoch")
    drawn_share: float = option(0.2, "share of paintings, cartoons and sketches in them")
    repainted_share: float = option(0.16, "share of repainted photos in them")
    most_per_folder: int = option(700, "photos that a folder counts for at most")
    epochs: int = option(8, "epochs in all")
    batch: int = option(32, "samples per batch")
    lr: float = option(4e-4, "learning rate of the backbone")
    head_lr: float = option(3e-3, "learning rate of the linear layer")
    weight_decay: float = option(0.03, "decay of weights (not of biases)")
    medium_weight: float = option(1.0, "weight of the medium's loss")
    looks_weight: float = option(12.0, "weight of the looks' mean loss")
    painting_weight: float = option(0.7, "weight of the paintings' loss")
    most_styled: float = option(
        0.06, "share of plain photos that thresholds may call styled on the photos that they are chosen on"
    )
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    turns: int = option(2, "how often each held-out photo is judged with looks, beside once without")
    eval_every: int = option(2, "epochs between looks at the held-out pictures")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded pictures")
    workers: int = option(1, "processes that make samples")
    compile: bool = option(False, "torch.compile")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: StyleConfig) -> StyleConfig:
    """Returns the configuration, or raises `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if config.side % 32 or config.side < 32:
        raise UsageError("side must be a multiple of 32")
    if min(config.epochs, config.eval_every, config.turns) < 1 or config.batch < 2:
        raise UsageError("epochs, eval-every and turns are at least 1, batch at least 2")
    if config.samples < config.batch:
        raise UsageError("an epoch has a batch of samples at least")
    if (
        min(config.drawn_share, config.repainted_share) < 0
        or config.drawn_share + config.repainted_share >= 1
    ):
        raise UsageError("the shares of drawn and repainted pictures leave some for photos")
    return config
