"""The store of tastes: what `photocli learn` learned, a small JSON file for each, by name."""

from __future__ import annotations

import base64
import json
import math
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import UsageError
from photocli.files import atomic_write

if TYPE_CHECKING:
    from photocli.taste import Head, Trial

TASTES_ENV = "PHOTOCLI_TASTES"
DEFAULT = "default"
OFF = "off"
NEEDS = ("embedding", "look")
"""The outputs of its model that a taste reads."""

_LAYOUT = 1
_LARGEST = 1 << 20  # bytes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Taste:
    """A taste: what was learned, of which model's embeddings, from how many photos, and how good it proved.

    `facts` is what its file says for people: accuracies, the date. `digest` tells two versions apart.
    """

    name: str
    model: str
    model_key: str
    head: Head
    facts: Mapping[str, Any]
    digest: str

    @property
    def label(self) -> str:
        """As records name it among the models."""
        return f"taste:{self.name}@{self.digest}"

    def score(self, outputs: Mapping[str, Any], aesthetic: float) -> float:
        """The overall score, 1 to 10, from the outputs of the taste's model and the general score."""
        from photocli.taste import to_score

        return to_score(float(self.head.stars(outputs["embedding"], outputs["look"], aesthetic)))


def folder() -> Path:
    """Where tastes lie: `$PHOTOCLI_TASTES`, else the platform's folder for user data."""
    if chosen := os.environ.get(TASTES_ENV):
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("photocli", appauthor=False) / "tastes"


def names() -> list[str]:
    """The names of all tastes, sorted."""
    files = folder().glob("*.json") if folder().is_dir() else ()
    return sorted(file.stem for file in files if _NAME.fullmatch(file.stem))


def choose(name: str | None, models: Collection[str]) -> tuple[Taste | None, str | None]:
    """The taste to use with the models of these cache keys, and a note if the default one cannot be used.

    A taste that is asked for by name is used or raises `UsageError`.
    """
    if name == OFF or (name is None and not path_of(DEFAULT).exists()):
        return None, None
    try:
        taste = load(name or DEFAULT)
        if taste.model_key not in models:
            raise UsageError(
                f"the taste '{taste.name}' was learned with another model, {taste.model}; learn it again"
            )
    except UsageError as error:
        if name is not None:
            raise
        return None, f"{error} (going on without it)"
    return taste, None


def load(name: str) -> Taste:
    """Read a taste. Raises `UsageError` if there is none of that name, or if it is damaged."""
    file = path_of(name)
    if not file.is_file():
        raise UsageError(f"there is no taste named '{name}'; there are: {', '.join(names()) or 'none'}")
    return read(file, name)


def read(file: Path, name: str) -> Taste:
    """Read a taste from any file, under any name. Raises `UsageError`."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ValueError("it is too large")
        return _from_document(json.loads(data), name)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is not a taste ({error})") from None


def make(name: str, model: str, model_key: str, head: Head, trial: Trial, learned: str) -> Taste:
    """A taste from what was learned; `learned` is the date. Its numbers are those that its file will hold."""
    facts = {
        "learned": learned,
        "photos": trial.photos,
        "accuracy": round(trial.accuracy, 4),
        "general_accuracy": round(trial.general, 4),
    }
    weights = {
        "embedding": _packed(head.embedding),
        "look": _packed(head.appearance),
        "score": head.score,
        "constant": head.constant,
    }
    document = {"photocli_taste": _LAYOUT, "model": model, "model_key": model_key, **facts, "head": weights}
    return _from_document(document, path_of(name).stem)


def save(taste: Taste) -> Path:
    """Put a taste into the store, in the place of the one of that name. Raises `PhotocliError`."""
    file = path_of(taste.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as output:
        output.write(export(taste))
    return file


def export(taste: Taste) -> bytes:
    """The file of a taste. It holds no photo, no name of one, and no single rating."""
    return (json.dumps(dict(taste.facts), indent=1) + "\n").encode()


def delete(name: str) -> None:
    """Remove a taste. Raises `UsageError` if there is none of that name."""
    try:
        path_of(name).unlink()
    except OSError:
        raise UsageError(
            f"there is no taste named '{name}'; there are: {', '.join(names()) or 'none'}"
        ) from None


def path_of(name: str) -> Path:
    """The file of a taste. Raises `UsageError` for a name that is none."""
    if not _NAME.fullmatch(name) or name == OFF:
        raise UsageError(f"a taste cannot be named '{name}'; use letters, digits, dots and dashes")
    return folder() / f"{name}.json"


def _from_document(document: Any, name: str) -> Taste:
    import hashlib

    from photocli.look import MEASURES
    from photocli.taste import Head

    if document["photocli_taste"] != _LAYOUT:
        raise ValueError("it comes from another version")
    weights = document["head"]
    head = Head(
        _unpacked(weights["embedding"]),
        _unpacked(weights["look"]),
        _finite(weights["score"]),
        _finite(weights["constant"]),
    )
    if len(head.appearance) != len(MEASURES):
        raise ValueError("it comes from another version")
    digest = hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()[:8]
    model, model_key = str(document["model"]), str(document["model_key"])
    return Taste(name, model, model_key, head, document, digest)


def _packed(values: Any) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> Any:
    import numpy as np

    values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it holds numbers that are none")
    return values


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("it holds numbers that are none")
    return float(value)
