"""`photocli explain`: a page for a photo that shows what its score is made of, and where it comes from."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import ShownOptions
from photocli.cli.signature import option, with_options
from photocli.errors import DecodeError, UsageError
from photocli.files.links import is_link

if TYPE_CHECKING:
    from typing_extensions import Self

    from photocli.explaining import Explanation
    from photocli.scoring.options import Options

_SUFFIX = ".explained.png"
_PATIENCE_S = 1.0

Photos = Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos to explain.")]


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(ShownOptions):
    """The options of `photocli explain`."""

    output: Path = option(
        ..., "--output", "-o", metavar="FILE", help="Where the page goes, a PNG; a folder for several photos."
    )
    crop: bool = option(
        False, "--crop", help="Show the crop that photocli crop suggests, too; a second more."
    )
    debug: bool = option(False, "--debug", help="Show the traceback of an error.")


@with_options("output crop assess taste profile device precision timeout max_pixels raw quiet debug")
def explain(photos: Photos, options: ExplainOptions) -> None:
    """Show why a photo has its score.

    A page, as a PNG picture, shows the photo, what its score is made of, where in the photo the score comes
    from, how people would vote, which technical faults were found, and its faces with their scores. Photos
    are never changed, and no file is replaced but an earlier page. It takes about two seconds a photo on a
    CPU.

    \b
    Examples:
      photocli explain IMG_1.jpg -o why.png
      photocli explain shoot/*.jpg -o pages/     # pages/IMG_1.jpg.explained.png ...

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read, 4 fatal.
    """
    with reported(options.debug):
        of_run = options.of_run(profile=options.chosen_profile())
        places = pages(photos, options.output)
        if not _explain(photos, places, of_run, crop=options.crop, quiet=options.quiet):
            raise typer.Exit(ExitCode.UNREADABLE)


def pages(photos: Sequence[Path], output: Path) -> list[Path]:
    """Where the page of each photo goes. Raises `UsageError`; a folder that is needed is made.

    All that could go wrong with the places is found before the first photo is explained.
    """
    from photocli.explaining import check_photo, check_place

    for photo in photos:
        check_photo(photo)
    if str(output) == "-" and len(photos) == 1:
        outputs.check_writable(output)
        return [output]
    is_folder = os.path.isdir(output)  # noqa: PTH112 - which no odd name makes raise
    named = output.suffix.lower() == ".png" and not is_folder
    if not named and not is_folder and len(photos) == 1:
        raise UsageError(f"{output} must end in .png, or be a folder that exists")
    if named and len(photos) > 1:
        raise UsageError(f"{len(photos)} photos need a folder, and {output} is a file; give -o a folder")
    places = [output] if named else [output / (photo.name + _SUFFIX) for photo in photos]
    for place in places:
        if named:
            outputs.check_writable(place)
        if outputs.is_among(place, photos):
            raise UsageError(f"{place} is a photo; its page must go elsewhere")
        if not named and is_link(place):  # nobody named it, and it may lead anywhere
            raise UsageError(f"{place} is a link; remove it, or give -o a file")
        check_place(place)
    if (pair := outputs.twins(places)) is not None:
        raise UsageError(f"two photos are named {photos[pair[0]].name}; explain them one by one")
    if not named:
        outputs.check_folder(output)
        _make_folder(output)
    return places


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}") from None


def _explain(
    photos: Sequence[Path], places: Sequence[Path], options: Options, *, crop: bool, quiet: bool
) -> bool:
    """Write the pages and print what the scores are made of; whether all photos could be read."""
    from rich.text import Text

    from photocli import explaining
    from photocli.display import BAD, console, printable
    from photocli.framing import Framing

    framing = Framing() if crop else None
    errors = console(stderr=True)
    tables = console(stderr=str(places[0]) == "-")
    complete = True
    for photo, place in zip(photos, places, strict=True):
        with ExitStack() as stack:
            steps = stack.enter_context(_Steps(errors, printable(photo.name), quiet=quiet))
            try:
                explanation = explaining.explain(photo, options, framing=framing, advance=steps.advance)
            except DecodeError as error:
                errors.print(Text(printable(f"{photo}: {error}"), style=BAD), soft_wrap=True)
                complete = False
                continue
            explanation.save(place)
        if not quiet:
            _print(explanation, place, tables)
    return complete


def _print(explanation: Explanation, place: Path, console: Any) -> None:
    """What the score is made of, as a table, and where the page is."""
    from rich.text import Text

    from photocli.display import BAD, STARS, Column, folded, printable, shorten, signed, table
    from photocli.explaining.waterfall import meaning, shown, title

    record = explanation.record
    console.print(Text(shorten(printable(record.path), console.width)))
    if explanation.parts:
        points = shown(explanation.parts)
        said = [*(meaning(part) for part in explanation.parts), "★" * (record.stars or 0)]
        values = [*(Text(signed(each), style=BAD if each < 0 else "") for each in points)]
        values.append(Text(f"{record.score:.2f}", style="bold"))
        styles = [*([""] * len(points)), STARS]
        texts = [Text(text, style=style) for text, style in zip(said, styles, strict=True)]
        columns = {
            "What it says": Column((("What it says", texts),), left=True),
            "Points": Column((("Points", values),)),
        }
        rows = table(columns, "Part")
        names = [*(title(part) for part in explanation.parts), "score"]
        for row, name in enumerate(names):
            rows.add_row(name, texts[row], values[row], end_section=row == len(points) - 1)
        console.print(rows)
    if str(place) != "-":
        for line in folded(f"{printable(str(place))} shows it", console.width):
            console.print(Text(line))


class _Steps:
    """A bar on the terminal for what takes longer than a second."""

    def __init__(self, console: Any, name: str, *, quiet: bool) -> None:
        self._console = None if quiet or not console.is_terminal else console
        self._name = name
        self._began = time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, done: int, total: int) -> None:
        """So many of so many steps are done."""
        if self._console is None:
            return
        if self._bar is None and time.monotonic() - self._began > _PATIENCE_S:
            from rich.progress import Progress

            self._bar = Progress(
                console=self._console, transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._bar.add_task(f"explaining {self._name}", total=total)
            self._bar.start()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total)
