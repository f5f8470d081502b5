"""Training the network that scores faces: Siamese pairs, growth when learning stalls, regression."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import typer
from scipy.stats import pearsonr
from torch import Tensor, nn

from trainers.aligned import Faces
from trainers.face_scorer import LOWEST, FaceScorer
from trainers.face_views import SPOILS, Straying, spoiled, views
from trainers.labels import Floats
from trainers.losses import correlation_loss, pair_loss
from trainers.metrics import correlation
from trainers.rates import Multipliers, parameter_groups
from trainers.runs import portable
from trainers.siamese import LEARNED_BY, distance, draw_pairs, guard, hinge_embedding, score_classes

if TYPE_CHECKING:
    from trainers.selfie import Config

WARM_UP = 40  # steps
STEPS_AT = (0.6, 0.85)
"""Shares of a stage after which SGD's rate falls to a tenth."""

LAST_AT = 0.6
"""The share of the first stage after which nothing grows but, without a Siamese stage, the last time."""

_STILL = 0.01  # a loss that does not fall by this share has stalled
_PATIENCE = 2  # so many windows


@dataclass
class Progress:
    """Where training stands; saved in checkpoints, with the network and the optimiser."""

    stage: int = 0
    step: int = 0
    """Within the stage."""

    seconds: float = 0.0
    """Of training, within the stage."""

    scale: float = 1.0
    """What the stage's rate is multiplied by since the network grew."""

    grown: int = 0
    widened_last: bool = False
    window: list[float] = field(default_factory=list)
    best: float = math.inf
    stalled: int = 0
    losses: list[float] = field(default_factory=list)
    """Of the epoch so far."""

    spent: list[float] = field(default_factory=list)
    """Seconds of the stages that are done."""

    history: list[dict[str, Any]] = field(default_factory=list)


