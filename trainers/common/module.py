"""What training modules have in common: averaged weights, draws that a resumed run repeats, the learning
rate, the history, and when to compile."""

from __future__ import annotations

import copy
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from trainers.common.checkpoints import renamed
from trainers.common.parameter_groups import Multipliers, parameter_groups
from trainers.common.schedule import cosine_factor


class TrainingModule(LightningModule):
    """Trains `network`; `averaged` is an exponential moving average of its weights, which is what is kept.

    A subclass says what a step is, how many an epoch has (`steps`), and may add to an epoch's row of the
    history (`noted`, `measure`). The configuration has seed, epochs, ema, eval_every and workers.
    """

    warm_up = 100
    """Steps in which the learning rate rises."""

    def __init__(self, network: nn.Module, config: Any, trainer: str) -> None:
        super().__init__()
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.config, self.trainer_name = config, trainer
        self.history: list[dict[str, float]] = []
        self._losses: list[Tensor] = []
        self._started = 0.0

    @property
    def steps(self) -> int:
        """Batches of an epoch, over all processes; asked for often."""
        raise NotImplementedError

    def epoch_metrics(self) -> dict[str, float]:
        """Figures of the steps of an epoch, for the history of every one."""
        return {}

    def validation_metrics(self) -> dict[str, float]:
        """Figures of held-out photos, for the history."""
        return {}

    def loader(self, samples: Dataset[Any], batches: Sequence[Any]) -> DataLoader[Any]:
        """The batches of an epoch that are this process's."""
        share = max(1, len(batches) // self.trainer.world_size)
        return DataLoader(
            samples,
            batch_sampler=batches[self.trainer.global_rank :: self.trainer.world_size][:share],
            num_workers=self.config.workers,
            prefetch_factor=4 if self.config.workers else None,
        )

    def record_loss(self, loss: Tensor) -> Tensor:
        """The loss of a step, noted for the epoch's mean."""
        self._losses.append(loss.detach())
        return loss

    def adamw(self, backbone: nn.Module, own: nn.Module) -> dict[str, Any]:
        """AdamW, `scheduled`: at the rate `lr` for a trained backbone, at `head_lr` for what is new."""
        config = self.config
        faster = config.head_lr / config.lr
        by = Multipliers(1.0, 1.0, faster, faster)
        groups = parameter_groups(backbone, own, config.lr, config.weight_decay, by)
        return self.scheduled(torch.optim.AdamW(groups))

    def scheduled(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """An optimiser whose rate warms up and then falls along half a cosine to 0."""
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate(self, step: int) -> float:
        return self.rate_factor(step, self.config.epochs)

    @property
    def own_steps(self) -> int:
        """Batches of an epoch that are this process's."""
        return max(1, self.steps // (self.trainer.world_size if self._trainer is not None else 1))

    def rate_factor(self, step: int, epochs: int) -> float:
        """What the rate is multiplied by: a warm-up, and half a cosine that ends after so many epochs."""
        warm = min(1.0, (step + 1) / self.warm_up)
        return cosine_factor(step / max(1, epochs * self.own_steps), warm)

    def on_train_epoch_start(self) -> None:
        self._started, self._losses = time.monotonic(), []
        self.network.train()

    def on_train_batch_start(self, batch: Any, step: int) -> None:
        # Random layers must not depend on how many draws went before: a resumed run has made none.
        key = [self.config.seed, self.global_step, self.global_rank]
        torch.manual_seed(int(np.random.SeedSequence(key).generate_state(1)[0]))

    def on_train_batch_end(self, outputs: Any, batch: Any, step: int) -> None:
        update_average(self.network, self.averaged, self.global_step, self.config.ema)

    def on_train_epoch_end(self) -> None:
        loss = float(torch.stack(self._losses).mean())
        row = {"epoch": float(self.current_epoch), "loss": loss} | self.epoch_metrics()
        row["seconds"] = time.monotonic() - self._started
        if (self.current_epoch + 1) % self.config.eval_every == 0:
            row |= self.validation_metrics()
        told = {name: value for name, value in row.items() if name not in ("epoch", "seconds")}
        self.log_dict(told, sync_dist=True)
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["config"] = asdict(self.config) | {"trainer": self.trainer_name}
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["state_dict"] = renamed(checkpoint["state_dict"])
        self.history = list(checkpoint["history"])


def update_average(network: nn.Module, averaged: nn.Module, done: int, ema: float) -> None:
    """Moves `averaged` towards `network` after its step `done`; at first by more than `ema` says."""
    decay = min(ema, (1 + done) / (10 + done))
    now = network.state_dict()
    kept = averaged.state_dict()
    smooth = [name for name, value in kept.items() if value.dtype.is_floating_point and decay > 0]
    move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    if smooth:
        move([kept[name] for name in smooth], [now[name] for name in smooth], None)
    with torch.no_grad():
        for name in kept.keys() - smooth:
            kept[name].copy_(now[name])


def should_compile(config: Any, steps: int) -> bool:
    """Whether torch.compile is used: it takes a minute, so not for short runs unless asked for."""
    if config.compile is not None:
        return bool(config.compile)
    compiler = any(shutil.which(name) for name in ("g++", "c++", "clang++"))
    return compiler and sys.platform == "linux" and steps >= 200
