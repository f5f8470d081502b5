"""Where errors become one clear line on stderr and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from photocli.display import printable
from photocli.errors import PhotocliError, UsageError
from photocli.scoring.stopping import Stopped, forget_frames, in_order


class ExitCode(IntEnum):
    """What the exit code says to a script."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    FATAL = 4
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


@contextmanager
def reported(debug: bool) -> Iterator[None]:
    """Turn what goes wrong inside into a line on stderr and an exit code, or a traceback with `debug`."""
    try:
        with in_order():
            yield
    except KeyboardInterrupt as stopped:
        forget_frames(stopped)
        with contextlib.suppress(OSError):  # the terminal may have gone
            typer.echo("stopped; what was scored is kept, run the same command to go on", err=True)
        said = stopped.code if isinstance(stopped, Stopped) else ExitCode.INTERRUPTED
        raise typer.Exit(said) from None
    except BrokenPipeError:  # `photocli … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.OK) from None
    except PhotocliError as error:
        if debug:
            raise
        typer.echo(f"photocli: {printable(str(error))}", err=True)
        code = ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FATAL
        raise typer.Exit(code) from None
    except typer.Exit:
        raise
    except Exception as error:
        if debug:
            raise
        typer.echo(f"photocli: this should not have happened ({error!r}); use --debug to see where", err=True)
        raise typer.Exit(ExitCode.FATAL) from None
