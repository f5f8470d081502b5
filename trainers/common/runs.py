"""What a run leaves behind: `run.json` with its configuration, data, figures and where the code stood."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from photocli.display import minus
from photocli.files.atomic import atomic_write


@dataclass(frozen=True)
class RunRecord:
    """What is known of a training run: the content of its `run.json`, which its checkpoint holds, too."""

    command: str = ""
    commit: str = ""
    seed: int | None = None
    data: list[dict[str, Any]] = field(default_factory=list)
    """The sources that were learned from: name, role, number of photos."""

    before: list[dict[str, Any]] = field(default_factory=list)
    """The runs whose weights it began with, the first of them first."""

    soup: dict[str, Any] = field(default_factory=dict)
    """Commands and seeds of the runs that were averaged into it."""

    calibration: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """What only some trainers note, and the metrics."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> RunRecord:
        """Reads the record from a `run.json`; an empty document gives an empty record."""
        own = {each.name for each in fields(cls)} - {"more"}
        known = {name: value for name, value in document.items() if name in own}
        return cls(**known, more={name: value for name, value in document.items() if name not in own})

    @property
    def document(self) -> dict[str, Any]:
        """The record as `run.json` has it; fields that nothing is known of are left out."""
        own = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "more"}
        return {name: value for name, value in own.items() if value not in ("", None, [], {})} | self.more


def commit() -> str:
    """The git commit of the code, with `+changes` if files differ from it; empty outside of a checkout."""
    root = Path(__file__).resolve().parents[1]
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(
            root, "status", "--porcelain", "--untracked-files=no", "--", "trainers", "photocli", "export"
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{head}+changes" if changed else head


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]  # that of the PATH, as in the shell of who trains
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def command_line(module: str) -> str:
    """The command that is running, with folders shortened to their names: a card is read elsewhere."""
    return " ".join(["python -m", module, *(str(portable(argument)) for argument in sys.argv[1:])])


def portable(value: Any) -> Any:
    """A value of a configuration without the folders of this machine."""
    if isinstance(value, dict):
        return {key: portable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable(part) for part in value]
    if isinstance(value, str) and value.startswith(("/", "~", "..", "./")):
        parts = Path(value).parts
        return "/".join(parts[-3:]) if value.endswith(".ckpt") else parts[-1]
    return value


def is_main_process() -> bool:
    """Whether this process writes and prints: with several GPUs one does, for all."""
    return not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0


def now() -> str:
    """The time, ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a document that people read too; numbers that JSON cannot hold become null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write((json.dumps(_finite(value), indent=1, ensure_ascii=False) + "\n").encode())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def print_report(facts: dict[str, Any], more: Iterable[str] = ()) -> bool:
    """Print the checks of `run.json`, and lines with what else is known; whether all figures are better.

    `more` is not looked at where nothing was held out.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(quiet=not is_main_process())
    if "checks" not in facts:
        console.print("trained on every photo: nothing was held out, so there are no figures")
        return True
    table = Table("figure", "model", "baseline", "which", "better", title=facts["split"])
    for check in facts["checks"]:
        value, base = (minus(f"{check[key]:.4f}") for key in ("value", "baseline"))
        table.add_row(check["name"], value, base, check["baseline_name"], "yes" if check["passed"] else "NO")
    console.print(table)
    for line in more:
        console.print(minus(line) if isinstance(line, str) else line)
    return all(check["passed"] for check in facts["checks"])
