"""Text for a terminal: names made safe to print, and small pictures of numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

_BLOCKS = " ▏▎▍▌▋▊▉█"


def printable(text: str) -> str:
    """The text with control characters, line breaks and undecodable bytes replaced, so that no name can
    move the cursor, colour the screen or break a table."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def homely(text: str) -> str:
    """The text with the user's own folder written as `~`, so that it can be shown to others."""
    home = str(Path.home())
    for spelling in dict.fromkeys((home, os.path.realpath(home))):
        if len(spelling) > 1:
            end = r"(?=[\\/]|$|[\s'\":;,)])"
            text = re.sub(re.escape(spelling) + end, "~", text, flags=re.I if os.name == "nt" else 0)
    return text


def bar(value: float, largest: float, width: int) -> str:
    """A horizontal bar of `width` cells for `value` between 0 and `largest`, in eighths of a cell."""
    eighths = round(8 * width * value / largest) if largest else 0
    if value and not eighths:
        eighths = 1
    full, rest = divmod(eighths, 8)
    return "█" * full + (_BLOCKS[rest] if rest else "")


def common_folder(paths: Sequence[str]) -> str:
    """The folder that all paths share, with a trailing separator; empty if there is none."""
    folders = {str(Path(path).parent) for path in paths}
    try:
        shared = os.path.commonpath(folders) if folders else ""
    except ValueError:  # absolute and relative ones, or different drives
        return ""
    return os.path.join(shared, "") if shared not in ("", ".") else ""  # noqa: PTH118


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: Chinese, Japanese and Korean characters take two."""
    from rich.cells import cell_len

    return cell_len(text)


def shorten(text: str, width: int) -> str:
    """The text cut in its middle to `width` cells: of a name, the start and the end tell most."""
    if cells(text) <= width:
        return text
    head = _fitting(text, (width - 1) // 2)
    tail = _fitting(text[::-1], width - 1 - cells(head))[::-1]
    return f"{head}…{tail}"


def _fitting(text: str, width: int) -> str:
    """Return as much of the start of the text as fits into `width` cells."""
    from rich.cells import get_character_cell_size

    for end, char in enumerate(text):
        width -= get_character_cell_size(char)
        if width < 0:
            return text[:end]
    return text
