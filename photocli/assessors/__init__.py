"""Assessors: one module per kind of model; each turns a network's outputs into fields of the record.

An assessor module offers `FIELDS`, the record fields that it fills; `NEEDS`, the outputs that it reads; and
`assess(card, outputs)`; one whose model tells classes apart offers `labels(card)`, too: their names, by
field. Listing the names imports none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from photocli.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card


class Assessor(Protocol):
    """What a module of this package offers."""

    FIELDS: tuple[str, ...]
    NEEDS: tuple[str, ...]

    def assess(self, card: Card, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
        """Fields of the record, from one photo's outputs (without the batch axis), those in `NEEDS`."""


@cache
def names() -> tuple[str, ...]:
    """The kinds of models that can be run, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(kind: str) -> Assessor:
    """The assessor for a kind of model. Raises `ModelError` for a kind that this version does not know."""
    if kind not in names():
        raise ModelError(f"this version cannot run models of kind '{kind}', only: {', '.join(names())}")
    return cast("Assessor", importlib.import_module(f"{__name__}.{kind}"))


def labels(card: Card) -> dict[str, tuple[str, ...]]:
    """The texts that fields and columns may have by what this model says; of most kinds there are none."""
    found = getattr(load(card.kind), "labels", None)
    return {} if found is None else found(card)
