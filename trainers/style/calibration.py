"""Calibration of the style model: probabilities, the thresholds of the looks, and the style that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.calibration import fit_logistic, fit_temperature, probability, sharpened
from trainers.common.metrics import Floats
from trainers.style.looks import NAMES
from trainers.style.predictions import StylePredictions

_FEWEST = 3  # photos with a look, and without it, to which a curve is fitted


@dataclass(frozen=True)
class StyleCalibration:
    """Holds temperatures of medium and paintings, logistic curves (l,) of the looks, and their thresholds.

    The thresholds are of the probabilities that the curves give.
    """

    temperatures: tuple[float, float]
    slopes: Floats
    intercepts: Floats
    thresholds: Floats

    @classmethod
    def fit(
        cls, predictions: StylePredictions, rows: NDArray[np.bool_], most_styled: float
    ) -> StyleCalibration:
        """Fits a calibration to the `rows` (n,) of the predictions.

        Each threshold is that of the best F1; all are then raised together until no more than the share
        `most_styled` of the plain photos among the rows is called styled.
        """
        of_media = rows & predictions.of_media
        temperatures = (
            fit_temperature(predictions.medium[of_media], predictions.true_medium[of_media]),
            fit_temperature(predictions.paintings[rows], predictions.true_painting[rows]),
        )
        curves = np.array([_fit_curve(predictions, look, rows) for look in range(len(NAMES))])
        slopes, intercepts = curves[:, 0], curves[:, 1]
        probabilities = probability(predictions.looks, slopes, intercepts)
        truth = np.where(rows[:, None], predictions.true_looks, np.nan)
        thresholds = best_thresholds(probabilities, truth)
        thresholds = raise_thresholds(thresholds, probabilities[rows & predictions.plain], most_styled)
        return cls(temperatures, slopes, intercepts, thresholds)

    def looks(self, logits: Floats) -> Floats:
        """Returns calibrated probabilities of logits (n, l)."""
        return probability(logits, self.slopes, self.intercepts)

    def medium(self, logits: Floats) -> Floats:
        """Returns calibrated probabilities of logits (n, m); each row adds up to 1."""
        return sharpened(logits, self.temperatures[0])

    def paintings(self, logits: Floats) -> Floats:
        """Returns calibrated probabilities of logits (n, p + 1); each row adds up to 1."""
        return sharpened(logits, self.temperatures[1])

    def to_card(self) -> dict[str, Any]:
        """Returns the curves as a card has them, by medium, paintings and the name of each look."""
        curves: dict[str, Any] = {
            name: {"method": "temperature", "temperature": temperature}
            for name, temperature in zip(("medium", "paintings"), self.temperatures, strict=True)
        }
        for name, slope, intercept in zip(NAMES, self.slopes, self.intercepts, strict=True):
            curves[name] = {"method": "logistic", "slope": float(slope), "intercept": float(intercept)}
        return curves


@dataclass(frozen=True)
class CalibratedPredictions:
    """Holds calibrated probabilities (n, k) of held-out pictures, and whether each look `holds` (n, l)."""

    predictions: StylePredictions
    looks: Floats
    holds: NDArray[np.bool_]
    medium: Floats
    paintings: Floats

    @property
    def styled(self) -> NDArray[np.bool_]:
        """Whether each picture is called anything but plain."""
        return self.holds.any(1) | (self.paintings.argmax(1) > 0)

    def style(self, row: int) -> tuple[str, float]:
        """Returns the style that a record would have, and its probability; see `photocli.assessors.style`."""
        styles = {NAMES[look]: self.looks[row, look] for look in np.flatnonzero(self.holds[row])}
        best = int(self.paintings[row].argmax())
        if best:
            styles[self.predictions.classes["paintings"][best]] = self.paintings[row, best]
        if not styles:
            return "plain", 1 - max(
                float(self.looks[row].max()), float(self.paintings[row, 1:].max(initial=0))
            )
        name = max(styles, key=lambda name: styles[name])
        return name, float(styles[name])


def cross_calibrate(predictions: StylePredictions, most_styled: float) -> CalibratedPredictions:
    """Calibrates each half of the photos by what is fitted to the other half."""
    looks, holds = np.zeros_like(predictions.looks), np.zeros(predictions.looks.shape, bool)
    medium, paintings = np.zeros_like(predictions.medium), np.zeros_like(predictions.paintings)
    for half in (0, 1):
        rows = predictions.half == half
        calibration = StyleCalibration.fit(predictions, ~rows, most_styled)
        looks[rows] = calibration.looks(predictions.looks[rows])
        holds[rows] = looks[rows] > calibration.thresholds
        medium[rows] = calibration.medium(predictions.medium[rows])
        paintings[rows] = calibration.paintings(predictions.paintings[rows])
    return CalibratedPredictions(predictions, looks, holds, medium, paintings)


def _fit_curve(predictions: StylePredictions, look: int, rows: NDArray[np.bool_]) -> tuple[float, float]:
    """Returns slope and intercept of a look's logistic curve.

    They change nothing where there is too little to fit them to, or where the network knows nothing of the
    look.
    """
    known = rows & predictions.known(look)
    truth = predictions.true_looks[known, look]
    if min((truth == 1).sum(), (truth == 0).sum()) < _FEWEST:
        return 1.0, 0.0
    curve = fit_logistic(predictions.looks[known, look], truth, 0.5)
    slope, intercept = float(curve["slope"]), float(curve["intercept"])
    return (slope, intercept) if 0.05 < slope < 20 else (1.0, 0.0)


# Thresholds


def best_thresholds(probabilities: Floats, truth: Floats) -> Floats:
    """Returns each column's threshold with the best F1, between two probabilities that occur.

    `probabilities` (n, k); `truth` (n, k) is 1, 0, or NaN for what does not count. The threshold is 0.5 where
    nothing is known.
    """
    return np.array(
        [_best(probabilities[known, k], truth[known, k] == 1) for k, known in enumerate(np.isfinite(truth).T)]
    )


def _best(probabilities: Floats, truth: NDArray[np.bool_]) -> float:
    if not truth.any() or truth.all():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    hits, ranked = np.cumsum(truth[order]), probabilities[order]
    scores = 2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    scores[:-1][ranked[:-1] == ranked[1:]] = -1  # equal ones cannot be told apart
    place = int(scores.argmax())
    below = ranked[place + 1] if place + 1 < len(ranked) else 0.0
    return float(np.clip((ranked[place] + below) / 2, 0.02, 0.98))


def raise_thresholds(thresholds: Floats, plain: Floats, most: float) -> Floats:
    """Returns thresholds (k,) above which no more than a share `most` of plain photos (n, k) has a look.

    All rise by one step of their log odds, the least that is enough.
    """
    if not len(plain):
        return thresholds
    odds = np.log(thresholds / (1 - thresholds))
    for step in np.arange(0, 6, 0.1):
        raised = 1 / (1 + np.exp(-(odds + step)))
        if (plain > raised).any(1).mean() <= most:
            break
    return raised
