"""Training of the network of crops: data, network, loss, loop, in the order in which they happen.

Whole photos are cropped, and a network learns whether one was, and where in the frame that the camera took it
lies: after Van Hoorick & Vondrick, "Dissecting Image Crops" (2021). The configuration is in config.py, the
command line in __main__.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import typer
from torch import Tensor, nn
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.module import TrainingModule, should_compile
from trainers.common.overlap import fits
from trainers.common.runs import RunRecord, command_line, commit, is_main_process, portable, write_json
from trainers.crop.camera_photos import CropPhotos, divide, subset
from trainers.crop.config import CropConfig
from trainers.crop.data import (
    CropDataset,
    CropIndex,
    CropSample,
    epoch_batches,
    evaluation_settings,
    held_out_samples,
    training_settings,
)
from trainers.crop.evaluate import evaluate, quick_metrics
from trainers.crop.network import CropNetwork, CropOutput, ThumbnailNetwork
from trainers.crop.predictions import predict

PAPER_RATE, PAPER_DECAY = 5e-3, 0.942
"""Adam's rate, and what it is multiplied by after each epoch (Van Hoorick & Vondrick 2021)."""

_PARTS = {"thumbnail": ("whole.", "first.", "rest."), "patches": ("piece.", "cell."), "joint": ("",)}
"""What each stage trains, as names of weights begin."""

# Network


def start(config: CropConfig) -> CropNetwork:
    """Makes the network as it is before its first step; parts that an earlier stage trained go on from there.

    Raises `UsageError` where `--start` names no network of crops with this `--arch`.
    """
    torch.manual_seed(config.seed)
    network = CropNetwork(config.arch, config.stage, config.dropout)
    network.initialise(config.init)
    for path in config.start:
        model = load_model(Path(path))
        if not isinstance(model.network, CropNetwork) or model.network.arch != config.arch:
            raise UsageError(f"--start: {path} is no network of crops with --arch {config.arch}")
        trained = _PARTS[model.network.stage]
        weights = model.network.state_dict().items()
        kept = {name: value for name, value in weights if name.startswith(trained)}
        network.load_state_dict(kept, strict=False)
    return network


# Loss


def crop_loss(
    output: CropOutput, places: Tensor, factors: Tensor, cropped: Tensor, cells: Tensor, config: CropConfig
) -> Tensor:
    """Returns the paper's loss, .15 · ΣCE of cells + 3 · MSE of rectangles + BCE of `cropped`, and more.

    Samples have `places` (n, 4), `factors` (n,), `cropped` (n,) and `cells` (n, 16). Added are the error of
    the factor, the order of the two views of each photo, how well the network knows its own error and, if
    asked for, how well the rectangle fits (generalised IoU, Rezatofighi et al. 2019). Whole photos count less
    for the rectangle, which is then what it is if the photo was cropped, and not a mixture.
    """
    loss = output.rectangle.new_zeros(())
    if config.stage != "thumbnail":
        each = nn.functional.cross_entropy(output.cells.flatten(0, 1), cells.flatten())
        loss = loss + config.cell_weight * cells.shape[1] * each
    if config.stage == "patches":
        return loss
    counts = cropped + (1 - cropped) * config.whole_weight
    error = ((output.rectangle - places) ** 2).mean(1)
    loss = loss + config.rectangle_weight * (error * counts).sum() / counts.sum().clamp_min(1e-6)
    if config.overlap_weight > 0:
        order = [0, 2, 1, 3]  # left, top, right, bottom
        giou = fits(output.rectangle[:, order], places[:, order])[1]
        loss = loss + config.overlap_weight * ((1 - giou) * counts).sum() / counts.sum().clamp_min(1e-6)
    loss = loss + config.factor_weight * nn.functional.l1_loss(output.factor, factors)
    soft = cropped * (1 - 2 * config.smoothing) + config.smoothing
    loss = loss + nn.functional.binary_cross_entropy_with_logits(output.cropped, soft)
    distance = (output.rectangle - places).abs().mean(1).detach()
    doubt = nn.functional.smooth_l1_loss(output.doubt, distance, reduction="none", beta=0.05)
    loss = loss + (doubt * counts).sum() / counts.sum().clamp_min(1e-6)
    one, other = (output.cropped[first::2] for first in (0, 1))
    sign = cropped[0::2] - cropped[1::2]
    paired = nn.functional.softplus(-sign * (one - other)) * sign.abs()
    return loss + config.pair_weight * paired.sum() / sign.abs().sum().clamp_min(1)


