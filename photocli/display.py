"""Text for a terminal: names made safe to print, texts that fit, and small pictures of numbers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MINUS = "\N{MINUS SIGN}"
"""The sign of numbers that people read; CSV, JSON and rules have the hyphen of ASCII."""

GOOD, BAD, STARS = "color(28)", "color(160)", "color(130)"
"""Colours of Rich that stand out on white and on black alike, where bright green and yellow don't."""

UNBOUNDED = 10_000
"""The cells of a line where nobody looks at a terminal: in a pipe or a file, nothing is cut."""

GAP = 2
"""The cells between two columns."""

NAME, LEAST = 20, 14
"""The cells that the names of photos get beside most columns, and beside those that say most."""

_BLOCKS = " ▏▎▍▌▋▊▉█"
_NUMBER = 4  # how many characters before the suffix tell the photos of one camera apart
_LONGEST_SUFFIX = 6  # `.jpeg`, `.tiff`; what is longer is no suffix


@dataclass(frozen=True, slots=True)
class Column:
    """A column beside the names: a heading and its cells, in several forms, the widest one first."""

    forms: tuple[tuple[str, list[Text]], ...]
    left: bool = False

    @property
    def narrowest(self) -> Column:
        """The same in as few cells as it can be."""
        return Column(self.forms[-1:], self.left)

    @property
    def width(self) -> int:
        """How many cells its widest form takes, with the gap before it."""
        name, said = self.forms[0]
        return GAP + max(map(cells, (name, *map(str, said))))


def console(*, stderr: bool = False) -> Console:
    """Make the console that a command prints on; its width is that of the terminal, or of `COLUMNS`."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    # FORCE_COLOR has Rich take a pipe for a terminal, which has no width all the same.
    if not made.file.isatty() and not os.environ.get("COLUMNS", "").isdigit():
        made.width = UNBOUNDED
    return made


def signed(value: float, digits: int = 2) -> str:
    """Return a change with its sign, as people read it: `+0.30`, `−0.28`; zero has a plus."""
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS if value < 0 and float(text) else '+'}{text}"


def minus(text: str) -> str:
    """The text with the sign of people before its negative numbers."""
    return re.sub(r"(?<![\w.,:/-])-(?=\.?\d)", MINUS, text)


def percent(chance: float) -> str:
    """A probability in percent, never as certain as 0 or 100 where it is not."""
    if 0 < chance < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= chance < 1 else f"{chance:.0%}"


def sureness(chance: float) -> str:
    """A model's probability in percent. Records round it to four digits; it is never quite 0 or 1."""
    return percent(min(max(chance, 1e-4), 1 - 1e-4))


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


def presentable(text: str | Path) -> str:
    """A path, or a text with paths, that is safe to print and to show to others."""
    return printable(homely(str(text)))


