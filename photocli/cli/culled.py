"""What `photocli cull` says: the plan, what would change in files, and a summary of what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli import display

if TYPE_CHECKING:
    from photocli.culling.changes import FileChanges
    from photocli.culling.closeups import Closeups
    from photocli.culling.cull import Culling
    from photocli.culling.moves import Move
    from photocli.records import Record
    from photocli.writers.xmp import XmpWriter
    from photocli.xmp.sidecar_plan import Marks

    Marker = Callable[[Record], Marks | None]


def show_plan(records: list[Record], *, carried_out: bool, stderr: bool) -> None:
    """Print the plan, group by group, with the reason of each photo."""
    from photocli.culling.plan import print_plan

    title = "Picks of " if carried_out else "Plan for "
    print_plan(display.console(stderr=stderr), records, title)


def show_changes(
    records: list[Record],
    writer: XmpWriter | None,
    marks: Marker,
    moves: Sequence[Move],
    *,
    diff: bool,
    stderr: bool,
) -> FileChanges:
    """Count what would change in files, and with `diff` print every line of it."""
    from photocli.culling import changes
    from photocli.xmp.sidecar_plan import Planned

    found = changes.FileChanges()
    for record in records if writer is not None else ():
        assert writer is not None
        for planned in writer.plan(record, marks(record)):
            found.add(planned)
            if diff and isinstance(planned, Planned) and planned.changed:
                say(changes.difference(planned), stderr=stderr)
    if diff:
        say(changes.moves(moves), stderr=stderr)
    return found


def say(lines: Iterator[str] | Sequence[str], *, stderr: bool) -> None:
    """Print lines as they are."""
    for line in lines:
        typer.echo(line, err=stderr)


def summarize(
    records: list[Record],
    culling: Culling,
    closeups: Closeups | None,
    *,
    stderr: bool,
    more: Sequence[str],
) -> None:
    """Print how many photos are picked, what the closer look did, and more lines, in the terminal's width."""
    from photocli.culling import plan

    lines = [*plan.summary(records, culling.kinds()), *plan.judged(culling)]
    if closeups is not None and closeups.groups:
        lines.append(plan.closer_look(closeups))
    width = display.console(stderr=stderr).width
    for line in (*lines, *more):
        say(display.folded(line, width), stderr=stderr)


def would_change(
    changes: FileChanges, writer: XmpWriter | None, moves: Sequence[Move], *, diff: bool
) -> Iterator[str]:
    """Say how many sidecars and photos a cull would change, after a dry run."""
    from photocli.culling.changes import moves_in_short

    if writer is not None:
        yield from changes.reasons
        yield from changes.lines()
    yield from moves_in_short(moves)
    if not diff and (moves or any(changes.files[kind] for kind in ("new", "changed", "embedded"))):
        yield "add --diff to see every line that would change and every file that would move"


def was_changed(writer: XmpWriter | None, moved: Sequence[Move], into: Path | None) -> Iterator[str]:
    """Say how many sidecars were written and how many photos moved."""
    if writer is not None and writer.counts:
        yield "sidecars: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(writer.counts.items()))
    if moved:
        renamed = sum(move.renamed for move in moved)
        clash = f", {renamed:,} with a number because their names were taken" if renamed else ""
        yield f"photos moved to {into}: {len(moved):,}{clash}; photocli undo brings back"


def not_written(files: Sequence[Path | None], *, dry_run: bool) -> str:
    """Say that no photo and no sidecar was touched, and how to have it done."""
    names = " and ".join(display.printable(str(file)) for file in files if file and str(file) != "-")
    nothing = f"nothing but {names} was written" if names else "nothing was written"
    if dry_run:
        return f"{nothing}: this was a dry run"
    return f"{nothing}: add --xmp for stars and flags, or --move-rejects DIR to put the rest aside"