def spread(output: CropOutput) -> Tensor:
    """Returns the standard deviation over a batch of the sides of the rectangle, or of the cells' chances.

    It is 0 for a network that always says the same. Of the two it is the one that differs more.
    """
    with torch.no_grad():
        sides = output.rectangle.float().std(0).mean()
        cells = output.cells.float().softmax(2).flatten(0, 1).std(0).mean()
        return torch.maximum(sides, cells)


# Training


class CropModule(TrainingModule):
    """Trains a network of crops, and notes how much its answers vary; see `TrainingModule`."""

    network: CropNetwork
    averaged: CropNetwork

    def __init__(
        self, network: CropNetwork, config: CropConfig, training: CropPhotos, held: CropPhotos
    ) -> None:
        super().__init__(network, config, "crop")
        self.photos, self.held = training, held
        self._spreads: list[Tensor] = []
        self._forward: Callable[[Tensor], CropOutput] = network.forward
        if should_compile(config, self.steps * config.epochs):
            self._forward = torch.compile(network.forward)

    @cached_property
    def steps(self) -> int:
        return len(self._batches(0))

    def _batches(self, epoch: int) -> list[list[CropIndex]]:
        return epoch_batches(
            self.photos,
            epoch,
            self.config.seed,
            self.config.batch,
            self.config.share,
            self.config.repeat_camera,
            self.config.most_per_folder,
        )

    def train_dataloader(self) -> DataLoader[CropSample]:
        """Loads the batches of the current epoch (Lightning asks anew for each)."""
        samples = CropDataset(self.photos, training_settings(self.config), self.config.seed)
        return self.loader(samples, self._batches(self.current_epoch))

    def configure_optimizers(self) -> Any:
        network = self.network
        if self.config.arch == "paper":
            adam = torch.optim.Adam(network.parameters(), PAPER_RATE)
            schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda epoch: PAPER_DECAY**epoch)
            return {"optimizer": adam, "lr_scheduler": {"scheduler": schedule, "interval": "epoch"}}
        assert isinstance(network.whole, ThumbnailNetwork)
        backbone = nn.ModuleList([network.whole.backbone, network.whole.top])
        new = [network.whole.spots, network.whole.tell]
        new += [network.piece, network.cell, network.first, network.rest]
        return self.adamw(backbone, nn.ModuleList(new))

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self._spreads = []

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        sheets, places, factors, cropped, cells, _ = batch
        output = CropOutput(*self._forward(sheets))
        self._spreads.append(spread(output))
        return self.record_loss(crop_loss(output, places, factors, cropped, cells, self.config))

    def epoch_metrics(self) -> dict[str, float]:
        return {"spread": float(torch.stack(self._spreads).mean())}

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        samples = held_out_samples(self.held, evaluation_settings(self.config, self.config.judge_lens), 2)
        metrics = quick_metrics(predict(self.averaged, samples))
        if is_main_process():
            typer.echo("  held out: " + "  ".join(f"{name} {value:.3f}" for name, value in metrics.items()))
        return metrics


def train(config: CropConfig, photos: CropPhotos, out: Path, resume: bool) -> dict[str, Any]:
    """Trains with some camera photos held out and evaluates on them; returns the facts of run.json.

    Leaves model.ckpt, run.json and Lightning's last.ckpt, from which it goes on if `resume` is asked for.
    """
    training, held = divide(photos, config.held, config.folds)
    training = subset(training, config.photos)
    resume = resume and (out / "last.ckpt").exists()
    network = CropNetwork(config.arch, config.stage, config.dropout) if resume else start(config)
    module = CropModule(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "crop",
        "command": command_line("trainers.crop"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "data": list(photos.sources),
        "training_photos": len(training),
        "history": module.history,
    }
    if len(held):
        facts |= evaluate(averaged, held, config, _split_name(config))
    stored = portable(asdict(config)) | {"trainer": "crop"}
    save_model(out / "model.ckpt", Model(averaged, stored, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts


def _split_name(config: CropConfig) -> str:
    """Describes the split in run.json."""
    if config.held.isdigit():
        return f"fold {config.held} of {config.folds}, by a hash of the name"
    return f"{config.held}, of 75/15/10 by a hash of the name"
