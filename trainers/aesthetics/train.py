"""How the aesthetics network is trained: start, loss, training module, run, folds, and a check by heart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import typer
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.utils.data import DataLoader

from trainers.aesthetics.config import AestheticsConfig
from trainers.aesthetics.data import (
    HeldOut,
    Materials,
    TrainingSet,
    extremes,
    split_materials,
    training_set,
)
from trainers.aesthetics.evaluate import RunResult, degraded_wins, evaluate_fold, pool_folds
from trainers.aesthetics.labels import Mode
from trainers.aesthetics.network import Scorer, make_scorer, probe_head
from trainers.aesthetics.predictions import ScorerPredictions, predict
from trainers.common.augmentation import Augmentation
from trainers.common.batches import Batch, EpochPlan, Item, Photos, ViewSettings, collate
from trainers.common.checkpoints import Model, save_model
from trainers.common.corruptions import DEGRADATIONS
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.losses import class_weights, correlation_loss, pair_loss, squared_emd
from trainers.common.metrics import correlation
from trainers.common.module import TrainingModule, should_compile
from trainers.common.parameter_groups import Multipliers, parameter_groups
from trainers.common.runs import RunRecord, command_line, commit, is_main_process, portable

# Network


def initial_network(config: AestheticsConfig, training: TrainingSet) -> Scorer:
    """Makes the network before its first step: backbone from `init`, head from a probe unless random."""
    torch.manual_seed(config.seed)
    network = make_scorer(config.arch, config.labels, config.init, config.dropout, config.middle)
    if config.head_init == "ridge" and config.init != "none":
        rated = training.pictures.parts[: training.labelled]
        pictures = (frames[row] for frames, row in rated)
        features = predict(network, pictures, config.size, config.fit, mirror=True).embedding
        probe_head(network, features, training.ratings.mean, training.ratings.std, config.delta)
    return network


# Loss


def label_loss(mode: Mode, raw: Tensor, target: Tensor, middle: float, weights: Tensor | None) -> Tensor:
    """Computes the loss of a label mode.

    `raw` (n, k) as the network gives it; `target` vote or class shares (n, k), or means (n, 1) on 1-10 for
    regression; `weights` (k,) balance classes.
    """
    if mode == "distribution":
        return squared_emd(raw.softmax(1), target)
    if mode == "regression":
        return F.huber_loss(raw, target - middle, delta=1.0)
    losses = -(target * raw.log_softmax(1)).sum(1)
    if weights is None:
        return losses.mean()
    balance = target @ weights
    return (losses * balance).sum() / balance.sum()


# Training module


def epoch_plan(config: AestheticsConfig, training: TrainingSet) -> EpochPlan:
    """Plans how the epochs of this run are put together."""
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


class AestheticsTraining(TrainingModule):
    """Trains a scorer, at first its head alone where that is asked for; see `TrainingModule`."""

    network: Scorer
    averaged: Scorer
    warm_up = 20

    def __init__(
        self, network: Scorer, config: AestheticsConfig, training: TrainingSet, held: HeldOut | None
    ) -> None:
        super().__init__(network, config, "aesthetics")
        self.training_set, self.held = training, held
        self.plan = epoch_plan(config, training)
        balance = config.balance == "weights" and config.labels in ("binary", "three-way")
        self.weights = class_weights(training.targets[: training.labelled]) if balance else None
        # A function, not a module: compiled modules would change the names in checkpoints.
        self._compiled: Callable[[Tensor], Tensor] | None = None
        if should_compile(config, self.plan.steps * config.epochs):
            self._compiled = torch.compile(self.network.forward)

    @property
    def steps(self) -> int:
        return self.plan.steps

    def train_dataloader(self) -> DataLoader[Item]:
        """Returns the batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        augmentation = Augmentation(config.area, config.aspect, config.colour) if config.augment else None
        faults = config.faults or tuple(DEGRADATIONS)
        settings = ViewSettings(config.size, config.fit, augmentation, faults, config.seed)
        trainer = self.trainer
        return DataLoader(
            Photos(self.training_set.pictures, settings),
            batch_sampler=self.plan.epoch(self.current_epoch, trainer.global_rank, trainer.world_size),
            collate_fn=collate,
            num_workers=config.workers,
        )

    def training_step(self, batch: Batch, step: int) -> Tensor:
        config, known = self.config, self.training_set.known
        raw = self._raw_outputs(batch.images)
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

    def _raw_outputs(self, images: Tensor) -> Tensor:
        """Computes raw outputs; in the first stage no gradient reaches the backbone."""
        if self.backbone_is_frozen:
            with torch.no_grad():
                embedding = self.network.embed(images)
            return self.network.head(self.network.drop(embedding))
        return (self._compiled or self.network)(images)

    @property
    def backbone_is_frozen(self) -> bool:
        return self.current_epoch < self.config.head_epochs

    def configure_optimizers(self) -> Any:  # one of Lightning's many types
        config, network = self.config, self.network
        faster = config.head_lr / config.lr
        by = Multipliers(1.0, config.bias_rate, faster, faster * config.bias_rate)
        groups = parameter_groups(network.backbone, network.head, config.lr, config.weight_decay, by)
        if config.optimizer == "sgd":
            return self.scheduled(torch.optim.SGD(groups, momentum=0.9))
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        return self.scheduled(kind(groups))

    def _rate(self, step: int) -> float:
        """Returns the full rate for the head alone; then a warm-up and half a cosine down to 0."""
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
        score = predict_held_out(self.averaged, self.held, self.config).score
        return {"spearman": correlation(spearmanr, score, self.held.ratings.mean)}


