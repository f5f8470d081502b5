"""The configuration of the trainer of own classes: its options, their defaults, and a check of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option
from trainers.common.splits import check_fold


@dataclass(frozen=True)
class ClassesConfig:
    """Holds everything that decides what is trained; checkpoints, `run.json` and the model card keep it."""

    held: tuple[str, ...] = option((), "list, folder or CSV of held-out photos (repeatable)")
    folds: int = option(5, "folds of the split by file name, without --held")
    fold: str = option("0", "the fold that is held out, or none")
    arch: str = option("mobilenet_v2", "any of torchvision's classifiers by name, caffenet, or small-cnn")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    size: int = option(0, "side of the input, pixels; 224 unless the network is used to another")
    epochs: int = option(30, "epochs in all")
    batch: int = option(32, "photos per batch")
    optimizer: Literal["sgd", "adamw"] = option("sgd", "sgd is Caffe's")
    lr: float = option(0.001, "learning rate; with adamw .0003 is a good one")
    head_rate: float = option(10.0, "what the last layer's rate is multiplied by")
    bias_rate: float = option(2.0, "what the rates of biases are multiplied by")
    momentum: float = option(0.9, "momentum of sgd")
    weight_decay: float = option(5e-4, "decay of weights (not of biases)")
    schedule: Literal["step", "cosine"] = option("step", "how the rate falls")
    step: int = option(20_000, "iterations after which the rate falls to a tenth, with --schedule step")
    eval_every: int = option(2, "epochs between tests on all held-out photos")
    snapshot_every: int = option(4, "epochs between snapshots, from which --resume goes on")
    balance: Literal["off", "sampling", "weights"] = option("off", "how classes are made to count the same")
    augment: bool = option(True, "show random views while training")
    area: float = option(0.7, "smallest area of a random view, as a share")
    aspect: float = option(0.1, "largest logarithm of its change of aspect")
    colour: float = option(0.1, "largest change of brightness, contrast and colour")
    clip: float = option(0.0, "largest norm of the gradient; 0: any")
    ema: float = option(0.0, "decay of averaged weights, which are then kept; 0: none")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    cache_side: int = option(0, "long side of decoded photos; 512 or one and a half times the size")
    workers: int = option(1, "processes that prepare photos")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


SMALL_CNN = "small-cnn"
"""The name of the network of four blocks; see `network.SmallCnn`."""

_SIZES = {SMALL_CNN: 256, "caffenet": 227, "inception_v3": 299}


def checked(config: ClassesConfig) -> ClassesConfig:
    """Returns the configuration with its sizes filled in. Raises `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if min(config.epochs, config.batch - 1, config.eval_every, config.snapshot_every, config.step) < 1:
        raise UsageError("epochs, eval-every, snapshot-every and step are at least 1, batch at least 2")
    if not 0 < config.area <= 1 or not 0 <= config.ema < 1 or config.size < 0:
        raise UsageError("area lies above 0 and up to 1, ema from 0 to below 1, size is not negative")
    size = config.size or _SIZES.get(config.arch, 224)
    return replace(config, size=size, cache_side=config.cache_side or max(512, size * 3 // 2))
