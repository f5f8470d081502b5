"""Completion of commands and options by the user's shell, as Typer makes it; loaded only when asked for."""

from __future__ import annotations

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
