"""`photocli report`: a page to look through the photos of a folder, with their scores."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photocli.cli import arguments
from photocli.cli.boundary import ExitCode, reported

if TYPE_CHECKING:
    from photocli.cli.progress import Progress
    from photocli.pipeline import Run
    from photocli.records import Record


def report(
    paths: arguments.Paths,
    html: Annotated[Path, typer.Option(metavar="FILE", help="Where the page goes; - for stdout.")],
    assess: arguments.Assess = "",
    taste: arguments.Taste = "",
    profile: arguments.Profile = "",
    stars: arguments.Stars = arguments.Scale.FIXED,
    device: arguments.Device = "auto",
    batch: arguments.Batch = 0,
    workers: arguments.Workers = 0,
    timeout: arguments.Timeout = arguments.TIMEOUT_S,
    max_pixels: arguments.MaxPixels = arguments.MEGAPIXELS,
    raw: arguments.Raw = arguments.RawBy.PREVIEW,
    no_cache: arguments.NoCache = False,
    follow_links: arguments.FollowLinks = False,
    quiet: arguments.Quiet = False,
    debug: arguments.DebugFolders = False,
) -> None:
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
    with reported(debug):
        from photocli.cli.progress import Progress
        from photocli.culling import OUTPUTS
        from photocli.writers.html import HtmlWriter

        to_stdout = arguments.check_outputs([html])
        options = arguments.run_options(
            assess=assess,
            device=device,
            batch=batch,
            workers=workers,
            timeout=timeout,
            max_pixels=max_pixels,
            raw=raw,
            no_cache=no_cache,
            taste=taste,
            profile=arguments.chosen_profile(profile),
            outputs=OUTPUTS,
            follow_links=follow_links,
            hidden=debug,
        )
        run = arguments.begin(paths, options, quiet=quiet)
        writer = HtmlWriter(
            html, workers=workers, deadline_s=timeout, reading=options.reading, profile=run.models.profile
        )
        with Progress(run, quiet=quiet) as progress, writer as page:
            for record in arguments.starred(_grouped(run, progress), stars):
                page.write(record)
            page.close(asdict(run.summary))
        if not quiet:
            typer.echo(f"{run.summary.photos:,} photos in {html}", err=to_stdout)
        if run.summary.failed:
            raise typer.Exit(ExitCode.UNREADABLE)


def _grouped(run: Run, progress: Progress) -> list[Record]:
    """The run's records, those of bursts, look-alikes and series with their group and their rank in it."""
    from photocli.culling import Culling
    from photocli.picks import Wanted

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
