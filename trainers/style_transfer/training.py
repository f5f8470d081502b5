"""Training a network that repaints photos: steps, previews, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import typer
from matplotlib.figure import Figure
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.augmentation import Augmentation, plain_view, random_view
from trainers.common.frames import Picture
from trainers.common.plots import grid, save
from trainers.common.runs import portable
from trainers.style_transfer.network import Generator
from trainers.style_transfer.perceptual_loss import Losses, Perceptual

if TYPE_CHECKING:
    from trainers.style_transfer.train import Config, Material

WARM_UP = 20  # steps
_VIEWS = Augmentation(area=0.5, aspect=0.0)
_SHOWN = 8  # photos of a preview
_JUDGED = 48  # held-out photos, at most
_FREE = ("steps", "every", "cache", "loss_weights", "start")
"""Settings that a resumed run may change."""


class Distances(NamedTuple):
    """Mean distances of held-out pictures; see `Perceptual.losses`."""

    content: float
    style: float


class Stylizing:
    """Trains `network` to repaint photos in the style of a picture."""

    def __init__(self, network: Generator, config: Config, material: Material) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = network.to(self.device)
        self.config, self.material = config, material
        self.judge = Perceptual(config.loss_weights).to(self.device)
        self.style = self.judge.style(self._tensor(material.style.transpose(2, 0, 1)[None]))
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self._optimizer = torch.optim.Adam(self.network.parameters(), config.lr)
        self._seen: list[list[float]] = []

    # Loss

    def loss(self, photos: Tensor) -> tuple[Tensor, Losses]:
        """The weighted loss of painted photos (n, 3, size, size), and its parts without their weights."""
        config = self.config
        with torch.autocast(self.device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            painted = self.network(photos)
            # The judge steps over four pixels at a time, and so does the network: unless one is shifted
            # against the other, it finds a mesh that the judge takes for strokes.
            down, across = np.random.default_rng([self.config.seed, self.step, 1]).integers(0, 4, 2)
            shifted = (painted[:, :, down:, across:], photos[:, :, down:, across:])
            parts = self.judge.losses(*shifted, self.style)
        weights = (config.content_weight, config.style_weight, config.tv_weight)
        return torch.stack([by * part for by, part in zip(weights, parts, strict=True)]).sum(), parts

    def held_losses(self) -> tuple[Distances, Distances]:
        """Distances of painted held-out photos from style and content; and without a network: of the photos
        from the style, and of other photos from the content."""
        photos = self._tensor(self._plain(self.material.held[:_JUDGED]))
        painted = self._painted(photos)
        with torch.inference_mode():
            own = self.judge.losses(painted, photos, self.style)
            other = self.judge.losses(photos.roll(1, 0), photos, self.style)
        return tuple(Distances(float(each.content), float(each.style)) for each in (own, other))  # type: ignore[return-value]

    # Data

    def _batch(self) -> Tensor:
        """Views of the photos of a step: a function of the seed and the step alone."""
        config, rows = self.config, self.material.training
        rng = np.random.default_rng([config.seed, self.step])
        chosen = rng.choice(rows, config.batch, replace=len(rows) < config.batch)
        views = [
            random_view(square(self.material.photos[row], rng), config.size, "squash", _VIEWS, rng)
            for row in chosen
        ]
        return self._tensor(np.stack(views))

    def _plain(self, rows: Sequence[int]) -> Picture:
        """The middles of photos, (n, 3, size, size)."""
        photos, size = self.material.photos, self.config.size
        return np.stack([plain_view(square(photos[row]), size, "squash") for row in rows])

    def _tensor(self, pictures: Picture) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device).float()

    # Loop

    def run(self, out: Path) -> None:
        """Train to the end; every so often, and then, leaves last.ckpt and pictures in `out`."""
        while self.step < self.config.steps:
            started = time.monotonic()
            self._learn()
            self.seconds += time.monotonic() - started
            if self.step % self.config.every == 0 or self.step == self.config.steps:
                self._note()
                self.save(out / "last.ckpt")
                self.draw(out)

    def _learn(self) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.lr * self._rate()
        loss, parts = self.loss(self._batch())
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self._optimizer.step()
        self.step += 1
        self._seen.append([float(loss.detach()), *(float(part.detach()) for part in parts)])

    def _rate(self) -> float:
        """A warm-up and half a cosine down to 0."""
        return min(1.0, (self.step + 1) / WARM_UP) * (
            0.5 + 0.5 * math.cos(math.pi * self.step / self.config.steps)
        )

    def _note(self) -> None:
        means = np.mean(self._seen, axis=0).tolist()
        self._seen = []
        row = {"step": float(self.step)} | dict(
            zip(("loss", "content", "style", "variation"), means, strict=True)
        )
        self.history.append(row | {"seconds": self.seconds})
        told = "  ".join(f"{name} {row[name]:.4f}" for name in ("loss", "content", "style", "variation"))
        typer.echo(f"step {self.step}  {told}  {self.seconds:.0f} s")

    # Pictures

    def draw(self, out: Path) -> None:
        """preview.png, photos beside what was made of them, and curves.png."""
        material = self.material
        rows = (material.held or material.training)[:_SHOWN]
        photos = self._plain(rows)
        painted = self._painted(self._tensor(photos)).round().byte().cpu().numpy()
        tiles = [tile.transpose(1, 2, 0) for pair in zip(photos, painted, strict=True) for tile in pair]
        captions = ["photo", material.name] * len(rows)
        grid(tiles, captions, 8, out / "preview.png", f"after {self.step} steps")
        curves(self.history, out / "curves.png")

    def _painted(self, photos: Tensor) -> Tensor:
        self.network.eval()
        with torch.inference_mode():
            painted = torch.cat([self.network(few) for few in photos.split(4)])
        self.network.train()
        return painted

    # Checkpoints

    def save(self, path: Path) -> None:
        """Everything that a resumed run needs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "config": portable(asdict(self.config)) | {"trainer": "stylize", "style": self.material.name},
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
        """Go on from a checkpoint. Raises `UsageError` if it has other settings or another style."""
        state = torch.load(path, map_location="cpu", weights_only=True)
        wanted = portable(asdict(self.config)) | {"style": self.material.name}
        other = [name for name in wanted if name not in _FREE and state["config"].get(name) != wanted[name]]
        if other:
            raise UsageError(f"--resume: {path} was trained with another {other[0].replace('_', '-')}")
        self.network.load_state_dict(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.history = state["step"], state["seconds"], list(state["history"])


def square(picture: Picture, rng: np.random.Generator | None = None) -> Picture:
    """The largest square of a picture: the middle one, or with `rng` any."""
    height, width = picture.shape[:2]
    side, spare = min(height, width), abs(height - width)
    at = spare // 2 if rng is None else int(rng.integers(spare + 1))
    return picture[at : at + side] if height > width else picture[:, at : at + side]


def curves(history: Sequence[dict[str, float]], to: Path) -> Path:
    """The loss and its parts, without their weights, by step; the file."""
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    for place, name in enumerate(("loss", "content", "style", "variation")):
        axes = figure.add_subplot(1, 4, place + 1)
        axes.plot([row["step"] for row in history], [row[name] for row in history], linewidth=1)
        axes.set(xlabel="step", title=name, yscale="log")
        axes.grid(alpha=0.3)
    return save(figure, to)
