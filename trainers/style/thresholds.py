"""What names a look: curves and thresholds for the looks of several hands, and a gate for what is drawn.

`fit` finds them, `named` applies them as the assessor does, and `figures` says how well, on pictures that
they were not fitted to: another half of the photos, and another hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.calibration import fit_logistic, probability
from trainers.common.metrics import Floats
from trainers.style.hands import AS_TAKEN, Answers
from trainers.style.looks import NAMES

PHOTOGRAPH = 0
"""The medium that has photographic looks."""

OTHERS = 0.15
"""What a photo with another look costs that is said to have this one, beside one whose look is missed."""

UNSURE = 0.5
"""What a photo without a look counts for where rules cannot tell whether it has it by itself: a dark photo
may be low key."""

POWER = 1.5
"""The power of the share that is missed: above 1, a look that is often missed counts for more."""

_GRID = np.concatenate([np.linspace(0.01, 0.9, 90), np.linspace(0.91, 0.998, 23)])
_FEWEST = 3


@dataclass(frozen=True)
class LookThresholds:
    """Holds logistic curves (l,) of log odds, thresholds (l,) of what they give, and a gate.

    No look is named where the probability of a photograph is below `gate`.
    """

    slopes: Floats
    intercepts: Floats
    thresholds: Floats
    gate: float


def fit(answers: Answers, most_plain: float, most_drawn: float, temperature: float) -> LookThresholds:
    """Fits curves, thresholds and gate to answers.

    Of each look, what is missed of each hand and false alarms among plain photos and those with other looks
    are weighed. Plain photos weigh so much that no more than the share `most_plain` of them has any look.
    The gate is the least with which no more than `most_drawn` of the drawings have one.
    """
    curves = np.array([_curve(answers, look) for look in range(len(NAMES))])
    slopes, intercepts = curves[:, 0], curves[:, 1]
    chances = probability(log_odds(answers.said_looks), slopes, intercepts)
    trades = [_Trade.of(answers, chances[:, look], look) for look in range(len(NAMES))]
    thresholds = np.array([trade.best(0.0) for trade in trades])
    plain = chances[answers.plain]
    for weight in np.geomspace(0.5, 2000, 200):
        if (plain > thresholds).any(1).mean() <= most_plain:
            break
        thresholds = np.array([trade.best(float(weight)) for trade in trades])
    found = LookThresholds(slopes, intercepts, thresholds, 0.0)
    return LookThresholds(slopes, intercepts, thresholds, _gate(answers, found, most_drawn, temperature))


def named(answers: Answers, found: LookThresholds, temperature: float) -> NDArray[np.bool_]:
    """Returns which looks (n, l) each picture is said to have."""
    chances = probability(log_odds(answers.said_looks), found.slopes, found.intercepts)
    photograph = photographs(answers, temperature) >= found.gate
    return (chances > found.thresholds) & photograph[:, None]


def photographs(answers: Answers, temperature: float) -> Floats:
    """Returns the calibrated probability (n,) of each picture to be a photograph."""
    raised = np.maximum(answers.said_medium, 1e-12) ** (1 / temperature)
    return np.asarray(raised[:, PHOTOGRAPH] / raised.sum(1))


def log_odds(chances: Floats) -> Floats:
    """Returns the log odds of probabilities, without certainty."""
    inside = np.clip(chances, 1e-7, 1 - 1e-7)
    return np.log(inside / (1 - inside))


@dataclass(frozen=True)
class _Trade:
    """Holds of a look, by threshold of `_GRID`, the shares missed by hand (h, g) and false alarms (g,)."""

    missed: Floats
    plain: Floats
    others: Floats

    @classmethod
    def of(cls, answers: Answers, chances: Floats, look: int) -> _Trade:
        """Counts what each threshold does."""
        hands = [hand for hand in np.unique(answers.hands) if hand != AS_TAKEN]
        having = [chances[(answers.hands == hand) & (answers.made == look)] for hand in hands]
        without, plain = answers.known[:, look] == 0, answers.plain
        others = (answers.hands != AS_TAKEN) & without
        sure, unsure = plain & without, plain & ~without
        counted = sure.sum() * _above(chances[sure]) + UNSURE * unsure.sum() * _above(chances[unsure])
        missed = 1 - np.array([_above(one) for one in having if len(one)])
        return cls(missed, counted / max(1, plain.sum()), _above(chances[others]))

    def best(self, weight: float) -> float:
        """Returns the threshold of the least cost, where plain photos weigh so much."""
        cost = (self.missed**POWER).mean(0) + weight * self.plain + OTHERS * self.others
        return float(_GRID[int(cost.argmin())])


def _above(chances: Floats) -> Floats:
    """Returns the share of chances above each threshold of `_GRID`."""
    return 1 - np.searchsorted(np.sort(chances), _GRID, side="right") / max(1, len(chances))


def _curve(answers: Answers, look: int) -> tuple[float, float]:
    """Returns slope and intercept of a look's curve, fitted to photos of all hands and plain ones."""
    known = np.isfinite(answers.known[:, look]) & (answers.medium == PHOTOGRAPH)
    truth = answers.known[known, look]
    if min((truth == 1).sum(), (truth == 0).sum()) < _FEWEST:
        return 1.0, 0.0
    curve = fit_logistic(log_odds(answers.said_looks[known, look]), truth, 0.5)
    slope, intercept = float(curve["slope"]), float(curve["intercept"])
    return (slope, intercept) if 0.05 < slope < 20 else (1.0, 0.0)


