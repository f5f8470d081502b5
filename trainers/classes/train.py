"""How a network is fine-tuned to a user's own classes, as Caffe does it: data, network, loss, module, run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from trainers.classes.config import ClassesConfig
from trainers.classes.data import DecodedPhotos, LabelledPhotos, decode_photos, read_photos
from trainers.classes.evaluate import evaluate_held_out, mean_average_precision, predict_logits
from trainers.classes.network import Classifier
from trainers.common.augmentation import Augmentation
from trainers.common.batches import Batch, EpochPlan, Item, Photos, ViewSettings, collate
from trainers.common.checkpoints import Model, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.losses import class_weights
from trainers.common.module import TrainingModule
from trainers.common.parameter_groups import Multipliers, parameter_groups
from trainers.common.runs import RunRecord, command_line, commit, is_main_process, portable, write_json

GAMMA = 0.1
"""What the rate is multiplied by after each `--step` iterations."""

_MOST = 50.0  # how much more than the others a rare class counts, at most

# Data


class Intervals(NamedTuple):
    """Holds what Caffe's solver is told, in iterations: one is a batch."""

    epoch: int
    most: int
    test: int
    every: int
    snapshot: int

    def lines(self, training: int, held: int) -> list[str]:
        """Says these numbers, and what they come from, in words."""
        return [
            f"{training} photos to learn from, {held} held out; {self.epoch} iterations an epoch, "
            f"{self.most} in all",
            f"test: {self.test} iterations (all photos held out), every {self.every}; "
            f"snapshot every {self.snapshot}",
        ]


def intervals(config: ClassesConfig, training: int, held: int) -> Intervals:
    """Returns the intervals that follow from the sizes of the sets."""
    epoch = max(1, training // min(config.batch, training))
    test = math.ceil(held / config.batch)
    return Intervals(
        epoch, config.epochs * epoch, test, config.eval_every * epoch, config.snapshot_every * epoch
    )


def sampling_chances(photos: LabelledPhotos) -> NDArray[np.float64]:
    """Returns how likely each photo is drawn (n,), so that the classes come equally often.

    Where several may hold, a photo comes as often as its rarest class asks for; none is a class then.
    """
    targets = photos.targets.astype(np.float64)
    if photos.several:
        targets = np.concatenate([targets, targets.sum(1, keepdims=True) == 0], axis=1)
    shares = targets.mean(0)
    chance = (targets / np.where(shares > 0, shares, 1)).max(1)
    return chance / chance.sum()


# Network


def initial_network(config: ClassesConfig, classes: int, several: bool) -> Classifier:
    """Makes the network before its first step."""
    torch.manual_seed(config.seed)
    network = Classifier(config.arch, classes, several)
    network.initialise(config.init)
    return network


# Loss


def class_loss(logits: Tensor, target: Tensor, several: bool, weights: Tensor | None = None) -> Tensor:
    """Computes the cross entropy of logits (n, k) with classes (n, k) of 0 and 1; one by one with `several`.

    `weights` (k,) balances the classes: what a photo of each counts, or what having it counts against not.
    """
    if several:
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weights)
    each = -(target * logits.log_softmax(1)).sum(1)
    if weights is None:
        return each.mean()
    counts = target @ weights
    return (each * counts).sum() / counts.sum()


def loss_weights(photos: LabelledPhotos) -> Tensor:
    """Returns weights (k,) for `class_loss` with which the classes count the same."""
    target = torch.from_numpy(photos.targets)
    if not photos.several:
        return class_weights(target)
    share = target.mean(0)
    return ((1 - share) / share.clamp_min(1e-9)).clamp(1 / _MOST, _MOST)


# Training module


