"""The options of the face detector's trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError
from trainers.common.options import option
from trainers.common.splits import check_fold


@dataclass(frozen=True)
class FacesConfig:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    drawn: tuple[str, ...] = option((), "folder of paintings and drawings, not judged (repeatable)")
    portraits: str = option("selfie", "the folder of portraits, by name, whose figures stand first")
    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    start: str = option("", "model.ckpt of this trainer to go on from, instead of init")
    side: int = option(224, "side of the canvas that the network sees, pixels")
    serve_side: int = option(0, "side of the canvas when it is judged and serves, pixels; 0: the same")
    people: float = option(0.6, "share of photos with faces in the scenes")
    scenes: int = option(6400, "scenes in an epoch")
    epochs: int = option(9, "epochs in all")
    tune_epochs: int = option(3, "of these, last epochs in which the first layers learn, too")
    batch: int = option(32, "scenes per batch")
    lr: float = option(1e-3, "learning rate of the backbone")
    head_lr: float = option(3e-3, "learning rate of the rest")
    weight_decay: float = option(0.02, "decay of weights (not of biases)")
    score_weight: float = option(1.0, "weight of the scores' loss")
    quality: float = option(
        1.0, "how much a box that fits badly costs the score, 0 to 1; less of it gained nothing"
    )
    box_weight: float = option(2.0, "weight of the boxes' loss")
    point_weight: float = option(30.0, "weight of the points' loss")
    refine_steps: int = option(16000, "steps of the second look at faces' points; 0: none")
    refine_batch: int = option(64, "faces per step of it")
    refine_lr: float = option(3e-3, "learning rate of it")
    refine_colour: float = option(0.3, "random changes of brightness, contrast and colours in it")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    overlap: float = option(0.4, "intersection over union from which two boxes are one face")
    eval_every: int = option(1, "epochs between looks at the held-out photos")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos and what the teacher said of them")
    workers: int = option(1, "processes that make scenes")
    compile: bool = option(False, "torch.compile")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: FacesConfig) -> FacesConfig:
    """Returns the configuration. Raises `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if (
        any(side % 32 for side in (config.side, config.serve_side))
        or config.side < 32
        or config.serve_side < 0
    ):
        raise UsageError("side must be a multiple of 32, and so must serve-side")
    if min(config.epochs, config.scenes, config.eval_every) < 1 or config.batch < 2:
        raise UsageError("epochs, scenes and eval-every are at least 1, batch at least 2")
    if not 0 <= config.tune_epochs <= config.epochs:
        raise UsageError("tune-epochs are the last of the epochs")
    if not (0 < config.people <= 1 and 0 < config.overlap < 1 and 0 <= config.quality <= 1):
        raise UsageError("people and overlap are shares, above 0, and quality is one")
    return config
