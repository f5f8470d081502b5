"""Training an inspector: the loss, the averaged weights, and leaving out photos with faults of their own."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from photocli.profiles import FAULTS
from trainers.finetune import WARM_UP, compiles
from trainers.inspection import look_at, quick_figures
from trainers.inspector import Inspector
from trainers.rates import Multipliers, parameter_groups
from trainers.shots import Sample, Shots, Spoiled, epoch_draws, in_epoch

if TYPE_CHECKING:
    from trainers.technical import Config

_TURNED = 0.03  # probability of being upright below which a training photo is taken to be turned


class Inspecting(LightningModule):
    """Trains `network`; `averaged` is an exponential moving average of its weights, which is what is kept.

    `trusted` (photos, 6) says which photos are examples of being free of a fault, `upright` (photos,) which
    of the right way up. At first all are; from the epoch `clean_at` on, those that the network itself finds
    faulty teach nothing about that fault any more.
    """

    trusted: Tensor
    upright: Tensor

    def __init__(self, network: Inspector, config: Config, training: Shots, held: Shots) -> None:
        super().__init__()
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.config, self.training_shots, self.held = config, training, held
        self.history: list[dict[str, float]] = []
        self._steps = len(self._draws(0))
        photos = torch.from_numpy(training.photos.copy())
        self.register_buffer("trusted", photos[:, None].repeat(1, len(FAULTS)))
        self.register_buffer("upright", torch.from_numpy(training.upright.copy()))
        self._losses: list[Tensor] = []
        self._started = 0.0
        self._seen: Callable[[Tensor], Any] = network.forward
        self._turns: Callable[[Tensor], Tensor] = network.turns
        if compiles(config, self._steps * config.epochs):  # type: ignore[arg-type]
            self._seen, self._turns = torch.compile(network.forward), torch.compile(network.turns)

    def _draws(self, epoch: int) -> list[Any]:
        config = self.config
        chosen = in_epoch(self.training_shots, epoch, config.seed, config.most_per_folder)
        return epoch_draws(chosen, epoch, config.seed, config.batch, config.repeat_large)

    # Data

    def train_dataloader(self) -> DataLoader[Sample]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        batches = self._draws(self.current_epoch)
        share = max(1, len(batches) // self.trainer.world_size)
        return DataLoader(
            Spoiled(self.training_shots, self.config.side, self.config.seed, not self.turns_alone),
            batch_sampler=batches[self.trainer.global_rank :: self.trainer.world_size][:share],
            num_workers=self.config.workers,
            prefetch_factor=4 if self.config.workers else None,
        )

    # Loss

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, severities, turns, rows = batch
        if self.turns_alone:
            loss = self._turn_loss(self._turns(sheets), turns, rows)
            self._losses.append(loss.detach())
            return loss
        seen = self._seen(sheets)
        each = nn.functional.binary_cross_entropy_with_logits(seen.faults, severities, reduction="none")
        trusted = self.trusted[rows].float()
        faults = (each * trusted).sum() / trusted.sum().clamp_min(1)
        loss = self.config.fault_weight * faults + self._turn_loss(seen.turns, turns, rows)
        self._losses.append(loss.detach())
        return loss

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
        config, network = self.config, self.network
        bodies = nn.ModuleList([network.near, network.far, network.stem])
        own = nn.ModuleList(module for module in network.children() if module not in set(bodies))
        faster = config.head_lr / config.lr
        groups = parameter_groups(
            bodies, own, config.lr, config.weight_decay, Multipliers(1.0, 1.0, faster, faster)
        )
        optimizer = torch.optim.AdamW(groups)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate(self, step: int) -> float:
        """A warm-up and half a cosine down to 0."""
        world = self.trainer.world_size if self._trainer is not None else 1
        total = max(1, self.config.epochs * max(1, self._steps // world))
        return min(1.0, (step + 1) / (5 * WARM_UP)) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / total)))

    def on_train_epoch_start(self) -> None:
        self._started, self._losses = time.monotonic(), []
        if self.current_epoch == max(self.config.clean_at, self.config.turn_epochs):
            self._leave_out()
        self.network.train()

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

    def on_train_batch_start(self, batch: Any, step: int) -> None:
        # Dropout must not depend on how many draws went before: a resumed run has made none.
        key = [self.config.seed, self.global_step, self.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def on_train_batch_end(self, outputs: Any, batch: Any, step: int) -> None:
        done = self.global_step
        decay = min(self.config.ema, (1 + done) / (10 + done))
        with torch.no_grad():
            now = self.network.state_dict()
            for name, kept in self.averaged.state_dict().items():
                if kept.dtype.is_floating_point and decay > 0:
                    kept.lerp_(now[name], 1 - decay)
                else:
                    kept.copy_(now[name])

    def on_train_epoch_end(self) -> None:
        loss = float(torch.stack(self._losses).mean())
        row = {"epoch": float(self.current_epoch), "loss": loss, "seconds": time.monotonic() - self._started}
        self.log("loss", loss, sync_dist=True)
        if len(self.held) and (self.current_epoch + 1) % self.config.eval_every == 0:
            row |= quick_figures(self.averaged, self.held, self.config.side, not self.turns_alone)
            self.log_dict({name: row[name] for name in ("auc", "turns_right")}, sync_dist=True)
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["config"] = asdict(self.config) | {"trainer": "technical"}
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = list(checkpoint["history"])
