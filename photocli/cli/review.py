"""`photocli review`: look through the photos of a folder and rate them, in a browser."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from photocli.cli import completion
from photocli.cli.boundary import reported
from photocli.cli.options import Detail, Paths, RunOptions, Scale
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from photocli.review.server import PageServer


@dataclass(frozen=True, kw_only=True)
class ReviewOptions(RunOptions):
    """The options of `photocli review`."""

    port: int = option(0, metavar="N", min=0, max=65535, help="Serve the page on this port; 0: a free one.")
    editor: str = option(
        "",
        "--for",
        metavar="EDITOR",
        autocompletion=completion.editors,
        help="Write ratings for lightroom, bridge, darktable, digikam, captureone or all.",
    )
    embed: bool = option(
        False,
        "--embed",
        help="Write ratings into JPEGs themselves, where Lightroom and Bridge look, not touching the "
        "picture; RAW files get sidecars.",
    )
    picture_cache: str = option(
        "2GB",
        metavar="SIZE",
        help="Keep thumbnails and previews up to this size for the next time, such as 500MB; 0 keeps none.",
    )
    detail: Detail = option(
        Detail.NATIVE,
        help="native: where the best frames of a group are nearly equal, look again, at the camera's own "
        "resolution, once all are scored.",
    )
    no_open: bool = option(False, "--no-open", help="Print the page's address, and open no browser.")


@with_options(
    "port no_open editor embed picture_cache assess taste profile stars detail device precision batch",
    "workers timeout max_pixels raw decode no_cache follow_links allow_empty quiet debug",
)
def review(paths: Paths, options: ReviewOptions) -> None:
    """Look through photos and rate them, in your browser.

    A page opens at once and fills as photos are scored. Stars, flags and labels that you give there go into
    sidecars at once, like those of photocli score --xmp, and photocli undo takes them back. The page is
    served to this machine alone, by an address that nobody can guess, and loads nothing from anywhere.
    Ctrl-C ends it.

    \b
    Examples:
      photocli review ~/Pictures/shoot
      photocli review shoot --taste weddings --no-open

    \b
    Exit codes: 0 ended by Ctrl-C, 2 wrong use, 4 fatal.
    """
    with reported(options.debug) as course:
        from photocli.cli.cache import bytes_of
        from photocli.cli.ratings import command_line
        from photocli.review.session import ReviewSession, page_options
        from photocli.scoring.stopping import Stopped
        from photocli.writers.html import title_of

        profile, kept_bytes = options.chosen_profile(), bytes_of(options.picture_cache)
        photos = options.require_photos(paths)
        run = course.run = options.begin(photos, page_options(options.of_run(profile=profile)))
        session = ReviewSession(
            run,
            title_of(paths),
            lambda server: _open(server, options),
            port=options.port,
            editor=options.editor or None,
            embed=options.embed,
            kept_bytes=kept_bytes,
            command=command_line(),
            relative_stars=options.stars is Scale.RELATIVE,
            closely=options.detail is Detail.NATIVE,
        )
        try:
            session.run_until_stopped()
        except Stopped as stopped:
            if stopped.code != 128 + signal.SIGINT:
                raise


def _open(server: PageServer, options: ReviewOptions) -> None:
    """Say where the page is, and have a browser open it."""
    typer.echo(server.url)
    opens = not options.no_open and _has_browser()
    if not options.quiet:
        said = "the page opens in your browser" if opens else "open this address in a browser on this machine"
        typer.echo(f"{said}; Ctrl-C ends it", err=True)
    if opens:
        import threading
        import webbrowser

        # The address that lets in once: others on this machine can see how a program is called.
        threading.Thread(target=webbrowser.open, args=(server.once,), daemon=True).start()


def _has_browser() -> bool:
    """Whether there is a browser in a window: one in the terminal would take it over."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
