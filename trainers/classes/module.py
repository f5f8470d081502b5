"""Training a classifier as Caffe's fine-tuning does: the loss, the rates, the intervals between tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from trainers.classes.data import Listed
from trainers.classes.evaluate import look_at, mean_average_precision
from trainers.classes.network import Classifier
from trainers.common.augmentation import Augmentation
from trainers.common.batches import Batch, EpochPlan, Item, Photos, ViewSettings, collate
from trainers.common.frames import Selection
from trainers.common.losses import class_weights
from trainers.common.module import TrainingModule
from trainers.common.parameter_groups import Multipliers, parameter_groups

if TYPE_CHECKING:
    from trainers.classes.train import Config

GAMMA = 0.1
"""What the rate is multiplied by after each `--step` iterations."""

_MOST = 50.0  # how much more than the others a rare class counts, at most


class Examples(NamedTuple):
    """Photos, decoded, with their classes."""

    listed: Listed
    pictures: Selection


class Intervals(NamedTuple):
    """What Caffe's solver is told, in iterations: one is a batch."""

    epoch: int
    most: int
    test: int
    every: int
    snapshot: int

    def told(self, training: int, held: int) -> list[str]:
        """These numbers, and what they come from, in words."""
        return [
            f"{training} photos to learn from, {held} held out; {self.epoch} iterations an epoch, "
            f"{self.most} in all",
            f"test: {self.test} iterations (all photos held out), every {self.every}; "
            f"snapshot every {self.snapshot}",
        ]


def intervals(config: Config, training: int, held: int) -> Intervals:
    """The intervals that follow from the sizes of the sets."""
    epoch = max(1, training // min(config.batch, training))
    test = math.ceil(held / config.batch)
    return Intervals(
        epoch, config.epochs * epoch, test, config.eval_every * epoch, config.snapshot_every * epoch
    )


class Classifying(TrainingModule):
    """Trains a `Classifier`; what is kept are its weights, or with `ema` above 0 their moving average."""

    network: Classifier
    averaged: Classifier

    def __init__(
        self, network: Classifier, config: Config, training: Examples, held: Examples | None
    ) -> None:
        super().__init__(network, config, "style")
        self.training_set, self.held = training, held
        self.targets = torch.from_numpy(training.listed.targets)
        self.several = training.listed.several
        chances = sampled(training.listed) if config.balance == "sampling" else None
        photos = len(training.listed)
        self.plan = EpochPlan(photos, 0, min(config.batch, photos), 0, 0, config.seed, chances)
        self.weights = balancing(training.listed) if config.balance == "weights" else None
        self.warm_up = min(self.warm_up, max(1, self.steps * config.epochs // 10))  # runs may be short

    @property
    def steps(self) -> int:
        return self.plan.steps

    def train_dataloader(self) -> DataLoader[Item]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        stray = Augmentation(config.area, config.aspect, config.colour) if config.augment else None
        return DataLoader(
            Photos(self.training_set.pictures, ViewSettings(config.size, "squash", stray, (), config.seed)),
            batch_sampler=self.plan.epoch(
                self.current_epoch, self.trainer.global_rank, self.trainer.world_size
            ),
            collate_fn=collate,
            num_workers=config.workers,
            prefetch_factor=4 if config.workers else None,
        )

    def training_step(self, batch: Batch, step: int) -> Tensor:
        logits = self.network(batch.images)
        target = self.targets[batch.rows.cpu()].to(logits.device)
        weights = None if self.weights is None else self.weights.to(logits.device)
        return self.record_loss(class_loss(logits, target, self.several, weights))

    def configure_optimizers(self) -> dict[str, Any]:
        config = self.config
        biases = config.bias_rate
        by = Multipliers(1.0, biases, config.head_rate, config.head_rate * biases)
        groups = parameter_groups(
            self.network.backbone, self.network.head, config.lr, config.weight_decay, by
        )
        optimizer: torch.optim.Optimizer
        if config.optimizer == "adamw":
            optimizer = torch.optim.AdamW(groups)
        else:
            optimizer = torch.optim.SGD(groups, momentum=config.momentum)
        if config.schedule == "cosine":
            return self.scheduled(optimizer)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: GAMMA ** (step // config.step))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def validation_metrics(self) -> dict[str, float]:
        if self.held is None:
            return {}
        logits = look_at(self.averaged, self.held.pictures, self.config.size, self.config.batch)
        targets = self.held.listed.targets
        found = {"mAP": mean_average_precision(logits, targets)}
        if self.several:
            return found
        right = targets[np.arange(len(targets)), logits.argmax(1)]
        return {"accuracy": float(right.mean())} | found

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["config"] |= {"classes": list(self.training_set.listed.classes), "several": self.several}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        before = checkpoint["config"]["arch"], checkpoint["config"]["classes"]
        if before != (self.config.arch, list(self.training_set.listed.classes)):
            raise UsageError("--resume: the snapshot is of another network or of other classes")
        super().on_load_checkpoint(checkpoint)


def class_loss(logits: Tensor, target: Tensor, several: bool, weights: Tensor | None = None) -> Tensor:
    """Cross entropy of logits (n, k) with classes (n, k) of 0 and 1; one by one if several may hold at once.

    `weights` (k,) balances the classes: what a photo of each counts, or what having it counts against not.
    """
    if several:
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weights)
    each = -(target * logits.log_softmax(1)).sum(1)
    if weights is None:
        return each.mean()
    counts = target @ weights
    return (each * counts).sum() / counts.sum()


def balancing(listed: Listed) -> Tensor:
    """Weights (k,) for `class_loss` with which the classes count the same."""
    target = torch.from_numpy(listed.targets)
    if not listed.several:
        return class_weights(target)
    share = target.mean(0)
    return ((1 - share) / share.clamp_min(1e-9)).clamp(1 / _MOST, _MOST)


def sampled(listed: Listed) -> NDArray[np.float64]:
    """How likely each photo is drawn (n,), so that the classes come equally often.

    Where several may hold, a photo comes as often as its rarest class asks for; none is a class then.
    """
    targets = listed.targets.astype(np.float64)
    if listed.several:
        targets = np.concatenate([targets, targets.sum(1, keepdims=True) == 0], axis=1)
    shares = targets.mean(0)
    chance = (targets / np.where(shares > 0, shares, 1)).max(1)
    return chance / chance.sum()
