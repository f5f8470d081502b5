"""`photocli cull`: group a shoot, pick the best of each group, and put the rest aside if asked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import Detail, Paths, RatingOptions, RunOptions, TableFiles
from photocli.cli.ratings import begin_journal, xmp_writer
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from photocli.cli.progress import Progress
    from photocli.culling.closeups import Closeups
    from photocli.culling.cull import Culling
    from photocli.culling.moves import Move, Mover
    from photocli.culling.picks import Wanted
    from photocli.files.journal import Journal
    from photocli.records import Record
    from photocli.scoring.pipeline import Run
    from photocli.writers.xmp import XmpWriter
    from photocli.xmp.sidecar_plan import Marks


@dataclass(frozen=True, kw_only=True)
class CullOptions(RatingOptions, TableFiles, RunOptions):
    """The options of `photocli cull`."""

    keep: str = option("", metavar="N|P%", help="Pick so many photos at most, or so many percent of all.")
    per_group: int = option(
        0, metavar="N", min=0, help="Pick so many of each group at most. 1 without --keep."
    )
    reject: bool = option(False, "--reject", help="Call every photo that is not picked a reject.")
    move_rejects: Path | None = option(
        None, metavar="DIR", help="Move rejects here, with their sidecars and RAW files; implies --reject."
    )
    dry_run: bool = option(
        False, "--dry-run", help="Show the plan and how sidecars would change; write nothing."
    )
    xmp: bool = option(False, "--xmp", help="Write stars and flags to XMP sidecars. Those you gave are kept.")
    detail: Detail = option(
        Detail.NATIVE,
        help="native: where the best frames of a group are nearly equal, look again, at the camera's own "
        "resolution, for a third of a second of CPU per frame.",
    )


@with_options(
    "keep per_group reject move_rejects dry_run csv csv_raw json xmp editor embed overwrite",
    "taste profile stars detail assess device batch workers timeout max_pixels raw",
    "no_cache follow_links allow_empty quiet debug",
)
def cull(paths: Paths, options: CullOptions) -> None:
    """Group the photos of a shoot and pick the best of each group.

    Bursts and look-alikes are groups, in which photos are compared with each other. Exposure brackets,
    panoramas and focus stacks are kept whole. Nothing is rejected unless you ask, and nothing is ever
    deleted: photocli undo takes back what was written and moved.

    \b
    Examples:
      photocli cull shoot --dry-run
      photocli cull shoot --keep 20% --xmp
      photocli cull shoot --per-group 2 --reject --for lightroom
      photocli cull shoot --move-rejects rejects

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, written or moved, 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.culling.cull import OUTPUTS
        from photocli.culling.picks import wanted

        limits, profile = wanted(options.keep, options.per_group), options.chosen_profile()
        to_stdout = outputs.check(
            options.tables,
            [*paths, *outputs.settings_read(profile)],
            folders={"--move-rejects": options.move_rejects},
        )
        options.require_photos(paths)
        run = course.run = options.begin(paths, options.of_run(profile=profile, outputs=OUTPUTS))
        if not _cull(run, limits, options, to_stdout=to_stdout):
            raise typer.Exit(ExitCode.UNREADABLE)


def _cull(run: Run, limits: Wanted, options: CullOptions, *, to_stdout: bool) -> bool:
    """Do the run, carry out what was asked, or show it; whether everything could be done."""
    from photocli.cli.progress import Progress
    from photocli.culling.cull import Culling
    from photocli.culling.moves import Mover
    from photocli.files.links import Roots

    apart = options.move_rejects
    mover = Mover(apart, run.paths) if apart is not None else None
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(run, quiet=options.quiet, data=to_stdout))
        closeups = _closeups(run, progress) if options.detail is Detail.NATIVE else None
        roots = None if options.follow_links else Roots(run.paths)
        culling = Culling(apart=apart, closeups=closeups, roots=roots)
        journal = stack.enter_context(begin_journal())
        reject = options.reject or apart is not None
        writer = stack.enter_context(
            xmp_writer(options, progress.report_sidecar, run.paths, journal, overwrite_alone=reject)
        )
        for result in run.results():
            progress.advance(result.record)
            culling.add(result)
        culled = culling.finish(limits, reject=reject, overwrite=options.overwrite)
        records = list(options.starred(culled))
        if options.dry_run:
            moves, stay = _plan_moves(mover, records, progress, options)
            moved: list[Move] = []
            progress.finish()
            _show(records, writer, moves, to_stdout=to_stdout)
        else:
            if writer is not None:
                records = [writer.write(record, _marks(record)) for record in records]
            moves, stay = _plan_moves(
                mover, records, progress, options
            )  # now, as sidecars that are new move, too
            moved = _move(moves, journal, progress)
        _write_tables(run, records, options)
    if not options.quiet:
        for line in _summary(culling, closeups, records, writer, moved, stay, options):
            typer.echo(line, err=to_stdout)
    complete = options.dry_run or len(moved) == len(moves)
    return complete and not run.summary.failed and not (writer is not None and writer.counts["failed"])


