"""The configuration of the aesthetics trainer: its options, their defaults, and a check of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.aesthetics.labels import Mode
from trainers.common.options import option
from trainers.common.splits import SplitBy, check_fold


@dataclass(frozen=True)
class AestheticsConfig:
    """Holds everything that decides what is trained; checkpoints, `run.json` and the model card keep it."""

    ratings: str = option("", "ratings file in DATA: CSV (file, mean, std | n1..n10) or AVA's text")
    scale: tuple[float, float] | None = option(None, "lowest and highest mark of the ratings file")
    labels: Mode = option("distribution", "what is learned from the ratings")  # noqa: RUF009
    middle: float = option(5.5, "the mark, 1-10, that parts bad from good")
    delta: float = option(1.095, "marks, 1-10, this near to the middle are ambiguous")
    balance: Literal["weights", "sampling", "none"] = option("weights", "how unequal classes count the same")
    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    split_by: SplitBy = option("name", "what is hashed; series keeps A_1 and A_2 together")  # noqa: RUF009
    arch: str = option("mobilenet_v2", "backbone: mobilenet_v2, squeezenet1_1, resnet18, resnet50, ...")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    dropout: float = option(0.3, "dropout before the head")
    size: int = option(288, "side of the square input, pixels (caffenet: 227)")
    fit: Literal["squash", "warp"] = option("squash", "whole photo, or CaffeNet's 227 of 256")
    mirror: bool = option(False, "judge photos by the mean of both mirror images")
    augment: bool = option(True, "random boxes, mirror images and colours in training")
    area: float = option(0.85, "smallest share of the photo in a training view")
    aspect: float = option(0.08, "largest change of the aspect ratio (natural logarithm)")
    colour: float = option(0.0, "largest change of brightness and contrast in training views")
    epochs: int = option(12, "epochs in all")
    head_epochs: int = option(0, "of these, epochs for the head alone, with the backbone frozen")
    head_init: Literal["ridge", "random"] = option("ridge", "head to start from: closed-form probe, or noise")
    batch: int = option(16, "rated photos per batch")
    lr: float = option(2e-4, "learning rate of the backbone")
    head_lr: float = option(1e-3, "learning rate of the head")
    bias_rate: float = option(1.0, "rate of biases, relative to their weights")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    optimizer: Literal["adamw", "adam", "sgd"] = option("adamw", "optimiser")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.98, "decay of the averaged weights, which are kept; 0 keeps the last")
    bn: Literal["train", "frozen"] = option("train", "batch norm: adapts, or keeps its statistics")
    correlation_weight: float = option(0.5, "weight of 1 - Pearson within the batch")
    pairs: int = option(6, "photos per batch that get a degraded copy")
    pair_weight: float = option(0.3, "weight of the ranking of originals above degraded copies")
    pair_margin: float = option(1.2, "marks by which an original should lead a ruined copy (severity 1)")
    faults: tuple[str, ...] = option((), "kinds of degradation; all unless given (repeatable)")
    teacher: tuple[str, ...] = option((), "model to learn from; {fold} stands for the fold (repeatable)")
    distill_weight: float = option(0.5, "share of the teachers in the targets of rated photos")
    unlabelled: tuple[str, ...] = option((), "folder of photos that nobody rated (repeatable)")
    unlabelled_per_batch: int = option(16, "unrated photos per batch")
    seed: int = option(0, "seed of every random draw")
    eval_every: int = option(1, "epochs between looks at the held-out photos")
    cache: str = option("", "folder for decoded photos and teachers' answers")
    cache_side: int = option(0, "long side of decoded photos, pixels; 0: as serving decodes them")
    workers: int = option(0, "processes that load photos")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option(
        "auto", "bf16 or 16 use automatic mixed precision"
    )
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: AestheticsConfig) -> AestheticsConfig:
    """Returns the configuration. Raises `UsageError` if it contradicts itself."""
    if config.arch == "caffenet" and config.size != 227:
        raise UsageError("caffenet takes --size 227 (and --fit warp, to be itself)")
    check_fold(config.fold, config.folds)
    if not 0 <= config.head_epochs <= config.epochs or config.batch < 1 or config.eval_every < 1:
        raise UsageError("epochs, batch and eval-every must be positive, with head-epochs within epochs")
    return config
