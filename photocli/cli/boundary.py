"""Where errors become one clear line on stderr and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import typer

from photocli.display import printable
from photocli.errors import PhotocliError, UsageError
from photocli.scoring.stopping import Stopped, forget_frames, in_order

if TYPE_CHECKING:
    from photocli.scoring.pipeline import Run


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


@dataclass
class Course:
    """What a command does in the block of `reported`; it sets its `run`, if it does one."""

    run: Run | None = None

    @property
    def stopped(self) -> str:
        """What is said when a signal ends it."""
        if self.run is None or not self.run.kept:
            return "stopped"
        return "stopped; what was scored is kept, run the same command to go on"


@contextmanager
def reported(debug: bool) -> Iterator[Course]:
    """Turn what goes wrong inside into a line on stderr and an exit code, or a traceback with `debug`."""
    course = Course()
    try:
        with in_order():
            yield course
    except KeyboardInterrupt as stopped:
        forget_frames(stopped)
        with contextlib.suppress(OSError):  # the terminal may have gone
            typer.echo(course.stopped, err=True)
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
