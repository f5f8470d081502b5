"""A model's card: the facts about a model as data, read from `card.json` beside the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from photocli.alignment import Place
from photocli.errors import ModelError
from photocli.inputs import FITS, InputSpec

CARD_FILE = "card.json"

_LARGEST = 4096  # pixels; a frame is decoded at one and a half times that


@dataclass(frozen=True, slots=True)
class Card:
    """What photocli needs to run a model and to say where its answers come from.

    `facts` is the whole JSON document: training, data with terms of use, metrics, limits.
    """

    folder: Path
    name: str
    kind: str
    version: str
    sha256: str
    file: str
    input: InputSpec
    outputs: tuple[str, ...]
    facts: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    @property
    def label(self) -> str:
        """`name@version`, as records name the model."""
        return f"{self.name}@{self.version}"

    @property
    def network(self) -> Path:
        """The path of the ONNX file."""
        return self.folder / self.file

    @property
    def cache_key(self) -> str:
        """Changes whenever the same photo could get other outputs: other weights, or another cut."""
        return f"{self.sha256}:{self.input.key}"


def read_card(folder: Path) -> Card:
    """Read and check `card.json` of a model folder. Raises `ModelError` with what is wrong."""
    path = folder / CARD_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model: it has no {CARD_FILE}") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    try:
        return _card(folder, facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} is not a complete model card: {error!r}") from error


def _card(folder: Path, facts: Mapping[str, Any]) -> Card:
    spec = facts["input"]
    height, width = spec["size"]
    if spec["fit"] not in FITS:
        raise ModelError(
            f"{folder}: this version cannot cut inputs by '{spec['fit']}', only {', '.join(FITS)}"
        )
    height, width = int(height), int(width)
    if not (1 <= height <= _LARGEST and 1 <= width <= _LARGEST):
        raise ModelError(f"{folder}: {height} x {width} is not a size that inputs can have")
    place = ()
    if spec["fit"] == "faces":
        place = astuple(Place(**{name: float(value) for name, value in spec["place"].items()}))
    file = str(facts["file"])
    if Path(file).name != file:
        raise ModelError(f"{folder}: the card names a file outside its folder: {file}")
    return Card(
        folder=folder,
        name=str(facts["name"]),
        kind=str(facts["kind"]),
        version=str(facts["version"]),
        sha256=str(facts["sha256"]),
        file=file,
        input=InputSpec(str(spec["name"]), height, width, str(spec["fit"]), place=place),
        outputs=tuple(facts["outputs"]),
        facts=facts,
    )
