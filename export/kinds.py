"""The kinds of models that can be exported: a module of this package for each, named as the kind."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from export.graph import Served
from photocli.errors import UsageError
from photocli.inputs.views import InputSpec
from trainers.common.checkpoints import Model

KINDS = ("aesthetics", "classifier", "crop", "faces", "selfie", "style", "technical")

_KIND_OF = {"style": "classifier", "styles": "style"}
"""Where a trainer has another name than the kind of its models."""


class Kind(Protocol):
    """What such a module offers."""

    ROUNDING: float
    """By how much storing weights as float16 may change the `answer`."""

    LOOSE: tuple[str, ...]
    """Outputs on whose last digits nothing depends, where there are such; the others must agree with PyTorch
    (`parity.TOLERANCE`)."""

    def serve(self, model: Model, flip: bool | None) -> Served:
        """The network as it is exported; `flip` judges the mirror image too (None: as it was trained)."""

    def spec(self, config: Mapping[str, Any]) -> InputSpec:
        """The input. Raises `UsageError` if photocli could not cut it from a photo."""

    def outputs(self, model: Model) -> dict[str, dict[str, Any]]:
        """The outputs in the order of the served network, with what a card says of each."""

    def answer(self, config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """What people will read, from the outputs (n, ...) of n photos; `ROUNDING` is in its unit."""

    def facts(self, config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
        """Further entries of the card; `measured` is a run.json."""

    def draw(self, model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
        """Pictures of the network in `folder`: filters, curves, reliability, mistakes; the files.

        `run` is the folder of the training run, `photos` one with the photos that it names.
        """


def kind_of(model: Model) -> tuple[str, Kind]:
    """The kind of a trained model, and its module. Raises `UsageError` for one that cannot be exported."""
    trainer = model.config.get("trainer", "aesthetics")
    name = _KIND_OF.get(trainer, trainer)
    if name not in KINDS:
        raise UsageError(f"models of kind '{name}' cannot be exported, only {', '.join(KINDS)}")
    return name, cast("Kind", import_module(f"export.{name}"))
