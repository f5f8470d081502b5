"""Arguments and options that several commands share, so that they read and mean the same in each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.pipeline import Options

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
NoCache = Annotated[bool, typer.Option("--no-cache", help="Score everything again, and remember nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary; errors only.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def run_options(
    *, assess: str = "", device: str = "auto", batch: int = 0, workers: int = 0, no_cache: bool = False
) -> Options:
    """The options of a run, from those of a command. Raises `UsageError`."""
    from photocli.pipeline import Options

    names = tuple(name.strip() for name in assess.split(",") if name.strip())
    return Options(assess=names, device=device, batch=batch, workers=workers, cache=not no_cache)


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
