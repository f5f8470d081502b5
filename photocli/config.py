"""Settings of a folder of photos, kept beside them in `photocli.toml`."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photocli.errors import UsageError

CONFIG_FILE = "photocli.toml"

_SETTINGS = {"check": ("require", "max_failures", "baseline"), "score": ("profile",)}
_TITLES = tuple(f"[{name}]" for name in _SETTINGS)


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """The table `[check]`: rules, how many photos may fall short, and the baseline's file."""

    require: tuple[str, ...] = ()
    max_failures: int = 0
    baseline: Path | None = None


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """The table `[score]`: the profile, by its name or its file."""

    profile: str | None = None


def read_check(file: Path | None = None) -> CheckConfig:
    """Read `[check]` of the file, or of `photocli.toml` in the current folder, if there is one.

    A baseline's path is relative to the file. Raises `UsageError` for anything that is not understood: a
    misspelt setting must not let photos pass.
    """
    file, tables = _tables(file)
    return _check(file, tables["check"])


def read_score(file: Path | None = None) -> ScoreConfig:
    """Read `[score]` like `read_check`. A profile's file is relative to the file that names it."""
    file, tables = _tables(file)
    profile = tables["score"].get("profile")
    if profile is not None and not isinstance(profile, str):
        raise UsageError(f"{file}: profile must be the name of a profile or of a file")
    if profile is not None and Path(profile).suffix.lower() == ".toml":
        profile = str(file.parent / profile)
    return ScoreConfig(profile)


def _tables(file: Path | None) -> tuple[Path, dict[str, dict[str, Any]]]:
    """The file that holds, and all its tables; empty ones where there is nothing."""
    document = {}
    if file is not None or Path(CONFIG_FILE).exists():
        document = load(file or Path(CONFIG_FILE))
    file = file or Path(CONFIG_FILE)
    if unknown := next((name for name in document if name not in _SETTINGS), None):
        raise UsageError(f"{file}: [{unknown}] is unknown; there may be {' and '.join(_TITLES)}")
    tables = {name: document.get(name, {}) for name in _SETTINGS}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"{file}: {name} must be a table, [{name}]")
        if unknown := next((setting for setting in table if setting not in _SETTINGS[name]), None):
            raise UsageError(f"{file}: {unknown} is unknown; [{name}] may have {', '.join(_SETTINGS[name])}")
    return file, tables


def _check(file: Path, table: dict[str, Any]) -> CheckConfig:
    require, most, baseline = (table.get(name) for name in ("require", "max_failures", "baseline"))
    config = CheckConfig()
    if require is not None:
        if not isinstance(require, list) or not all(isinstance(rule, str) for rule in require):
            raise UsageError(f"{file}: require must be a list of rules, such as ['aesthetic >= 4.5']")
        config = replace(config, require=tuple(require))
    if most is not None:
        if type(most) is not int or most < 0:
            raise UsageError(f"{file}: max_failures must be a whole number, 0 or more")
        config = replace(config, max_failures=most)
    if baseline is not None:
        if not isinstance(baseline, str):
            raise UsageError(f"{file}: baseline must be the name of a file")
        config = replace(config, baseline=file.parent / baseline)
    return config


def load(file: Path) -> dict[str, Any]:
    """The document of a TOML file. Raises `UsageError` if it cannot be read, or is none."""
    toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        with file.open("rb") as stream:
            document: dict[str, Any] = toml.load(stream)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # also that of a file which is no UTF-8
        raise UsageError(f"{file} is not valid TOML: {error}") from None
    return document
