"""A terminal for tests: a program runs on it, and what is on its screen in the end can be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_TOKEN = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])|\x1b.|[\r\n]|[^\x1b\r\n]+")


def on_terminal(*arguments: str | Path, columns: int = 80, piped: bool = False) -> tuple[list[str], str]:
    """The lines that `photocli` leaves on a terminal, and what it printed into a pipe on standard output.

    Without `piped`, standard output is the terminal, too.
    """
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "photocli", *arguments],
        stdin=theirs,
        stdout=subprocess.PIPE if piped else theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    received = bytearray()
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # Linux says so that the other end has been closed
            break
        if not data:
            break
        received += data
    out = process.stdout.read().decode() if process.stdout is not None else ""
    process.wait()
    os.close(ours)
    return screen(received.decode("utf-8", "replace")), out


def screen(text: str) -> list[str]:
    """The lines that a terminal shows after it got this text: enough of one for what Rich sends."""
    lines, row, column = [""], 0, 0
    for token in _TOKEN.finditer(text):
        given, command = token.group(1), token.group(2)
        if command == "K":
            lines[row] = "" if given == "2" else lines[row][:column]
        elif command == "A":
            row = max(0, row - int(given or 1))
        elif command or token.group().startswith("\x1b"):
            continue
        elif token.group() == "\r":
            column = 0
        elif token.group() == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + token.group() + line[column + len(token.group()) :]
            column += len(token.group())
    return [line.rstrip() for line in lines]
