"""photocli: scores whole folders of photographs. Importing it does nothing; names load when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.checks.checked import Checked as Checked
    from photocli.checks.checked import check as check
    from photocli.culling.culled import Culled as Culled
    from photocli.culling.culled import cull as cull
    from photocli.errors import DecodeError as DecodeError
    from photocli.errors import DeviceError as DeviceError
    from photocli.errors import ModelError as ModelError
    from photocli.errors import PhotocliError as PhotocliError
    from photocli.errors import UsageError as UsageError
    from photocli.explaining import Explanation as Explanation
    from photocli.explaining import explain as explain
    from photocli.files.undo import undo as undo
    from photocli.framing.crops import crop as crop
    from photocli.records import VERSION as __version__
    from photocli.records import Record as Record
    from photocli.scoring.options import Options as Options
    from photocli.scoring.pipeline import Run as Run
    from photocli.scoring.ratings import breakdown as breakdown
    from photocli.scoring.results import Summary as Summary
    from photocli.scoring.score import score as score
    from photocli.scoring.score import score_one as score_one
    from photocli.scoring.sources import Picture as Picture
    from photocli.writers._report import report as report

__all__ = [
    "Checked",
    "Culled",
    "DecodeError",
    "DeviceError",
    "Explanation",
    "ModelError",
    "Options",
    "PhotocliError",
    "Picture",
    "Record",
    "Run",
    "Summary",
    "UsageError",
    "__version__",
    "breakdown",
    "check",
    "crop",
    "cull",
    "explain",
    "report",
    "score",
    "score_one",
    "undo",
]

_HOMES = {
    "Checked": ("photocli.checks.checked", "Checked"),
    "Culled": ("photocli.culling.culled", "Culled"),
    "DecodeError": ("photocli.errors", "DecodeError"),
    "DeviceError": ("photocli.errors", "DeviceError"),
    "Explanation": ("photocli.explaining", "Explanation"),
    "ModelError": ("photocli.errors", "ModelError"),
    "Options": ("photocli.scoring.options", "Options"),
    "PhotocliError": ("photocli.errors", "PhotocliError"),
    "Picture": ("photocli.scoring.sources", "Picture"),
    "Record": ("photocli.records", "Record"),
    "Run": ("photocli.scoring.pipeline", "Run"),
    "Summary": ("photocli.scoring.results", "Summary"),
    "UsageError": ("photocli.errors", "UsageError"),
    "__version__": ("photocli.records", "VERSION"),
    "breakdown": ("photocli.scoring.ratings", "breakdown"),
    "check": ("photocli.checks.checked", "check"),
    "crop": ("photocli.framing.crops", "crop"),
    "cull": ("photocli.culling.culled", "cull"),
    "explain": ("photocli.explaining", "explain"),
    "report": ("photocli.writers._report", "report"),
    "score": ("photocli.scoring.score", "score"),
    "score_one": ("photocli.scoring.score", "score_one"),
    "undo": ("photocli.files.undo", "undo"),
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
