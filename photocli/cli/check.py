"""`photocli check`: hold photos against rules, for scripts and CI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli import arguments
from photocli.cli.boundary import ExitCode, reported
from photocli.display import printable

if TYPE_CHECKING:
    from photocli.checks import Check
    from photocli.config import CheckConfig
    from photocli.pipeline import Run


Require = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE", help="A rule that every photo must keep; may be given several times."),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings; photocli.toml of the current folder without it."),
]
MaxFailures = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="So many photos may fall short. Without it: none.")
]
Baseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="What this file lists is known and does not count.")
]
WriteBaseline = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write all that falls short now as a baseline; exit with 0."),
]
Junit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML; - for stdout.")]
Sarif = Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF; - for stdout.")]
Markdown = Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown; - for stdout.")]


def check(
    paths: arguments.Paths,
    require: Require = None,
    config: Config = None,
    max_failures: MaxFailures = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = None,
    junit: Junit = None,
    json: arguments.Json = None,
    sarif: Sarif = None,
    markdown: Markdown = None,
    profile: arguments.Profile = "",
    assess: arguments.Assess = "",
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
    """Check photos against rules.

    A rule is a field of the record, a comparison (>= <= > < == !=), and a number or a quoted text. A photo
    that has no value in the field breaks the rule, unless the field is written with a question mark. Models
    of your own classes have a field of their name, and field[class] is how probable a class is. Rules,
    max_failures and baseline may also stand in photocli.toml, in a table [check]; options win over it, and
    rules add up.

    \b
    Examples:
      photocli check photos --require 'aesthetic >= 4.5' --require 'blur? < 0.5'
      photocli check photos --require "aesthetic_class != 'bad'" --junit report.xml
      photocli check photos --require "rooms == 'kitchen', 'bathroom'" --require 'content[nude] < 0.2'
      photocli check photos --write-baseline known.json   # now: excuse what there is,
      photocli check photos --baseline known.json         # later: only what is new counts

    \b
    Exit codes: 0 all good; 1 more photos fall short than may; 2 wrong use; 3 none or few enough fall short,
    but some could not be read; 4 fatal.
    """
    with reported(debug):
        from photocli.config import read_check
        from photocli.pipeline import Run

        reports = {"junit": junit, "json": json, "sarif": sarif, "markdown": markdown}
        to_stdout = arguments.check_outputs((*reports.values(), write_baseline))
        settings = _settings(read_check(config), require or [], max_failures, baseline)
        options = arguments.run_options(
            assess=assess,
            device=device,
            batch=batch,
            workers=workers,
            timeout=timeout,
            max_pixels=max_pixels,
            raw=raw,
            no_cache=no_cache,
            taste="off",
            profile=arguments.chosen_profile(profile, config),
            follow_links=follow_links,
            hidden=debug,
        )
        code = _check(
            Run(paths, options),
            settings,
            reports,
            write_baseline,
            quiet=quiet,
            to_stdout=to_stdout,
        )
        if code != ExitCode.OK:
            raise typer.Exit(code)


def _settings(
    config: CheckConfig, require: list[str], max_failures: int | None, baseline: Path | None
) -> CheckConfig:
    """What holds in the end: rules from the file, then from options; the options' other values win."""
    settings = replace(config, require=(*config.require, *require))
    if max_failures is not None:
        settings = replace(settings, max_failures=max_failures)
    return settings if baseline is None else replace(settings, baseline=baseline)


def _check(
    run: Run,
    settings: CheckConfig,
    reports: Mapping[str, Path | None],
    write_baseline: Path | None,
    *,
    quiet: bool,
    to_stdout: bool,
) -> ExitCode:
    """Do the run, say what falls short, write the reports, and choose the exit code."""
    from photocli import baseline
    from photocli.checks import Check, root_of
    from photocli.cli.progress import Progress
    from photocli.errors import UsageError
    from photocli.reports import load, save
    from photocli.rules import parse

    if not settings.require:
        raise UsageError("there are no rules; give --require 'aesthetic >= 4.5', or a photocli.toml")
    known = baseline.read(settings.baseline) if settings.baseline is not None else None
    check = Check([parse(rule, run.models.classes) for rule in settings.require], root_of(run.paths), known)
    with Progress(run, quiet=quiet) as progress:
        for record in run:
            progress.advance(record)
            check.add(record)
    for name, file in reports.items():
        if file is not None:
            save(file, load(name).render(check.report))
    if write_baseline is not None:
        save(write_baseline, baseline.render(check.report))
    if not quiet:
        _summarise(check, settings, err=to_stdout)
    if write_baseline is not None:  # all that was found is excused now
        return ExitCode.OK
    return _exit_code(check, settings)


def _exit_code(check: Check, settings: CheckConfig) -> ExitCode:
    if check.report.short > settings.max_failures:
        return ExitCode.CHECK_FAILED
    return ExitCode.UNREADABLE if check.report.unreadable else ExitCode.OK


def _summarise(check: Check, settings: CheckConfig, *, err: bool) -> None:
    report = check.report
    for photo in report.failing:
        if photo.readable:  # the others were named while the run went on
            reasons = "; ".join(finding.reason for finding in photo.new)
            typer.echo(printable(f"{photo.path}: {reasons}"), err=err)
    parts = [f"{len(report.photos):,} photos checked", f"{report.short:,} fall short"]
    if settings.max_failures:
        parts[-1] += f" ({settings.max_failures:,} may)"
    if report.unreadable:
        parts.append(f"{report.unreadable:,} could not be read")
    if report.known:
        parts.append(f"{report.known:,} findings known from the baseline")
    typer.echo(" · ".join(parts), err=err)
    for field in check.never_filled:
        typer.echo(f"no photo has a value for {field}: no model that was run fills it", err=True)
