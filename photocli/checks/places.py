"""Checks of the places that photocli keeps things in: the cache, its folders, and the settings."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from photocli.errors import PhotocliError

_LITTLE = 200_000_000  # bytes that should be free where results are kept


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check found, and what to do where it is not `ok`."""

    name: str
    status: Literal["ok", "warning", "broken"]
    found: str
    advice: str | None = None


def cache() -> Iterator[Diagnosis]:
    """Whether the cache can be read, and what it holds."""
    from photocli.scoring.cache import CACHE_ENV, cache_file
    from photocli.scoring.upkeep import inspect

    file = cache_file()
    by = f", by ${CACHE_ENV}" if os.environ.get(CACHE_ENV) else ""
    state = inspect(file, thorough=True)
    if state is None:
        yield Diagnosis("cache", "ok", f"{file}{by}: none yet, the next run makes it")
    elif state.flaw is not None:
        anew = state.flaw.startswith("was") and "newer" not in state.flaw
        advice = "the next run begins it anew" if anew else "photocli cache clear removes it"
        yield Diagnosis("cache", "warning", f"{file}{by}: it {state.flaw}", advice)
    else:
        held = f"{state.photos:,} photos, {state.size / 1e6:.1f} MB, whole"
        yield Diagnosis("cache", "ok", f"{file}{by}: {held}")


def folders() -> Iterator[Diagnosis]:
    """Whether what photocli keeps can be written where it lies, and by nobody else."""
    from photocli.config import CONFIG_ENV, user_file
    from photocli.files.ledger import STATE_ENV, journal_folder
    from photocli.models.store import MODELS_ENV, user_folder
    from photocli.scoring.cache import CACHE_ENV, cache_file
    from photocli.taste.store import TASTES_ENV
    from photocli.taste.store import folder as tastes_folder

    places = (
        ("folder of the cache", cache_file().parent, CACHE_ENV, "every run scores all photos again"),
        ("folder of models", user_folder(), MODELS_ENV, "no model can be added"),
        ("folder of tastes", tastes_folder(), TASTES_ENV, "no taste can be learned"),
        ("folder of settings", user_file().parent, CONFIG_ENV, "your own settings have no place"),
        ("folder for undo", journal_folder(), STATE_ENV, "no sidecar can be written, no photo moved"),
    )
    for name, place, variable, otherwise in places:
        yield _folder(name, place, f"set ${variable} to another place; until then, {otherwise}")
    temporary = Path(tempfile.gettempdir())
    yield _folder("temporary files", temporary, "set $TMPDIR to another folder", shared=True)


def _folder(name: str, place: Path, advice: str, *, shared: bool = False) -> Diagnosis:
    there = place
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return Diagnosis(name, "warning", f"{place}: {there} is no folder", advice)
    if not os.access(there, os.W_OK | os.X_OK):
        return Diagnosis(name, "warning", f"{place}: it cannot be written", advice)
    mode = there.stat().st_mode
    if os.name == "posix" and there == place and not shared and mode & stat.S_IWOTH:
        return Diagnosis(name, "warning", f"{place}: everybody may write there", f"chmod o-w {place}")
    free = shutil.disk_usage(there).free
    if free < _LITTLE:
        return Diagnosis(name, "warning", f"{place}: only {free / 1e6:.0f} MB are free", "make room")
    return Diagnosis(name, "ok", f"{place}: {'can be written' if there == place else 'can be made'}")


def settings() -> Iterator[Diagnosis]:
    """Whether the settings of the current folder and a user's own, if there are any, are understood."""
    from photocli import config

    try:
        found = [str(part.file) for part in config.settings()]
        config.read_check()
        config.read_score()
    except PhotocliError as error:
        yield Diagnosis("settings", "broken", str(error), "see: photocli config --help")
        return
    if found:
        yield Diagnosis("settings", "ok", f"{' and '.join(found)}: understood")
    else:
        yield Diagnosis("settings", "ok", f"no {config.CONFIG_FILE} in this folder, no {config.user_file()}")
