"""What a network of styles says of held-out pictures, and what is fitted on it: thresholds, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from trainers.common.calibration import fit_logistic, fit_temperature, probability
from trainers.common.metrics import Floats
from trainers.style.data import MEDIA, Pictures, halves
from trainers.style.looks import NAMES
from trainers.style.network import Styler
from trainers.style.samples import Draw, Samples, held_draws
from trainers.style.thresholds import best_thresholds, no_styled_than

if TYPE_CHECKING:
    from trainers.style.train import Config

_BATCH = 64
_FEWEST = 3  # photos with a look, and without it, to which a curve is fitted


@dataclass(frozen=True)
class Seen:
    """Held-out pictures, n of them: logits and truth of the medium (-1: unknown), the looks (NaN: unknown)
    and the painting; the names of the photos that they show, their half, and how they were drawn."""

    draws: list[Draw]
    names: list[str]
    half: NDArray[np.intp]
    medium: Floats
    looks: Floats
    paintings: Floats
    true_medium: NDArray[np.intp]
    true_looks: Floats
    true_painting: NDArray[np.intp]
    made: NDArray[np.bool_]
    """Whether it is a photo that looks were made of."""
    judged: NDArray[np.bool_]
    """Whether it is one of the pictures of media, whose medium people told."""
    classes: dict[str, tuple[str, ...]]

    @property
    def photos(self) -> NDArray[np.bool_]:
        """Photos, with looks and without."""
        return (self.true_medium == 0) & (self.true_painting == 0)

    @property
    def as_taken(self) -> NDArray[np.bool_]:
        """Photos of which no looks were made."""
        return self.photos & ~self.made

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Those that have no look of their own, either, as far as rules can tell."""
        return self.as_taken & ~(self.true_looks == 1).any(1)


def look_at(network: Styler, held: Pictures, config: Config, every: int = 1) -> Seen:
    """What the network says of held-out pictures, or of one of `every`."""
    draws = held_draws(held, config.turns, every)
    samples = Samples(held, config.side, config.seed)
    batches = [draws[at : at + _BATCH] for at in range(0, len(draws), _BATCH)]
    loader: DataLoader[Any] = DataLoader(samples, batch_sampler=batches, num_workers=config.workers)
    device = next(network.parameters()).device
    logits, truth = [], []
    network.eval()
    with torch.inference_mode():
        for images, *told in loader:
            logits.append(network(images.to(device)).float().cpu())
            truth.append(told)
    medium, looks, paintings = (part.double().numpy() for part in network.parts(torch.cat(logits)))
    true_medium, true_looks, true_painting = (torch.cat(part).numpy() for part in zip(*truth, strict=True))
    names = [held.names[draw.row] for draw in draws]
    return Seen(
        draws,
        names,
        halves(names),
        *(medium, looks, paintings, true_medium, true_looks.astype(np.float64), true_painting),
        np.array([draw.turn > 0 for draw in draws]),
        np.array([held.origins[draw.row] in MEDIA.values() and draw.turn == 0 for draw in draws]),
        held.classes,
    )


@dataclass(frozen=True)
class Fitted:
    """Temperatures of medium and paintings, logistic curves of the looks, and thresholds of the probabilities
    that these give."""

    heat: tuple[float, float]
    slopes: Floats
    intercepts: Floats
    thresholds: Floats

    @classmethod
    def on(cls, seen: Seen, rows: NDArray[np.bool_], most_styled: float) -> Fitted:
        """Fitted on these rows: thresholds of the best F1 each, raised together until no more than a share
        of the plain photos among them is called styled."""
        told = rows & seen.judged
        heat = (
            fit_temperature(seen.medium[told], seen.true_medium[told]),
            fit_temperature(seen.paintings[rows], seen.true_painting[rows]),
        )
        curves = [_curve(seen, look, rows) for look in range(len(NAMES))]
        fitted = cls(heat, np.array([c[0] for c in curves]), np.array([c[1] for c in curves]), np.zeros(0))
        chances = fitted.looks(seen.looks)
        truth = np.where(rows[:, None], seen.true_looks, np.nan)
        thresholds = best_thresholds(chances, truth)
        thresholds = no_styled_than(thresholds, chances[rows & seen.plain], most_styled)
        return cls(heat, fitted.slopes, fitted.intercepts, thresholds)

    def looks(self, logits: Floats) -> Floats:
        """Calibrated probabilities of logits (n, l)."""
        return probability(logits, self.slopes, self.intercepts)  # type: ignore[arg-type]

    def curves(self) -> dict[str, Any]:
        """As a card has them."""
        curves: dict[str, Any] = {
            name: {"method": "temperature", "temperature": heat}
            for name, heat in zip(("medium", "paintings"), self.heat, strict=True)
        }
        for name, slope, intercept in zip(NAMES, self.slopes, self.intercepts, strict=True):
            curves[name] = {"method": "logistic", "slope": float(slope), "intercept": float(intercept)}
        return curves


@dataclass(frozen=True)
class Judged:
    """Calibrated probabilities of held-out pictures, and whether each look holds; all that is fitted comes
    from the other half of the photos."""

    seen: Seen
    looks: Floats
    holds: NDArray[np.bool_]
    medium: Floats
    paintings: Floats

    @property
    def styled(self) -> NDArray[np.bool_]:
        """Whether anything but plain is said."""
        return self.holds.any(1) | (self.paintings.argmax(1) > 0)

    def style(self, row: int) -> tuple[str, float]:
        """The style that a record would have, and how sure it is; see `photocli.assessors.style`."""
        chances = {NAMES[look]: self.looks[row, look] for look in np.flatnonzero(self.holds[row])}
        best = int(self.paintings[row].argmax())
        if best:
            chances[self.seen.classes["paintings"][best]] = self.paintings[row, best]
        if not chances:
            return "plain", 1 - max(
                float(self.looks[row].max()), float(self.paintings[row, 1:].max(initial=0))
            )
        name = max(chances, key=lambda name: chances[name])
        return name, float(chances[name])


def _curve(seen: Seen, look: int, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of a look's logistic curve; those that change nothing where there is too little to
    fit one to, or where the network knows nothing of the look."""
    known = rows & known_of(seen, look)
    truth = seen.true_looks[known, look]
    if min((truth == 1).sum(), (truth == 0).sum()) < _FEWEST:
        return 1.0, 0.0
    curve = fit_logistic(seen.looks[known, look], truth, 0.5)
    slope, intercept = float(curve["slope"]), float(curve["intercept"])
    return (slope, intercept) if 0.05 < slope < 20 else (1.0, 0.0)


def known_of(seen: Seen, look: int) -> NDArray[np.bool_]:
    """Photos of which it is known whether they have a look: what no camera made is not judged."""
    return seen.photos & np.isfinite(seen.true_looks[:, look])
