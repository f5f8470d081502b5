"""Training the model of styles: the loss of its three answers, and what is seen of held-out pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.utils.data import DataLoader

from trainers.common.module import TrainingModule
from trainers.style.data import UNKNOWN, Pictures
from trainers.style.network import Said, Styler
from trainers.style.samples import Sample, Samples, epoch_draws

if TYPE_CHECKING:
    from trainers.style.train import Config

_SEEN_WHILE_TRAINING = 4
"""One of so many held-out pictures is looked at after an epoch; all of them at the end."""


class Styling(TrainingModule):
    """Trains a styler on samples of training pictures, all layers from the start; see `TrainingModule`."""

    network: Styler
    averaged: Styler

    def __init__(self, network: Styler, config: Config, training: Pictures, held: Pictures) -> None:
        super().__init__(network, config, "styles")
        self.training_pictures, self.held = training, held
        self.samples = Samples(training, config.side, config.seed)
        # A function, not a module: compiled modules would change the names in checkpoints.
        self._said: Callable[[Tensor], Tensor] = network.forward
        if config.compile:
            self._said = torch.compile(network.forward)

    @property
    def steps(self) -> int:
        return max(1, self.config.samples // self.config.batch)

    def train_dataloader(self) -> DataLoader[Sample]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        return self.loader(self.samples, epoch_draws(self.training_pictures, self.config, self.current_epoch))

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        images, medium, looks, painting = batch
        said = self.network.parts(self._said(images).float())
        return self.record_loss(style_loss(said, medium, looks, painting, self.config))

    def configure_optimizers(self) -> dict[str, Any]:
        return self.adamw(self.network.backbone, self.network.head)

    def validation_metrics(self) -> dict[str, float]:
        from trainers.style.evaluate import quick_figures
        from trainers.style.predictions import look_at

        if not len(self.held):
            return {}
        return quick_figures(look_at(self.averaged, self.held, self.config, _SEEN_WHILE_TRAINING))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["config"]["classes"] = {
            group: list(names) for group, names in self.network.classes.items()
        }


def style_loss(said: Said, medium: Tensor, looks: Tensor, painting: Tensor, config: Config) -> Tensor:
    """Cross-entropy of the medium (n,) where it is known and of the painting (n,); binary cross-entropy of
    the looks (n, l) that are not NaN."""
    known = looks.isfinite()
    each = binary_cross_entropy_with_logits(said.looks, looks.nan_to_num(), reduction="none")
    loss = config.looks_weight * (each * known).sum() / known.sum().clamp_min(1)
    of_medium = cross_entropy(said.medium, medium, ignore_index=UNKNOWN, reduction="sum")
    loss = loss + config.medium_weight * of_medium / (medium != UNKNOWN).sum().clamp_min(1)
    return loss + config.painting_weight * cross_entropy(said.paintings, painting)
