"""`photocli cull`: group a shoot, pick the best of each group, and put the rest aside if asked."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.cli import culled, outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import Detail, Paths, RatingOptions, RunOptions, TableFiles
from photocli.cli.ratings import begin_journal, xmp_writer
from photocli.cli.signature import option, with_options
from photocli.errors import UsageError

if TYPE_CHECKING:
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
        0,
        metavar="N",
        min=0,
        show_default=False,
        help="Pick so many of each group at most. Without it: 1, or as many as --keep allows.",
    )
    reject: bool = option(False, "--reject", help="Call every photo that is not picked a reject.")
    move_rejects: Path | None = option(
        None, metavar="DIR", help="Move rejects here, with their sidecars and RAW files; implies --reject."
    )
    dry_run: bool = option(
        False,
        "--dry-run",
        help="Show the plan, and how many sidecars and photos would change; write CSV and JSON alone.",
    )
    diff: bool = option(
        False, "--diff", help="With --dry-run: show every line that would change, and every file that moves."
    )
    xmp: bool = option(
        False,
        "--xmp",
        help="Write stars and flags to XMP sidecars. Those you gave are kept. Lightroom and Bridge read "
        "those of RAW files alone: for JPEGs, --embed.",
    )
    overwrite: bool = option(
        False,
        "--overwrite",
        help="Replace ratings, labels and flags that you gave, and reject photos that you marked, too.",
    )
    detail: Detail = option(
        Detail.NATIVE,
        help="native: where the best frames of a group are nearly equal, look again, at the camera's own "
        "resolution, for a ninth of a second of CPU per frame.",
    )


@with_options(
    "keep per_group reject move_rejects dry_run diff csv csv_raw json jsonl xmp editor embed overwrite",
    "keywords",
    "taste profile stars detail assess device precision batch workers timeout max_pixels raw decode",
    "no_cache follow_links allow_empty quiet debug",
)
def cull(paths: Paths, options: CullOptions) -> None:
    """Group the photos of a shoot and pick the best of each group.

    Bursts and look-alikes are groups, in which photos are compared with each other. Exposure brackets,
    panoramas and focus stacks are kept whole. Without options, the plan is shown, and nothing is written.
    Nothing is rejected unless you ask, and nothing is ever deleted: photocli undo takes back what was written
    and moved.

    \b
    Examples:
      photocli cull shoot
      photocli cull shoot --keep 20% --xmp
      photocli cull shoot --per-group 2 --reject --for lightroom --dry-run
      photocli cull shoot --move-rejects rejects

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, written or moved, 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.culling.cull import OUTPUTS
        from photocli.culling.picks import wanted

        if options.diff and not options.dry_run:
            raise UsageError("--diff says what --dry-run shows; give --dry-run, too")
        limits, profile = wanted(options.keep, options.per_group), options.chosen_profile()
        to_stdout = outputs.check(
            options.tables,
            [*paths, *outputs.settings_read(profile)],
            folders={"--move-rejects": options.move_rejects},
        )
        photos = options.require_photos(paths)
        run = course.run = options.begin(photos, options.of_run(profile=profile, outputs=OUTPUTS))
        if not _cull(run, limits, options, to_stdout=to_stdout):
            raise typer.Exit(ExitCode.UNREADABLE)


def _cull(run: Run, limits: Wanted, options: CullOptions, *, to_stdout: bool) -> bool:
    """Do the run, carry out what was asked, or show it; whether everything could be done."""
    from photocli.cli.progress import Progress
    from photocli.culling.closeups import closeups_of
    from photocli.culling.cull import Culling
    from photocli.culling.moves import Mover
    from photocli.files.links import Roots

    apart = options.move_rejects
    mover = Mover(apart, run.paths) if apart is not None else None
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(run, quiet=options.quiet, data=to_stdout))
        closeups = closeups_of(run, progress.closely) if options.detail is Detail.NATIVE else None
        roots = None if options.follow_links else Roots(run.paths)
        culling = Culling(apart=apart, closeups=closeups, roots=roots, profile=run.models.profile)
        journal = stack.enter_context(begin_journal())
        reject = options.reject or apart is not None
        writer = stack.enter_context(
            xmp_writer(
                options, progress.report_sidecar, run.paths, journal, run.models, overwrite_alone=reject
            )
        )
        for result in run.results():
            progress.advance(result.record)
            culling.add(result)
        finished = culling.finish(limits, reject=reject, overwrite=options.overwrite)
        records = list(options.starred(finished))
        if not options.dry_run and writer is not None:
            records = [writer.write(record, _marks(record)) for record in records]
        # Only now, as sidecars that are new move, too.
        moves, stay = _plan_moves(mover, records, progress, options)
        moved = [] if options.dry_run else _move(moves, journal, progress)
        _write_tables(run, records, options)
        progress.finish()
        _report(records, culling, closeups, writer, (moves, moved, stay), options, stderr=to_stdout)
    complete = options.dry_run or len(moved) == len(moves)
    return complete and not run.summary.failed and not (writer is not None and writer.counts["failed"])


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
    """Write the records where they were asked for, with the groups and picks in the document's summary."""
    from photocli.culling.overview import overview

    with outputs.table_writers(options, run.models.classifiers) as (writers, close):
        for record in records:
            for writer in writers:
                writer.write(record)
        close({**asdict(run.summary), **overview(records)})


def _report(
    records: list[Record],
    culling: Culling,
    closeups: Closeups | None,
    writer: XmpWriter | None,
    carried_out: tuple[list[Move], list[Move], int],
    options: CullOptions,
    *,
    stderr: bool,
) -> None:
    """Say what was found, and what was done or, in a dry run, would be."""
    moves, moved, stay = carried_out
    touched = not options.dry_run and (writer is not None or options.move_rejects is not None)
    if not options.quiet:
        culled.show_plan(records, carried_out=touched, stderr=stderr)
    more: list[str] = []
    if options.dry_run:
        changes = culled.show_changes(records, writer, _marks, moves, diff=options.diff, stderr=stderr)
        more += culled.would_change(changes, writer, moves, diff=options.diff)
    else:
        more += culled.was_changed(writer, moved, options.move_rejects)
    if writer is not None and writer.unread:
        more += writer.hint.splitlines()
    if stay:
        more.append(f"rejects that stay, as you marked them during the run: {stay:,}")
    if not touched:
        more.append(culled.not_written(list(options.tables.values()), dry_run=options.dry_run))
    if not options.quiet:
        culled.summarize(records, culling, closeups, stderr=stderr, more=more)
