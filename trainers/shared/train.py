"""How the shared network is trained: the start of its heads, the training module, the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, previous_runs, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.metrics import correlation
from trainers.common.module import TrainingModule
from trainers.common.runs import RunRecord, command_line, commit, is_main_process, portable, write_json
from trainers.shared.config import SharedConfig, checked
from trainers.shared.data import (
    SharedBatch,
    SharedDataset,
    SharedPhotos,
    collate,
    divide,
    epoch_batches,
    read_shared,
)
from trainers.shared.evaluate import evaluate, judge_plain
from trainers.shared.losses import losses, mark
from trainers.shared.network import SharedNetwork, make_shared
from trainers.shared.probe import probe_heads
from trainers.shared.targets import TargetMaker
from trainers.teachers.dataset import sources


class SharedTraining(TrainingModule):
    """Trains all heads and the backbone together; see `TrainingModule`.

    Batch norm keeps its statistics, so that it is part of the weights: spoiled and drawn views say nothing
    about what photos look like, and the network that is trained is the one that is rounded to bytes.
    """

    network: SharedNetwork
    averaged: SharedNetwork
    warm_up = 30

    def __init__(
        self,
        network: SharedNetwork,
        config: SharedConfig,
        training: SharedPhotos,
        held: SharedPhotos | None,
    ) -> None:
        super().__init__(network, config, "shared")
        self.photos, self.held = training, held
        self.targets = TargetMaker(training, network.table, config.smoothing)
        self.marks = torch.from_numpy(training.known_marks()).float()
        self._parts: dict[str, list[Tensor]] = {}

    @property
    def steps(self) -> int:
        return max(1, self.config.samples // self.config.batch)

    def train_dataloader(self) -> DataLoader[Any]:
        """Returns the batches of the current epoch (Lightning asks anew for each)."""
        trainer = self.trainer
        batches = epoch_batches(self.photos, self.config, self.current_epoch)
        share = max(1, len(batches) // trainer.world_size)
        return DataLoader(
            SharedDataset(self.photos, self.config),
            batch_sampler=batches[trainer.global_rank :: trainer.world_size][:share],
            collate_fn=collate,
            num_workers=self.config.workers,
        )

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.network.backbone.eval()
        self.network.backbone.round_weights(self.config.rounded)
        self._parts = {}

    def on_train_batch_start(self, batch: Any, step: int) -> None:
        super().on_train_batch_start(batch, step)
        # The first stages have the most pixels and learn the least: they cost a third of a step.
        learn = self.global_step % self.config.early_every == 0
        for part in early_layers(self.network):
            part.requires_grad_(learn)

    def training_step(self, batch: SharedBatch, step: int) -> Tensor:
        raw = judged(self.network, batch.images)
        targets = {name: value.to(self.device) for name, value in self.targets(_on_cpu(batch)).items()}
        marks = self.marks[batch.rows.cpu()].to(self.device)
        parts = losses(self.network.table, raw, targets, batch, marks, self.config)
        for name, value in parts.items():
            self._parts.setdefault(name, []).append(value.detach())
        return self.record_loss(torch.stack(list(parts.values())).sum())

    def configure_optimizers(self) -> Any:  # one of Lightning's many types
        return self.adamw(self.network.backbone, self.network.heads)

    def epoch_metrics(self) -> dict[str, float]:
        return {name: float(torch.stack(values).mean()) for name, values in self._parts.items()}

    def validation_metrics(self) -> dict[str, float]:
        if self.held is None:
            return {}
        rated = self.held.rated()
        if len(rated) < 3:
            return {}
        score = mark(judge_plain(self.averaged, rated, self.config)["votes"]).numpy()
        return {"spearman": correlation(spearmanr, score, rated.people[rated.rows])}


def judged(network: SharedNetwork, images: Sequence[Tensor]) -> dict[str, Tensor]:
    """Returns the raw outputs for views of several sizes, (n, k) by head."""
    with network.backbone.weights_at_hand():
        return network.judge(torch.cat([network.features(image) for image in images]))


def early_layers(network: SharedNetwork) -> list[nn.Module]:
    """Returns the layers before a quarter of the size."""
    backbone = network.backbone
    return [backbone.conv_stem, backbone.bn1, *list(backbone.blocks)[:2]]


def _on_cpu(batch: SharedBatch) -> SharedBatch:
    return batch._replace(
        rows=batch.rows.cpu(),
        turn=batch.turn.cpu(),
        plain=batch.plain.cpu(),
        looks=batch.looks.cpu(),
        faults=batch.faults.cpu(),
    )


# Run


def initial_network(config: SharedConfig, training: SharedPhotos) -> SharedNetwork:
    """Makes the network before its first step: from a run before, or with heads fitted to frozen features."""
    torch.manual_seed(config.seed)
    if config.start:
        started = load_model(Path(config.start))
        if not isinstance(started.network, SharedNetwork) or started.config["arch"] != config.arch:
            raise UsageError(f"--start: {config.start} is no shared network with the backbone {config.arch}")
        started.network.drop.p = config.dropout
        return started.network.train()
    network = make_shared(config.arch, config.init, config.dropout)
    if config.probe and config.init != "none":
        probe_heads(network, training, config)
    return network


def train(config: SharedConfig, data: Path, out: Path, resume: bool) -> dict[str, Any]:
    """Trains with the configuration's fold held out, evaluates, leaves model.ckpt and run.json.

    Returns the facts of the run, as in `run.json`.
    """
    photos = read_shared(data, config)
    checked(config, len(photos.taught.marks) - 1)
    training, out_photos = divide(photos, config.fold)
    held = out_photos if len(out_photos) else None
    resume = resume and last_checkpoint(out).exists()
    if resume:  # the checkpoint has the weights
        network = make_shared(config.arch, "none", config.dropout)
    else:
        network = initial_network(config, training)
    module = SharedTraining(network, config, training, held)
    trainer = make_trainer(config, out, watch=held is not None)
    trainer.fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    finished = module.averaged.cpu().eval().requires_grad_(False)
    facts = _facts(config, photos, training) | {"history": module.history}
    if is_main_process():
        # First the model: judging it takes minutes, in which a run may be stopped.
        save_model(
            out / "model.ckpt", Model(finished, portable(_described(config)), RunRecord.of(portable(facts)))
        )
        facts |= evaluate(finished, held, config) if held is not None else {}
        save_model(
            out / "model.ckpt", Model(finished, portable(_described(config)), RunRecord.of(portable(facts)))
        )
        write_json(out / "run.json", portable(facts))
    return facts


def _described(config: SharedConfig) -> dict[str, Any]:
    return asdict(config) | {"trainer": "shared"}


def _facts(config: SharedConfig, photos: SharedPhotos, training: SharedPhotos) -> dict[str, Any]:
    return {
        "trainer": "shared",
        "command": command_line("trainers.shared"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "data": sources(photos.taught.photos),
        "data_digest": photos.taught.digest,
        "training_photos": len(training),
        "before": previous_runs(Path(config.start)) if config.start else [],
    }
