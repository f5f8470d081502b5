"""JSON Lines: one record per line, for programs that read while photos are still being scored."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from photocli.files.output import open_output
from photocli.writers import FileWriter
from photocli.writers.json import as_entry, dumps

if TYPE_CHECKING:
    from photocli.records import Record


class JsonlWriter(FileWriter):
    """Writes each record as a line of its own, the same object as in the JSON document (see jsonlines.org).

    To a file, which takes the old one's place at `close`, or to standard output for `-`, where each line goes
    out at once. There is no summary; the exit code says whether all could be read.
    """

    def __init__(self, path: str | PathLike[str], classifiers: Sequence[str] = ()) -> None:
        """`classifiers` are the names of those that have keys of their own, as in `Models.classifiers`."""
        self._classifiers = tuple(classifiers)
        self._output = open_output(path)

    def write(self, record: Record) -> None:
        """Write one line."""
        line = dumps(as_entry(record, self._classifiers)) + "\n"
        self._output.write(line.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Put the file in place."""
        self._output.commit()

    def discard(self) -> None:
        """Drop what is not in place yet."""
        self._output.discard()
