"""Finished records: what followed from the outputs of many photos, kept in one piece to be read at once.

They follow from outputs that the cache keeps beside them, so they may be missing or wrong: then they are made
again. A piece holds photos of one folder, in the order of their names, and one basis.
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, make_dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, NamedTuple

from photocli.records import RECORD_FIELDS, Answer, Face, FocusPoint, Record

MOST = 256
"""So many photos are in one piece at most: a change of one has all of them written again."""

_OF_THE_RUN = ("path", "twin", "models")  # they follow from how it was called, not from a photo's outputs
_FIELDS = RECORD_FIELDS[1:]
_AS_NUMBERS: dict[str, Any] = {"numbers": True}  # they stand behind the text, eight bytes each
SIZE = (_FIELDS.index("width"), _FIELDS.index("height"))
"""Where width and height stand among the values of a photo."""


class FinishedPhoto(NamedTuple):
    """A photo's name in its folder, its identity, and the values of its record after the path."""

    name: str
    identity: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FinishedPiece:
    """Photos of a folder from the name `first` to `last`: identity and values by name; None if not read.

    `data` is all of them as they are kept.
    """

    first: bytes
    last: bytes
    photos: Mapping[str, tuple[str, tuple[Any, ...]]] | None = None
    data: bytes = b""


def values_of(record: Record) -> tuple[Any, ...]:
    """The values of a record after its path; those that a run gives anew are left out."""
    return tuple([None if name == "twin" else getattr(record, name) for name in _FIELDS])


def pack(photos: Sequence[FinishedPhoto]) -> FinishedPiece | None:
    """A piece as it is kept; None for values that would not come back as they are."""
    columns = dict(zip(_FIELDS, zip(*(photo.values for photo in photos), strict=True), strict=True))
    labels = columns["models"][0]
    identities = [photo.identity for photo in photos]
    ending = _common_ending(identities)
    fields, numbers = {}, array("d")
    for name, values in columns.items():
        if name not in _OF_THE_RUN:
            fields[name] = _packed(values)
            if fields[name] == _AS_NUMBERS:
                numbers.extend([math.nan if value is None else value for value in values])
    document = {
        "names": [photo.name for photo in photos],
        "identities": [identity.removesuffix(ending) for identity in identities],
        "ending": ending,
        "fields": fields,
    }
    with suppress(TypeError, ValueError):
        text = json.dumps(document, separators=(",", ":"), default=_plain).encode()
        data = struct.pack("<I", len(text)) + text + _little(numbers).tobytes()
        if unpack(data, labels) == {photo.name: (photo.identity, photo.values) for photo in photos}:
            return FinishedPiece(os.fsencode(photos[0].name), os.fsencode(photos[-1].name), data=data)
    return None


def unpack(data: bytes, labels: tuple[str, ...]) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The photos of a piece: identity and values by name. `labels` are those of the models.

    Raises `ValueError`, `TypeError` and `LookupError` for what `pack` did not make.
    """
    size = 4 + int(struct.unpack_from("<I", data)[0])
    document = json.loads(data[4:size])
    fields, numbers, at = document["fields"], _little(array("d", data[size:])), 0
    names, ending = document["names"], document["ending"]
    columns: list[Iterable[Any]] = []
    for name in _FIELDS:
        if name in _OF_THE_RUN:
            columns.append(repeat(labels if name == "models" else None))
            continue
        read, kept = _READ.get(name), fields[name]
        if "all" in kept:
            columns.append(repeat(read(kept["all"]) if read is not None else kept["all"]))
        elif kept == _AS_NUMBERS:
            column, at = numbers[at : at + len(names)].tolist(), at + len(names)
            columns.append([None if value != value else value for value in column])  # NaN
        else:
            columns.append([read(value) for value in kept["each"]] if read is not None else kept["each"])
    identities = [identity + ending for identity in document["identities"]]
    return dict(zip(names, zip(identities, zip(*columns))))  # noqa: B905 - repeated values have no end


def record_of(path: str, values: Sequence[Any], *, many: bool) -> Record:
    """The record of a photo from its values; where they are for `many`, in a third of the time."""
    if not many:
        return Record(path, *values)
    record = _open_record()(path, *values)
    record.__class__ = Record
    return record  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _open_record() -> Any:
    """A class laid out as `Record`, whose fields can be set without the detour that a frozen class takes.

    Making it takes some milliseconds.
    """
    return make_dataclass("_OpenRecord", RECORD_FIELDS, slots=True, repr=False, eq=False)


def _packed(values: tuple[Any, ...]) -> dict[str, Any]:
    first = values[0]
    if all(value == first and type(value) is type(first) for value in values):
        return {"all": first}
    if all(value is None or type(value) is float for value in values):
        return _AS_NUMBERS
    return {"each": values}


def _little(numbers: array[float]) -> array[float]:
    """Numbers as they are kept, or as they are in memory: on most machines this is the same."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _common_ending(texts: Sequence[str]) -> str:
    """What all end with: identities name the same versions of libraries."""
    ending = texts[0]
    for text in texts:
        while not text.endswith(ending):
            ending = ending[1:]
    return ending


def _plain(value: Any) -> Any:
    if isinstance(value, (Face, Answer)):
        return astuple(value)
    raise TypeError(type(value).__name__)


def _pairs(rows: Any) -> tuple[Any, ...]:
    return tuple([tuple(row) for row in rows]) if rows else ()


def _faces(rows: Any) -> tuple[Face, ...]:
    return tuple([Face(tuple(row[0]), _pairs(row[1]), *row[2:]) for row in rows]) if rows else ()


def _answers(rows: Any) -> tuple[Answer, ...]:
    return tuple([Answer(row[0], row[1], row[2], _pairs(row[3])) for row in rows]) if rows else ()


def _focus(rows: Any) -> tuple[FocusPoint, ...]:
    return tuple([FocusPoint(*row) for row in rows]) if rows else ()


_READ: Mapping[str, Callable[[Any], Any]] = {
    "faults": lambda rows: tuple(rows) if rows else (),
    "styles": _pairs,
    "explained": _pairs,
    "each_face": _faces,
    "answers": _answers,
    "focus_points": _focus,
}
