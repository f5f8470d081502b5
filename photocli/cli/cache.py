"""`photocli cache`: what the cache holds, and making it smaller."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli.boundary import reported
from photocli.cli.group import QuickCommand, QuickGroup
from photocli.display import counted, presentable
from photocli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.review.picture_cache import KeptPictures
    from photocli.scoring.upkeep import Pruned

app = typer.Typer(cls=QuickGroup, invoke_without_command=True)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30}


@app.callback()
def cache(context: typer.Context) -> None:
    """Show, prune or clear the caches of results and of pictures.

    What the models said of each photo is kept, so that a second run over a folder costs almost nothing and a
    stopped run goes on where it was. Photos are known by path, size, times and inode. Only photocli review
    keeps pictures, beside the results. All in the cache can be made again: nothing is lost with it but time.
    All commands are safe while other runs use the cache. $PHOTOCLI_CACHE names another folder for it;
    --no-cache does a run without.

    \b
    Examples:
      photocli cache                             # where it is, and how large
      photocli cache prune --older-than 90d      # forget photos that no run met for 90 days
      photocli cache prune --max-size 500MB      # forget those unused longest, until it is so small
      photocli cache clear

    \b
    Exit codes: 0 all good, 2 wrong use, 4 it cannot be used or changed; photocli doctor says more.
    """
    if context.invoked_subcommand is None:
        info()


@app.command("info", cls=QuickCommand)
def info(debug: Debug = False) -> None:
    """Show where the cache is, its size, how many photos and pictures it holds, and when they were last used.

    \b
    Exit codes: 0 all good, 4 the cache is damaged; the next run begins it anew.
    """
    with reported(debug):
        from photocli.errors import PhotocliError
        from photocli.scoring.upkeep import inspect

        place = _place()
        state = inspect(place)
        if state is None:
            typer.echo(f"there is no cache yet; the next run makes it: {presentable(place)}")
            _say_pictures()
            return
        typer.echo(f"place   {presentable(place)}")
        typer.echo(f"size    {in_bytes(state.size)}")
        if state.flaw is not None:
            raise PhotocliError(f"the cache {state.flaw}; photocli cache clear removes it")
        typer.echo(f"photos  {state.photos:,}")
        if state.oldest is not None:
            typer.echo(f"oldest  last used on {state.oldest.isoformat()}")
        _say_pictures()


@app.command("prune", cls=QuickCommand)
def prune(
    older_than: Annotated[
        str,
        typer.Option(metavar="TIME", help="Forget photos that no run met for so long: 90d, 12w, 6m, 1y."),
    ] = "",
    max_size: Annotated[
        str, typer.Option(metavar="SIZE", help="Forget those unused longest above this: 500MB, 2GB, 1GiB.")
    ] = "",
    debug: Debug = False,
) -> None:
    """Make the cache smaller: forget photos that were not used for long, or as many as needed.

    With both options, old ones go first, and then as many as the size demands: pictures of the review page
    before results, as they are made again sooner. The disk has the room at once.

    \b
    Examples:
      photocli cache prune --older-than 90d
      photocli cache prune --older-than 1y --max-size 2GB

    \b
    Exit codes: 0 all good, 2 wrong use, 4 the cache cannot be changed.
    """
    with reported(debug):
        from photocli.scoring import upkeep

        if not older_than and not max_size:
            raise UsageError("say what to forget: --older-than 90d, --max-size 500MB, or both")
        days = days_of(older_than) if older_than else None
        most = bytes_of(max_size) if max_size else None
        from photocli.review import picture_cache

        folder = picture_cache.pictures_folder()
        before = picture_cache.inspect(folder)
        state = upkeep.inspect(_place())
        room = None if most is None else max(0, most - (state.size if state is not None else 0))
        left = picture_cache.prune(folder, room, days)
        _say(upkeep.prune(_place(), days, None if most is None else max(0, most - left.size)))
        _say_gone(before, left)


@app.command("clear", cls=QuickCommand)
def clear(debug: Debug = False) -> None:
    """Forget everything. The next run scores its photos again.

    \b
    Exit codes: 0 all good, 4 the cache cannot be changed.
    """
    with reported(debug):
        from photocli.review import picture_cache
        from photocli.scoring import upkeep

        folder = picture_cache.pictures_folder()
        before = picture_cache.inspect(folder)
        left = picture_cache.prune(folder, 0)
        _say(upkeep.clear(_place()))
        _say_gone(before, left)


def days_of(text: str) -> int:
    """The days that a text such as `90d` or `1y` says. Raises `UsageError`."""
    match = re.fullmatch(r"\s*(\d{1,6})\s*([dwmy])\s*", text.lower())
    if match is None:
        raise UsageError(f"'{text}' is no time; write days, weeks, months or years: 90d, 12w, 6m, 1y")
    return int(match[1]) * _DAYS[match[2]]


def bytes_of(text: str) -> int:
    """The bytes that a text such as `500MB` or `1.5 GiB` says. Raises `UsageError`."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?|[kmg]i)b?\s*", text.lower())
    if match is None:
        raise UsageError(f"'{text}' is no size; write it like 500MB, 2GB or 1GiB")
    return int(float(match[1]) * _BYTES[match[2]])


def in_bytes(count: int) -> str:
    """A number of bytes for people: `12.3 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _place() -> Path:
    from photocli.scoring.cache import cache_file

    return cache_file()


def _say_pictures() -> None:
    """Tell of the pictures of the review page, if there are any."""
    from photocli.review import picture_cache

    kept = picture_cache.inspect(picture_cache.pictures_folder())
    if kept.count:
        typer.echo(f"pictures of the review page  {kept.count:,}, {in_bytes(kept.size)}")


def _say_gone(before: KeptPictures, left: KeptPictures) -> None:
    """Tell what became of the pictures, if there were any."""
    if before.count:
        gone = counted(before.count - left.count, "picture")
        typer.echo(f"deleted {gone} of the review page, {left.count:,} are left; {in_bytes(left.size)} now")


def _say(done: Pruned) -> None:
    photos = counted(done.photos, "photo")
    typer.echo(
        f"forgot {photos}, {done.left:,} are left; {in_bytes(done.before)} before, {in_bytes(done.after)} now"
    )