def predict_held_out(network: Scorer, held: HeldOut, config: AestheticsConfig) -> ScorerPredictions:
    """Returns the predictions of a network for the held-out photos."""
    return predict(network, held.pictures, config.size, config.fit, mirror=config.mirror)


# Run


def fit(
    config: AestheticsConfig, training: TrainingSet, held: HeldOut | None, out: Path, resume: bool
) -> tuple[Scorer, list[dict[str, float]]]:
    """Trains, and returns the averaged network and what happened in each epoch."""
    if resume:  # the checkpoint has the weights
        network = make_scorer(config.arch, config.labels, "none", config.dropout, config.middle)
    else:
        network = initial_network(config, training)
    module = AestheticsTraining(network, config, training, held)
    trainer = make_trainer(config, out, watch=held is not None)
    trainer.fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    return module.averaged.cpu().eval(), module.history


def train_fold(config: AestheticsConfig, materials: Materials, out: Path, resume: bool) -> RunResult:
    """Trains with the configuration's fold held out, evaluates, leaves model.ckpt and run.json."""
    training, held = split_materials(materials, config)
    network, history = fit(config, training, held, out, resume and (out / "last.ckpt").exists())
    facts = _facts(config, materials) | {"history": history, "training_photos": training.labelled}
    if held is None:
        result = RunResult(facts)
    else:
        predictions = predict_held_out(network, held, config)
        degraded = degraded_wins(network, held.pictures, predictions.score, config)
        split = f"fold {config.fold} of {config.folds}"
        result = evaluate_fold(config, facts, held.ratings, predictions, degraded, split)
    if is_main_process():
        save_model(
            out / "model.ckpt", Model(network, portable(asdict(config)), RunRecord.of(portable(result.facts)))
        )
        result.write(out)
    return result


def cross_validate(config: AestheticsConfig, materials: Materials, out: Path, resume: bool) -> RunResult:
    """Trains all folds, one after the other; metrics are those of the out-of-fold predictions together."""
    results = []
    for fold in range(config.folds):
        folder = out / f"fold{fold}"
        done = RunResult.read(folder) if resume else None
        results.append(done or train_fold(replace(config, fold=str(fold)), materials, folder, resume))
    result = pool_folds(config, _facts(config, materials), results)
    if is_main_process():
        result.write(out)
    return result


def learns_extremes(config: AestheticsConfig, materials: Materials, out: Path, count: int = 300) -> bool:
    """Says whether the network learns the most extreme photos by heart, as any sound set-up can."""
    plain: dict[str, Any] = {"labels": "binary", "fold": "none", "augment": False, "pair_weight": 0.0}
    plain |= {"teacher": (), "unlabelled": (), "dropout": 0.0, "correlation_weight": 0.0, "ema": 0.0}
    config = replace(config, **plain)
    readable = [row for row in range(len(materials.ratings)) if row not in materials.frames.failed]
    rows = [readable[place] for place in extremes(materials.ratings.mean[readable], count)]
    training = training_set(materials, rows, config)
    # Above and below each other, not the middle: skewed ratings may all lie on one side of it.
    order = torch.argsort(training.mean, stable=True)
    targets = torch.zeros(len(rows), 2)
    targets[order[: len(rows) // 2], 0] = 1
    targets[order[len(rows) // 2 :], 1] = 1
    training = replace(training, targets=targets)
    network, _ = fit(config, training, None, out, resume=False)
    score = predict(network, training.pictures, config.size, config.fit).score
    right = int((torch.from_numpy(score > 0).long() == targets.argmax(1)).sum())
    typer.echo(f"sanity: {right} of {len(rows)} extreme photos learned by heart (must be all)")
    return right == len(rows)


def _facts(config: AestheticsConfig, materials: Materials) -> dict[str, Any]:
    return {
        "trainer": "aesthetics",
        "command": command_line("trainers.aesthetics"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "data": list(materials.sources),
    }
