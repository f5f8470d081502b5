"""Training a network that sees crops: the loss of a batch, the averaged weights, and watching for
collapse."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import typer
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.utils.data import DataLoader

from trainers.camera_photos import Photos
from trainers.crop_figures import look_at, quick_figures
from trainers.cropper import Cropper, Seen
from trainers.crops import Cropped, How, Sample, epoch_draws, held_samples
from trainers.finetune import WARM_UP, compiles
from trainers.rates import Multipliers, parameter_groups
from trainers.runs import leads

if TYPE_CHECKING:
    from trainers.crop import Config

PAPER_RATE, PAPER_DECAY = 5e-3, 0.942
"""Adam's rate, and what it is multiplied by after each epoch (Van Hoorick & Vondrick 2021)."""


def how_to_train(config: Config) -> How:
    """How training samples are made."""
    share = config.lens_share if config.lens else 0.0
    return How(
        config.resize, config.lens, share, config.colour, mirror=True, pieces=config.stage != "thumbnail"
    )


def how_to_judge(config: Any, lens: float = 0.0) -> How:
    """How held-out samples are made: fuzzed likewise, but neither mirrored nor coloured."""
    return How(config.resize, lens, 1.0, pieces=config.stage != "thumbnail")


class Cropping(LightningModule):
    """Trains `network`; `averaged` is an exponential moving average of its weights, which is what is kept."""

    def __init__(self, network: Cropper, config: Config, training: Photos, held: Photos) -> None:
        super().__init__()
        self.network = network
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.config, self.training_photos, self.held = config, training, held
        self.history: list[dict[str, float]] = []
        self._steps = len(self._draws(0))
        self._losses: list[Tensor] = []
        self._spreads: list[Tensor] = []
        self._started = 0.0
        self._compiled: Callable[[Tensor], Any] = network.forward
        if compiles(config, self._steps * config.epochs):  # type: ignore[arg-type]
            self._compiled = torch.compile(network.forward)

    # Data

    def _draws(self, epoch: int) -> list[Any]:
        config = self.config
        return epoch_draws(
            self.training_photos,
            epoch,
            config.seed,
            config.batch,
            config.share,
            config.repeat_camera,
            config.most_per_folder,
        )

    def train_dataloader(self) -> DataLoader[Sample]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        batches = self._draws(self.current_epoch)
        share = max(1, len(batches) // self.trainer.world_size)
        return DataLoader(
            Cropped(self.training_photos, how_to_train(self.config), self.config.seed),
            batch_sampler=batches[self.trainer.global_rank :: self.trainer.world_size][:share],
            num_workers=self.config.workers,
            prefetch_factor=4 if self.config.workers else None,
        )

    # Loss

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, places, factors, cropped, cells, _ = batch
        seen = Seen(*self._compiled(sheets))
        self._spreads.append(spread(seen))
        loss = crop_loss(seen, places, factors, cropped, cells, self.config)
        self._losses.append(loss.detach())
        return loss

    # Loop

    def configure_optimizers(self) -> dict[str, Any]:
        config, network = self.config, self.network
        schedule = torch.optim.lr_scheduler.LambdaLR
        if config.arch == "paper":
            adam = torch.optim.Adam(network.parameters(), PAPER_RATE)
            rates = schedule(adam, lambda epoch: PAPER_DECAY**epoch)
            return {"optimizer": adam, "lr_scheduler": {"scheduler": rates, "interval": "epoch"}}
        bodies = nn.ModuleList([network.whole.body, network.whole.top])  # type: ignore[list-item]
        own = nn.ModuleList(
            [
                network.whole.spots,
                network.whole.tell,
                network.piece,
                network.cell,
                network.first,
                network.rest,
            ]  # type: ignore[list-item]
        )
        faster = config.head_lr / config.lr
        by = Multipliers(1.0, 1.0, faster, faster)
        adamw = torch.optim.AdamW(parameter_groups(bodies, own, config.lr, config.weight_decay, by))
        rates = schedule(adamw, self._rate)
        return {"optimizer": adamw, "lr_scheduler": {"scheduler": rates, "interval": "step"}}

    def _rate(self, step: int) -> float:
        """A warm-up and half a cosine down to 0."""
        world = self.trainer.world_size if self._trainer is not None else 1
        total = max(1, self.config.epochs * max(1, self._steps // world))
        return min(1.0, (step + 1) / (5 * WARM_UP)) * (0.5 + 0.5 * math.cos(math.pi * min(1.0, step / total)))

    def on_train_epoch_start(self) -> None:
        self._started, self._losses, self._spreads = time.monotonic(), [], []
        self.network.train()

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
        row = {
            "epoch": float(self.current_epoch),
            "loss": float(torch.stack(self._losses).mean()),
            "spread": float(torch.stack(self._spreads).mean()),
            "seconds": time.monotonic() - self._started,
        }
        self.log_dict({name: row[name] for name in ("loss", "spread")}, sync_dist=True)
        if len(self.held) and (self.current_epoch + 1) % self.config.eval_every == 0:
            samples = held_samples(self.held, how_to_judge(self.config, self.config.judge_lens), 2)
            row |= quick_figures(look_at(self.averaged, samples))
            if leads():
                typer.echo("  held out: " + "  ".join(f"{name} {row[name]:.3f}" for name in list(row)[4:]))
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["config"] = asdict(self.config) | {"trainer": "crop"}
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = list(checkpoint["history"])


def spread(seen: Seen) -> Tensor:
    """The standard deviation over a batch of the sides of the rectangle, or of the cells' chances, at the
    mean: 0 for a network that always says the same. Which of them: the one that differs more."""
    with torch.no_grad():
        sides = seen.rectangle.float().std(0).mean()
        cells = seen.cells.float().softmax(2).flatten(0, 1).std(0).mean()
        return torch.maximum(sides, cells)


def crop_loss(
    seen: Seen, places: Tensor, factors: Tensor, cropped: Tensor, cells: Tensor, config: Config
) -> Tensor:
    """The paper's loss, .15 · ΣCE over the pieces + 3 · MSE of the rectangle + BCE of being cropped, with
    more.

    For samples `places` (n, 4), `factors` (n,), `cropped` (n,) and `cells` (n, 16). Added are the error of
    the factor, the order of the two views of each photo, and how well the network knows its own error. Whole
    photos count less for the rectangle, which is then what it is if the photo was cropped, and not a mixture.
    """
    loss = seen.rectangle.new_zeros(())
    if config.stage != "thumbnail":
        each = nn.functional.cross_entropy(seen.cells.flatten(0, 1), cells.flatten())
        loss = loss + config.cell_weight * cells.shape[1] * each
    if config.stage == "patches":
        return loss
    counts = cropped + (1 - cropped) * config.whole_weight
    error = ((seen.rectangle - places) ** 2).mean(1)
    loss = loss + config.rectangle_weight * (error * counts).sum() / counts.sum().clamp_min(1e-6)
    loss = loss + config.factor_weight * nn.functional.l1_loss(seen.factor, factors)
    soft = cropped * (1 - 2 * config.smoothing) + config.smoothing
    loss = loss + nn.functional.binary_cross_entropy_with_logits(seen.cropped, soft)
    distance = (seen.rectangle - places).abs().mean(1).detach()
    doubt = nn.functional.smooth_l1_loss(seen.doubt, distance, reduction="none", beta=0.05)
    loss = loss + (doubt * counts).sum() / counts.sum().clamp_min(1e-6)
    one, other = (seen.cropped[first::2] for first in (0, 1))
    sign = cropped[0::2] - cropped[1::2]
    paired = nn.functional.softplus(-sign * (one - other)) * sign.abs()
    return loss + config.pair_weight * paired.sum() / sign.abs().sum().clamp_min(1)
