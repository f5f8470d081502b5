"""photocli: scores whole folders of photographs. Importing it does nothing; names load when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.errors import PhotocliError as PhotocliError
    from photocli.explaining import Explanation as Explanation
    from photocli.explaining import explain as explain
    from photocli.options import Options as Options
    from photocli.pipeline import Run as Run
    from photocli.pipeline import Summary as Summary
    from photocli.records import VERSION as __version__
    from photocli.records import Record as Record

__all__ = ["Explanation", "Options", "PhotocliError", "Record", "Run", "Summary", "__version__", "explain"]

_HOMES = {
    "Explanation": ("photocli.explaining", "Explanation"),
    "Options": ("photocli.options", "Options"),
    "PhotocliError": ("photocli.errors", "PhotocliError"),
    "Record": ("photocli.records", "Record"),
    "Run": ("photocli.pipeline", "Run"),
    "Summary": ("photocli.pipeline", "Summary"),
    "__version__": ("photocli.records", "VERSION"),
    "explain": ("photocli.explaining", "explain"),
}
"""The module of each public name, and what it is called there."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'photocli' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
