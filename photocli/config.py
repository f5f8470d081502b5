"""Settings of a folder of photos, kept beside them in `photocli.toml`."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photocli.errors import UsageError

CONFIG_FILE = "photocli.toml"


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """The table `[check]`: rules, how many photos may fall short, and the baseline's file."""

    require: tuple[str, ...] = ()
    max_failures: int = 0
    baseline: Path | None = None


def read_check(file: Path | None = None) -> CheckConfig:
    """Read `[check]` of the file, or of `photocli.toml` in the current folder, if there is one.

    A baseline's path is relative to the file. Raises `UsageError` for anything that is not understood: a
    misspelt setting must not let photos pass.
    """
    if file is None:
        file = Path(CONFIG_FILE)
        if not file.exists():
            return CheckConfig()
    document = load(file)
    unknown = [f"[{name}]" for name in document if name != "check"]
    table = document.get("check", {})
    if not isinstance(table, dict):
        raise UsageError(f"{file}: check must be a table, [check]")
    unknown += [name for name in table if name not in ("require", "max_failures", "baseline")]
    if unknown:
        raise UsageError(
            f"{file}: {unknown[0]} is unknown; [check] may have require, max_failures and baseline"
        )
    return _check(file, table)


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
