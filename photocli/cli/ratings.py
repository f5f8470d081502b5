"""What a command writes beside and into photos: the writer of ratings, and the journal that undo reads."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.cli.options import RatingOptions
    from photocli.files.journal import Journal
    from photocli.records import Record
    from photocli.scoring.assessment import Models
    from photocli.writers.xmp import XmpWriter
    from photocli.xmp.sidecar_plan import Outcome


@contextmanager
def xmp_writer(
    ratings: RatingOptions,
    report: Callable[[Outcome], None],
    paths: Iterable[Path],
    journal: Journal | None = None,
    models: Models | None = None,
    *,
    overwrite_alone: bool = False,
) -> Iterator[XmpWriter | None]:
    """The writer that was asked for, if one was, with a journal for undo; it writes below `paths` alone.

    `models` are those whose answers may become keywords. Raises `UsageError`, also where nothing can be
    written there, and for `--overwrite` without anything that is written, unless it may stand alone.
    """
    paths = list(paths)
    sidecars = ratings.xmp or (bool(ratings.editor) and not ratings.embed)
    if not sidecars and not ratings.embed:
        if ratings.overwrite and not overwrite_alone:
            raise UsageError("--overwrite says what --xmp and --embed do; give one of them")
        if ratings.keywords:
            raise UsageError("--keywords says what --xmp, --for and --embed write; give one of them")
        yield None
        return
    from photocli.files.links import Roots
    from photocli.writers.xmp import XmpWriter

    if not getattr(ratings, "dry_run", False):
        _check_places(paths)
    with (
        begin_journal() as own,
        XmpWriter(
            editor=ratings.editor or None,
            embed=ratings.embed,
            sidecars=sidecars,
            overwrite=ratings.overwrite,
            journal=journal or own,
            report=report,
            roots=Roots(paths),
            keywords=_keywords(ratings, models),
        ) as writer,
    ):
        yield writer


def say_unread(writer: XmpWriter) -> None:
    """Say on stderr, in the terminal's width, which sidecars the editor doesn't read."""
    from photocli.display import console, folded

    for line in writer.hint.splitlines() if writer.unread else ():
        for part in folded(line, console(stderr=True).width):
            typer.echo(part, err=True)


def _check_places(paths: list[Path]) -> None:
    """Raise `UsageError` where no sidecar can be written at all, or nothing be kept for undo."""
    from photocli.cli import outputs
    from photocli.files.ledger import STATE_ENV, journal_folder

    folders = [path if path.is_dir() else path.parent for path in paths]
    below = (folder for top in folders for folder, _, _ in os.walk(top))  # seldom gone through to its end
    if folders and not any(os.access(folder, os.W_OK) for folder in below):
        outputs.check_folder(folders[0], "sidecars lie beside the photos")
    outputs.check_folder(journal_folder(), f"undo needs it; set {STATE_ENV} to another folder")


def _keywords(ratings: RatingOptions, models: Models | None) -> tuple[str, ...]:
    """The sets of keywords that were asked for. Raises `UsageError` for those that there won't be."""
    from photocli.xmp.keywords import wanted

    if models is None:
        return wanted(ratings.keywords)
    return wanted(ratings.keywords, {card.kind for card in models.cards.values()}, models.classifiers)


def begin_journal() -> Journal:
    """A journal for what this command changes; it costs nothing until something is."""
    from photocli.files.journal import Journal

    return Journal.begin(command_line())


def command_line() -> str:
    """This command as it was typed, by which `photocli undo` names what it did."""
    return shlex.join(["photocli", *sys.argv[1:]])


def rated(records: Iterable[Record], writer: XmpWriter | None) -> Iterable[Record]:
    """The records, with what became of their sidecars where these are written: before any other output."""
    return records if writer is None else map(writer.write, records)
