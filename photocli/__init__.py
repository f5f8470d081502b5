"""photocli: scores whole folders of photographs. Importing it does nothing; names load when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.errors import PhotocliError as PhotocliError
    from photocli.explaining import Explanation as Explanation
    from photocli.explaining import explain as explain
    from photocli.records import VERSION as __version__
    from photocli.records import Record as Record
    from photocli.scoring.options import Options as Options
    from photocli.scoring.pipeline import Run as Run
    from photocli.scoring.pipeline import Summary as Summary
    from photocli.scoring.ratings import breakdown as breakdown

__all__ = [
    "Explanation",
    "Options",
    "PhotocliError",
    "Record",
    "Run",
    "Summary",
    "__version__",
    "breakdown",
    "explain",
]

_HOMES = {
    "Explanation": ("photocli.explaining", "Explanation"),
    "Options": ("photocli.scoring.options", "Options"),
    "PhotocliError": ("photocli.errors", "PhotocliError"),
    "Record": ("photocli.records", "Record"),
    "Run": ("photocli.scoring.pipeline", "Run"),
    "Summary": ("photocli.scoring.pipeline", "Summary"),
    "__version__": ("photocli.records", "VERSION"),
    "breakdown": ("photocli.scoring.ratings", "breakdown"),
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
