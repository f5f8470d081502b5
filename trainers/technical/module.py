"""Training an inspector: the loss, and leaving out photos with faults of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from photocli.profiles import FAULTS
from trainers.common.module import TrainingModule, should_compile
from trainers.technical.data import Sample, Shots, Spoiled, epoch_draws, in_epoch
from trainers.technical.evaluate import look_at, quick_figures
from trainers.technical.network import Inspector

if TYPE_CHECKING:
    from trainers.technical.train import Config

_TURNED = 0.03  # probability of being upright below which a training photo is taken to be turned


class Inspecting(TrainingModule):
    """Trains an inspector; see `TrainingModule`.

    `trusted` (photos, 6) says which photos are examples of being free of a fault, `upright` (photos,) which
    of the right way up. At first all are; from the epoch `clean_at` on, those that the network itself finds
    faulty teach nothing about that fault any more.
    """

    network: Inspector
    averaged: Inspector
    trusted: Tensor
    upright: Tensor

    def __init__(self, network: Inspector, config: Config, training: Shots, held: Shots) -> None:
        super().__init__(network, config, "technical")
        self.training_shots, self.held = training, held
        photos = torch.from_numpy(training.photos.copy())
        self.register_buffer("trusted", photos[:, None].repeat(1, len(FAULTS)))
        self.register_buffer("upright", torch.from_numpy(training.upright.copy()))
        self._seen: Callable[[Tensor], Any] = network.forward
        self._turns: Callable[[Tensor], Tensor] = network.turns
        if should_compile(config, self.steps * config.epochs):
            self._seen, self._turns = torch.compile(network.forward), torch.compile(network.turns)

    @cached_property
    def steps(self) -> int:
        return len(self._draws(0))

    def _draws(self, epoch: int) -> list[Any]:
        config = self.config
        chosen = in_epoch(self.training_shots, epoch, config.seed, config.most_per_folder)
        return epoch_draws(chosen, epoch, config.seed, config.batch, config.repeat_large)

    # Data

    def train_dataloader(self) -> DataLoader[Sample]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        samples = Spoiled(self.training_shots, config.side, config.seed, not self.turns_alone)
        return self.loader(samples, self._draws(self.current_epoch))

    # Loss

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, severities, turns, rows = batch
        if self.turns_alone:
            return self.record_loss(self._turn_loss(self._turns(sheets), turns, rows))
        seen = self._seen(sheets)
        each = nn.functional.binary_cross_entropy_with_logits(seen.faults, severities, reduction="none")
        trusted = self.trusted[rows].float()
        faults = (each * trusted).sum() / trusted.sum().clamp_min(1)
        return self.record_loss(self.config.fault_weight * faults + self._turn_loss(seen.turns, turns, rows))

    def _turn_loss(self, said: Tensor, turns: Tensor, rows: Tensor) -> Tensor:
        upright = self.upright[rows]
        smoothing = self.config.smoothing
        each = nn.functional.cross_entropy(said, turns, reduction="none", label_smoothing=smoothing)
        return (each * upright).sum() / upright.sum().clamp_min(1)

    # Loop

    @property
    def turns_alone(self) -> bool:
        return self.current_epoch < self.config.turn_epochs

    def configure_optimizers(self) -> dict[str, Any]:
        network = self.network
        backbones = nn.ModuleList([network.near, network.far, network.stem])
        own = nn.ModuleList(module for module in network.children() if module not in set(backbones))
        return self.adamw(backbones, own)

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        if self.current_epoch == max(self.config.clean_at, self.config.turn_epochs):
            self._leave_out()

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        return quick_figures(self.averaged, self.held, self.config.side, not self.turns_alone)

    def _leave_out(self) -> None:
        """Find the training photos that seem faulty or turned as they are."""
        shots, config = self.training_shots, self.config
        said = look_at(self.averaged, shots, config.side)
        for place, row in enumerate(shots.rows):
            self.trusted[row] &= torch.from_numpy(said.severities[place] < config.clean_limit)
            self.upright[row] &= bool(said.turns[place, 0] > _TURNED)

    def left_out(self) -> dict[str, Any]:
        """How many training photos teach nothing about a fault or the turn, and which seem to be turned."""
        shots = self.training_shots
        rows = torch.from_numpy(shots.rows[shots.photos[shots.rows]])
        counts = (~self.trusted[rows]).sum(0).tolist()
        turned = [shots.names[row] for row in rows.tolist() if not self.upright[row]]
        return dict(zip(FAULTS, counts, strict=True)) | {"turned": turned}