def counted(number: int, noun: str) -> str:
    """A number of things with their noun: `1 photo`, `2,000 photos`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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


def shorten_name(name: str, width: int) -> str:
    """The name of a photo cut to `width` cells so that its number and suffix stay: `IMG_2…0147.jpg`."""
    return name if cells(name) <= width else _cut(name, width, _tail(name, width))


def shorten_names(names: Sequence[str], width: int) -> list[str]:
    """The names cut to `width` cells, in one way that tells as many of them apart as can be."""
    long = [name for name in names if cells(name) > width]
    if not long or width < 4:
        return [shorten(name, width) for name in names]
    usual = max(_tail(name, width) for name in long)
    different = len(set(long))
    best, most = usual, 0
    for tail in sorted(range(2, width - 1), key=lambda tail: abs(tail - usual)):
        distinct = len({_cut(name, width, tail) for name in long})
        if distinct > most:
            best, most = tail, distinct
        if most == different:
            break
    return [name if cells(name) <= width else _cut(name, width, best) for name in names]


def heading(before: str, name: str, after: str, width: int) -> str:
    """A title of one line: the name in it is cut in its middle where the line would be too long."""
    room = width - cells(before) - cells(after)
    return shorten(f"{before}{shorten(name, max(room, 1))}{after}", width)


def folded(text: str, width: int, indent: int = 4) -> list[str]:
    """The text in lines of at most `width` cells, broken between words; all but the first are indented.

    A word that is longer than a line, such as a path, keeps its start and its end.
    """
    lines: list[str] = []
    for word in text.split(" "):
        grown = f"{lines[-1]} {word}" if lines else word
        if not lines or cells(grown) <= width:
            lines[-1:] = [shorten(grown, width)]
        else:
            lines.append(" " * indent + shorten(word, max(1, width - indent)))
    return lines


def joined(parts: Iterable[str], width: int, separator: str = " · ") -> list[str]:
    """The parts of a summary, several in a line of at most `width` cells, each of them whole if it fits."""
    lines: list[str] = []
    for part in parts:
        grown = f"{lines[-1]}{separator}{part}" if lines else part
        if lines and cells(grown) <= width:
            lines[-1] = grown
        else:
            lines += folded(part, width, 2)
    return lines


def _tail(name: str, width: int) -> int:
    """How many cells the end of a name gets: its suffix and what comes before, half of all at least."""
    suffix = Path(name).suffix
    kept = _NUMBER + (cells(suffix) if len(suffix) <= _LONGEST_SUFFIX else 0)
    return max(1, min(max(kept, width // 2), width - 2))


def _cut(name: str, width: int, tail: int) -> str:
    """The name with `tail` cells of its end, and as much of its start as there is room for."""
    end = _fitting(name[::-1], tail)[::-1]
    return f"{_fitting(name, width - 1 - cells(end))}…{end}"


def _fitting(text: str, width: int) -> str:
    """Return as much of the start of the text as fits into `width` cells."""
    from rich.cells import get_character_cell_size

    for end, char in enumerate(text):
        width -= get_character_cell_size(char)
        if width < 0:
            return text[:end]
    return text


def column_of(name: str, values: Iterable[str], *, left: bool = False) -> Column:
    """A column of these texts."""
    from rich.text import Text

    return Column(((name, [Text(value) for value in values]),), left)


def columns_that_fit(
    found: Mapping[str, Column], worth: Sequence[tuple[str, ...]], width: int, longest: int, first: int = 2
) -> dict[str, Column]:
    """The columns for which there is room beside names of up to `longest` cells, in the forms that fit.

    What stands together in `worth` is shown together or not at all; what comes first there has precedence,
    and columns that it doesn't name come before all. Long names get `NAME` cells or a quarter of the
    width, and `LEAST` where more of the `first` columns fit then.
    """
    chosen = {name: column for name, column in found.items() if not any(name in group for group in worth)}
    roomy = min(longest, max(NAME, width // 4))
    for place, group in enumerate(worth):
        if place == first:
            _widen(chosen, found, width, roomy)
        grown = {**chosen, **{name: found[name].narrowest for name in group if name in found}}
        if cells_left(grown, width) >= (min(longest, LEAST) if place < first else roomy):
            chosen = grown
            if place >= first:
                _widen(chosen, found, width, roomy)
    _widen(chosen, found, width, roomy)
    return {name: chosen[name] for name in found if name in chosen}


def _widen(chosen: dict[str, Column], found: Mapping[str, Column], width: int, least: int) -> None:
    """Give each column the first of its forms that leaves so many cells for the names, if one does."""
    for name in chosen:
        forms, left = found[name].forms, found[name].left
        for start in range(len(forms)):
            form = Column(forms[start:], left)
            if cells_left({**chosen, name: form}, width) >= least:
                chosen[name] = form
                break


def cells_left(found: Mapping[str, Column], width: int) -> int:
    """How many cells the columns leave for the names."""
    return width - sum(column.width for column in found.values())


def table(columns: Mapping[str, Column], first: str = "Photo") -> Table:
    """A table without rows, with a column `first` before these, for the names of what the rows are."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in columns.values():
        justify: Literal["left", "right"] = "left" if column.left else "right"
        table.add_column(Text(column.forms[0][0]), no_wrap=True, justify=justify)
    return table
