"""The standard streams of the command line: always there, in any encoding, and with clear ends."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from photocli.display import cells
from photocli.errors import OutputError, PhotocliError
from photocli.output import writing_stdout

_FATAL = 4  # the exit code, as in `cli.boundary`, which is not loaded yet
_LOOKALIKES = {
    **dict.fromkeys("█▉▊▋▌", "#"),
    **dict.fromkeys("▍▎▏", ":"),
    **dict.fromkeys("−–—·─━", "-"),
    **dict.fromkeys("…±", "~"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **{"★": "*", "×": "x", "→": ">", "│": "|"},
}


@contextmanager
def standard_streams() -> Iterator[None]:
    """Run the command line with streams on which nothing that is printed can fail but for a full disk.

    Characters that the encoding lacks are replaced by others of the same width. A stream that was closed
    stays silent, and its number is taken, so that no file of ours gets it. What standard output does not
    take ends the program with one line and exit code 4. A reader of text that has gone, as in
    `photocli score shoot | head`, misses the rest, and all else is done.
    """
    _reserve()
    codecs.register_error("photocli", _replaced)
    for name, kind in (("stdout", _Output), ("stderr", _Messages)):
        stream = _reopened(getattr(sys, name), kind)
        vars(sys).update({name: stream, f"__{name}__": stream})
    try:
        yield
    except SystemExit as end:
        _end(end.code)
        raise
    except OutputError as error:  # where no command has begun: `photocli --help`
        _say(error)
        _end(_FATAL)
        raise SystemExit(_FATAL) from None
    else:
        _end(0)


class _Stream(io.TextIOWrapper):
    """Text of which all can be written."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding; of ASCII under a name that Typer does not know, as it writes UTF-8 instead of it."""
        name = super().encoding
        with suppress(LookupError):
            if codecs.lookup(name).name == "ascii":
                return "plain ASCII"
        return name


class _Output(_Stream):
    """Standard output, which says in a `PhotocliError` that it takes no more, unless its reader has gone."""

    def write(self, text: str) -> int:
        try:
            with writing_stdout():
                return super().write(text)
        except BrokenPipeError:
            _drop()
        return len(text)

    def flush(self) -> None:
        try:
            with writing_stdout():
                super().flush()
        except BrokenPipeError:
            _drop()


class _Messages(_Stream):
    """Standard error: that a message was lost is no reason to end a run."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def _reserve() -> None:
    """Take the numbers of streams that were closed: the next file to be opened would get them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _reopened(stream: Any, kind: type[_Stream]) -> Any:
    """The same stream with another way to fail; None where it was closed, which all printing expects."""
    if type(stream) is not io.TextIOWrapper:  # in a program of somebody else's, such as a test
        return stream
    interactive = stream.isatty()
    if sys.platform == "win32" and interactive:  # Typer has its own way to the console there
        stream.reconfigure(errors="photocli")
        return stream
    through = stream.write_through
    encoding, lines = stream.encoding, stream.line_buffering
    with suppress(OSError):
        stream.flush()
    return kind(stream.detach(), encoding, "photocli", line_buffering=lines, write_through=through)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks: one that looks like it, or question marks."""
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(_LOOKALIKES.get(char, "?" * cells(char)) for char in lacking), error.end


def _end(code: Any) -> None:
    """Hand on what standard output still holds. If that fails, say so, unless something was said before."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except PhotocliError as error:
        _drop()
        if code != _FATAL:
            _say(error)
            raise SystemExit(_FATAL) from None


def _drop() -> None:
    """Lead standard output nowhere, lest Python try once more to write what it did not take."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _say(error: PhotocliError) -> None:
    if sys.stderr is not None:
        print(f"photocli: {error}", file=sys.stderr, flush=True)
