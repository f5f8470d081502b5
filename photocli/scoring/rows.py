"""The rows of the cache: photos with the outputs of models, and finished records; damage in them is told."""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.records import Capture, capture_of
from photocli.scoring.database import today
from photocli.scoring.finished import FinishedPiece, unpack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SMALL = 64  # outputs of more values (embeddings) are kept as float16, which halves the file
_EXACT = ("faces", "sharpness")  # but these, whose size depends on the photo, as they were found
_KEPT_DAYS = 7  # finished records of another basis stay so long, as profiles and tastes take turns
_LARGE = ("maps",)  # not kept: a map for each of many classes, which no record needs


@dataclass(frozen=True, slots=True)
class Known:
    """What the cache holds of one photo: size, metadata, and outputs by model key and output name.

    `looked_at` has, by the detail that was asked for, what was decoded and at which scale (`records.Frame`).
    """

    width: int
    height: int
    capture: Capture
    outputs: dict[str, dict[str, NDArray[np.float32]]]
    looked_at: dict[str, tuple[str, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Met:
    """What was met while rows were read: damage, and photos and pieces that were not used today yet."""

    damaged: bool = False
    photos: list[bytes] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)


def place_of(path: Path | bytes) -> bytes:
    """Where a photo really lies, as the cache names it; a place is given back as it is."""
    return path if isinstance(path, bytes) else os.fsencode(os.path.realpath(path))


def read_photos(
    connection: sqlite3.Connection,
    photos: Mapping[bytes, str],
    models: Mapping[str, Sequence[str]],
    met: Met,
) -> dict[bytes, Known]:
    """What is known of photos, given by place and identity; the outputs of `models` that are complete."""
    wanted = list(dict.fromkeys((model, name) for model, names in models.items() for name in names))
    facts: dict[bytes, Any] = {}
    outputs: dict[bytes, dict[tuple[str, str], Any]] = {place: {} for place in photos}
    values = [*chain.from_iterable(wanted), *photos]
    for place, identity, said, summed, used, *output in connection.execute(
        _query(len(photos), len(wanted)), values
    ):
        if photos.get(place) != identity:
            continue
        if place not in facts:
            intact = summed == checksum(place, identity, said)
            facts[place] = json.loads(said) if intact else None
            met.damaged |= not intact
            if intact and used != today():
                met.photos.append(place)
        if output[0] is not None:
            outputs[place][output[0], output[1]] = _output(output, met)
    return {place: _known(said, outputs[place], models) for place, said in facts.items() if said is not None}


def read_piece(
    connection: sqlite3.Connection, key: tuple[bytes, str, bytes], labels: tuple[str, ...], met: Met
) -> FinishedPiece | None:
    """The piece of finished records that holds a photo, or the next one, which is not read then.

    `key` is the folder, the basis and the name of the photo; `labels` are those of the models.
    """
    row = connection.execute(
        "SELECT id, first, last, data, checksum, used FROM finished"
        " WHERE folder = ? AND basis = ? AND last >= ? ORDER BY last LIMIT 1",
        key,
    ).fetchone()
    if row is None:
        return None
    piece, first, last, data, summed, used = row
    if summed != checksum(*key[:2], first, last, data):
        met.damaged = True
        return None
    if first > key[2]:
        return FinishedPiece(first, last, None)
    photos = unpack(data, labels)
    if used != today():
        met.pieces.append(piece)
        met.photos += [os.path.join(key[0], os.fsencode(name)) for name in photos]  # noqa: PTH118
    return FinishedPiece(first, last, photos)


def write_piece(connection: sqlite3.Connection, folder: bytes, basis: str, piece: FinishedPiece) -> None:
    """Write finished records instead of all that lie between them, and of what was not used for long."""
    first, last, data = piece.first, piece.last, piece.data
    connection.execute(
        "DELETE FROM finished WHERE folder = ? AND last >= ? AND first <= ? AND (basis = ? OR used < ?)",
        (folder, first, last, basis, today() - _KEPT_DAYS),
    )
    connection.execute(
        "INSERT INTO finished (folder, basis, first, last, data, checksum, used)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (folder, basis, first, last, data, checksum(folder, basis, first, last, data), today()),
    )


def kept_dtype(size: int, name: str = "") -> str:
    """The type in which an output of so many values is kept."""
    return "<f4" if size <= _SMALL or name in _EXACT else "<f2"


def _packed(name: str, value: NDArray[np.float32]) -> tuple[str, str, bytes]:
    dtype = kept_dtype(value.size, name)
    return dtype, json.dumps(value.shape), value.astype(dtype).tobytes()


def write_photo(connection: sqlite3.Connection, key: bytes, identity: str, known: Known) -> None:
    size = {"width": known.width, "height": known.height}
    facts = json.dumps({**size, "capture": asdict(known.capture), "looked_at": known.looked_at})
    connection.execute("DELETE FROM photos WHERE path = ? AND identity <> ?", (key, identity))
    connection.execute(
        "INSERT INTO photos (path, identity, facts, checksum, used) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path)"
        " DO UPDATE SET facts = excluded.facts, checksum = excluded.checksum, used = excluded.used",
        (key, identity, facts, checksum(key, identity, facts), today()),
    )
    (photo,) = connection.execute("SELECT id FROM photos WHERE path = ?", (key,)).fetchone()
    rows = []
    for model, values in known.outputs.items():
        for name, value in values.items():
            if name not in _LARGE:
                packed = _packed(name, value)
                rows.append((photo, model, name, *packed, checksum(model, name, *packed)))
    connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def checksum(*parts: object) -> int:
    """Tells parts that were damaged in the file, whatever has become of them."""
    summed = 0
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "replace")
        summed = zlib.crc32(data, zlib.crc32(len(data).to_bytes(8, "big"), summed))
    return summed


def touch(connection: sqlite3.Connection, met: Met) -> None:
    """Note that what was met is in use today."""
    for statement, which in (
        ("UPDATE photos SET used = ? WHERE path = ?", met.photos),
        ("UPDATE finished SET used = ? WHERE id = ?", met.pieces),
    ):
        connection.executemany(statement, [(today(), one) for one in which])


def _query(photos: int, outputs: int) -> str:
    wanted = f"(o.model, o.name) IN (VALUES {', '.join(['(?, ?)'] * outputs)})" if outputs else "0"
    return (
        "SELECT p.path, p.identity, p.facts, p.checksum, p.used, o.model, o.name, o.dtype, o.shape, o.data,"  # noqa: S608
        f" o.checksum FROM photos p LEFT JOIN outputs o ON o.photo = p.id AND {wanted}"
        f" WHERE p.path IN ({', '.join('?' * photos)})"
    )


def _known(said: Any, found: Mapping[tuple[str, str], Any], models: Mapping[str, Sequence[str]]) -> Known:
    outputs = {}
    for model, names in models.items():
        values = {name: value for name in names if (value := found.get((model, name))) is not None}
        if len(values) == len(names):
            outputs[model] = values
    looked_at = {detail: (decoded, scale) for detail, (decoded, scale) in said["looked_at"].items()}
    return Known(said["width"], said["height"], capture_of(said["capture"]), outputs, looked_at)


def _output(row: Sequence[Any], met: Met) -> Any:
    import numpy as np

    model, name, dtype, shape, data, summed = row
    if summed != checksum(model, name, dtype, shape, data):
        met.damaged = True
        return None
    return np.frombuffer(data, dtype).reshape(json.loads(shape)).astype(np.float32)
