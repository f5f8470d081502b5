"""A user's own classes: their probabilities -> the class of a photo, or all those that hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from photocli.calibration import log_odds, logistic, sharpened
from photocli.errors import ModelError
from photocli.ratings import DIGITS
from photocli.records import SEPARATOR, Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

    Outputs = Mapping[str, NDArray[np.float32]]

FIELDS = ("answers",)
NEEDS = ("probabilities",)


def assess(card: Card, outputs: Outputs) -> dict[str, Any]:
    """Read `probabilities` (k,) of the card's `classes`, and say which holds; see `Answer`.

    With `several`, those hold whose calibrated probability is above the card's threshold for them.
    """
    values = [round(chance, DIGITS) for chance in chances(card, outputs)]
    named = tuple(zip(classes(card), values, strict=True))
    ranked = sorted(named, key=lambda pair: -pair[1])
    held = ranked[:1]
    if card.facts.get("several", False):
        held = [(name, chance) for name, chance in ranked if chance > threshold(card, name)]
    answer = Answer(
        model=card.name,
        label=SEPARATOR.join(name for name, _ in held) or None,
        confidence=held[0][1] if held else round(1 - ranked[0][1], DIGITS),
        probabilities=named,
    )
    return {"answers": (answer,)}


def chances(card: Card, outputs: Outputs) -> list[float]:
    """The calibrated probabilities of the classes, in the card's order.

    Those of classes of which one holds are sharpened by one temperature; where several may, each has a
    logistic curve on its log odds, or none.
    """
    values = [float(chance) for chance in outputs["probabilities"]]
    curves = card.facts.get("calibration", {})
    if not card.facts.get("several", False):
        return sharpened(values, curves.get("probabilities"))
    return [calibrated(chance, curves.get(name)) for name, chance in zip(classes(card), values, strict=True)]


def calibrated(chance: float, curve: Mapping[str, Any] | None) -> float:
    """The probability of one class among several that may hold; without a curve, what the network says."""
    return logistic(log_odds(chance), curve) if curve else chance


def threshold(card: Card, name: str) -> float:
    """The calibrated probability above which a class holds, where several may."""
    return float(card.facts.get("thresholds", {}).get(name, 0.5))


def classes(card: Card) -> tuple[str, ...]:
    """The names of the classes. Raises `ModelError` for names by which they could not be told apart."""
    return checked(card, card.facts["classes"])


def checked(card: Card, names: Sequence[Any]) -> tuple[str, ...]:
    """The names of classes, which are different texts that can be joined."""
    found = tuple(str(name) for name in names)
    odd = [name for name in found if not name.strip() or ";" in name or not name.isprintable()]
    if odd or not found or len(set(found)) < len(found):
        reason = f"{odd[0]!r} cannot be one" if odd else "two are the same" if found else "there is none"
        raise ModelError(
            f"the classes of {card.label} need names of their own, without a semicolon: {reason}"
        )
    return found


def labels(card: Card) -> dict[str, tuple[str, ...]]:
    """The texts that the column of this model may have."""
    return {card.name: classes(card)}
