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
    from photocli.records import Record as Record

__version__ = "0.1.0"
__all__ = ["Explanation", "Options", "PhotocliError", "Record", "Run", "Summary", "__version__", "explain"]

_HOMES = {
    "Explanation": "photocli.explaining",
    "Options": "photocli.options",
    "PhotocliError": "photocli.errors",
    "Record": "photocli.records",
    "Run": "photocli.pipeline",
    "Summary": "photocli.pipeline",
    "explain": "photocli.explaining",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'photocli' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
