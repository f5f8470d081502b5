"""`photocli check`: hold photos against rules, for scripts and CI."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import JsonFile, Paths, RunOptions
from photocli.cli.settings import of_file
from photocli.cli.signature import option, with_options
from photocli.display import cells, console, folded, joined, printable, shorten

if TYPE_CHECKING:
    from photocli.checks.check import Check, Key
    from photocli.config import CheckConfig
    from photocli.scoring.pipeline import Run


@dataclass(frozen=True, kw_only=True)
class CheckOptions(JsonFile, RunOptions):
    """The options of `photocli check`."""

    require: list[str] | None = option(
        None, metavar="RULE", help="A rule that every photo must keep; may be given several times."
    )
    config: Path | None = option(
        None,
        metavar="FILE",
        is_eager=True,
        callback=of_file,
        help="Settings; photocli.toml of the current folder without it.",
    )
    max_failures: int | None = option(
        None, metavar="N", min=0, help="So many photos may fall short. Without it: none."
    )
    baseline: Path | None = option(
        None, metavar="FILE", help="What this file lists is known and does not count."
    )
    write_baseline: Path | None = option(
        None, metavar="FILE", help="Write all that falls short now as a baseline; exit with 0."
    )
    junit: Path | None = option(None, metavar="FILE", help="Write JUnit XML; - for stdout.")
    sarif: Path | None = option(None, metavar="FILE", help="Write SARIF; - for stdout.")
    markdown: Path | None = option(None, metavar="FILE", help="Write Markdown; - for stdout.")
    taste: str = "off"  # rules hold for everybody

    @property
    def reports(self) -> dict[str, Path | None]:
        """Where the reports go, by their formats."""
        return {"junit": self.junit, "json": self.json, "sarif": self.sarif, "markdown": self.markdown}


@with_options(
    "require config max_failures baseline write_baseline junit json sarif markdown",
    "profile assess device precision batch workers timeout max_pixels raw decode",
    "no_cache follow_links allow_empty quiet debug",
)
def check(paths: Paths, options: CheckOptions) -> None:
    """Check photos against rules.

    A rule is a field of the record, a comparison (>= <= > < == !=), and a number or a quoted text. A photo
    that has no value in the field breaks the rule, unless the field is written with a question mark. faults
    are compared with names of faults: != wants none of them, and faults == 'none' wants none at all. Models
    of your own classes have a field of their name, and field[class] is how probable a class is. Rules,
    max_failures and baseline may also stand in photocli.toml, in a table [check]; options win over it, and
    rules add up.

    \b
    Examples:
      photocli check photos --require 'aesthetic >= 4.5' --require 'blur? < 0.5'
      photocli check photos --require "aesthetic_class != 'bad'" --junit report.xml
      photocli check photos --require "faults != 'blur', 'motion_blur'"
      photocli check photos --require "rooms == 'kitchen', 'bathroom'" --require 'content[nude] < 0.2'
      photocli check photos --write-baseline known.json   # rules in photocli.toml: excuse what there is,
      photocli check photos --baseline known.json         # and later count only what is new

    \b
    Exit codes: 0 all good; 1 more photos fall short than may; 2 wrong use, or no photos; 3 none or few enough
    fall short, but some could not be read; 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.scoring.pipeline import Run

        settings, profile = _settings(options), options.chosen_profile(options.config)
        to_stdout = _check_outputs(
            options, [*paths, *outputs.settings_read(profile, options.config)], settings
        )
        photos = options.require_photos(paths)
        run = course.run = Run(photos, options.of_run(profile=profile))
        code = _check(run, settings, options, to_stdout=to_stdout)
        if code != ExitCode.OK:
            raise typer.Exit(code)


def _settings(options: CheckOptions) -> CheckConfig:
    """What holds in the end: rules from the file, then from options; the options' other values win."""
    from photocli.config import read_check

    settings = read_check(options.config)
    settings = replace(settings, require=(*settings.require, *(options.require or [])))
    if options.max_failures is not None:
        settings = replace(settings, max_failures=options.max_failures)
    return settings if options.baseline is None else replace(settings, baseline=options.baseline)


def _check_outputs(options: CheckOptions, read: list[Path], settings: CheckConfig) -> bool:
    """Whether stdout carries data. Raises `UsageError`. A baseline may be written over the one before."""
    files = {f"--{name}": file for name, file in options.reports.items()}
    known, new = settings.baseline, options.write_baseline
    if known is not None and not (new is not None and outputs.is_among(new, [known])):
        read = [*read, known]
    return outputs.check({**files, "--write-baseline": new}, read)


def _check(run: Run, settings: CheckConfig, options: CheckOptions, *, to_stdout: bool) -> ExitCode:
    """Do the run, say what falls short, write the reports, and choose the exit code."""
    from photocli.checks import baseline
    from photocli.checks.check import Check, root_of
    from photocli.checks.reports import load, save
    from photocli.checks.rules import parse
    from photocli.cli.progress import Progress
    from photocli.errors import UsageError

    if not settings.require:
        raise UsageError("there are no rules; give --require 'aesthetic >= 4.5', or a photocli.toml")
    known = _known(settings.baseline, options.write_baseline)
    models = run.models
    rules = [parse(rule, models.classes, models.filled) for rule in settings.require]
    check = Check(rules, root_of(run.paths), known, settings.max_failures)
    with Progress(run, quiet=options.quiet, data=to_stdout) as progress:
        for record in run:
            progress.advance(record)
            check.add(record)
    for name, file in options.reports.items():
        if file is not None:
            save(file, load(name).render(check.report))
    if options.write_baseline is not None:
        save(options.write_baseline, baseline.render(check.report))
    if not options.quiet:
        _summarise(check, err=to_stdout)
    if options.write_baseline is not None:  # all that was found is excused now
        if not options.quiet:
            said = f"all of it is written to {options.write_baseline}, which excuses it from now on"
            typer.echo(printable(said), err=to_stdout or str(options.write_baseline) == "-")
        return ExitCode.OK
    return _exit_code(check, settings)


def _known(file: Path | None, new: Path | None) -> frozenset[Key] | None:
    """What the baseline excuses; nothing where the one that is to be written is not there yet."""
    from photocli.checks import baseline

    if file is None or (new is not None and not file.exists()):
        return None
    return baseline.read(file)


def said_of(path: str, reasons: str, width: int) -> list[str]:
    """A photo and what it breaks, in one line, or in several where that is wider than the terminal."""
    whole = printable(f"{path}: {reasons}")
    if cells(whole) <= width:
        return [whole]
    return [f"{shorten(printable(path), width - 1)}:", *folded(f"    {printable(reasons)}", width)]


def _exit_code(check: Check, settings: CheckConfig) -> ExitCode:
    if check.report.short > settings.max_failures:
        return ExitCode.CHECK_FAILED
    return ExitCode.UNREADABLE if check.report.unreadable else ExitCode.OK


def _summarise(check: Check, *, err: bool) -> None:
    report, width = check.report, console(stderr=err).width
    for photo in report.failing:
        if photo.readable:  # the others were named while the run went on
            reasons = "; ".join(finding.reason for finding in photo.new)
            for line in said_of(photo.path, reasons, width):
                typer.echo(line, err=err)
    for line in joined(report.in_words.split(" · "), width):
        typer.echo(line, err=err)
    for field in check.never_filled:
        typer.echo(f"no photo has a value for {field}; in a rule, {field}? lets such photos pass", err=True)