class ClassifierTraining(TrainingModule):
    """Trains a `Classifier`; what is kept are its weights, or with `ema` above 0 their moving average."""

    network: Classifier
    averaged: Classifier

    def __init__(
        self, network: Classifier, config: ClassesConfig, training: DecodedPhotos, held: DecodedPhotos | None
    ) -> None:
        super().__init__(network, config, "style")
        self.training_set, self.held = training, held
        self.targets = torch.from_numpy(training.photos.targets)
        self.several = training.photos.several
        chances = sampling_chances(training.photos) if config.balance == "sampling" else None
        photos = len(training.photos)
        self.plan = EpochPlan(photos, 0, min(config.batch, photos), 0, 0, config.seed, chances)
        self.weights = loss_weights(training.photos) if config.balance == "weights" else None
        self.warm_up = min(self.warm_up, max(1, self.steps * config.epochs // 10))  # runs may be short

    @property
    def steps(self) -> int:
        return self.plan.steps

    def train_dataloader(self) -> DataLoader[Item]:
        """Returns the batches of the current epoch (Lightning asks anew for each)."""
        config, trainer = self.config, self.trainer
        augmentation = Augmentation(config.area, config.aspect, config.colour) if config.augment else None
        settings = ViewSettings(config.size, "squash", augmentation, (), config.seed)
        return DataLoader(
            Photos(self.training_set.pictures, settings),
            batch_sampler=self.plan.epoch(self.current_epoch, trainer.global_rank, trainer.world_size),
            collate_fn=collate,
            num_workers=config.workers,
            prefetch_factor=4 if config.workers else None,
        )

    def training_step(self, batch: Batch, step: int) -> Tensor:
        logits = self.network(batch.images)
        target = self.targets[batch.rows.cpu()].to(logits.device)
        weights = None if self.weights is None else self.weights.to(logits.device)
        return self.record_loss(class_loss(logits, target, self.several, weights))

    def configure_optimizers(self) -> Any:  # one of Lightning's many types
        config, network = self.config, self.network
        by = Multipliers(1.0, config.bias_rate, config.head_rate, config.head_rate * config.bias_rate)
        groups = parameter_groups(network.backbone, network.head, config.lr, config.weight_decay, by)
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
        logits = predict_logits(self.averaged, self.held.pictures, self.config.size, self.config.batch)
        targets = self.held.photos.targets
        found = {"mAP": mean_average_precision(logits, targets)}
        if self.several:
            return found
        right = targets[np.arange(len(targets)), logits.argmax(1)]
        return {"accuracy": float(right.mean())} | found

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["config"] |= {"classes": list(self.training_set.photos.classes), "several": self.several}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        before = checkpoint["config"]["arch"], checkpoint["config"]["classes"]
        if before != (self.config.arch, list(self.training_set.photos.classes)):
            raise UsageError("--resume: the snapshot is of another network or of other classes")
        super().on_load_checkpoint(checkpoint)


# Run


def train(config: ClassesConfig, sources: Sequence[Path], out: Path, resume: bool) -> dict[str, Any]:
    """Trains, evaluates on what is held out, leaves model.ckpt and run.json; returns what run.json holds."""
    learned, apart = read_photos(sources, config)
    training = decode_photos(learned, config)
    held = decode_photos(apart, config) if apart is not None else None
    averaged, facts = _fit(config, training, held, out, resume and last_checkpoint(out).exists())
    facts = _facts(config, sources, training.photos, apart) | facts
    if held is not None:
        facts |= evaluate_held_out(averaged, held, config, out)
        own = apart is not None and apart.dropped is learned.dropped
        by_name = f"fold {config.fold} of {config.folds}, by a hash of the name"
        facts["split"] = by_name if own else "photos kept apart"
    if is_main_process():
        save_model(out / "model.ckpt", Model(averaged, facts["config"], RunRecord.of(portable(facts))))
        write_json(out / "run.json", portable(facts))
    return facts


def _fit(
    config: ClassesConfig, training: DecodedPhotos, held: DecodedPhotos | None, out: Path, resume: bool
) -> tuple[Classifier, dict[str, Any]]:
    """Trains, and returns the averaged network, the plan, and what happened in each epoch."""
    photos = training.photos
    counts = len(photos), len(held.photos) if held else 0
    plan = intervals(config, *counts)
    for line in plan.lines(*counts):
        typer.echo(line)
    if resume:  # the checkpoint has the weights
        network = Classifier(config.arch, len(photos.classes), photos.several)
    else:
        network = initial_network(config, len(photos.classes), photos.several)
    module = ClassifierTraining(network, config, training, held)
    trainer = make_trainer(config, out, watch=False)
    trainer.fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    trainer.save_checkpoint(last_checkpoint(out))
    return module.averaged.cpu().eval(), {"plan": plan._asdict(), "history": module.history}


def _facts(
    config: ClassesConfig, sources: Sequence[Path], training: LabelledPhotos, apart: LabelledPhotos | None
) -> dict[str, Any]:
    """Returns what run.json says of the run, whatever came of it."""
    classes, several = list(training.classes), training.several
    stored = portable(asdict(config)) | {"trainer": "style", "classes": classes, "several": several}
    return {
        "trainer": "style",
        "command": command_line("trainers.style"),
        "commit": commit(),
        "seed": config.seed,
        "config": stored,
        "data": [_source(sources, training)],
        "training_photos": len(training),
        "training_classes": training.counts,
        "left_out": _left_out(training, apart),
    }


def _left_out(*sets: LabelledPhotos | None) -> dict[str, int]:
    """Counts the rows that were left out, by reason; two sides of one set count them together."""
    counts = {id(photos.dropped): photos.dropped for photos in sets if photos is not None}
    return dict(sum(counts.values(), Counter()))


def _source(sources: Sequence[Path], photos: LabelledPhotos) -> dict[str, Any]:
    name = ", ".join(source.resolve().name for source in sources)
    return {"name": name, "role": "labelled", "photos": len(photos), "hash": photos.fingerprint()}
