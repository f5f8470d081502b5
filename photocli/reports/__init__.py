"""Reports of a check: one file per format, each with `render(report) -> bytes`.

The same photos give the same bytes on every machine: no times, no host names, photos in the order of the run.
"""

from __future__ import annotations

import importlib
import pkgutil
from os import PathLike
from typing import TYPE_CHECKING, Protocol, cast

from photocli.output import open_output

if TYPE_CHECKING:
    from photocli.checks import Report


class ReportFormat(Protocol):
    """What a module of this package offers."""

    def render(self, report: Report) -> bytes:
        """The whole document."""


def names() -> tuple[str, ...]:
    """The formats, sorted; nothing is imported to know them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> ReportFormat:
    """The module that renders a format; `name` is one of `names()`."""
    return cast("ReportFormat", importlib.import_module(f"{__name__}.{name}"))


def save(path: str | PathLike[str], document: bytes) -> None:
    """Put a document where the user wants it: in a file, whole or not at all, or on stdout for `-`."""
    output = open_output(path)
    try:
        output.write(document)
        output.commit()
    finally:
        output.discard()