def _gate(answers: Answers, found: LookThresholds, most_drawn: float, temperature: float) -> float:
    """Returns the least probability that leaves looks to no more than a share `most_drawn` of drawings."""
    drawn = answers.drawn & named(answers, found, temperature).any(1)
    allowed = int(most_drawn * answers.drawn.sum())
    above = np.sort(photographs(answers, temperature)[drawn])[::-1]
    if len(above) <= allowed:
        return 0.0
    return float(np.clip(above[allowed] + 1e-6, 0.0, 0.9))


def across_hands(
    answers: Answers, most_plain: float, most_drawn: float, temperature: float
) -> dict[str, dict[str, Any]]:
    """Returns the figures of each hand, named by what was fitted to the other hands and other photos."""
    found = {}
    for hand in np.unique(answers.hands[answers.hands != AS_TAKEN]).tolist():
        holds = np.zeros(answers.said_looks.shape, bool)
        for half in (0, 1):
            fitted = (answers.half == half) & (answers.hands != hand)
            thresholds = fit(answers.rows(fitted), most_plain, most_drawn, temperature)
            judged = answers.half != half
            holds[judged] = named(answers.rows(judged), thresholds, temperature)
        found[hand] = figures(answers, holds, hand)
    return found


def interval(hits: int, count: int) -> tuple[float, float]:
    """Returns Wilson's interval of 95% of a share."""
    if not count:
        return 0.0, 1.0
    share, z = hits / count, 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def figures(answers: Answers, holds: NDArray[np.bool_], hand: str) -> dict[str, Any]:
    """Returns how often the looks of a hand are named, and what plain photos and drawings are said to have.

    Precision is that on photos of the hand, in which each look is as frequent as another, and as many plain
    photos as there are of each.
    """
    each = {name: _of_look(answers, holds, hand, place) for place, name in enumerate(NAMES)}
    plain, drawn = holds[answers.plain], holds[answers.drawn]
    sure = holds[answers.plain & np.isfinite(answers.known).all(1)]
    return {
        "named": _share(
            int(sum(one["hits"] for one in each.values())), int(sum(one["photos"] for one in each.values()))
        ),
        "least_named": min(one["recall"] for one in each.values()),
        "plain_with_a_look": _share(int(plain.any(1).sum()), len(plain)),
        "plain_with_a_look_where_all_is_known": _share(int(sure.any(1).sum()), len(sure)),
        "drawings_with_a_look": _share(int(drawn.any(1).sum()), len(drawn)),
        "each": each,
    }


def _of_look(answers: Answers, holds: NDArray[np.bool_], hand: str, look: int) -> dict[str, Any]:
    ours = answers.hands == hand
    having, without = ours & (answers.made == look), ours & (answers.known[:, look] == 0)
    hits, photos = int(holds[having, look].sum()), int(having.sum())
    wrong = holds[without, look].mean() * (len(NAMES) - 1) if without.any() else 0.0
    plain = holds[answers.plain, look].mean() if answers.plain.any() else 0.0
    recall = hits / max(1, photos)
    return {
        "photos": photos,
        "hits": hits,
        "recall": recall,
        "recall_interval": interval(hits, photos),
        "precision": float(recall / max(recall + wrong + plain, 1e-9)),
        "plain": float(plain),
    }


def _share(hits: int, count: int) -> dict[str, Any]:
    return {"of": count, "share": hits / max(1, count), "interval": interval(hits, count)}


def in_card(found: LookThresholds) -> dict[str, Mapping[str, Any] | Sequence[Any]]:
    """Returns curves, thresholds and gate as a card has them."""
    return {
        "calibration": {
            name: {
                "method": "logistic",
                "slope": round(float(slope), 6),
                "intercept": round(float(offset), 6),
            }
            for name, slope, offset in zip(NAMES, found.slopes, found.intercepts, strict=True)
        },
        "thresholds": {name: round(float(at), 6) for name, at in zip(NAMES, found.thresholds, strict=True)},
        "gate": {"medium": "photograph", "least": round(found.gate, 6)},
    }
