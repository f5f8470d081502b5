"""`photocli score`: score photos, show the best and the worst, write tables and sidecars."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli import arguments
from photocli.cli.boundary import ExitCode, reported
from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.pipeline import Run
    from photocli.writers import Writer


Xmp = Annotated[
    bool, typer.Option("--xmp", help="Write stars and scores to XMP sidecars. Ratings you gave are kept.")
]
Sort = Annotated[
    str, typer.Option(metavar="FIELD", help="Rank the table by this field of the record, best first.")
]
Top = Annotated[int, typer.Option(metavar="N", min=0, help="Show the N best and the N worst photos.")]
Detail = Annotated[
    arguments.Detail,
    typer.Option(
        help="native: judge blur at the camera's own resolution. A 24-megapixel JPEG then takes four "
        "times the CPU to decode and cut: 0.33 s instead of 0.08 s."
    ),
]


def score(
    paths: arguments.Paths,
    assess: arguments.Assess = "",
    csv: arguments.Csv = None,
    csv_raw: arguments.CsvRaw = False,
    json: arguments.Json = None,
    xmp: Xmp = False,
    editor: arguments.ForEditor = "",
    embed: arguments.Embed = False,
    overwrite: arguments.Overwrite = False,
    sort: Sort = "score",
    top: Top = 10,
    device: arguments.Device = "auto",
    batch: arguments.Batch = 0,
    workers: arguments.Workers = 0,
    timeout: arguments.Timeout = arguments.TIMEOUT_S,
    max_pixels: arguments.MaxPixels = arguments.MEGAPIXELS,
    raw: arguments.Raw = arguments.RawBy.PREVIEW,
    taste: arguments.Taste = "",
    profile: arguments.Profile = "",
    stars: arguments.Stars = arguments.Scale.FIXED,
    detail: Detail = arguments.Detail.FRAME,
    no_cache: arguments.NoCache = False,
    follow_links: arguments.FollowLinks = False,
    quiet: arguments.QuietTable = False,
    debug: arguments.DebugFolders = False,
) -> None:
    """Score photos and folders of photos.

    Photos are never changed, unless you ask for --embed. A table of the best and the worst is shown; CSV,
    JSON and XMP sidecars are written where you ask for them, and photocli undo takes the sidecars back.
    Unchanged photos come from a cache, so a second run costs almost nothing and a stopped one goes on where
    it was.

    \b
    Examples:
      photocli score ~/Pictures/shoot
      photocli score shoot --top 20 --csv scores.csv
      photocli score shoot --xmp          # stars in Lightroom, darktable, digiKam
      photocli score shoot --profile portrait --stars relative --xmp
      photocli score shoot --embed --for lightroom    # into the JPEGs themselves, too
      photocli score shoot --json - -q | jq '.records[] | select(.score > 7) | .path'

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, 4 fatal.
    """
    with reported(debug):
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
            detail=detail.value,
            follow_links=follow_links,
            hidden=debug,
        )
        run = arguments.begin(paths, options, quiet=quiet)
        ratings = arguments.Ratings(xmp, editor or None, embed, overwrite)
        if csv_raw and csv is None:
            raise UsageError("--csv-raw says how --csv is written; give --csv, too")
        complete = _score(
            run,
            csv=csv,
            csv_raw=csv_raw,
            json=json,
            ratings=ratings,
            stars=stars,
            sort=sort,
            top=top,
            quiet=quiet,
        )
        if not complete:
            raise typer.Exit(ExitCode.UNREADABLE)


def _score(
    run: Run,
    *,
    csv: Path | None,
    csv_raw: bool,
    json: Path | None,
    ratings: arguments.Ratings,
    stars: arguments.Scale,
    sort: str,
    top: int,
    quiet: bool,
) -> bool:
    """Do the run and feed the writers; whether everything could be read and written."""
    from photocli.cli.progress import Progress
    from photocli.writers.csv import CsvWriter
    from photocli.writers.json import JsonWriter
    from photocli.writers.table import TableWriter

    to_stdout = _check_targets([path for path in (csv, json) if path is not None])
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(run, quiet=quiet))
        shown = 0 if quiet or to_stdout else top
        own = run.models.classifiers
        table = TableWriter(sort=sort, top=shown, profile=run.models.profile, classifiers=own)
        sidecars = stack.enter_context(arguments.xmp_writer(ratings, progress.report_sidecar, run.paths))
        document = JsonWriter(json, own) if json else None
        rows = CsvWriter(csv, own, raw=csv_raw) if csv else None
        chosen: tuple[Writer | None, ...] = (table, rows, document)
        writers: list[Writer] = [stack.enter_context(writer) for writer in chosen if writer is not None]
        for record in arguments.rated(arguments.starred(progress.watched(run), stars), sidecars):
            for writer in writers:
                writer.write(record)
        if document is not None:
            document.close(asdict(run.summary))
    counts = sidecars.counts if sidecars else {}
    if not quiet:
        table.show(run.summary, counts, stderr=to_stdout)
        if sidecars is not None and sidecars.unread:
            typer.echo(sidecars.hint, err=True)
    return run.summary.failed == 0 and not counts.get("failed")


def _check_targets(targets: list[Path]) -> bool:
    """Whether one of the tables goes to standard output. Raises `UsageError` for what can only be a slip."""
    from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES

    for path in targets:  # `--csv *.jpg` would put the table in the place of the first photo
        if path.suffix.lower() in (*RENDERED_SUFFIXES, *RAW_SUFFIXES):
            raise UsageError(f"{path} is the name of a photo; no table is written in its place")
    to_stdout = [path for path in targets if str(path) == "-"]
    if len(to_stdout) > 1:
        raise UsageError("only one of --csv and --json can go to stdout; name a file for the other")
    if len({path.resolve() for path in targets}) < len(targets):
        raise UsageError(f"--csv and --json would both write {targets[0]}; name two files")
    return bool(to_stdout)