class Training:
    """Trains `network` by stages; `averaged` is a moving average of its weights, which is what is kept."""

    def __init__(
        self, network: FaceScorer, config: Config, faces: Faces, more: Faces | None, held: Faces | None
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self.config, self.faces, self.more, self.held = config, faces, more, held
        self.stages = (["siamese"] if config.pretrain else []) + ["regression"]
        self.at = Progress()
        self.straying = Straying(config.turn, config.scale, 0.05, 0.04, config.colour)
        self._chances = _balanced(faces.score, config.balance)
        sets = [faces] + ([more] if more is not None else [])
        self._classes = [score_classes(part.score) for part in sets]
        self._optimizer = self._make_optimizer()
        self._forward = self._compiled()

    # Data

    def _wide(self, faces: Faces, rows: Any, generator: torch.Generator) -> Tensor:
        return views(torch.from_numpy(faces.wide[rows]), faces.side, self.straying, generator)

    def _draws(self) -> tuple[np.random.Generator, torch.Generator]:
        """The randomness of a step, which does not depend on how many came before in this process."""
        key = np.random.SeedSequence([self.config.seed, self.at.stage, self.at.step]).generate_state(2)
        torch.manual_seed(int(key[0]))
        return np.random.default_rng(int(key[1])), torch.Generator().manual_seed(int(key[1]))

    # Losses

    def _pairs(self) -> Tensor:
        """Hinge embedding loss of a batch of pairs, of one list each."""
        rng, generator = self._draws()
        sets = [self.faces] + ([self.more] if self.more is not None else [])
        sizes = np.array([len(part) for part in sets], float)
        which = int(rng.choice(len(sets), p=sizes / sizes.sum()))
        first, second, same = draw_pairs(self._classes[which], max(2, self.config.batch // 2), rng)
        images = self._wide(sets[which], np.concatenate([first, second]), generator).to(self.device)
        with self._cast():
            one, other = self.network.compare(images).float().chunk(2)
        return hinge_embedding(
            distance(one, other, self.config.distance), torch.from_numpy(same).to(one.device)
        )

    def _regression(self) -> Tensor:
        """Huber's loss of both lists' scores, the correlation, and the order of spoiled copies."""
        config, (rng, generator) = self.config, self._draws()
        joint = self.more is not None and self.progress() < config.more_until
        beside = round(config.batch * config.more_share) if joint else 0
        rows = rng.choice(len(self.faces), config.batch - beside, p=self._chances)
        images = self._wide(self.faces, rows, generator)
        target = [self.faces.score[rows]]
        parts = [images]
        if beside and self.more is not None:
            others = rng.choice(len(self.more), beside)
            parts.append(self._wide(self.more, others, generator))
            target.append(self.more.score[others])
        pairs = min(config.pairs, len(rows)) if config.craft > 0 else 0
        severity = 0.15 + 0.85 * torch.rand(pairs, generator=generator)
        if pairs:
            kinds = torch.randint(len(SPOILS), (pairs,), generator=generator)
            parts.append(spoiled(images[:pairs], kinds, severity, generator))
        with self._cast():
            raw = self._forward(torch.cat(parts).to(self.device)).float()
        truth = torch.from_numpy(np.concatenate(target) - LOWEST).float().to(self.device)
        own = len(rows)
        loss = nn.functional.huber_loss(raw[:own, 0], truth[:own], delta=1.0)
        if beside:
            loss = loss + nn.functional.huber_loss(raw[own : own + beside, 1], truth[own:], delta=1.0)
        if config.correlation_weight > 0:
            loss = loss + config.correlation_weight * correlation_loss(raw[:own, 0], truth[:own])
        if pairs:
            margin = config.margin * severity.to(self.device)
            loss = loss + config.craft * pair_loss(raw[:pairs, 0], raw[own + beside :, 0], margin)
        return loss

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
        started = time.monotonic()
        self._train_mode()
        for group in self._optimizer.param_groups:
            group["lr"] = group["full"] * self._rate()
        loss = self._pairs() if self.stage == "siamese" else self._regression()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self._optimizer.step()
        self.at.step += 1
        self._average()
        self.at.losses.append(float(loss.detach()))
        self._watch(self.at.losses[-1])
        self.at.seconds += time.monotonic() - started

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

    def _average(self) -> None:
        decay = min(self.config.ema, (1 + self.at.step) / (10 + self.at.step))
        with torch.no_grad():
            now = self.network.state_dict()
            for name, kept in self.averaged.state_dict().items():
                if kept.dtype.is_floating_point and decay > 0:
                    kept.lerp_(now[name], 1 - decay)
                else:
                    kept.copy_(now[name])

    def _compiled(self) -> Callable[[Tensor], Tensor]:
        """The network's forward pass."""
        return torch.compile(self.network.forward) if self.config.compile else self.network.forward

    def _cast(self) -> torch.autocast:
        """Mixed precision, where it is asked for."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bf16")

    def _make_optimizer(self) -> torch.optim.Optimizer:
        config = self.config
        body = config.pretrain_lr if self.stage == "siamese" else config.lr
        # A new head on a trained body learns faster; where both are new, as one.
        faster = config.head_lr / config.lr if config.optimizer == "adamw" else 1.0
        groups = parameter_groups(
            self.network.body,
            nn.ModuleList(self.network.heads),
            body,
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
        at.window.append(loss)
        if len(at.window) < config.stall_steps:
            return
        mean, at.window = float(np.mean(at.window)), []
        at.stalled = at.stalled + 1 if mean > (1 - _STILL) * at.best else 0
        at.best = min(at.best, mean)
        if at.stalled >= _PATIENCE:
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
        at.scale, at.window, at.best, at.stalled = self.config.restart, [], math.inf, 0
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
                guard(found)
            return {"held_pairs": found}
        said = say(self.averaged, self.held.squares)
        return {"pearson": correlation(pearsonr, said, self.held.score)}

    def held_pairs(self) -> float:
        """The loss of pairs of held-out faces, as they are served."""
        faces = self.held if self.held is not None else self.faces
        first, second, same = draw_pairs(score_classes(faces.score), 400, np.random.default_rng(0))
        self.averaged.eval()
        with torch.inference_mode():
            known = torch.cat([self.averaged.compare(part) for part in _chunks(faces.squares, self.device)])
            apart = distance(known[first], known[second], self.config.distance)
            return float(hinge_embedding(apart, torch.from_numpy(same).to(apart.device)))

    def _end_stage(self, told: bool) -> None:
        """Judge the Siamese stage, and double the width a last time."""
        at = self.at
        if self.stage == "siamese":
            loss = self.held_pairs()
            at.history.append({"stage": "siamese", "end": at.step, "held_pairs": loss, "seconds": at.seconds})
            if told:
                typer.echo(f"siamese stage: {at.step} steps, held-out pairs cost {loss:.3f}")
            guard(loss)
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


def say(network: FaceScorer, squares: np.ndarray, mirrored: bool = True, head: int = 0) -> Floats:
    """The scores (n,), 1-10, of faces as they are served; of the face and its mirror image, averaged."""
    device, was_training = network.head.weight.device, network.training
    network.eval()
    said = []
    with torch.inference_mode():
        for part in _chunks(squares, device):
            score = network(part)[:, head]
            if mirrored:
                score = (score + network(part.flip(3))[:, head]) / 2
            said.append(score.float().cpu().numpy())
    network.train(was_training)
    return np.concatenate(said).astype(np.float64) + LOWEST


def _chunks(squares: np.ndarray, device: torch.device, size: int = 64) -> list[Tensor]:
    return [
        torch.from_numpy(squares[at : at + size]).permute(0, 3, 1, 2).contiguous().to(device)
        for at in range(0, len(squares), size)
    ]


def _balanced(score: Floats, balance: float) -> Floats:
    """The chance of each face: 0 draws all alike, 1 every class of scores equally often."""
    classes = score_classes(score)
    sizes = np.bincount(classes)[classes].astype(np.float64)
    chance = sizes**-balance
    return chance / chance.sum()
