"""Training the network that scores faces: Siamese pairs, growth when learning stalls, regression."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import typer
from scipy.stats import pearsonr
from torch import Tensor, nn

from trainers.common.metrics import correlation
from trainers.common.module import update_average
from trainers.common.parameter_groups import Multipliers, parameter_groups
from trainers.common.runs import portable
from trainers.selfie.batches import Batches
from trainers.selfie.data import Faces
from trainers.selfie.evaluate import say, unseen_pairs
from trainers.selfie.losses import regression_loss, said
from trainers.selfie.network import FaceScorer
from trainers.selfie.progress import Progress
from trainers.selfie.siamese import LEARNED_BY, all_pairs, balanced_hinge, guard, has_pairs, score_classes

if TYPE_CHECKING:
    from trainers.selfie.train import Config

WARM_UP = 40  # steps
STEPS_AT = (0.6, 0.85)
"""Shares of a stage after which SGD's rate falls to a tenth."""

LAST_AT = 0.6
"""The share of the first stage after which nothing grows but, without a Siamese stage, the last time."""


class Training:
    """Trains `network` by stages; `averaged` is a moving average of its weights, which is what is kept."""

    def __init__(
        self, network: FaceScorer, config: Config, faces: Faces, more: Faces | None, held: Faces | None
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.config, self.faces, self.held = config, faces, held
        self.stages = (["siamese"] if config.pretrain else []) + ["regression"]
        self.at = Progress()
        self.batches = Batches(config, faces, more)
        self._optimizer = self._make_optimizer()
        self._forward = self._compiled()

    # Losses

    def _pairs(self) -> Tensor:
        """Hinge embedding loss of the pairs of a batch: of all that its faces make, which costs no more than
        those that were drawn and says more."""
        images, classes = self.batches.pairs(*self._draws())
        with self._cast():
            known = self.network.compare(images.to(self.device)).float()
        return balanced_hinge(*all_pairs(known, classes.to(known.device), self.config.distance))

    def _regression(self) -> Tensor:
        """The loss of faces with scores; see `regression_loss`."""
        batch = self.batches.rated(*self._draws(), joint=self.progress() < self.config.more_until)
        batch = batch.to(self.device)
        with self._cast():
            raw = said(self.network, self._forward, batch, self.config.bn == "frozen")
        return regression_loss(raw, batch, self.config)

    def _draws(self) -> tuple[np.random.Generator, torch.Generator]:
        """The randomness of a step, which does not depend on how many came before in this process."""
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
        """The share of the stage that is done, by time where that is what is given."""
        config = self.config
        if config.minutes > 0:
            share = config.pretrain_share if config.pretrain else 0.0
            share = share if self.stage == "siamese" else 1 - share
            return self.at.seconds / (60 * config.minutes * share)
        epochs = config.pretrain_epochs if self.stage == "siamese" else config.epochs
        return self.at.step / (epochs * self.epoch_steps)

    def run(self, out: Path | None, told: bool = True) -> FaceScorer:
        """Train to the end; the averaged network. Leaves last.ckpt in `out` after each epoch."""
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
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self._optimizer.step()
        self.at.step += 1
        update_average(self.network, self.averaged, self.at.step, self.config.ema)
        self.at.losses.append(float(loss.detach()))
        self._watch(self.at.losses[-1])
        self.at.seconds += self._clock() - started

    def _clock(self) -> float:
        """Seconds; on a CPU those that each thread computed, so that a busy machine does not count."""
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
        """What the rates are multiplied by now."""
        done = self.progress()
        warm = min(1.0, (self.at.step + 1) / WARM_UP) * self.at.scale
        if self.config.optimizer == "sgd":
            return warm * 0.1 ** sum(done >= at for at in STEPS_AT)
        return warm * (0.5 + 0.5 * math.cos(math.pi * min(done, 1.0)))

    def _compiled(self) -> Callable[[Tensor], Tensor]:
        """The network's forward pass."""
        return torch.compile(self.network.forward) if self.config.compile else self.network.forward

    def _cast(self) -> torch.autocast:
        """Mixed precision, where it is asked for."""
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
        """Grow when the loss has stalled, in the first stage that can."""
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
        """Net2Net, and on at a tenth of the rate (`restart`)."""
        before = self.network.plan
        if how == "deeper":
            self.network.deepen()
        else:
            self.network.widen(factor, seed=self.config.seed + 1000 * (1 + self.at.grown))
        self.network.to(self.device, memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self._optimizer, self._forward = self._make_optimizer(), self._compiled()
        at = self.at
        at.scale = self.config.restart
        at.forget()
        at.history.append({"stage": self.stage, "step": at.step, "grew": how, "from": list(before)})

    def _widen_last(self) -> None:
        """The last doubling, after which nothing grows."""
        if self.config.last_width > 1:
            self._grow("wider, at last", self.config.last_width)
        self.at.widened_last = True

    # Ends

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
            found = self.held_pairs()
            if self.progress() >= LEARNED_BY:
                guard(found, self.config.collapse)
            return {"held_pairs": found}
        return {"pearson": correlation(pearsonr, say(self.averaged, self.held.squares), self.held.score)}

    def held_pairs(self) -> float:
        """The loss of pairs that were never seen, of the list where it is least: who tells the faces of one
        list apart has not collapsed."""
        lists = self.batches.unseen + ([self.held] if self.held is not None else [])
        lists = [part for part in lists if has_pairs(score_classes(part.score))]
        return min((unseen_pairs(self.averaged, part, self.config.distance) for part in lists), default=0.0)

    def _end_stage(self, told: bool) -> None:
        """Judge the Siamese stage, and double the width a last time."""
        at = self.at
        if self.stage == "siamese":
            loss = self.held_pairs()
            at.history.append({"stage": "siamese", "end": at.step, "held_pairs": loss, "seconds": at.seconds})
            if told:
                typer.echo(f"siamese stage: {at.step} steps, held-out pairs cost {loss:.3f}")
            guard(loss, self.config.collapse)
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
        """Everything that a resumed run needs."""
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
        """Go on from a checkpoint."""
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
        self.at = Progress(**state["progress"])
        if self.at.stage < len(self.stages):
            self._optimizer = self._make_optimizer()
            self._optimizer.load_state_dict(state["optimizer"])
