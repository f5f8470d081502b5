"""`photocli undo`: take back what a run wrote or moved."""

from __future__ import annotations

from typing import Annotated

import typer

from photocli.cli.boundary import ExitCode, reported


def undo(
    run: Annotated[
        str,
        typer.Argument(metavar="[RUN]", help="Which run, by its name in --list; the last one without it."),
    ] = "",
    list_runs: Annotated[bool, typer.Option("--list", help="List the runs that can be taken back.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take back what the last run wrote or moved: sidecars, embedded ratings, moved files.

    A file that was changed by you or another program since then is left as it is, and named. The last 50
    runs are kept, for at most 30 days.

    \b
    Examples:
      photocli undo --list
      photocli undo
      photocli undo 20260131-184500

    \b
    Exit codes: 0 all taken back, 2 there is no such run, 3 something was left as it is.
    """
    with reported(debug):
        if list_runs:
            _list()
        elif not _undo(run or None):
            raise typer.Exit(ExitCode.UNREADABLE)


def _list() -> None:
    from photocli.display import console, folded, printable
    from photocli.files.journal import runs

    kept, width = runs(), console().width
    for info in reversed(kept):
        undone = "  (taken back)" if info.undone else ""
        files = f"{info.entries:,} change{'s' if info.entries != 1 else ''}"
        for line in folded(f"{info.id}  {files:>16}  {printable(info.command)}{undone}", width):
            typer.echo(line)
    if not kept:
        typer.echo("no run is kept", err=True)


def _undo(run_id: str | None) -> bool:
    """Take it back and say what was done; whether nothing had to be left."""
    from photocli.display import printable
    from photocli.files.undo import undo as take_back

    done = take_back(run_id)
    left = [item for item in done if item.problem]
    for item in left:
        typer.echo(f"{printable(str(item.path))}: left as it is: {printable(item.problem or '')}", err=True)
    said = [
        f"{count:,} {action}"
        for action in ("restored", "removed", "moved")
        if (count := sum(item.action == action for item in done))
    ]
    if left:
        said.append(f"{len(left):,} left as they are")
    typer.echo(", ".join(said) or "nothing was left to take back")
    return not left
