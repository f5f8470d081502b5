"""`photocli report`: a page to look through the photos of a folder, with their scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import Paths, RunOptions
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from photocli.cli.progress import Progress
    from photocli.scoring.options import Options
    from photocli.scoring.pipeline import Run
    from photocli.scoring.results import Result
    from photocli.scoring.sources import Given


@dataclass(frozen=True, kw_only=True)
class ReportOptions(RunOptions):
    """The options of `photocli report`."""

    html: Path = option(..., metavar="FILE", help="Where the page goes; - for stdout.")


@with_options(
    "html assess taste profile stars device precision batch workers timeout max_pixels raw decode",
    "no_cache follow_links allow_empty quiet debug",
)
def report(paths: Paths, options: ReportOptions) -> None:
    """Make a page of photos with their scores.

    One HTML file holds everything, thumbnails too; it opens in any browser, from the disk, and loads nothing
    from anywhere. Bursts and series stand together, best first, with the picks that photocli cull would make.
    Photos can be sorted, searched and filtered, link to their files, and say what their scores mean.

    \b
    Examples:
      photocli report ~/Pictures/shoot --html report.html
      photocli report shoot --taste weddings --html - > report.html

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.cli.progress import Progress
        from photocli.writers._report import grouped
        from photocli.writers.html import HtmlWriter, title_of

        profile = options.chosen_profile()
        read = [*paths, *outputs.settings_read(profile)]
        to_stdout = outputs.check({"--html": options.html}, read)
        photos = options.require_photos(paths)
        run = course.run = options.begin(photos, _of_run(photos, options, profile))
        writer = HtmlWriter(options.html, title=title_of(paths), profile=run.models.profile)
        with Progress(run, quiet=options.quiet, data=to_stdout) as progress, writer as page:
            for record in options.starred(grouped(_watched(run, progress), run, page)):
                page.write(record)
            page.close(asdict(run.summary))
        if not options.quiet:
            typer.echo(f"{run.summary.photos:,} photos in {options.html}", err=to_stdout)
        if run.summary.failed:
            raise typer.Exit(ExitCode.UNREADABLE)


def _of_run(photos: Given, options: ReportOptions, profile: str | None) -> Options:
    """The options of the run, whose thumbnails are smaller where there are many photos."""
    from photocli.writers._report import MANY, page_options

    of_run = options.of_run(profile=profile)
    return page_options(of_run, many=photos.reaches(MANY, of_run))


def _watched(run: Run, progress: Progress) -> Iterator[Result]:
    for result in run.results():
        progress.advance(result.record)
        yield result
