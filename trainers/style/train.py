"""Training of the built-in style model: network, loss, loop, in the order in which they happen.

One network has three groups of outputs: what a picture was made with, which photographic looks it has, and
after which painting it is styled; see docs/training.md. The configuration is in config.py, the samples are in
data.py, and the command line, which loads neither torch nor Lightning, in __main__.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.utils.data import DataLoader

from trainers.common.checkpoints import Model, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.module import TrainingModule
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.style.config import StyleConfig
from trainers.style.data import UNKNOWN, StyleDataset, StylePictures, StyleSample, divide, epoch_batches
from trainers.style.evaluate import evaluate, quick_metrics
from trainers.style.network import StyleLogits, StyleNetwork
from trainers.style.predictions import predict

_VALIDATION_STRIDE = 4
"""After an epoch one of so many held-out pictures is evaluated; at the end all of them are."""

# Network


def start(config: StyleConfig, pictures: StylePictures) -> StyleNetwork:
    """Returns the network before its first step."""
    torch.manual_seed(config.seed)
    network = StyleNetwork(pictures.classes, config.dropout)
    network.initialise(config.init)
    return network


# Loss


def style_loss(
    logits: StyleLogits, medium: Tensor, looks: Tensor, painting: Tensor, config: StyleConfig
) -> Tensor:
    """Returns the weighted sum of the losses of the three groups; what is unknown adds nothing.

    Cross-entropy of the medium (n,), where it is known, and of the painting (n,); binary cross-entropy of the
    looks (n, l) that are not NaN.
    """
    known = looks.isfinite()
    each = binary_cross_entropy_with_logits(logits.looks, looks.nan_to_num(), reduction="none")
    loss = config.looks_weight * (each * known).sum() / known.sum().clamp_min(1)
    of_medium = cross_entropy(logits.medium, medium, ignore_index=UNKNOWN, reduction="sum")
    loss = loss + config.medium_weight * of_medium / (medium != UNKNOWN).sum().clamp_min(1)
    return loss + config.painting_weight * cross_entropy(logits.paintings, painting)


# Loop


class StyleTraining(TrainingModule):
    """Trains all layers of a style network from the start; see `TrainingModule`."""

    network: StyleNetwork
    averaged: StyleNetwork

    def __init__(
        self, network: StyleNetwork, config: StyleConfig, training: StylePictures, held: StylePictures
    ) -> None:
        super().__init__(network, config, "styles")
        self.training_pictures, self.held = training, held
        self.samples = StyleDataset(training, config.side, config.seed)
        # A function, not a module: compiled modules would change the names in checkpoints.
        self._logits: Callable[[Tensor], Tensor] = network.forward
        if config.compile:
            self._logits = torch.compile(network.forward)

    @property
    def steps(self) -> int:
        return max(1, self.config.samples // self.config.batch)

    def train_dataloader(self) -> DataLoader[StyleSample]:
        """Returns the batches of the current epoch; Lightning asks anew for each."""
        batches = epoch_batches(self.training_pictures, self.config, self.current_epoch)
        return self.loader(self.samples, batches)

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        images, medium, looks, painting = batch
        logits = self.network.by_group(self._logits(images).float())
        return self.record_loss(style_loss(logits, medium, looks, painting, self.config))

    def configure_optimizers(self) -> Any:
        return self.adamw(self.network.backbone, self.network.head)

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        return quick_metrics(predict(self.averaged, self.held, self.config, _VALIDATION_STRIDE))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["config"]["classes"] = {
            group: list(names) for group, names in self.network.classes.items()
        }


def train(config: StyleConfig, pictures: StylePictures, out: Path, resume: bool) -> dict[str, Any]:
    """Trains with the configuration's fold held out, evaluates, and leaves model.ckpt and run.json in `out`.

    Returns what run.json holds.
    """
    training, held = divide(pictures, config.folds, config.fold)
    resume = resume and (out / "last.ckpt").exists()
    network = StyleNetwork(pictures.classes, config.dropout) if resume else start(config, pictures)
    module = StyleTraining(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "styles",
        "command": command_line("trainers.styles"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config) | {"classes": pictures.classes},
        "data": list(pictures.sources),
        "training_pictures": len(training),
        "history": module.history,
    }
    if len(held):
        split = f"fold {config.fold} of {config.folds}, by a hash of the name of the photo that is shown"
        facts |= {"split": split} | evaluate(averaged, held, config, out)
    stored = portable(facts["config"]) | {"trainer": "styles"}
    save_model(out / "model.ckpt", Model(averaged, stored, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts
