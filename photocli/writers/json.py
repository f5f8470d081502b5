"""JSON: one document with all records and, at its end, the summary of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from photocli.files.output import open_output
from photocli.records import RECORD_FIELDS, VERSION, as_columns
from photocli.writers import FileWriter, tidy, tidy_field

if TYPE_CHECKING:
    from photocli.records import Record


class JsonWriter(FileWriter):
    """Writes one JSON document, `{"photocli": version, "records": [...], "summary": {...}}`.

    To a file, or to standard output for `-`; one record per line, written as it comes, so memory stays flat.
    Keys stand in the order of the record's fields, then those of classifiers, as in CSV; what is missing is
    `null`. A file name that is no UTF-8
    has its odd bytes as escaped lone surrogates, which Python's `json` and `os.fsencode` turn into the name
    again. On standard output, a run that fails leaves the document unfinished.
    """

    def __init__(self, path: str | PathLike[str], classifiers: Sequence[str] = ()) -> None:
        """`classifiers` are the names of those that have keys of their own, as in `Models.classifiers`."""
        self._classifiers = tuple(classifiers)
        self._output = open_output(path)
        self._first = True
        self._closed = False
        self._put(f'{{"photocli": {json.dumps(VERSION)},\n"records": [')

    def write(self, record: Record, details: Mapping[str, Any] | None = None) -> None:
        """Write one record; `details` (all votes, each face) go under a key of that name, at its end."""
        entry = as_entry(record, self._classifiers)
        if details is not None:
            entry["details"] = tidy(details)
        self._put(("\n" if self._first else ",\n") + dumps(entry))
        self._first = False

    def close(self, summary: Mapping[str, Any] | None = None) -> None:
        """Write the summary, end the document and put the file in place."""
        if self._closed:
            return
        self._closed = True
        self._put(f'\n],\n"summary": {dumps(tidy(summary or {}))}}}\n')
        self._output.commit()

    def discard(self) -> None:
        """Drop what is not in place yet."""
        self._closed = True
        self._output.discard()

    def _put(self, text: str) -> None:
        # For a lone surrogate, Python's backslash escape and JSON's are the same six characters.
        self._output.write(text.encode("utf-8", "backslashreplace"))


def as_entry(record: Record, classifiers: Sequence[str] = ()) -> dict[str, Any]:
    """The record as an object of JSON: its fields in order, then those of classifiers; None where missing."""
    entry = {name: tidy_field(name, getattr(record, name)) for name in RECORD_FIELDS}
    entry.update(tidy(as_columns(record, tuple(classifiers))))
    return entry


def dumps(value: Any) -> str:
    """Return the JSON text of a value on one line, with non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
