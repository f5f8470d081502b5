"""The training loop by stages: Siamese pairs, growth when learning stalls, regression.

It stands apart from train.py, which it would take beyond 300 lines.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from scipy.stats import pearsonr
from torch import Tensor, nn

from trainers.common.metrics import correlation
from trainers.common.module import update_average
from trainers.common.parameter_groups import Multipliers, parameter_groups
from trainers.common.runs import portable
from trainers.selfie.config import SelfieConfig
from trainers.selfie.data import AlignedFaces, FaceBatches
from trainers.selfie.evaluate import least_pairs_loss, predict
from trainers.selfie.losses import all_pairs, balanced_hinge, batch_outputs, check_collapse, regression_loss
from trainers.selfie.network import FaceScorer
from trainers.selfie.progress import StageProgress

LEARNED_BY = 0.5
"""The share of the Siamese stage after which held-out pairs must be told apart."""

LAST_AT = 0.6
"""The share of the first stage after which nothing grows but, without a Siamese stage, the last time."""


class StagedTraining:
    """Trains `network` by stages; `averaged` is a moving average of its weights, which is what is kept."""

    def __init__(
        self,
        network: FaceScorer,
        config: SelfieConfig,
        faces: AlignedFaces,
        more: AlignedFaces | None,
        held: AlignedFaces | None,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.config, self.faces, self.held = config, faces, held
        self.stages = (["siamese"] if config.pretrain else []) + ["regression"]
        self.at = StageProgress()
        self.batches = FaceBatches(config, faces, more)
        self._optimizer = self._make_optimizer()
        self._forward = self._compiled()

    # Losses

    def _pairs(self) -> Tensor:
        """Returns the hinge embedding loss of all pairs that the faces of a batch make.

        This costs no more than that of the pairs that were drawn, and says more.
        """
        images, classes = self.batches.pairs(*self._draws())
        with self._cast():
            embeddings = self.network.compare(images.to(self.device)).float()
        return balanced_hinge(*all_pairs(embeddings, classes.to(embeddings.device), self.config.distance))

    def _regression(self) -> Tensor:
        """Returns the loss of faces with scores; see `regression_loss`."""
        batch = self.batches.rated(*self._draws(), joint=self.progress() < self.config.more_until)
        batch = batch.to(self.device)
        with self._cast():
            outputs = batch_outputs(self.network, self._forward, batch, self.config.bn == "frozen")
        return regression_loss(outputs, batch, self.config)

    def _draws(self) -> tuple[np.random.Generator, torch.Generator]:
        """Returns the random generators of a step, which do not depend on earlier steps of this process."""
        key = np.random.SeedSequence([self.config.seed, self.at.stage, self.at.step]).generate_state(2)
        torch.manual_seed(int(key[0]))
        return np.random.default_rng(int(key[1])), torch.Generator().manual_seed(int(key[1]))

    # Loop

    @property
    def stage(self) -> str:
        """The name of the stage that training is in."""
        return self.stages[self.at.stage]

    @property
    def epoch_steps(self) -> int:
        """Batches of an epoch."""
        return max(1, len(self.faces) // self.config.batch)

    def progress(self) -> float:
        """Returns the share of the stage that is done, by time where that is what is given."""
        config = self.config
        if config.minutes > 0:
            share = config.pretrain_share if config.pretrain else 0.0
            share = share if self.stage == "siamese" else 1 - share
            return self.at.seconds / (60 * config.minutes * share)
        epochs = config.pretrain_epochs if self.stage == "siamese" else config.epochs
        return self.at.step / (epochs * self.epoch_steps)

    def run(self, out: Path | None, told: bool = True) -> FaceScorer:
        """Trains to the end; returns the averaged network. Leaves last.ckpt in `out` after each epoch."""
        while self.at.stage < len(self.stages):
            while self.progress() < 1:
                self._step()
                if self.at.step % self.epoch_steps == 0:
                    self._end_epoch(out, told)
            self._end_stage(told)
        if out is not None:
            self.save(out / "last.ckpt")
        return self.averaged.cpu().eval()

    def _step(self) -> None:
        started = self._clock()
        self._train_mode()
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * self._rate()
        loss = self._pairs() if self.stage == "siamese" else self._regression()
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self._optimizer.step()
        self.at.step += 1
        update_average(self.network, self.averaged, self.at.step, self.config.ema)
        self.at.losses.append(float(loss.detach()))
        self._watch(self.at.losses[-1])
        self.at.seconds += self._clock() - started

    def _clock(self) -> float:
        """Returns seconds; on a CPU those that each thread computed, whatever else the machine does."""
        if self.device.type == "cuda":
            return time.monotonic()
        return time.process_time() / torch.get_num_threads()

    def _train_mode(self) -> None:
        self.network.train()
        if self.config.bn == "frozen":
            for module in self.network.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def _rate(self) -> float:
        """Returns what the rates are multiplied by now."""
        return self.at.rate_factor(self.progress(), self.config.optimizer)

    def _compiled(self) -> Callable[[Tensor], Tensor]:
        """Returns the network's forward pass."""
        return torch.compile(self.network.forward) if self.config.compile else self.network.forward

    def _cast(self) -> torch.autocast:
        """Returns the context of mixed precision, where it is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bf16")

    def _make_optimizer(self) -> torch.optim.Optimizer:
        config = self.config
        backbone = config.pretrain_lr if self.stage == "siamese" else config.lr
        # A new head on a trained backbone learns faster; where both are new, as one.
        faster = config.head_lr / config.lr if config.optimizer == "adamw" else 1.0
        groups = parameter_groups(
            self.network.backbone,
            nn.ModuleList(self.network.heads),
            backbone,
            config.weight_decay,
            Multipliers(1.0, 1.0, faster, faster),
        )
        for group in groups:
            group["full"] = group["lr"]
        if config.optimizer == "adamw":
            return torch.optim.AdamW(groups)
        return torch.optim.SGD(groups, momentum=0.9, nesterov=True)

    # Growth

    def _watch(self, loss: float) -> None:
        """Grows when the loss has stalled, in the first stage that can."""
        config, at = self.config, self.at
        if not config.net2net or at.stage > 0:
            return
        if self.stage == "regression" and self.progress() >= LAST_AT and not at.widened_last:
            self._widen_last()
        if at.grown >= len(config.growth) or self.progress() > LAST_AT:
            return
        if at.stalls(loss, config.stall_steps):
            self._grow(config.growth[at.grown])
            at.grown += 1

    def _grow(self, how: str, factor: float = math.sqrt(2)) -> None:
        """Grows by Net2Net, and goes on at a tenth of the rate (`restart`)."""
        before = self.network.plan
        if how == "deeper":
            self.network.deepen()
        else:
            self.network.widen(factor, seed=self.config.seed + 1000 * (1 + self.at.grown))
        self.network.to(self.device).to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self._optimizer, self._forward = self._make_optimizer(), self._compiled()
        at = self.at
        at.scale = self.config.restart
        at.forget()
        at.history.append({"stage": self.stage, "step": at.step, "grew": how, "from": list(before)})

    def _widen_last(self) -> None:
        """Doubles the width a last time, after which nothing grows."""
        if self.config.last_width > 1:
            self._grow("wider, at last", self.config.last_width)
        self.at.widened_last = True

    # Ends of epochs and stages

    def _end_epoch(self, out: Path | None, told: bool) -> None:
        at = self.at
        row: dict[str, Any] = {"stage": self.stage, "epoch": at.step // self.epoch_steps}
        row |= {"loss": float(np.mean(at.losses)), "seconds": at.seconds}
        at.losses = []
        if self.held is not None and row["epoch"] % self.config.eval_every == 0:
            row |= self._measure()
        at.history.append(row)
        if told:
            shown = "".join(f"  {name} {row[name]:.3f}" for name in list(row)[4:])
            typer.echo(f"{row['stage']} {row['epoch']}  loss {row['loss']:.4f}{shown}  {at.seconds:.0f} s")
        if out is not None:
            self.save(out / "last.ckpt")

    def _measure(self) -> dict[str, float]:
        assert self.held is not None
        if self.stage == "siamese":
            loss = self.held_pairs()
            if self.progress() >= LEARNED_BY:
                check_collapse(loss, self.config.collapse)
            return {"held_pairs": loss}
        predictions = predict(self.averaged, self.held.squares)
        return {"pearson": correlation(pearsonr, predictions, self.held.score)}

    def held_pairs(self) -> float:
        """Returns the loss of pairs that were never seen; see `least_pairs_loss`."""
        lists = self.batches.unseen + ([self.held] if self.held is not None else [])
        return least_pairs_loss(self.averaged, lists, self.config.distance)

    def _end_stage(self, told: bool) -> None:
        """Judges the Siamese stage, and doubles the width a last time."""
        at = self.at
        if self.stage == "siamese":
            loss = self.held_pairs()
            at.history.append({"stage": "siamese", "end": at.step, "held_pairs": loss, "seconds": at.seconds})
            if told:
                typer.echo(f"siamese stage: {at.step} steps, held-out pairs cost {loss:.3f}")
            check_collapse(loss, self.config.collapse)
            if self.config.net2net:
                self._widen_last()
        at.spent.append(at.seconds)
        at.stage, at.step, at.seconds, at.losses = at.stage + 1, 0, 0.0, []
        if at.stage < len(self.stages):
            at.scale = 1.0
            self.averaged = copy.deepcopy(self.network).requires_grad_(False)
            self._optimizer = self._make_optimizer()

    # Checkpoints

    def save(self, path: Path) -> None:
        """Saves everything that a resumed run needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "config": portable(asdict(self.config)) | {"trainer": "selfie", "plan": list(self.network.plan)},
            "network": self.network.state_dict(),
            "state_dict": {f"averaged.{name}": value for name, value in self.averaged.state_dict().items()},
            "optimizer": self._optimizer.state_dict(),
            "progress": asdict(self.at),
        }
        waiting = path.with_suffix(".part")
        torch.save(state, waiting)
        waiting.replace(path)

    def restore(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        plan = tuple(state["config"]["plan"])
        if plan != self.network.plan:
            config = self.config
            self.network = FaceScorer(config.arch, config.dropout, plan, config.width).to(self.device)
            self.averaged = copy.deepcopy(self.network).requires_grad_(False)
            self._forward = self._compiled()
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(
            {name.removeprefix("averaged."): value for name, value in state["state_dict"].items()}
        )
        self.at = StageProgress(**state["progress"])
        if self.at.stage < len(self.stages):
            self._optimizer = self._make_optimizer()
            self._optimizer.load_state_dict(state["optimizer"])
