"""Detectors of faces: one module per kind of network; each turns its outputs into boxes and points.

A kind's module offers `OUTPUTS`, the outputs that it reads; `PADDING`, the grey of the canvas where there is
no photo; `prepare(canvas)`; and `read(outputs, side)`. `detector.Detector` runs a network of any kind.
Listing the names imports none of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from photocli.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Outputs = Mapping[str, NDArray[np.float32]]
    Candidates = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]

_RUNS_THEM = "detector"  # the module that is no kind


class DetectorKind(Protocol):
    """What a module of a kind offers."""

    OUTPUTS: tuple[str, ...]
    PADDING: int

    def prepare(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The network's input, a batch of one, from a square RGB canvas (side, side, 3)."""

    def read(self, outputs: Outputs, side: int) -> Candidates:
        """From the outputs of a batch of one: scores (c,) 0-1, boxes (c, 4), left, top, right and bottom,
        and points (c, 10), x and y of five, all in pixels of the canvas; candidates in any order."""


@cache
def names() -> tuple[str, ...]:
    """The kinds of detectors, sorted."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if name != _RUNS_THEM))


def load(kind: str) -> DetectorKind:
    """The module of a kind of detector. Raises `ModelError` for a kind that this version does not know."""
    if kind not in names():
        raise ModelError(
            f"this version cannot find faces by models of kind '{kind}', only: {', '.join(names())}"
        )
    return cast("DetectorKind", importlib.import_module(f"{__name__}.{kind}"))
