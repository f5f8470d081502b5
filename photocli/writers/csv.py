"""CSV: one row per photo, columns named and ordered like the fields of a record."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from os import PathLike
from typing import TYPE_CHECKING, Any

from photocli.files.output import open_output
from photocli.records import RECORD_FIELDS, as_columns, as_dict, columns
from photocli.writers import FileWriter, tidy_field

if TYPE_CHECKING:
    from photocli.records import Record

# Python's csv module leaves a lone carriage return unquoted, which cuts a row in two for its own reader.
_NEEDS_QUOTES = re.compile(r'[",\x00-\x1f\x7f]|^\s|\s$')

MARK = "'"
"""Stands before a text that a spreadsheet could take for a formula, and before one that begins with it."""

# Some spreadsheets pass over white space, invisible characters and quotes before a formula, and East Asian
# ones take the wide signs, too.
_LIKE_A_FORMULA = re.compile(r"""[\s\x00-\x1f\x7f\ufeff\u200b-\u200f"]*[=+\-@＝＋－＠]|[\t\r\n']""")

_STRUCTURED = ("each_face", "answers", "styles", "explained", "focus_points")


class CsvWriter(FileWriter):
    """Writes records to a CSV file, or to standard output for `-`, row by row.

    UTF-8 without a byte order mark, lines end in a newline, quotes as in RFC 4180. Nothing is an empty cell;
    an empty text is `""`. Several models, or faults, are joined by `;`; `each_face`, `answers`, `styles`,
    `explained` and `focus_points` are JSON, as in the JSON document. A file takes the old one's place at
    `close`.

    Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and run it. So a text that
    begins so, or with a tab, a line break or an apostrophe, gets an apostrophe before it; numbers do not.
    `unmarked` gives such a text back. With `raw`, texts stay as they are. A file name that is no UTF-8 keeps
    its own bytes: read such a file with `errors="surrogateescape"`.
    """

    def __init__(
        self, path: str | PathLike[str], classifiers: Sequence[str] = (), *, raw: bool = False
    ) -> None:
        """`classifiers` are the names of those that have columns of their own, as in `Models.classifiers`."""
        self._output = open_output(path)
        self._classifiers = tuple(classifiers)
        self._raw = raw
        self._line([*RECORD_FIELDS, *(cell("", name, raw=raw) for name in columns(self._classifiers))])

    def write(self, record: Record) -> None:
        """Write one row."""
        values = {**as_dict(record), **as_columns(record, self._classifiers)}
        self._line([cell(name, value, raw=self._raw) for name, value in values.items()])

    def close(self) -> None:
        """Put the file in place."""
        self._output.commit()

    def discard(self) -> None:
        """Drop what is not in place yet."""
        self._output.discard()

    def _line(self, cells: list[str]) -> None:
        text = ",".join(cells) + "\n"
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half a UTF-16 pair, as Windows allows in names
            data = text.encode("utf-8", "surrogatepass")
        self._output.write(data)


def marked(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet could take it for a formula.

    It gets one, too, if it begins with an apostrophe itself, so that `unmarked` is exact.
    """
    return MARK + text if _LIKE_A_FORMULA.match(text) else text


def unmarked(text: str) -> str:
    """Return the text of a cell without the apostrophe that `marked` put before it."""
    return text.removeprefix(MARK)


def cell(name: str, value: Any, *, raw: bool = False) -> str:
    """The text of one cell, quoted where it has to be, and unless `raw` marked where it is like a formula."""
    if name in ("models", "faults"):
        value = ";".join(value) or None
    if value is None:
        return ""
    value = tidy_field(name, value)
    if name in _STRUCTURED:
        value = json.dumps(value, separators=(",", ":")) if value else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        number = repr(value)
        return format(Decimal(number), "f") if "e" in number else number  # never 3.125e-05
    text = str(value) if raw or isinstance(value, int) else marked(str(value))
    return '"' + text.replace('"', '""') + '"' if not text or _NEEDS_QUOTES.search(text) else text
