"""`photocli report`: a page to look through the photos of a folder, with their scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import Paths, RunOptions
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from photocli.cli.progress import Progress
    from photocli.records import Record
    from photocli.scoring.pipeline import Run


@dataclass(frozen=True, kw_only=True)
class ReportOptions(RunOptions):
    """The options of `photocli report`."""

    html: Path = option(..., metavar="FILE", help="Where the page goes; - for stdout.")


@with_options(
    "html assess taste profile stars device batch workers timeout max_pixels raw",
    "no_cache follow_links allow_empty quiet debug",
)
def report(paths: Paths, options: ReportOptions) -> None:
    """Make a page of photos with their scores.

    One HTML file holds everything, thumbnails too; it opens in any browser, from the disk, and loads nothing
    from anywhere. Photos can be sorted, searched and filtered there, and each says what its score means.

    \b
    Examples:
      photocli report ~/Pictures/shoot --html report.html
      photocli report shoot --taste weddings --html - > report.html

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.cli.progress import Progress
        from photocli.culling.cull import OUTPUTS
        from photocli.writers.html import HtmlWriter

        profile = options.chosen_profile()
        read = [*paths, *outputs.settings_read(profile)]
        to_stdout = outputs.check({"--html": options.html}, read)
        options.require_photos(paths)
        of_run = options.of_run(profile=profile, outputs=OUTPUTS)
        run = course.run = options.begin(paths, of_run)
        writer = HtmlWriter(
            options.html,
            workers=options.workers,
            deadline_s=options.timeout,
            reading=of_run.reading,
            profile=run.models.profile,
        )
        with Progress(run, quiet=options.quiet, data=to_stdout) as progress, writer as page:
            for record in options.starred(_grouped(run, progress)):
                page.write(record)
            page.close(asdict(run.summary))
        if not options.quiet:
            typer.echo(f"{run.summary.photos:,} photos in {options.html}", err=to_stdout)
        if run.summary.failed:
            raise typer.Exit(ExitCode.UNREADABLE)


def _grouped(run: Run, progress: Progress) -> list[Record]:
    """The run's records, those of bursts, look-alikes and series with their group and their rank in it."""
    from photocli.culling.cull import Culling
    from photocli.culling.picks import Wanted

    # Models of a user's own may say nothing of how alike photos are.
    alike = any("embedding" in card.outputs for card in run.models.cards.values())
    culling, records = Culling(), []
    for result in run.results():
        progress.advance(result.record)
        records.append(result.record)
        if alike:
            culling.add(result)
    if alike:
        records = culling.finish(Wanted())
    # Nobody asked for picks here, and a group of one is none.
    alone: dict[str, Any] = {"group": None, "rank_in_group": None, "group_kind": None}
    return [
        replace(record, pick=None, **(alone if record.group_kind == "single" else {})) for record in records
    ]
