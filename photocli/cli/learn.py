"""`photocli learn`: learn a person's taste from their own ratings, and keep it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli import outputs
from photocli.cli.boundary import Course, ExitCode, reported
from photocli.cli.options import RunOptions
from photocli.cli.signature import option, with_options
from photocli.display import console, folded, printable, signed
from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.taste.learning import Lesson
    from photocli.taste.store import Taste

Rated = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH...", help="Photos and folders that you rated.")
]


@dataclass(frozen=True, kw_only=True)
class LearnOptions(RunOptions):
    """The options of `photocli learn`."""

    name: str = option(
        "default", metavar="NAME", help="The taste's name; the one named default is used by itself."
    )
    list_tastes: bool = option(False, "--list", help="List the tastes that were learned.")
    export: Path | None = option(None, "--export", metavar="FILE", help="Write the taste NAME; - for stdout.")
    import_: Path | None = option(None, "--import", metavar="FILE", help="Take over a taste, as NAME.")
    delete: str = option("", metavar="NAME", help="Forget a taste.")


@with_options(
    "name list_tastes export import_ delete",
    "assess device precision batch workers no_cache follow_links quiet debug",
)
def learn(options: LearnOptions, paths: Rated = None) -> None:
    """Learn your taste from photos that you rated.

    Stars, picks and rejects that you gave in a photo editor are read from sidecars and from the photos
    themselves; what this program wrote is left out. The taste is kept only if it foretells ratings that it
    has not seen surely better than the general model does. From then on, score and cull use the one named
    default, or the one that --taste names; --taste off is the general model.

    \b
    Examples:
      photocli learn ~/Pictures/rated
      photocli learn weddings --name weddings
      photocli score shoot --taste weddings
      photocli learn --list

    \b
    Exit codes: 0 learned, 1 not better than the general model and so not kept, 2 wrong use, 3 learned, but
    some photos could not be read, 4 fatal.
    """
    with reported(options.debug) as course:
        others = (options.list_tastes, options.export is not None, options.import_ is not None)
        if sum((bool(paths), *others, bool(options.delete))) != 1:
            raise UsageError(
                "give either PATHs to learn from, or one of --list, --export, --import, --delete"
            )
        if paths:
            code = _learn(paths, options, course)
            if code != ExitCode.OK:
                raise typer.Exit(code)
        elif options.list_tastes:
            _list()
        elif options.delete:
            _delete(options.delete)
        else:
            _exchange(options.name, options.export, options.import_)


def _learn(paths: list[Path], options: LearnOptions, course: Course) -> ExitCode:
    from datetime import datetime

    from photocli.cli.progress import Progress
    from photocli.taste import store as tastes
    from photocli.taste.learning import Learner

    of_run = options.of_run()
    tastes.path_of(options.name)  # a name that cannot be used is better said before the work than after it
    photos = options.require_photos(paths, "name a folder of photos that you rated")
    learner = Learner(photos, of_run)
    course.run = learner.run
    with Progress(learner.run, quiet=options.quiet) as progress:
        learner.collect(progress.advance)
    lesson = learner.lesson()
    assert lesson.trial is not None
    assert lesson.head is not None
    if not options.quiet:
        _report(lesson)
    if lesson.trial.refused is not None:
        typer.echo(f"not kept: {lesson.trial.refused}", err=True)
        return ExitCode.CHECK_FAILED
    learned = datetime.now().astimezone().isoformat(timespec="seconds")
    taste = tastes.make(options.name, *lesson.model, lesson.head, lesson.trial, learned)
    file = tastes.save(taste)
    if not options.quiet:
        typer.echo(f"kept as '{options.name}' ({file})")
    return ExitCode.UNREADABLE if learner.run.summary.failed else ExitCode.OK


def _report(lesson: Lesson) -> None:
    trial = lesson.trial
    assert trial is not None
    counts = ", ".join(f"{count:,} {_said(value)}" for value, count in sorted(lesson.ratings.items()))
    gain = f"{signed(100 * trial.gain, 1):>5} points, ± {100 * trial.error:.1f}"
    width = console().width
    for line in (
        *folded(f"{sum(lesson.ratings.values()):,} photos with ratings of yours: {counts}", width),
        *folded("pairs of photos, not seen while learning, in the order that you gave them:", width),
        f"  your taste         {trial.accuracy:6.1%}",
        f"  the general model  {trial.general:6.1%}",
        f"  gain               {gain}",
    ):
        typer.echo(line)


def _said(value: float) -> str:
    return "rejected" if value == 0 else f"with {value:g} stars" if value != 1 else "with 1 star"


def _list() -> None:
    from photocli.taste import store as tastes

    found = tastes.names()
    for name in found:
        try:
            for line in _lines(tastes.load(name)):
                typer.echo(line)
        except UsageError as error:
            typer.echo(f"{name}: {error}", err=True)
    if not found:
        typer.echo("no taste was learned yet", err=True)


def _lines(taste: Taste) -> list[str]:
    facts = taste.facts
    right, general = (facts.get(key) for key in ("accuracy", "general_accuracy"))
    proven = f"{right:.1%} of held-out pairs right, the general model {general:.1%}"
    said = f"{facts.get('photos')} photos, {proven}, with {taste.model}, {facts.get('learned')}"
    return folded(printable(f"{taste.name}: {said}"), console().width)


def _delete(name: str) -> None:
    from photocli.taste import store as tastes

    tastes.delete(name)
    typer.echo(f"forgot the taste '{name}'", err=True)


def _exchange(name: str, export: Path | None, import_: Path | None) -> None:
    from photocli.checks.reports import save
    from photocli.taste import store as tastes

    if export is not None:
        outputs.check({"--export": export})
        save(export, tastes.export(tastes.load(name)))
    elif import_ is not None:
        tastes.save(tastes.read(import_, name))
        typer.echo(f"'{name}' is there now", err=True)
