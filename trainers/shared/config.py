"""Configuration of the trainer of the shared network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from photocli.inputs.canvas import STEP
from trainers.common.options import option
from trainers.common.splits import check_fold


@dataclass(frozen=True)
class SharedConfig:
    """Decides all of what is trained; saved in checkpoints, `run.json` and the model card."""

    fold: str = option("0", "the fold that is held out, or none; the data set says which photos are in it")
    arch: Literal["efficientnet_lite0", "efficientnet_lite2"] = option("efficientnet_lite2", "backbone")
    init: str = option("none", "starting weights: a file, or none")
    turned: tuple[str, ...] = option((), "photo that is known not to be upright, by name (repeatable)")
    start: str = option("", "model.ckpt of this trainer to go on from, instead of init")
    pixels: int = option(82944, "pixels of the view, at most; its aspect ratio is the photo's")
    frame_side: int = option(448, "long side to which photos are decoded, pixels")
    dropout: float = option(0.2, "dropout before the heads")
    samples: int = option(1024, "photos in an epoch; each is shown plain and changed")
    rated_share: float = option(0.4, "share of rated photos in them")
    drawn_share: float = option(0.14, "share of paintings, cartoons and sketches in them")
    most_per_origin: int = option(400, "photos that an origin counts for at most")
    epochs: int = option(12, "epochs in all")
    probe: int = option(1536, "photos by whose views the heads are fitted before the first epoch; 0: none")
    batch: int = option(12, "photos per batch; each is shown twice")
    lr: float = option(3e-4, "learning rate of the backbone")
    head_lr: float = option(1e-3, "learning rate of the heads")
    weight_decay: float = option(0.03, "decay of weights (not of biases)")
    early_every: int = option(4, "the first two stages learn in one step of so many; 1: in each")
    distill_weight: float = option(0.5, "share of the teachers in the marks of rated photos")
    correlation_weight: float = option(0.5, "weight of 1 - Pearson of the marks within the batch")
    pair_weight: float = option(0.5, "weight of the ranking of originals above spoiled copies")
    pair_margin: float = option(1.2, "marks by which an original should lead a ruined copy (severity 1)")
    smoothing: float = option(0.05, "share of the turns' labels that is spread evenly")
    rounded: bool = option(False, "train with weights rounded to eight bits")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.99, "decay of the averaged weights, which are kept")
    eval_every: int = option(2, "epochs between looks at the held-out photos")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    workers: int = option(0, "processes that prepare photos")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: SharedConfig, folds: int) -> SharedConfig:
    """Returns the configuration; raises `UsageError` if it contradicts itself."""
    check_fold(config.fold, folds)
    if config.pixels < STEP**2 or config.frame_side < STEP:
        raise UsageError(f"pixels is at least {STEP**2}, and frame-side at least {STEP}")
    if min(config.epochs, config.eval_every, config.early_every) < 1 or config.batch < 2:
        raise UsageError("epochs, eval-every and early-every are at least 1, batch at least 2")
    if config.samples < config.batch:
        raise UsageError("an epoch has a batch of samples at least")
    if min(config.rated_share, config.drawn_share) < 0 or config.rated_share + config.drawn_share > 1:
        raise UsageError("the shares of rated and drawn pictures are shares of all")
    return config
