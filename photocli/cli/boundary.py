"""Where errors become one clear line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from photocli.display import printable
from photocli.errors import PhotocliError, UsageError


class ExitCode(IntEnum):
    """What the exit code says to a script."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    UNREADABLE = 3
    FATAL = 4
    INTERRUPTED = 130


@contextmanager
def reported(debug: bool) -> Iterator[None]:
    """Turn what goes wrong inside into a line on stderr and an exit code, or a traceback with `debug`."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped; what was scored is kept, run the same command to go on", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
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
