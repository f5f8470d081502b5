"""Settings: `photocli.toml` beside the photos, or wherever a command runs, and a user's own."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photocli.errors import UsageError

CONFIG_FILE = "photocli.toml"
CONFIG_ENV = "PHOTOCLI_CONFIG"

_RUN = "assess device precision batch workers timeout max_pixels raw follow_links quiet debug"
_SCORED = f"taste profile stars no_cache allow_empty decode {_RUN}"
_RATINGS = "xmp for embed overwrite keywords"
OPTIONS: dict[str, frozenset[str]] = {
    name: frozenset(options.split())
    for name, options in {
        "score": f"{_SCORED} {_RATINGS} csv csv_raw json jsonl sort top detail",
        "cull": f"{_SCORED} {_RATINGS} csv csv_raw json jsonl detail "
        "keep per_group reject move_rejects dry_run diff",
        "crop": f"{_RUN} allow_empty aspect keep smallest json xmp embed",
        "explain": "output crop assess taste profile device precision timeout max_pixels raw quiet debug",
        "check": "require max_failures baseline write_baseline junit json sarif markdown "
        f"profile no_cache allow_empty decode {_RUN}",
        "learn": "name list export import delete "
        "assess device precision batch workers no_cache follow_links quiet debug",
        "report": f"html {_SCORED}",
        "review": f"port no_open for embed picture_cache detail {_SCORED}",
    }.items()
}
"""The settings that each command's table may have: its options, and `require` of `check`."""

TABLES = ("defaults", *OPTIONS)
"""The tables of a file; what stands in `defaults` holds for every command with such an option."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The tables of one file that is there."""

    file: Path
    tables: dict[str, dict[str, Any]]


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
    found = _tables(file)
    return _check(found.file, found.tables["check"])


def read_score(file: Path | None = None) -> ScoreConfig:
    """Read `[score]` like `read_check`. A profile's file is relative to the file that names it."""
    found = _tables(file)
    file, profile = found.file, found.tables["score"].get("profile")
    if profile is not None and not isinstance(profile, str):
        raise UsageError(f"{file}: profile must be the name of a profile or of a file")
    if profile is not None and Path(profile).suffix.lower() == ".toml":
        profile = str(file.parent / profile)
    return ScoreConfig(profile)


def user_file() -> Path:
    """The file of a user's own settings: `$PHOTOCLI_CONFIG`, else one in the platform's folder for them."""
    if chosen := os.environ.get(CONFIG_ENV):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("photocli", appauthor=False) / CONFIG_FILE


def settings(file: Path | None = None) -> list[Settings]:
    """The settings of `file`, or of the current folder, then the user's own: the first that has one holds.

    Files that are not there are left out. Raises `UsageError` for anything that is not understood; the
    values are those of the files.
    """
    found = [_tables(file)] if file is not None or Path(CONFIG_FILE).exists() else []
    own = user_file()
    return [*found, *([_tables(own)] if own.is_file() else [])]


def _tables(file: Path | None) -> Settings:
    """The file that holds, and all its tables; empty ones where there is nothing. Raises `UsageError`."""
    document = {}
    if file is not None or Path(CONFIG_FILE).exists():
        document = load(file or Path(CONFIG_FILE))
    file = file or Path(CONFIG_FILE)
    if unknown := next((name for name in document if name not in TABLES), None):
        there = ", ".join(f"[{name}]" for name in TABLES)
        raise UsageError(f"{file}: [{unknown}] is unknown; there may be {there}")
    tables: dict[str, dict[str, Any]] = {}
    for name in TABLES:
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise UsageError(f"{file}: {name} must be a table, [{name}]")
        tables[name] = {setting.replace("-", "_"): value for setting, value in table.items()}
        known = OPTIONS.get(name) or frozenset().union(*OPTIONS.values()) - {"require"}
        if unknown := next((setting for setting in tables[name] if setting not in known), None):
            import difflib

            close = difflib.get_close_matches(unknown, sorted(known), 1)
            hint = f"did you mean {close[0]}?" if close else "photocli config --all shows what there may be"
            raise UsageError(f"{file}: {unknown} in [{name}] is unknown; {hint}")
    return Settings(file, tables)


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
