"""Fine-tuning a scorer: the loss of a batch, and the two stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.utils.data import DataLoader

from trainers.aesthetics.data import HeldOut, TrainingSet
from trainers.aesthetics.labels import Mode
from trainers.aesthetics.losses import label_loss
from trainers.aesthetics.network import Scorer
from trainers.aesthetics.predictions import Said, predict
from trainers.common.augmentation import Augmentation
from trainers.common.batches import Batch, EpochPlan, Item, Photos, ViewSettings, collate
from trainers.common.corruptions import DEGRADATIONS
from trainers.common.losses import class_weights, correlation_loss, pair_loss
from trainers.common.metrics import correlation
from trainers.common.module import TrainingModule, should_compile
from trainers.common.parameter_groups import Multipliers, parameter_groups

if TYPE_CHECKING:
    from trainers.aesthetics.train import Config


class Finetuning(TrainingModule):
    """Trains a scorer, at first its head alone where that is asked for; see `TrainingModule`."""

    network: Scorer
    averaged: Scorer
    warm_up = 20

    def __init__(self, network: Scorer, config: Config, training: TrainingSet, held: HeldOut | None) -> None:
        super().__init__(network, config, "aesthetics")
        self.training_set, self.held = training, held
        self.plan = plan_for(config, training)
        balance = config.balance == "weights" and config.labels in ("binary", "three-way")
        self.weights = class_weights(training.targets[: training.labelled]) if balance else None
        # A function, not a module: compiled modules would change the names in checkpoints.
        self._compiled: Callable[[Tensor], Tensor] | None = None
        if should_compile(config, self.plan.steps * config.epochs):
            self._compiled = torch.compile(self.network.forward)

    @property
    def steps(self) -> int:
        return self.plan.steps

    # Data

    def train_dataloader(self) -> DataLoader[Item]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        look = ViewSettings(
            config.size, config.fit, augmentation(config), config.faults or tuple(DEGRADATIONS), config.seed
        )
        return DataLoader(
            Photos(self.training_set.pictures, look),
            batch_sampler=self.plan.epoch(
                self.current_epoch, self.trainer.global_rank, self.trainer.world_size
            ),
            collate_fn=collate,
            num_workers=config.workers,
        )

    # Loss

    def training_step(self, batch: Batch, step: int) -> Tensor:
        config, known = self.config, self.training_set.known
        raw = self._raw(batch.images)
        photos = len(batch.rows)
        rows = batch.rows.cpu()
        target = self.training_set.targets[rows.clamp_max(known - 1)].to(raw.device)
        has = (rows < known).to(raw.device)
        weights = None if self.weights is None else self.weights.to(raw.device)
        mode: Mode = config.labels
        loss = label_loss(mode, raw[:photos][has], target[has], config.middle, weights)
        score = self.network.score(raw)
        if config.correlation_weight > 0:
            rated = (rows < self.training_set.labelled).to(raw.device)
            truth = self.training_set.mean[rows].to(raw.device)
            loss = loss + config.correlation_weight * correlation_loss(score[:photos][rated], truth[rated])
        if len(batch.originals) and config.pair_weight > 0:
            margin = config.pair_margin * batch.severity
            pairs = pair_loss(score[:photos][batch.originals], score[photos:], margin)
            loss = loss + config.pair_weight * pairs
        return self.record_loss(loss)

    def _raw(self, images: Tensor) -> Tensor:
        """Raw outputs; in the first stage no gradient reaches the backbone."""
        if self.backbone_is_frozen:
            with torch.no_grad():
                embedding = self.network.embed(images)
            return self.network.head(self.network.drop(embedding))
        return (self._compiled or self.network)(images)

    # Loop

    @property
    def backbone_is_frozen(self) -> bool:
        return self.current_epoch < self.config.head_epochs

    def configure_optimizers(self) -> dict[str, Any]:
        config = self.config
        faster = config.head_lr / config.lr
        groups = parameter_groups(
            self.network.backbone,
            self.network.head,
            config.lr,
            config.weight_decay,
            Multipliers(1.0, config.bias_rate, faster, faster * config.bias_rate),
        )
        optimizer: torch.optim.Optimizer
        if config.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, momentum=0.9)
        else:
            kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
            optimizer = kind(groups)
        return self.scheduled(optimizer)

    def _rate(self, step: int) -> float:
        """Full rate for the head alone; then a warm-up and half a cosine down to 0."""
        config = self.config
        step -= config.head_epochs * self.own_steps
        return self.rate_factor(step, config.epochs - config.head_epochs) if step >= 0 else 1.0

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        if self.backbone_is_frozen:
            self.network.backbone.eval()
        if self.config.bn == "frozen":
            for module in self.network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def validation_metrics(self) -> dict[str, float]:
        if self.held is None:
            return {}
        return {"spearman": correlation(spearmanr, self.predict_held().score, self.held.ratings.mean)}

    def predict_held(self) -> Said:
        """What the averaged network says of the held-out photos."""
        assert self.held is not None
        config = self.config
        return predict(self.averaged, self.held.pictures, config.size, config.fit, mirror=config.mirror)


def plan_for(config: Config, training: TrainingSet) -> EpochPlan:
    """How the epochs of this run are put together."""
    chances = None
    if config.balance == "sampling" and config.labels in ("binary", "three-way"):
        own = training.targets[: training.labelled]
        chance = (own @ class_weights(own)).double().numpy()
        chances = chance / chance.sum()
    others = len(training.pictures) - training.labelled
    extra = config.unlabelled_per_batch if others else 0
    batch = min(config.batch, training.labelled)
    pairs = config.pairs if config.pair_weight > 0 else 0
    return EpochPlan(training.labelled, others, batch, extra, pairs, config.seed, chances)


def augmentation(config: Config) -> Augmentation | None:
    """How training views stray, or nothing if they shall not."""
    return Augmentation(config.area, config.aspect, config.colour) if config.augment else None
