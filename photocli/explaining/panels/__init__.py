"""Panels: one module per kind of model; each shows on the page what a model of that kind saw in a photo.

A panel module offers `NEEDS`, the outputs that it cannot do without; `find(view)`, what it works out beyond
the model's outputs, which may run the model again; and `draw(view, found, width)`. A model whose kind has no
panel, or that lacks an output, is left out of the page. Listing the names imports none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.canvas import Canvas
    from photocli.models.card import Card
    from photocli.records import Record

    Pixels = NDArray[np.uint8]
    Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class View:
    """One photo as one model sees it.

    `frame` is the upright photo, uint8 (height, width, 3), and `input` what was cut from it for the model,
    uint8 (3, height, width); of a model that judges faces, one such input for each, and of one that finds
    them, the faces. `outputs` are the model's, without the batch axis, as its assessor reads them. `run`
    gives those of other inputs, in their order; `advance` takes how many of how many are done. `level` is the
    largest level of the photo, from which tiles are cut; the frame, if there is none.
    """

    record: Record
    card: Card
    frame: Pixels = field(repr=False)
    input: Pixels = field(repr=False)
    outputs: Mapping[str, NDArray[np.float32]] = field(repr=False)
    run: Callable[[Sequence[Pixels]], list[Outputs]] = field(repr=False)
    advance: Callable[[int, int], None] | None = field(default=None, repr=False)
    level: Pixels | None = field(default=None, repr=False)


class Panel(Protocol):
    """What a module of this package offers."""

    NEEDS: tuple[str, ...]

    def find(self, view: View) -> Any:
        """What is shown beyond the outputs, such as a heat map; None if there is nothing."""

    def draw(self, view: View, found: Any, width: float) -> Canvas:
        """The panel, as wide as that, as high as it needs."""


def names() -> tuple[str, ...]:
    """The kinds of models that have a panel, sorted, as they stand on the page."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(kind: str) -> Panel:
    """The panel for a kind of model, one of `names()`."""
    return cast("Panel", importlib.import_module(f"{__name__}.{kind}"))


def fitting(card: Card) -> Panel | None:
    """The panel for a model; None where there is none for its kind, or where it lacks an output."""
    if card.kind not in names():
        return None
    panel = load(card.kind)
    return panel if set(panel.NEEDS) <= set(card.outputs) else None
