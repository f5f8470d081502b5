"""What the outputs of each kind of model must be for one photo: their shapes, and the range of their numbers.

It is looked at when a model is added and whenever it answers, so that what is no answer never is a score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.errors import ModelError
from photocli.scoring.profiles import FAULTS
from photocli.scoring.ratings import HIGHEST, LOWEST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

    Outputs = Mapping[str, NDArray[np.float32]]

ROUNDED = 0.01
"""How far shares may be from adding up to 1, and chances from lying between 0 and 1."""

_BEYOND = (HIGHEST - LOWEST) / 2  # how far a mark may be off its scale before it is put on the end of it


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output: its shape without the batch, the range of its numbers, and whether they add up to 1."""

    shape: tuple[int, ...]
    low: float = -math.inf
    high: float = math.inf
    shares: bool = False


def output_specs(card: Card) -> dict[str, OutputSpec]:
    """Say what each output that a kind reads must be. Raises `KeyError` for an incomplete card."""
    from photocli import assessors

    def chances(count: int, *, shares: bool) -> OutputSpec:
        return OutputSpec((count,), -ROUNDED, 1 + ROUNDED, shares)

    if card.kind == "aesthetics":
        return {"votes": chances(10, shares=True)}
    if card.kind == "technical":
        return {"severities": chances(len(FAULTS), shares=False), "turns": chances(4, shares=True)}
    if card.kind == "crop":
        one = dict.fromkeys(("cropped", "factor", "doubt"), OutputSpec((1,)))
        return {**one, "rectangle": OutputSpec((4,), -1, 2)}
    if card.kind == "selfie":
        return {"scores": OutputSpec((1,), LOWEST - _BEYOND, HIGHEST + _BEYOND)}
    if card.kind == "classifier":
        (names,) = assessors.labels(card).values()
        return {"probabilities": chances(len(names), shares=not card.facts.get("several", False))}
    if card.kind == "style":
        from photocli.assessors.style import classes

        return {group: chances(len(names), shares=group != "looks") for group, names in classes(card).items()}
    return {}


def check(card: Card, outputs: Outputs) -> None:
    """Raise `ModelError` if what a network says of one photo is none of the answers that its kind has.

    Outputs of models that judge faces have a row for each face of the photo. Numbers that are none (NaN) and
    infinite ones are refused in every output.
    """
    expected = output_specs(card)
    for name, value in outputs.items():
        if fault := _fault(name, value, expected.get(name), rows=card.input.fit == "faces"):
            raise ModelError(f"model {card.label} gives no answer that can be used: {fault}")


def check_declared(card: Card, outputs: Outputs) -> None:
    """Raise `ModelError` if outputs of one photo have another shape than the card itself says they have."""
    declared = card.facts["outputs"]
    for name, value in outputs.items():
        facts = declared.get(name) if isinstance(declared, Mapping) else None
        if not isinstance(facts, Mapping):
            continue
        shape, labels = facts.get("shape"), facts.get("labels")
        if shape is not None and not _is_shape(value.shape, shape):
            raise ModelError(
                f"the card of {card.label} says that {name} has the shape {list(shape)}, "
                f"and the network gives {list(value.shape)}"
            )
        if labels is not None and len(labels) not in value.shape:
            raise ModelError(
                f"the card of {card.label} has {len(labels)} labels for {name}, "
                f"and the network gives the shape {list(value.shape)}"
            )


def _is_shape(shape: tuple[int, ...], declared: Sequence[int | str]) -> bool:
    """Tell whether a shape is the one that a card declares, in which a size with a name may be any."""
    if len(shape) != len(declared):
        return False
    return all(isinstance(named, str) or size == named for size, named in zip(shape, declared, strict=True))


def _fault(name: str, value: NDArray[np.float32], expected: OutputSpec | None, *, rows: bool) -> str | None:
    import numpy as np

    if value.dtype.kind not in "fiub":
        return f"{name} holds no numbers"
    if not np.isfinite(value).all():
        return f"{name} holds numbers that are none or infinite"
    if expected is None:
        return None
    shape = value.shape[1:] if rows else value.shape
    if shape != expected.shape:
        return f"{name} has the shape {list(shape)}, not {list(expected.shape)}"
    if not value.size:
        return None
    low, high = float(value.min()), float(value.max())
    if low < expected.low or high > expected.high:
        return f"{name} goes from {low:.4g} to {high:.4g}, beyond {expected.low:g} to {expected.high:g}"
    total = value.sum(axis=-1, dtype=np.float64)
    if expected.shares and (abs(total - 1) > ROUNDED).any():
        return f"{name} adds up to {float(np.ravel(total)[0]):.4g}, not to 1"
    return None
