"""Completion of commands and options by the user's shell, as Typer makes it; loaded only when asked for."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from photocli.cli.boundary import reported
from photocli.cli.group import COMPLETION

PROGRAM = "photocli"


def install(wanted: bool) -> None:
    """Install the completion for the shell from which this was called, and say where."""
    if wanted:
        with reported(debug=False):
            from typer._completion_shared import install as install_for

            shell, path = install_for(shell=_shell(), prog_name=PROGRAM, complete_var=COMPLETION)
            typer.echo(f"{shell} completes photocli from now on, in new terminals: {path}")
        raise typer.Exit


def show(wanted: bool) -> None:
    """Print the completion for the shell from which this was called."""
    if wanted:
        with reported(debug=False):
            from typer._completion_shared import get_completion_script

            typer.echo(get_completion_script(prog_name=PROGRAM, complete_var=COMPLETION, shell=_shell()))
        raise typer.Exit


def editors(incomplete: str) -> list[str]:
    """The editors that `--for` takes."""
    from photocli.xmp.editors import EDITORS

    return _beginning(EDITORS, incomplete)


def devices(incomplete: str) -> list[str]:
    """The devices that `--device` takes."""
    return _beginning(("auto", "cpu", "cuda", "tensorrt", "openvino", "coreml", "directml"), incomplete)


def profiles(incomplete: str) -> list[str]:
    """The profiles that are built in; where none fits, the shell completes files."""
    from photocli.scoring.profiles import BUILTIN

    return _beginning(BUILTIN, incomplete)


def models(incomplete: str) -> list[str]:
    """The names of all models, after those that stand before the last comma; none where a card is damaged."""
    from photocli.errors import PhotocliError
    from photocli.models import store

    before, comma, last = incomplete.rpartition(",")
    try:
        found = [card.name for card in store.cards()]
    except PhotocliError:
        found = []
    return [f"{before}{comma}{name}" for name in _beginning(found, last)]


def commands_with_settings(incomplete: str) -> list[str]:
    """The commands that `photocli config` takes."""
    from photocli.config import OPTIONS

    return _beginning(OPTIONS, incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _shell() -> str:
    """The shell that called: the process above, else what `$SHELL` names. Raises `UsageError`."""
    import os
    from pathlib import Path

    import shellingham  # type: ignore[import-untyped]

    from photocli.errors import UsageError

    known = ("bash", "zsh", "fish", "powershell", "pwsh")
    try:
        shell = str(shellingham.detect_shell()[0])
    except shellingham.ShellDetectionFailure:
        shell = Path(os.environ.get("SHELL", "")).name
    if shell not in known:
        raise UsageError(f"no completion for the shell '{shell}': set SHELL to bash, zsh or fish")
    return shell
