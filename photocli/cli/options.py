"""The options that several commands share: each is declared here once, with its default and its help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli import completion
from photocli.cli.signature import option
from photocli.display import printable
from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.pipeline import Run
    from photocli.scoring.sources import Given


class Scale(str, Enum):
    """What stars are measured by: fixed thresholds of the score, or the other photos."""

    FIXED = "fixed"
    RELATIVE = "relative"


class Detail(str, Enum):
    """What blur is judged on: the pass's frame, or the photo at its own resolution."""

    FRAME = "frame"
    NATIVE = "native"


class Precision(str, Enum):
    """In which numbers networks compute."""

    AUTO = "auto"
    INT8 = "int8"
    FLOAT = "float"


class RawBy(str, Enum):
    """What RAW files are judged by."""

    PREVIEW = "preview"
    DEVELOP = "develop"


class DecodeBy(str, Enum):
    """Whether all of a photo is decoded, or its embedded preview."""

    FULL = "full"
    FAST = "fast"


_NAMED = 3  # of the paths without photos, so many are named
_ADVICE = "name a folder with photos, or add --allow-empty where none is all right"

Paths = Annotated[list[Path], typer.Argument(metavar="PATH", help="Photos and folders of photos.")]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How photos are scored, and what is said meanwhile. A command takes some of them; see `with_options`."""

    assess: str = option(
        "",
        metavar="MODEL,...",
        autocompletion=completion.models,
        help="Only these models; all without it. See: photocli models list",
    )
    device: str = option(
        "auto",
        metavar="DEVICE",
        autocompletion=completion.devices,
        help="auto, cpu, cuda, tensorrt, openvino, coreml or directml; a named one is used or fails.",
    )
    precision: Precision = option(
        Precision.AUTO,
        help="Networks in 8-bit integers, about twice as quick, or in floating point; auto: int8 where this "
        "machine is quick and exact with it, see photocli doctor. Scores differ by hundredths.",
    )
    batch: int = option(0, metavar="N", min=0, help="Photos per network run; 0 chooses for the device.")
    workers: int = option(
        0, metavar="N", min=0, help="Processes that decode; 0 is one for each core that may be used."
    )
    timeout: float = option(30.0, metavar="SECONDS", help="A photo that takes longer to decode is given up.")
    max_pixels: float = option(
        250.0, metavar="MEGAPIXELS", help="Larger photos are refused before they are decoded."
    )
    raw: RawBy = option(
        RawBy.PREVIEW,
        help="RAW files by their preview, where it is large enough, or always developed (slower).",
    )
    decode: DecodeBy = option(
        DecodeBy.FULL,
        help="fast: a first look by embedded previews of 1,000 pixels or more, where nothing was edited. "
        "Faults, turns, crops and styles are left out.",
    )
    taste: str = option(
        "",
        metavar="NAME",
        help="Score by this taste, see photocli learn; off is none. Without it: the one named default.",
    )
    profile: str = option(
        "",
        metavar="NAME|FILE",
        autocompletion=completion.profiles,
        help="Weigh aesthetics, selfie and faults as in general, portrait, landscape, action or a TOML file.",
    )
    stars: Scale = option(
        Scale.FIXED, help="Stars by fixed thresholds, or by each photo's place in this shoot."
    )
    no_cache: bool = option(False, "--no-cache", help="Score everything again, and remember nothing.")
    follow_links: bool = option(
        False,
        "--follow-links",
        help="Read photos behind links that lead out of the folders given; they are never written or moved.",
    )
    allow_empty: bool = option(
        False, "--allow-empty", help="No photo at all is all right: what was asked for is written, empty."
    )
    quiet: bool = option(False, "--quiet", "-q", help="No progress, no summary; errors only.")
    debug: bool = option(
        False, "--debug", help="Show the traceback of an error; list hidden files as skipped."
    )

    def of_run(
        self, *, profile: str | None = None, outputs: tuple[str, ...] = (), detail: Detail = Detail.FRAME
    ) -> Options:
        """The options of a run, as the library has them. Raises `UsageError`."""
        from photocli.scoring.options import Options

        if not self.timeout > 0:
            raise UsageError("--timeout must be above zero seconds")
        if not 1e-6 <= self.max_pixels < 1e6:
            raise UsageError("--max-pixels takes megapixels, such as 250")
        return Options(
            assess=tuple(name.strip() for name in self.assess.split(",") if name.strip()),
            device=self.device,
            batch=self.batch,
            workers=self.workers,
            cache=not self.no_cache,
            taste=self.taste or None,
            profile=profile,
            outputs=outputs,
            detail=detail.value,
            follow_links=self.follow_links,
            hidden=self.debug,
            deadline_s=self.timeout,
            max_pixels=round(self.max_pixels * 1e6),
            raw=self.raw.value,
            precision=self.precision.value,
            decode=self.decode.value,
        )

    def chosen_profile(self, config: Path | None = None) -> str | None:
        """The profile that was asked for, else that of `photocli.toml` or `config`. Raises `UsageError`."""
        from photocli.config import read_score

        return self.profile or read_score(config).profile

    def require_photos(self, paths: list[Path], advice: str = _ADVICE) -> Given:
        """Say it of paths without a photo. Raises `UsageError` if none has any, but with --allow-empty.

        `advice` says what to do then. What comes back is for the run, which need not list the same again.
        """
        from photocli.scoring.sources import Given

        given = Given(paths)
        bare = given.without_photos(self.of_run())
        if not bare:
            return given
        said = "; ".join(f"{path}: {why}" for path, why in list(bare.items())[:_NAMED])
        more = f"; and in {len(bare) - _NAMED:,} more" if len(bare) > _NAMED else ""
        if len(bare) == len(set(paths)) and not self.allow_empty:
            raise UsageError(f"no photos found in {said}{more}; {advice}")
        if not self.quiet:
            typer.echo(printable(f"no photos found in {said}{more}"), err=True)
        return given

    def begin(self, photos: Given, options: Options) -> Run:
        """A run, and what is to be said before it. Raises `UsageError`."""
        from photocli.scoring.pipeline import Run

        run = Run(photos, options)
        run.forks = True
        if run.models.note and not self.quiet:
            typer.echo(run.models.note, err=True)
        return run

    def starred(self, records: Iterable[Record]) -> Iterable[Record]:
        """The records with fixed stars, as they come; or with relative ones, once all of them are there."""
        from photocli.scoring.ratings import relative

        return records if self.stars is Scale.FIXED else relative(list(records))


@dataclass(frozen=True, kw_only=True)
class ShownOptions(RunOptions):
    """The options of a command that shows a table."""

    quiet: bool = option(False, "--quiet", "-q", help="No progress, no table; errors only.")


@dataclass(frozen=True, kw_only=True)
class JsonFile:
    """The file of a JSON document."""

    json: Path | None = option(None, metavar="FILE", help="Write a JSON document; - for stdout.")


@dataclass(frozen=True, kw_only=True)
class TableFiles(JsonFile):
    """The files with a row or an entry per photo."""

    csv: Path | None = option(None, metavar="FILE", help="Write a CSV table, a row per photo; - for stdout.")
    jsonl: Path | None = option(
        None, metavar="FILE", help="Write a line of JSON per photo, as they come; - for stdout."
    )
    csv_raw: bool = option(
        False,
        "--csv-raw",
        help="Leave texts in CSV as they are; without it ' stands before those like formulas.",
    )

    @property
    def tables(self) -> dict[str, Path | None]:
        """The files by their options. Raises `UsageError`."""
        if self.csv_raw and self.csv is None:
            raise UsageError("--csv-raw says how --csv is written; give --csv, too")
        return {"--csv": self.csv, "--json": self.json, "--jsonl": self.jsonl}


@dataclass(frozen=True, kw_only=True)
class RatingOptions:
    """Where ratings go: into sidecars, into JPEGs, for which editor, and whether over a person's."""

    xmp: bool = option(
        False,
        "--xmp",
        help="Write stars and scores to XMP sidecars. Ratings you gave are kept. Lightroom and Bridge read "
        "those of RAW files alone: for JPEGs, --embed.",
    )
    editor: str = option(
        "",
        "--for",
        metavar="EDITOR",
        autocompletion=completion.editors,
        help="Write for lightroom, bridge, darktable, digikam, captureone or all; implies --xmp.",
    )
    embed: bool = option(
        False,
        "--embed",
        help="Write into JPEGs themselves, where Lightroom and Bridge look, not touching the picture; RAW "
        "files get sidecars.",
    )
    keywords: str = option(
        "",
        metavar="SET,...",
        help="Write keywords, too: looks, medium, faults, a classifier of yours, or all. Without it ours are "
        "taken out; yours stay.",
    )
    overwrite: bool = option(
        False, "--overwrite", help="Replace ratings, labels and flags that you gave, too."
    )
