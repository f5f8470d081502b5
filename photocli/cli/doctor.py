"""`photocli doctor`: whether everything that photocli needs is there and works."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import JsonFile
from photocli.cli.signature import option, with_options
from photocli.display import console, folded, presentable

if TYPE_CHECKING:
    from photocli.checks.places import Diagnosis

_STYLES = {"ok": "green", "warning": "yellow", "broken": "bold red"}
_STATUS, _NAMES = 9, 22  # cells for what is ok, and for the names of checks


@dataclass(frozen=True, kw_only=True)
class DoctorOptions(JsonFile):
    """The options of `photocli doctor`."""

    debug: bool = option(False, "--debug", help="Show the traceback of an error.")


@with_options("json debug")
def doctor(options: DoctorOptions) -> None:
    """Check that all works: libraries, formats, models, the device, the cache, folders and settings.

    Each check is a line: ok, a warning, or what is broken and what to do about it. A picture is scored by
    all models, start to end. Nothing is changed, and nothing is asked of the network. The lines can be pasted
    into a report of a problem: your own folder is written as ~, and no photos are named.

    \b
    Examples:
      photocli doctor
      photocli doctor --json -
      PHOTOCLI_CACHE=/mnt/fast photocli doctor      # would this do?

    \b
    Exit codes: 0 all works, perhaps with warnings; 2 wrong use; 4 something is broken.
    """
    with reported(options.debug):
        from photocli.checks import installation
        from photocli.checks.reports import save

        to_stdout = outputs.check({"--json": options.json})
        found = []
        for diagnosis in installation.diagnose():
            found.append(diagnosis)
            if not to_stdout:
                _print(diagnosis)
        counts = Counter(diagnosis.status for diagnosis in found)
        if options.json is not None:
            save(options.json, _document(found, counts))
        if not to_stdout:
            typer.echo(_verdict(counts))
        if counts["broken"]:
            raise typer.Exit(ExitCode.FATAL)


def _print(diagnosis: Diagnosis) -> None:
    """One line, or where that is wider than the terminal several, all but the first indented."""
    from rich.text import Text

    out = console()
    said = presentable(diagnosis.found) + (f"; {presentable(diagnosis.advice)}" if diagnosis.advice else "")
    first, *more = folded(f"{presentable(diagnosis.name):<{_NAMES}} {said}", out.width - _STATUS, _NAMES + 1)
    line = Text(f"{diagnosis.status:<{_STATUS}}", style=_STYLES[diagnosis.status])
    line.append("\n".join([first, *(" " * _STATUS + rest for rest in more)]), style="not bold default")
    out.print(line, soft_wrap=True)


def _verdict(counts: Counter[Any]) -> str:
    broken, warnings = counts["broken"], counts["warning"]
    if broken:
        return f"{broken} {'check is' if broken == 1 else 'checks are'} broken"
    if warnings:
        return f"photocli works, with {warnings} {'warning' if warnings == 1 else 'warnings'}"
    return "all is well"


def _document(found: list[Diagnosis], counts: Counter[Any]) -> bytes:
    from photocli.records import VERSION

    checks = [
        {
            "name": presentable(diagnosis.name),
            "status": diagnosis.status,
            "found": presentable(diagnosis.found),
            "advice": presentable(diagnosis.advice) if diagnosis.advice else None,
        }
        for diagnosis in found
    ]
    summary = {status: counts[status] for status in _STYLES}
    document = {"photocli": VERSION, "checks": checks, "summary": summary}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")
