"""Training of the network of technical quality: data, network, loss, loop, in the order in which they happen.

It needs no labels: good photos are spoiled with known severity and turned by quarters, and one network learns
to say by how much, and which way is up. The configuration is in config.py, the command line in __main__.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from photocli.scoring.profiles import FAULTS
from trainers.common.checkpoints import Model, load_model, previous_runs, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.module import TrainingModule, should_compile
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.technical.config import TechnicalConfig
from trainers.technical.data import (
    PhotoIndex,
    TechnicalDataset,
    TechnicalPhotos,
    TechnicalSample,
    divide,
    epoch_batches,
    photos_of_epoch,
)
from trainers.technical.evaluate import evaluate, predict_photos, quick_metrics
from trainers.technical.network import TechnicalNetwork, TechnicalOutput

_TURNED = 0.03  # probability of being upright below which a training photo is taken to be turned


# Network


def start(config: TechnicalConfig) -> TechnicalNetwork:
    """Makes the network as it is before its first step.

    Raises `UsageError` where `--start` is no model of this trainer and side.
    """
    torch.manual_seed(config.seed)
    network = TechnicalNetwork(config.side, config.dropout)
    if not config.start:
        network.initialise(config.init)
        return network
    earlier = load_model(Path(config.start)).network
    if not isinstance(earlier, TechnicalNetwork) or earlier.side != config.side:
        raise UsageError(f"--start: {config.start} is no model of this trainer with side {config.side}")
    network.load_state_dict(earlier.state_dict())
    return network


# Loss


def fault_loss(logits: Tensor, severities: Tensor, trusted: Tensor) -> Tensor:
    """Returns the cross-entropy of faults with severities as targets, over what is `trusted`; all (n, 6)."""
    each = nn.functional.binary_cross_entropy_with_logits(logits, severities, reduction="none")
    counts = trusted.float()
    return (each * counts).sum() / counts.sum().clamp_min(1)


def turn_loss(logits: Tensor, turns: Tensor, upright: Tensor, smoothing: float) -> Tensor:
    """Returns the cross-entropy of turns (n,), for logits (n, 4), over photos that are `upright` (n,)."""
    each = nn.functional.cross_entropy(logits, turns, reduction="none", label_smoothing=smoothing)
    return (each * upright).sum() / upright.sum().clamp_min(1)


# Training


class TechnicalModule(TrainingModule):
    """Trains a network of technical quality; see `TrainingModule`.

    `trusted` (photos, 6) says which photos are examples of being free of a fault, `upright` (photos,) which
    of the right way up. At first all are; from the epoch `clean_at` on, those that the network itself finds
    faulty teach nothing about that fault any more.
    """

    network: TechnicalNetwork
    averaged: TechnicalNetwork
    trusted: Tensor
    upright: Tensor

    def __init__(
        self,
        network: TechnicalNetwork,
        config: TechnicalConfig,
        training: TechnicalPhotos,
        held: TechnicalPhotos,
    ) -> None:
        super().__init__(network, config, "technical")
        self.photos, self.held = training, held
        good = torch.from_numpy(training.good.copy())
        self.register_buffer("trusted", good[:, None].repeat(1, len(FAULTS)))
        self.register_buffer("upright", torch.from_numpy(training.upright.copy()))
        self._forward: Callable[[Tensor], TechnicalOutput] = network.forward
        self._turns: Callable[[Tensor], Tensor] = network.turns
        if should_compile(config, self.steps * config.epochs):
            self._forward, self._turns = torch.compile(network.forward), torch.compile(network.turns)

    @cached_property
    def steps(self) -> int:
        return len(self._batches(0))

    @property
    def turns_alone(self) -> bool:
        """Whether the epoch teaches the turns alone."""
        return self.current_epoch < self.config.turn_epochs

    def _batches(self, epoch: int) -> list[list[PhotoIndex]]:
        config = self.config
        chosen = photos_of_epoch(self.photos, epoch, config.seed, config.most_per_folder)
        return epoch_batches(chosen, epoch, config.seed, config.batch, config.repeat_large)

    def train_dataloader(self) -> DataLoader[TechnicalSample]:
        """Loads the batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        samples = TechnicalDataset(self.photos, config.side, config.seed, not self.turns_alone)
        return self.loader(samples, self._batches(self.current_epoch))

    def configure_optimizers(self) -> Any:
        network = self.network
        backbones = nn.ModuleList([network.near, network.far, network.stem])
        heads = nn.ModuleList(module for module in network.children() if module not in set(backbones))
        return self.adamw(backbones, heads)

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        if self.current_epoch == max(self.config.clean_at, self.config.turn_epochs):
            self._leave_out()

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, severities, turns, rows = batch
        upright, smoothing = self.upright[rows], self.config.smoothing
        if self.turns_alone:
            return self.record_loss(turn_loss(self._turns(sheets), turns, upright, smoothing))
        output = self._forward(sheets)
        faults = fault_loss(output.faults, severities, self.trusted[rows])
        turned = turn_loss(output.turns, turns, upright, smoothing)
        return self.record_loss(self.config.fault_weight * faults + turned)

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        return quick_metrics(self.averaged, self.held, self.config.side, not self.turns_alone)

    def _leave_out(self) -> None:
        """Finds the training photos that seem faulty or turned as they are."""
        photos, config = self.photos, self.config
        predictions = predict_photos(self.averaged, photos, config.side)
        for place, row in enumerate(photos.rows):
            self.trusted[row] &= torch.from_numpy(predictions.severities[place] < config.clean_limit)
            self.upright[row] &= bool(predictions.turns[place, 0] > _TURNED)

    def left_out(self) -> dict[str, Any]:
        """Counts the training photos that teach nothing about a fault, and names those that seem turned."""
        photos = self.photos
        rows = torch.from_numpy(photos.rows[photos.good[photos.rows]])
        counts = (~self.trusted[rows]).sum(0).tolist()
        turned = [photos.names[row] for row in rows.tolist() if not self.upright[row]]
        return dict(zip(FAULTS, counts, strict=True)) | {"turned": turned}


def train(config: TechnicalConfig, photos: TechnicalPhotos, out: Path, resume: bool) -> dict[str, Any]:
    """Trains with the configuration's fold held out and evaluates on it; returns the facts of run.json.

    Leaves model.ckpt, run.json and Lightning's last.ckpt, from which it goes on if `resume` is asked for.
    """
    training, held = divide(photos, config.folds, config.fold)
    resume = resume and (out / "last.ckpt").exists()
    network = TechnicalNetwork(config.side, config.dropout) if resume else start(config)
    module = TechnicalModule(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "technical",
        "command": command_line("trainers.technical"),
        "commit": commit(),
        "seed": config.seed,
        "before": previous_runs(Path(config.start)) if config.start else [],
        "config": asdict(config),
        "data": list(photos.sources),
        "training_photos": len(training),
        "left_out": module.left_out(),
        "history": module.history,
    }
    if len(held):
        facts |= evaluate(
            averaged, held, config.side, f"fold {config.fold} of {config.folds}, by a hash of the name"
        )
    save_model(
        out / "model.ckpt",
        Model(averaged, portable(asdict(config)) | {"trainer": "technical"}, RunRecord.of(portable(facts))),
    )
    write_json(out / "run.json", portable(facts))
    return facts
