"""Training of a painting style: network, loss, loop, in the order in which they happen.

A small network learns to repaint photos in the manner of one picture (Johnson et al. 2016); see
docs/training.md. The configuration is in config.py, the loss network in perceptual_loss.py, and the command
line in __main__.py. `generate.py` turns photos and such networks into a labelled data set.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.frames import Picture
from trainers.common.metrics import BaselineCheck
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.common.schedule import cosine_factor
from trainers.style_transfer.config import StyleTransferConfig
from trainers.style_transfer.data import StyleTransferData, plain_views, training_views
from trainers.style_transfer.evaluate import evaluate
from trainers.style_transfer.network import StyleTransferNetwork, repaint
from trainers.style_transfer.perceptual_loss import PerceptualLoss, PerceptualTerms
from trainers.style_transfer.plots import draw_curves, draw_preview

WARM_UP = 20  # steps
_SHOWN = 8  # photos of a preview
_EVALUATED = 48  # held-out photos, at most
_FREE = ("steps", "every", "cache", "loss_weights", "start")
"""Settings that a resumed run may change."""

# Network


def start(config: StyleTransferConfig) -> StyleTransferNetwork:
    """Returns the network before its first step. Raises `UsageError` if `--start` does not fit."""
    torch.manual_seed(config.seed)
    network = StyleTransferNetwork(config.width, config.upsample)
    if config.start:
        earlier = load_model(Path(config.start))
        wanted = (config.width, config.upsample)
        if (earlier.config.get("width"), earlier.config.get("upsample")) != wanted:
            raise UsageError(f"--start: {config.start} is no style of this width and upsampling")
        network.load_state_dict(earlier.network.state_dict())
    return network


# Loop


class StyleTransferTraining:
    """Trains `network` to repaint photos in the style of a picture."""

    def __init__(
        self, network: StyleTransferNetwork, config: StyleTransferConfig, data: StyleTransferData
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.config, self.data = config, data
        self.perceptual_loss = PerceptualLoss(config.loss_weights).to(self.device)
        self.style = self.perceptual_loss.style(self._tensor(data.style.transpose(2, 0, 1)[None]))
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self._optimizer = torch.optim.Adam(self.network.parameters(), config.lr)
        self._losses: list[list[float]] = []

    def loss(self, photos: Tensor) -> tuple[Tensor, PerceptualTerms]:
        """Returns the weighted loss of repainted photos (n, 3, size, size), and its terms without weights."""
        config = self.config
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            painted = self.network(photos)
            # The loss network steps over four pixels at a time, and so does this one: unless one is shifted
            # against the other, it finds a mesh that the loss takes for strokes.
            down, across = np.random.default_rng([config.seed, self.step, 1]).integers(0, 4, 2)
            shifted = (painted[:, :, down:, across:], photos[:, :, down:, across:])
            terms = self.perceptual_loss.terms(*shifted, self.style)
        weights = (config.content_weight, config.style_weight, config.tv_weight)
        return torch.stack([by * term for by, term in zip(weights, terms, strict=True)]).sum(), terms

    def fit(self, out: Path) -> None:
        """Trains to the end; leaves last.ckpt and plots in `out`, also every so often before."""
        while self.step < self.config.steps:
            started = time.monotonic()
            self.training_step()
            self.seconds += time.monotonic() - started
            if self.step % self.config.every == 0 or self.step == self.config.steps:
                self._record()
                self.save(out / "last.ckpt")
                self._draw(out)

    def training_step(self) -> None:
        """Learns from one batch. The rate warms up, and falls to 0 along half a cosine."""
        config = self.config
        warm = min(1.0, (self.step + 1) / WARM_UP)
        for group in self._optimizer.param_groups:
            group["lr"] = config.lr * cosine_factor(self.step / config.steps, warm)
        loss, terms = self.loss(self._tensor(training_views(self.data, config, self.step)))
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self._optimizer.step()
        self.step += 1
        self._losses.append([float(loss.detach()), *(float(term.detach()) for term in terms)])

    def evaluate(self) -> list[BaselineCheck]:
        """Returns how far repainted held-out photos are from style and content; see `evaluate`."""
        photos = self._tensor(plain_views(self.data, self.config, self.data.held[:_EVALUATED]))
        return evaluate(self.network, self.perceptual_loss, self.style, photos, self.config)

    def _record(self) -> None:
        """Adds the mean losses since the last record to the history, and prints them."""
        names = ("loss", "content", "style", "variation")
        means = dict(zip(names, np.mean(self._losses, axis=0).tolist(), strict=True))
        self._losses = []
        self.history.append({"step": float(self.step)} | means | {"seconds": self.seconds})
        line = "  ".join(f"{name} {mean:.4f}" for name, mean in means.items())
        typer.echo(f"step {self.step}  {line}  {self.seconds:.0f} s")

    def _draw(self, out: Path) -> None:
        rows = (self.data.held or self.data.training)[:_SHOWN]
        photos = plain_views(self.data, self.config, rows)
        painted = repaint(self.network, self._tensor(photos)).round().byte().cpu().numpy()
        title = f"after {self.step} steps"
        draw_preview(photos, painted, self.data.name, title, out / "preview.png")
        draw_curves(self.history, out / "curves.png")

    def _tensor(self, pictures: Picture) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device).float()

    def save(self, path: Path) -> None:
        """Writes everything that a resumed run needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "config": portable(asdict(self.config)) | {"trainer": "stylize", "style": self.data.name},
            "weights": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }
        waiting = path.with_suffix(".part")
        torch.save(state, waiting)
        waiting.replace(path)

    def restore(self, path: Path) -> None:
        """Goes on from a checkpoint. Raises `UsageError` if it has other settings or another style."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        wanted = portable(asdict(self.config)) | {"style": self.data.name}
        other = [name for name in wanted if name not in _FREE and state["config"].get(name) != wanted[name]]
        if other:
            raise UsageError(f"--resume: {path} was trained with another {other[0].replace('_', '-')}")
        self.network.load_state_dict(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.history = state["step"], state["seconds"], list(state["history"])


def train(config: StyleTransferConfig, data: StyleTransferData, out: Path, resume: bool) -> dict[str, Any]:
    """Trains, evaluates on held-out photos, and leaves model.ckpt, run.json and plots in `out`.

    Returns what run.json holds.
    """
    training = StyleTransferTraining(start(config), config, data)
    if resume and (out / "last.ckpt").exists():
        training.restore(out / "last.ckpt")
    training.fit(out)
    facts: dict[str, Any] = {
        "trainer": "stylize",
        "style": data.name,
        "command": command_line("trainers.stylize"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "training_photos": len(data.training),
        "failed": len(data.photos.failed),
        "history": training.history,
    }
    if len(data.held) > 1:
        facts["split"] = f"{len(data.held)} photos held out, one in {config.folds}, by a hash of the name"
        facts["checks"] = [vars(check) | {"passed": check.passed} for check in training.evaluate()]
    network = training.network.cpu().eval()
    settings = portable(asdict(config)) | {"trainer": "stylize", "style": data.name}
    save_model(out / "model.ckpt", Model(network, settings, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts
