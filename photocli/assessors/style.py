"""Style: what a picture was made with, and which photographic looks and painting styles it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.assessors.classifier import calibrated, checked, threshold
from photocli.errors import ModelError
from photocli.scoring.calibration import sharpened
from photocli.scoring.ratings import DIGITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

    Outputs = Mapping[str, NDArray[np.float32]]

FIELDS = ("medium", "style", "style_confidence", "styles")
NEEDS = ("medium", "looks", "paintings")

PLAIN = "plain"
"""The style of a photo that has none of them."""

NONE = "none"
"""The first class of `paintings`: styled after none of the paintings that were learned."""


def assess(card: Card, outputs: Outputs) -> dict[str, Any]:
    """Read `medium` (m,), `looks` (l,) and `paintings` (p + 1,): probabilities of the card's `classes`.

    Of the media one holds, and of the paintings one or none; of the looks those whose calibrated probability
    is above the card's threshold, and none where the card's `gate` is shut: a bright cartoon is no high key.
    `styles` are all that hold, looks and paintings, the most probable first, and `style` is the first of
    them; without any it is `plain`, which is as sure as the most probable style is not.
    """
    probabilities = chances(card, outputs)
    medium, paintings = probabilities["medium"], probabilities["paintings"]
    looks = probabilities["looks"] if may_have_looks(card, medium) else {}
    painting = max(paintings, key=paintings.__getitem__)
    held = {name: chance for name, chance in looks.items() if chance > threshold(card, name)}
    if painting != NONE:
        held[painting] = paintings[painting]
    highest = max(
        (*looks.values(), *(chance for name, chance in paintings.items() if name != NONE)), default=0
    )
    ranked = sorted(held.items(), key=lambda pair: -pair[1])
    style, confidence = ranked[0] if ranked else (PLAIN, 1 - highest)
    return {
        "medium": max(medium, key=medium.__getitem__),
        "style": style,
        "style_confidence": confidence,
        "styles": tuple((name, round(chance, DIGITS)) for name, chance in ranked),
    }


def chances(card: Card, outputs: Outputs) -> dict[str, dict[str, float]]:
    """The calibrated probabilities by group (`medium`, `looks`, `paintings`) and class, as in the card."""
    curves = card.facts.get("calibration", {})
    probabilities: dict[str, dict[str, float]] = {}
    for group, names in classes(card).items():
        values = [float(chance) for chance in outputs[group]]
        if group == "looks":
            pairs = zip(names, values, strict=True)
            probabilities[group] = {name: calibrated(chance, curves.get(name)) for name, chance in pairs}
        else:
            probabilities[group] = dict(zip(names, sharpened(values, curves.get(group)), strict=True))
    return probabilities


def may_have_looks(card: Card, medium: Mapping[str, float]) -> bool:
    """Whether looks are named, given the probabilities of the media: where the card's `gate` names a medium,
    if that is as probable as its `least`. Raises `ModelError` for a gate that cannot be understood."""
    gate = card.facts.get("gate")
    if gate is None:
        return True
    try:
        return medium[gate["medium"]] >= float(gate["least"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"the gate of {card.label} must have a medium of its classes, and the least probability of it"
        ) from error


def classes(card: Card) -> dict[str, tuple[str, ...]]:
    """The names of the classes of each group. Raises `ModelError` for names that cannot be told apart."""
    return {group: checked(card, card.facts["classes"][group]) for group in NEEDS}


def labels(card: Card) -> dict[str, tuple[str, ...]]:
    """The texts that the fields of this model may have."""
    known = classes(card)
    paintings = tuple(name for name in known["paintings"] if name != NONE)
    return {"medium": known["medium"], "style": (*known["looks"], *paintings, PLAIN)}
