"""Arguments and options that several commands share, so that they read and mean the same in each."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.journal import Journal
    from photocli.options import Options
    from photocli.pipeline import Run
    from photocli.records import Record
    from photocli.sidecar_plan import Outcome
    from photocli.writers.xmp import XmpWriter


class Scale(str, Enum):
    """What stars are measured by: fixed thresholds of the score, or the other photos."""

    FIXED = "fixed"
    RELATIVE = "relative"


class Detail(str, Enum):
    """What blur is judged on: the pass's frame, or the photo at its own resolution."""

    FRAME = "frame"
    NATIVE = "native"


class RawBy(str, Enum):
    """What RAW files are judged by."""

    PREVIEW = "preview"
    DEVELOP = "develop"


Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Photos and folders of photos.")]
Assess = Annotated[
    str,
    typer.Option(metavar="MODEL,...", help="Only these models; all without it. See: photocli models list"),
]
Device = Annotated[
    str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda or tensorrt; a named one is used or fails.")
]
Batch = Annotated[
    int, typer.Option(metavar="N", min=0, help="Photos per network run; 0 chooses for the device.")
]
Workers = Annotated[int, typer.Option(metavar="N", min=0, help="Processes that decode; 0 is one per core.")]
Timeout = Annotated[
    float, typer.Option(metavar="SECONDS", help="A photo that takes longer to decode is given up.")
]
MaxPixels = Annotated[
    float, typer.Option(metavar="MEGAPIXELS", help="Larger photos are refused before they are decoded.")
]
Raw = Annotated[
    RawBy,
    typer.Option(help="RAW files by their preview, where it is large enough, or always developed (slower)."),
]
TIMEOUT_S = 30.0
MEGAPIXELS = 250.0
Taste = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Score by this taste, see photocli learn; off is none. Without it: the one named default.",
    ),
]
Profile = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Weigh aesthetics, selfie and faults as in general, portrait, landscape, action or a TOML file.",
    ),
]
Stars = Annotated[
    Scale, typer.Option(help="Stars by fixed thresholds, or by each photo's place in this shoot.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Score everything again, and remember nothing.")]
Csv = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a CSV table, a row per photo; - for stdout.")
]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a JSON document; - for stdout.")]
CsvRaw = Annotated[
    bool,
    typer.Option(
        "--csv-raw", help="Leave texts in CSV as they are; without it ' stands before those like formulas."
    ),
]
FollowLinks = Annotated[
    bool,
    typer.Option(
        "--follow-links",
        help="Read photos behind links that lead out of the folders given; they are never written or moved.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary; errors only.")]
QuietTable = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no table; errors only.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DebugFolders = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error; list hidden files as skipped.")
]
ForEditor = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="EDITOR",
        help="Write for lightroom, bridge, darktable, digikam, captureone or all; implies --xmp.",
    ),
]
Embed = Annotated[
    bool,
    typer.Option("--embed", help="Write into JPEGs themselves; RAW files still get sidecars. See: docs."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace ratings, labels and flags that you gave, too.")
]


@dataclass(frozen=True, slots=True)
class Ratings:
    """Where ratings go: into sidecars, into JPEGs, for which editor, and whether over a person's."""

    xmp: bool = False
    editor: str | None = None
    embed: bool = False
    overwrite: bool = False


@contextmanager
def xmp_writer(
    ratings: Ratings,
    report: Callable[[Outcome], None],
    paths: Iterable[Path],
    journal: Journal | None = None,
) -> Iterator[XmpWriter | None]:
    """The writer that was asked for, if one was, with a journal for undo; it writes below `paths` alone.

    Raises `UsageError`.
    """
    from photocli.links import Roots
    from photocli.writers.xmp import XmpWriter

    sidecars = ratings.xmp or (ratings.editor is not None and not ratings.embed)
    if not sidecars and not ratings.embed:
        if ratings.overwrite:
            raise UsageError("--overwrite says what --xmp and --embed do; give one of them")
        yield None
        return
    with (
        begin_journal() as own,
        XmpWriter(
            editor=ratings.editor,
            embed=ratings.embed,
            sidecars=sidecars,
            overwrite=ratings.overwrite,
            journal=journal or own,
            report=report,
            roots=Roots(paths),
        ) as writer,
    ):
        yield writer


def begin_journal() -> Journal:
    """A journal for what this command changes; it costs nothing until something is."""
    from photocli.journal import Journal

    return Journal.begin(shlex.join(["photocli", *sys.argv[1:]]))


def run_options(
    *,
    assess: str = "",
    device: str = "auto",
    batch: int = 0,
    workers: int = 0,
    no_cache: bool = False,
    taste: str = "",
    profile: str | None = None,
    outputs: tuple[str, ...] = (),
    detail: str = "frame",
    follow_links: bool = False,
    hidden: bool = False,
    timeout: float = TIMEOUT_S,
    max_pixels: float = MEGAPIXELS,
    raw: RawBy = RawBy.PREVIEW,
) -> Options:
    """The options of a run, from those of a command. Raises `UsageError`."""
    from photocli.options import Options

    if not timeout > 0:
        raise UsageError("--timeout must be above zero seconds")
    if not 1e-6 <= max_pixels < 1e6:
        raise UsageError("--max-pixels takes megapixels, such as 250")
    names = tuple(name.strip() for name in assess.split(",") if name.strip())
    return Options(
        assess=names,
        device=device,
        batch=batch,
        workers=workers,
        cache=not no_cache,
        taste=taste or None,
        profile=profile,
        outputs=outputs,
        detail=detail,
        follow_links=follow_links,
        hidden=hidden,
        deadline_s=timeout,
        max_pixels=round(max_pixels * 1e6),
        raw=raw.value,
    )


def begin(paths: list[Path], options: Options, *, quiet: bool) -> Run:
    """A run, and what is to be said before it. Raises `UsageError`."""
    from photocli.pipeline import Run

    run = Run(paths, options)
    if run.models.note and not quiet:
        typer.echo(run.models.note, err=True)
    return run


def chosen_profile(profile: str, config: Path | None = None) -> str | None:
    """The profile that was asked for, else that of `photocli.toml`, or of `config`. Raises `UsageError`."""
    from photocli.config import read_score

    return profile or read_score(config).profile


def starred(records: Iterable[Record], stars: Scale) -> Iterable[Record]:
    """The records with fixed stars, as they come; or with relative ones, once all of them are there."""
    from photocli.ratings import relative

    return records if stars is Scale.FIXED else relative(list(records))


def rated(records: Iterable[Record], writer: XmpWriter | None) -> Iterable[Record]:
    """The records, with what became of their sidecars where these are written: before any other output."""
    return records if writer is None else map(writer.write, records)


def check_outputs(files: Iterable[Path | None]) -> bool:
    """Whether stdout carries data. Raises `UsageError` for two outputs in one place, or in a photo's."""
    from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES

    named = [file for file in files if file is not None]
    for file in named:
        if file.suffix.lower() in (*RENDERED_SUFFIXES, *RAW_SUFFIXES):
            raise UsageError(f"{file} is the name of a photo; nothing else is written there")
        if named.count(file) > 1:
            place = "stdout" if str(file) == "-" else str(file)
            raise UsageError(f"only one document can go to {place}; name another file")
    return any(str(file) == "-" for file in named)
