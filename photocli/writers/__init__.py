"""Where records go: one file per output, found by its name. Listing the names imports none of them."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from numbers import Integral, Real
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from photocli.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Self

    from photocli.records import Record


class Writer(Protocol):
    """Takes records one by one, in order. As a context manager, it closes itself.

    When the block ends with an exception, nothing half-written replaces a file that the user had before.
    """

    def write(self, record: Record) -> None:
        """Take one record."""

    def close(self) -> None:
        """Finish the output and put it in place; does nothing the second time."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FileWriter:
    """A writer of one file: a `with` block that ends well closes it, one that fails leaves the old file."""

    def close(self) -> None:
        """Finish the output and put it in place; does nothing the second time."""
        raise NotImplementedError

    def discard(self) -> None:
        """Drop what is not in place yet; does nothing after `close`."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.close()
        finally:
            self.discard()


def names() -> list[str]:
    """The names of all writers, sorted, without importing them."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))


def load(name: str) -> Any:
    """The writer's class: `csv` is `CsvWriter` in `photocli/writers/csv.py`."""
    if name not in names():
        raise UsageError(f"there is no writer named {name}; there are {', '.join(names())}")
    return getattr(importlib.import_module(f"{__name__}.{name}"), f"{name.capitalize()}Writer")


def tidy(value: Any) -> Any:
    """A value as it is written: floats with at most 4 decimals, never NaN; containers likewise, inside.

    A face becomes an object with its fields.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _rounded(float(value))
    if isinstance(value, Mapping):
        return {str(key): tidy(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: tidy(getattr(value, field.name)) for field in fields(value)}
    return [tidy(item) for item in value]


def tidy_field(name: str, value: Any) -> Any:
    """Like `tidy`, for a field of a record: an exposure of 1/8000 s keeps 6 significant digits instead.

    Probabilities of classes and styles become an object, what looks explain and points of focus lists of
    objects.
    """
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:  # most are: sixty values for each photo
        return value
    if kind is float and name != "exposure_s":
        return _rounded(value)
    if name == "styles":
        return tidy(dict(value))
    if name == "explained":
        return [{"fault": fault, "look": look, "share": tidy(share)} for fault, look, share in value]
    if name == "focus_points":
        return [tidy(point._asdict()) for point in value]
    if name == "answers":
        return [{**tidy(answer), "probabilities": tidy(dict(answer.probabilities))} for answer in value]
    if name == "exposure_s" and isinstance(value, Real) and math.isfinite(value):
        return float(f"{float(value):.6g}")
    return tidy(value)


def _rounded(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    return round(value, 4) + 0.0  # + 0.0 turns -0.0 into 0.0