def _closeups(run: Run, progress: Progress) -> Closeups | None:
    """What looks closer where frames are nearly equal; None where no model can."""
    from photocli.culling.closeups import Closeups, model_of

    model = model_of(run.models.cards.values())
    return None if model is None else Closeups(model, run.options, progress.closely)


def _plan_moves(
    mover: Mover | None, records: list[Record], progress: Progress, options: CullOptions
) -> tuple[list[Move], int]:
    """The moves of the rejects, and how many stay where they are because a person marked them meanwhile.

    Those that are, or lie behind, links stay, too, and are named.
    """
    if mover is None:
        return [], 0
    from photocli.xmp.own_ratings import JudgementReader

    reader = JudgementReader()  # a run may take hours, in which a person goes on rating
    moves, stay = [], 0
    for record in records:
        if record.pick != "reject":
            continue
        photo, twin = Path(record.path), Path(record.twin) if record.twin else None
        said = None if options.overwrite else reader.of(photo, twin)
        if said is not None and said.keeps:
            stay += 1
        elif (why := mover.why_not(photo, twin)) is not None:
            progress.warn(f"{photo}: not moved, {why}")
        else:
            moves.append(mover.plan(photo, twin))
    return moves, stay


def _move(moves: list[Move], journal: Journal, progress: Progress) -> list[Move]:
    """Move the rejects; those that could be moved."""
    from photocli.culling.moves import carry_out, mark
    from photocli.errors import PhotocliError
    from photocli.files.strays import sweep

    for folder in {path.parent for move in moves for pair in move.files for path in pair}:
        sweep(folder)  # a killed run leaves half a copy, where it moved to another disk
    done: list[Move] = []
    for move in moves:
        try:
            if not done:
                mark(move.into, journal)
            carry_out(move, journal)
            done.append(move)
        except PhotocliError as error:
            progress.warn(str(error))
    return done


def _marks(record: Record) -> Marks | None:
    from photocli.xmp.sidecar_plan import Marks

    if record.group is None:
        return None
    return Marks(pick="pick" if record.pick == "pick" else "reject" if record.pick == "reject" else "none")


def _write_tables(run: Run, records: list[Record], options: CullOptions) -> None:
    """Write the records where they were asked for; a dry run writes to stdout alone."""
    from photocli.writers.csv import CsvWriter
    from photocli.writers.json import JsonWriter

    csv, json = (
        None if options.dry_run and str(file) != "-" else file for file in (options.csv, options.json)
    )
    with ExitStack() as stack:
        table = (
            stack.enter_context(CsvWriter(csv, run.models.classifiers, raw=options.csv_raw)) if csv else None
        )
        document = stack.enter_context(JsonWriter(json, run.models.classifiers)) if json else None
        for record in records:
            for writer in (table, document):
                if writer is not None:
                    writer.write(record)
        if document is not None:
            document.close(asdict(run.summary))


def _show(records: list[Record], writer: XmpWriter | None, moves: list[Move], *, to_stdout: bool) -> None:
    """Print the plan: the table of the groups, the differences of the sidecars, the moves."""
    from rich.console import Console

    from photocli.culling import plan

    plan.print_table(Console(stderr=to_stdout, highlight=False), records)
    for line in (*_differences(records, writer), *plan.moves(moves)):
        typer.echo(line, err=to_stdout)


def _differences(records: list[Record], writer: XmpWriter | None) -> Iterator[str]:
    from photocli.culling import plan
    from photocli.xmp.sidecar_plan import Planned

    for record in records if writer is not None else ():
        assert writer is not None
        for planned in writer.plan(record, _marks(record)):
            if not isinstance(planned, Planned):
                yield f"{planned.photo}: {planned.reason}"
            elif planned.changed:
                yield from plan.difference(planned)


def _summary(
    culling: Culling,
    closeups: Closeups | None,
    records: list[Record],
    writer: XmpWriter | None,
    moves: list[Move],
    stay: int,
    options: CullOptions,
) -> list[str]:
    from photocli.culling import plan

    lines = [plan.summary(records, culling.kinds()), *plan.judged(culling)]
    if closeups is not None and closeups.frames:
        lines.append(plan.closer_look(closeups))
    if writer is not None and writer.counts:
        lines.append("sidecars: " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(writer.counts.items())))
    if writer is not None and writer.unread:
        lines.append(writer.hint)
    if moves:
        renamed = sum(move.renamed for move in moves)
        clash = f", {renamed:,} with a number because their names were taken" if renamed else ""
        lines.append(
            f"photos moved to {options.move_rejects}: {len(moves):,}{clash}; photocli undo brings back"
        )
    if stay:
        lines.append(f"rejects that stay, as you marked them during the run: {stay:,}")
    if options.dry_run:
        lines.append("nothing was written: this was a dry run")
    return lines
