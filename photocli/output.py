"""Where a user wants output: in a file, whole or not at all, or on standard output."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from photocli.errors import OutputError, PhotocliError
from photocli.files import AtomicFile, reason_of
from photocli.strays import sweep


def open_output(path: str | os.PathLike[str]) -> AtomicFile | StandardOutput:
    """The place that a user named for output: `-` is standard output, anything else a file.

    What killed runs left in that folder is deleted.
    """
    if os.fspath(path) == "-":
        return StandardOutput()
    sweep(Path(path).parent)
    return AtomicFile(path)


class StandardOutput:
    """Standard output with the methods of an `AtomicFile`; what was written can't be taken back."""

    def __init__(self) -> None:
        if sys.stdout is None:  # `photocli … >&-`
            raise PhotocliError("cannot write standard output: it is closed")
        # Text that is still waiting in the text layer would otherwise come out after our bytes.
        with writing_stdout():
            sys.stdout.flush()
        self._stream: BinaryIO = sys.stdout.buffer

    def write(self, data: bytes) -> None:
        """Write `data` at once, so that the next program in a pipe gets each record as it is made."""
        with writing_stdout():
            self._stream.write(data)
            self._stream.flush()

    def commit(self) -> None:
        """Hand everything on."""
        with writing_stdout():
            self._stream.flush()

    def discard(self) -> None:
        """Nothing to do: the output is simply cut short, which tells its reader that the run failed."""


@contextlib.contextmanager
def writing_stdout() -> Iterator[None]:
    """Say it in one sentence if standard output takes no more; a reader that has gone is no error.

    Raises `OutputError`, `BrokenPipeError`.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write standard output: {reason_of(error)}") from error
