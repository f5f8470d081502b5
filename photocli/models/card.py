"""A model's card: the facts about a model as data, read from `card.json` beside the network."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from photocli.errors import ModelError
from photocli.faces.alignment import Place
from photocli.inputs.views import FITS, InputSpec

CARD_FILE = "card.json"

SEAL = "sealed"
"""The fact of a card that says what all its other facts were when the model was tried and added."""

LARGEST_CARD = 4_000_000
"""Bytes; twenty thousand classes with a curve for each fit into it."""

FLOAT = "float"
"""The precision of the network that a card describes first."""

PRECISIONS = (FLOAT, "int8")
"""The precisions in which a model's networks may compute."""

_OWN_FACTS = ("thresholds",)
"""The facts of a card that a variant may have of its own."""

_LARGEST = 4096  # pixels; a frame is decoded at one and a half times that


@dataclass(frozen=True, slots=True)
class CardVariant:
    """The same model in another precision: another network with the same inputs and outputs.

    `facts` is its entry of the card: how well it agrees with the first network, and its own `thresholds`.
    """

    precision: str
    file: str
    sha256: str
    facts: Mapping[str, Any] = field(repr=False, hash=False, compare=False)


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
    precision: str = FLOAT
    variants: tuple[CardVariant, ...] = ()

    @property
    def label(self) -> str:
        """`name@version`, as records name the model; of a variant `name@version+int8`."""
        precision = "" if self.precision == FLOAT else f"+{self.precision}"
        return f"{self.name}@{self.version}{precision}"

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions in which the model can run."""
        return (self.precision, *(variant.precision for variant in self.variants))

    def as_variant(self, precision: str) -> Card:
        """Return the card of the model in a precision: with the variant's file, SHA-256 and thresholds.

        Raises `ModelError` where the model has no network of that precision.
        """
        if precision == self.precision:
            return self
        variant = next((each for each in self.variants if each.precision == precision), None)
        if variant is None:
            raise ModelError(f"model {self.label} has no network of precision {precision}")
        own = {name: variant.facts[name] for name in _OWN_FACTS if name in variant.facts}
        return replace(
            self,
            file=variant.file,
            sha256=variant.sha256,
            precision=precision,
            variants=(),
            facts={**self.facts, **own},
        )

    @property
    def reference(self) -> str:
        """A text from which `read_reference` reads this card again, in another process."""
        return str(self.folder) if self.precision == FLOAT else f"{self.precision}:{self.folder}"

    @property
    def base_key(self) -> str:
        """The cache key of the model's first network: the same for all its precisions.

        What was learned from the outputs of one precision, such as a taste, holds for the others.
        """
        return f"{self.facts['sha256']}:{self.input.key}"

    @property
    def terms(self) -> str:
        """The licence of the model, and the names of the data that it learned from."""
        licence = str(self.facts.get("licence", "not stated")).removesuffix(", see data")
        licence = licence.removesuffix(", which this card names under data")
        data = self.facts.get("data")
        sources = [source for source in data if isinstance(source, dict)] if isinstance(data, list) else []
        names = dict.fromkeys(str(source["name"]) for source in sources if "name" in source)
        return f"{licence}: {', '.join(names)}" if names else licence

    @property
    def network(self) -> Path:
        """The path of the ONNX file."""
        return self.folder / self.file

    @property
    def is_sealed(self) -> bool:
        """Whether the model was tried and added by `adding.add`, and nothing of its card changed since."""
        return SEAL in self.facts

    @property
    def cache_key(self) -> str:
        """Changes whenever the same photo could get other outputs: other weights, or another cut.

        It covers all that outputs depend on: the network is one file, which is loaded only if it has this
        SHA-256, and of the card the input; a detector's thresholds are in its `input.version`. The rest of
        the card is read anew whenever outputs become fields.
        """
        return f"{self.sha256}:{self.input.key}"


def seal(facts: Mapping[str, Any]) -> str:
    """The SHA-256 of all facts of a card but the seal itself, in whichever order and layout they stand."""
    sealed = {name: fact for name, fact in facts.items() if name != SEAL}
    return hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()


def read_reference(reference: str) -> Card:
    """Read the card that `Card.reference` refers to. Raises `ModelError`."""
    precision, colon, folder = reference.partition(":")
    if colon and precision in PRECISIONS:
        return read_card(Path(folder)).as_variant(precision)
    return read_card(Path(reference))


def read_card(folder: Path) -> Card:
    """Read and check `card.json` of a model folder. Raises `ModelError` with what is wrong."""
    path = folder / CARD_FILE
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_CARD + 1)
        if len(content) > LARGEST_CARD:
            raise ModelError(f"{path} is larger than {LARGEST_CARD / 1e6:g} MB, which no model card is")
        facts = json.loads(content.decode("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model: it has no {CARD_FILE}") from error
    except RecursionError as error:
        raise ModelError(f"{path} is nested too deeply to be a model card") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    try:
        card = _card(folder, facts)
        changed = SEAL in facts and facts[SEAL] != seal(facts)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ModelError(f"{path} is not a complete model card: {error!r}"[:400]) from error
    if changed:
        raise ModelError(
            f"{path} was changed since the model was added; "
            f"take it away with photocli models remove {folder.name}, and add it again"
        )
    return card


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
        if not all(map(math.isfinite, place)):
            raise ModelError(f"{folder}: the place of a face in the input holds numbers that are none")
    file = _file(folder, facts)
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
        variants=_variants(folder, facts, file),
    )


def _variants(folder: Path, facts: Mapping[str, Any], first: str) -> tuple[CardVariant, ...]:
    """The variants that a card names, each of another precision and in a file of its own."""
    entries = facts.get("variants", [])
    if not isinstance(entries, list):
        raise ModelError(f"{folder}: the variants of a card must be a list")
    found: list[CardVariant] = []
    files = [first, CARD_FILE]
    for entry in entries:
        variant = CardVariant(str(entry["precision"]), _file(folder, entry), str(entry["sha256"]), entry)
        if variant.precision not in PRECISIONS[1:]:
            known = ", ".join(PRECISIONS[1:])
            raise ModelError(
                f"{folder}: this version knows no variants of precision '{variant.precision}', only {known}"
            )
        if any(variant.precision == other.precision for other in found) or variant.file in files:
            raise ModelError(f"{folder}: the card names a precision or a file twice among its variants")
        found.append(variant)
        files.append(variant.file)
    return tuple(found)


def _file(folder: Path, facts: Mapping[str, Any]) -> str:
    """The network's file that the facts name. Raises `ModelError` for one outside of the folder."""
    file = str(facts["file"])
    if Path(file).name != file:
        raise ModelError(f"{folder}: the card names a file outside its folder: {file}")
    return file
