"""`photocli score`: score photos, show the best and the worst, write tables and sidecars."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import Detail, Paths, RatingOptions, ShownOptions, TableFiles
from photocli.cli.ratings import rated, say_unread, xmp_writer
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from photocli.scoring.pipeline import Run


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(RatingOptions, TableFiles, ShownOptions):
    """The options of `photocli score`."""

    sort: str = option(
        "",
        metavar="FIELD",
        help="Rank the table by this field of the record, best first. Without it: the score, or what is "
        "assessed.",
    )
    top: int = option(10, metavar="N", min=0, help="Show the N best and the N worst photos.")
    detail: Detail = option(
        Detail.FRAME,
        help="native: judge blur at the camera's own resolution. A 24-megapixel JPEG then takes 1.6 "
        "times the CPU to decode: 0.11 s instead of 0.07 s.",
    )


@with_options(
    "assess csv csv_raw json jsonl xmp editor embed overwrite keywords sort top",
    "device precision batch workers timeout max_pixels raw decode taste profile stars detail",
    "no_cache follow_links allow_empty quiet debug",
)
def score(paths: Paths, options: ScoreOptions) -> None:
    """Score photos and folders of photos.

    Photos are never changed, unless you ask for --embed. A table of the best and the worst is shown; CSV,
    JSON and XMP sidecars are written where you ask for them, and photocli undo takes the sidecars back.
    Unchanged photos come from a cache, so a second run costs almost nothing and a stopped one goes on where
    it was.

    \b
    Examples:
      photocli score ~/Pictures/shoot
      photocli score shoot --top 20 --csv scores.csv
      photocli score shoot --xmp          # stars for RAW files in any editor; see --embed for JPEGs
      photocli score shoot --profile portrait --stars relative --xmp
      photocli score shoot --embed --for lightroom    # into the JPEGs, where Lightroom looks
      photocli score shoot --for digikam --keywords looks,faults
      photocli score shoot --json - -q | jq '.records[] | select(.score > 7) | .path'
      photocli score shoot --jsonl - | while read -r photo; do echo "$photo" | jq .score; done

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, 4 fatal.
    """
    with reported(options.debug) as course:
        profile = options.chosen_profile()
        to_stdout = outputs.check(options.tables, [*paths, *outputs.settings_read(profile)])
        photos = options.require_photos(paths)
        run = course.run = options.begin(photos, options.of_run(profile=profile, detail=options.detail))
        if not _score(run, options, to_stdout=to_stdout):
            raise typer.Exit(ExitCode.UNREADABLE)


def _score(run: Run, options: ScoreOptions, *, to_stdout: bool) -> bool:
    """Do the run and feed the writers; whether everything could be read and written."""
    from photocli.cli.progress import Progress
    from photocli.writers.table import TableWriter

    with ExitStack() as stack:
        progress = stack.enter_context(Progress(run, quiet=options.quiet, data=to_stdout))
        shown = 0 if options.quiet or to_stdout else options.top
        own = run.models.classifiers
        table = TableWriter(
            sort=options.sort,
            top=shown,
            profile=run.models.profile,
            classifiers=own,
            kinds=[card.kind for card in run.models.cards.values()],
            taste=None if run.models.taste is None else run.models.taste.name,
        )
        sidecars = stack.enter_context(
            xmp_writer(options, progress.report_sidecar, run.paths, models=run.models)
        )
        writers, close = stack.enter_context(outputs.table_writers(options, own))
        writers.append(stack.enter_context(table))
        for record in rated(options.starred(progress.watched(run)), sidecars):
            for writer in writers:
                writer.write(record)
        close(asdict(run.summary))
    counts = sidecars.counts if sidecars else {}
    if not options.quiet:
        table.show(run.summary, sidecars.in_words if sidecars else "", stderr=to_stdout)
        if sidecars is not None:
            say_unread(sidecars)
    return run.summary.failed == 0 and not counts.get("failed")
