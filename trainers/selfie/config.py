"""The options of the selfie trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from photocli.errors import UsageError
from photocli.faces.alignment import Place
from trainers.common.options import option
from trainers.common.splits import check_fold

COLLAPSED = 0.45
"""Loss of held-out pairs from which on a network tells nothing apart: any constant distance costs 0.5."""

MIDDLE_BELOW_EYES = 0.31
"""How far the middle of a face's box lies below its eyes, in distances of the eyes: MEBeauty's median."""


@dataclass(frozen=True)
class SelfieConfig:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    teacher: str = option("", "YuNet ONNX file, which finds the faces of the lists")
    held: str = option("", "list of faces that are held out; without, a fold by a hash of the name")
    folds: int = option(5, "folds of that split")
    fold: str = option("0", "the fold that is held out, or none")
    more: str = option("", "list of further faces, by other raters, to learn from beside")
    studio: str = option("", "list of faces from elsewhere, judged and never learned from, if not --more")
    arch: Literal["tiny_darknet", "mobilenet_v2", "squeezenet1_1", "resnet18", "efficientnet_b0"] = option(
        "tiny_darknet", "the backbone"
    )
    width: float = option(1.0, "of tiny_darknet at the start: its layers' widths are multiplied")
    init: str = option("none", "starting weights of the backbone: a file, imagenet (download), or none")
    side: int = option(128, "side of the aligned square, pixels")
    eyes_apart: float = option(0.37, "distance of the eyes, as a share of the side")
    eyes_height: float = option(0.36, "how far below the upper edge they are, as a share of the side")
    pretrain: bool = option(True, "the Siamese stage")
    distance: Literal["l2", "l1"] = option("l2", "between the embeddings of a pair")
    pretrain_lr: float = option(1e-3, "learning rate of the Siamese stage")
    pretrain_epochs: int = option(20, "epochs of the Siamese stage")
    pretrain_share: float = option(0.4, "its share of the time, where --minutes are given")
    collapse: float = option(COLLAPSED, "loss of unseen pairs above which the Siamese stage stops; 1: never")
    net2net: bool = option(True, "grow when learning stalls, and a last time before the regression")
    growth: tuple[str, ...] = option(
        ("wider", "deeper"), "how it grows each time: wider or deeper (repeatable)"
    )
    stall_steps: int = option(100, "steps over which the loss must fall by a hundredth, or it has stalled")
    last_width: float = option(2.0, "what the width is multiplied by a last time; 1: nothing")
    restart: float = option(0.1, "share of the learning rate with which a grown network goes on")
    optimizer: Literal["sgd", "adamw"] = option("sgd", "sgd: Nesterov .9, in steps; adamw: half a cosine")
    lr: float = option(1e-2, "learning rate of the backbone in the regression")
    head_lr: float = option(1e-3, "learning rate of the rest, with adamw")
    weight_decay: float = option(1e-4, "decay of weights (not of biases)")
    bn: Literal["train", "frozen"] = option(
        "frozen", "batch norm's statistics, where the backbone has any; with train, leave out --craft"
    )
    dropout: float = option(0.5, "dropout before the score")
    epochs: int = option(40, "epochs of the regression")
    minutes: float = option(0.0, "training time instead of epochs, minutes; 0: by epochs")
    batch: int = option(48, "faces per batch")
    balance: float = option(1.0, "1: every class of scores comes equally often; 0: every face")
    more_share: float = option(0.5, "share of further faces in a batch")
    more_until: float = option(0.6, "share of the regression after which they stay away")
    correlation_weight: float = option(0.0, "weight of 1 - Pearson's correlation in the batch")
    craft: float = option(0.5, "weight of the order of a face and its spoiled copy")
    pairs: int = option(8, "spoiled copies per batch")
    margin: float = option(
        2.0, "marks by which the worst spoiled copy stays below its face, at least; at most twice"
    )
    turn: float = option(22.5, "training views are turned by up to so many degrees")
    scale: float = option(0.12, "training views are smaller or larger by up to this share")
    colour: float = option(0.2, "random changes of brightness, contrast, saturation and colours")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.99, "decay of the averaged weights, which are kept")
    eval_every: int = option(2, "epochs between looks at the held-out faces")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for aligned faces")
    compile: bool = option(False, "torch.compile, for long runs of a network that does not grow")
    precision: Literal["32", "bf16"] = option("32", "bf16: automatic mixed precision")


def checked(config: SelfieConfig) -> SelfieConfig:
    """Returns the configuration. Raises `UsageError` if it contradicts itself."""
    if not config.teacher:
        raise UsageError("--teacher is wanted: a YuNet ONNX file, which finds the faces")
    check_fold(config.fold, config.folds)
    if set(config.growth) - {"wider", "deeper"}:
        raise UsageError("--growth is wider or deeper")
    if config.net2net and config.arch != "tiny_darknet":
        raise UsageError(f"--net2net grows tiny_darknet alone; use --no-net2net with {config.arch}")
    if min(config.epochs, config.pretrain_epochs, config.eval_every, config.stall_steps) < 1:
        raise UsageError("epochs, pretrain-epochs, eval-every and stall-steps are at least 1")
    if config.batch < 4 or config.side < 32 or not 0 <= config.more_share < 1:
        raise UsageError("batch is at least 4, side at least 32, more-share at least 0 and below 1")
    if not 0 < config.pretrain_share < 1 or config.minutes < 0:
        raise UsageError("pretrain-share lies between 0 and 1, minutes are at least 0")
    return config


def place_of(config: SelfieConfig | dict[str, Any]) -> Place:
    """Returns where faces come to lie; `config` is a SelfieConfig, or one that was stored."""
    values = config if isinstance(config, dict) else vars(config)
    apart, height = float(values["eyes_apart"]), float(values["eyes_height"])
    return Place(apart, height, box_height=round(height + MIDDLE_BELOW_EYES * apart, 4))
