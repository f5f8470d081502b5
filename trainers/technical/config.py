"""Configuration of the trainer of technical quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option
from trainers.common.splits import check_fold

LEAST_SIDE = 104
"""Where the features of the whole photo, at a 32nd of the side, still have a cell for each tile."""


@dataclass(frozen=True)
class TechnicalConfig:
    """Decides all of what is trained; saved in checkpoints, `run.json` and the model card."""

    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    upright: tuple[str, ...] = option((), "folder of pictures that teach the turns alone (repeatable)")
    turned: tuple[str, ...] = option((), "photo that is known not to be upright, by name (repeatable)")
    faces: str = option("", "YuNet ONNX file: its faces are kept sharp, or blurred alone; none without")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    start: str = option("", "model.ckpt of this trainer to go on from, instead of init")
    side: int = option(176, "side of the thumbnail, pixels; tiles have a quarter of it")
    dropout: float = option(0.2, "dropout before the heads")
    epochs: int = option(14, "epochs in all")
    turn_epochs: int = option(7, "of these, first epochs on the turns alone, with unspoiled photos")
    batch: int = option(32, "photos per batch")
    repeat_large: int = option(3, "how often photos of over 900 pixels come in an epoch")
    most_per_folder: int = option(600, "photos of one folder in an epoch, at most; other ones in the next")
    lr: float = option(2e-4, "learning rate of the backbone")
    head_lr: float = option(1.5e-3, "learning rate of the rest")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    fault_weight: float = option(4.0, "weight of the faults' loss; that of the turn counts once")
    smoothing: float = option(
        0.05, "share of the turns' labels that is spread evenly: some photos have no up"
    )
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.99, "decay of the averaged weights, which are kept")
    clean_at: int = option(11, "epoch before which photos that seem faulty as they are get left out")
    clean_limit: float = option(0.35, "severity from which a fault is taken for the photo's own")
    eval_every: int = option(2, "epochs between looks at the held-out photos")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos and faces")
    workers: int = option(1, "processes that prepare photos")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: TechnicalConfig) -> TechnicalConfig:
    """Returns the configuration; raises `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if config.side % 8 or config.epochs < 1 or config.batch < 2 or config.eval_every < 1:
        raise UsageError("side must be a multiple of 8; epochs and eval-every at least 1, batch at least 2")
    if config.side < LEAST_SIDE:
        raise UsageError(
            f"side must be at least {LEAST_SIDE}: a smaller thumbnail has fewer cells than tiles"
        )
    if not 0 <= config.turn_epochs < config.epochs:
        raise UsageError("turn-epochs are the first of the epochs, and must leave some for the faults")
    return config
