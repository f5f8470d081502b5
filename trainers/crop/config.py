"""Configuration of the trainer of crops, and the rules by which its photos are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option


@dataclass(frozen=True)
class CropConfig:
    """Decides all of what is trained; saved in checkpoints, `run.json` and the model card."""

    stage: Literal["thumbnail", "patches", "joint"] = option("joint", "the networks that are trained")
    arch: Literal["small", "paper"] = option("small", "paper: ResNet-18 and -34, Adam at the paper's rates")
    init: str = option("imagenet", "starting weights of the thumbnail's backbone: a file, imagenet, or none")
    start: tuple[str, ...] = option((), "model.ckpt of an earlier stage to go on from (repeatable)")
    more: tuple[str, ...] = option((), "folder of further photos to learn from (repeatable)")
    held: str = option("both", "held out: validation, test, both, none, or the number of a fold")
    folds: int = option(5, "folds by a hash of the name, where --held is a number")
    photos: int = option(0, "photos to learn from, the first by a hash of the name; 0: all")
    share: float = option(0.5, "share of cropped samples (the paper: .5)")
    resize: Literal["before", "after"] = option(
        "before", "random resizing before the crop, or after (the paper)"
    )
    lens: float = option(0.0, "strength of simulated lens traces; 1: plain in the corners")
    lens_share: float = option(0.5, "share of training samples that have them")
    judge_lens: float = option(0.0, "strength of the traces in looks at held-out photos while training")
    colour: float = option(0.25, "random changes of brightness, contrast and colour")
    dropout: float = option(0.4, "dropout before the features, and before the perceptron")
    repeat_camera: int = option(4, "how often camera photos come in an epoch")
    most_per_folder: int = option(400, "further photos of one folder in an epoch, at most")
    epochs: int = option(16, "epochs in all")
    batch: int = option(16, "photos per batch, each in two views")
    lr: float = option(2e-4, "learning rate of the thumbnail's backbone")
    head_lr: float = option(1e-3, "learning rate of the rest")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    cell_weight: float = option(0.15, "weight of the summed loss of the pieces' cells")
    rectangle_weight: float = option(3.0, "weight of the rectangle's squared error")
    overlap_weight: float = option(0.0, "weight of how badly the rectangle fits, by the generalised IoU")
    whole_weight: float = option(0.1, "what a whole photo counts for the rectangle (the paper: 1)")
    factor_weight: float = option(2.0, "weight of the crop factor's error")
    pair_weight: float = option(0.5, "weight of the order of a crop and the whole photo that it is from")
    smoothing: float = option(0.05, "how far the targets of `cropped` stay away from 0 and 1")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    eval_every: int = option(2, "epochs between looks at the held-out photos")
    views: int = option(8, "samples of each held-out photo when the network is judged")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    workers: int = option(1, "processes that prepare samples")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: CropConfig) -> CropConfig:
    """Returns the configuration; raises `UsageError` if it contradicts itself."""
    if config.held.isdigit() and int(config.held) >= config.folds:
        raise UsageError(f"--held is the number of a fold, 0 to {config.folds - 1}, not {config.held}")
    if not config.held.isdigit() and config.held not in ("validation", "test", "both", "none"):
        raise UsageError(f"--held is validation, test, both, none or a number, not {config.held}")
    if not 0 < config.share <= 1 or config.lens < 0 or not 0 <= config.smoothing < 0.5:
        raise UsageError("share lies between 0 and 1, lens is at least 0, smoothing below 0.5")
    if config.photos < 0 or config.photos == 1:
        raise UsageError("photos are at least 2, or 0 for all")
    if min(config.epochs, config.batch, config.eval_every, config.repeat_camera, config.views // 2) < 1:
        raise UsageError("epochs, batch, eval-every and repeat-camera are at least 1, views at least 2")
    return config


@dataclass(frozen=True)
class SelectionRules:
    """Decides which photos are taken for whole ones.

    The long side has at least `side` pixels, the aspect ratio lies within a share `margin` of 3:2 or 4:3, and
    no editor wrote the photo, unless `edited` ones pass, too.
    """

    side: int = 1200
    margin: float = 0.01
    edited: bool = False
