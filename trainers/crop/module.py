"""Training a network that sees crops: the loss of a batch, and watching for collapse."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
import typer
from torch import Tensor, nn
from torch.utils.data import DataLoader

from trainers.common.module import TrainingModule, should_compile
from trainers.common.overlap import fits
from trainers.common.runs import is_main_process
from trainers.crop.camera_photos import Photos
from trainers.crop.data import Cropped, How, Sample, epoch_draws, held_samples
from trainers.crop.metrics import look_at, quick_figures
from trainers.crop.network import Cropper, Seen

if TYPE_CHECKING:
    from trainers.crop.train import Config

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


class Cropping(TrainingModule):
    """Trains a network that sees crops, and notes how much what it says varies; see `TrainingModule`."""

    network: Cropper
    averaged: Cropper

    def __init__(self, network: Cropper, config: Config, training: Photos, held: Photos) -> None:
        super().__init__(network, config, "crop")
        self.training_photos, self.held = training, held
        self._spreads: list[Tensor] = []
        self._compiled: Callable[[Tensor], Any] = network.forward
        if should_compile(config, self.steps * config.epochs):
            self._compiled = torch.compile(network.forward)

    @cached_property
    def steps(self) -> int:
        return len(self._draws(0))

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
        samples = Cropped(self.training_photos, how_to_train(self.config), self.config.seed)
        return self.loader(samples, self._draws(self.current_epoch))

    # Loss

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, places, factors, cropped, cells, _ = batch
        seen = Seen(*self._compiled(sheets))
        self._spreads.append(spread(seen))
        return self.record_loss(crop_loss(seen, places, factors, cropped, cells, self.config))

    # Loop

    def configure_optimizers(self) -> dict[str, Any]:
        config, network = self.config, self.network
        if config.arch == "paper":
            adam = torch.optim.Adam(network.parameters(), PAPER_RATE)
            rates = torch.optim.lr_scheduler.LambdaLR(adam, lambda epoch: PAPER_DECAY**epoch)
            return {"optimizer": adam, "lr_scheduler": {"scheduler": rates, "interval": "epoch"}}
        backbones = nn.ModuleList([network.whole.backbone, network.whole.top])  # type: ignore[list-item]
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
        return self.adamw(backbones, own)

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self._spreads = []

    def epoch_metrics(self) -> dict[str, float]:
        return {"spread": float(torch.stack(self._spreads).mean())}

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        samples = held_samples(self.held, how_to_judge(self.config, self.config.judge_lens), 2)
        found = quick_figures(look_at(self.averaged, samples))
        if is_main_process():
            typer.echo("  held out: " + "  ".join(f"{name} {value:.3f}" for name, value in found.items()))
        return found


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
    more: how well the rectangle fits (generalised intersection over union, Rezatofighi et al. 2019), if asked
    for.

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
    if config.overlap_weight > 0:
        order = [0, 2, 1, 3]  # left, top, right, bottom
        giou = fits(seen.rectangle[:, order], places[:, order])[1]
        loss = loss + config.overlap_weight * ((1 - giou) * counts).sum() / counts.sum().clamp_min(1e-6)
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
