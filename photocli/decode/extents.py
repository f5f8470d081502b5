"""Whether the parts that a container names lie inside its file: a file that was cut off has lost some."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from photocli.errors import DecodeError

_TRUNCATED = "truncated: the picture data ends early"
_SUB_DIRECTORIES = 330
_PARTS = ((273, 279), (324, 325), (513, 514))  # strips, tiles, and a JPEG: where, and how many bytes
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 13: 4}
_CODES = {1: "B", 2: "H", 4: "I"}
_MOST_DIRECTORIES = 32
_MOST_PARTS = 100_000


def check_boxes(file: BinaryIO) -> None:
    """Raise `DecodeError` if a box of an ISO media file (HEIF, AVIF, CR3) ends beyond the file."""
    size, at = _size(file), 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 0:  # up to the end of the file
            return
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # not a box: what others put behind the picture
            return
        if at + length > size and (head[4:8].isalnum() or at == 0):
            raise DecodeError(_TRUNCATED)
        at += length


def check_directories(file: BinaryIO, *, parts: bool = True) -> None:
    """Raise `DecodeError` if a directory of a TIFF-like file, or one of the `parts` it names, is cut off.

    Offsets and lengths that are no places at all, as some cameras write them, are passed over.
    """
    size = _size(file)
    for offsets, lengths in _directories(file, size):
        for offset, length in zip(offsets, lengths, strict=False) if parts else ():
            if 0 < offset < 0xFFFFFFFF and 0 < length < 0x80000000 and offset + length > size:
                raise DecodeError(_TRUNCATED)


def check_raf(file: BinaryIO) -> None:
    """Raise `DecodeError` if a part of a Fujifilm RAF file ends beyond the file."""
    size = _size(file)
    file.seek(84)
    head = file.read(24)
    if len(head) < 24:
        raise DecodeError(_TRUNCATED)
    for offset, length in struct.iter_unpack(">II", head):
        if offset + length > size:
            raise DecodeError(_TRUNCATED)


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _directories(file: BinaryIO, size: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Where the parts of every directory are, and their lengths in bytes."""
    file.seek(0)
    head = file.read(8)
    order = "<" if head[:2] == b"II" else ">"
    waiting, seen = [struct.unpack_from(order + "I", head, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at in seen or not 8 <= at < size - 2:
            continue
        seen.add(at)
        file.seek(at)
        count = int.from_bytes(file.read(2), "little" if order == "<" else "big")
        body = file.read(12 * count + 4)
        if len(body) < 12 * count + 4:
            raise DecodeError(_TRUNCATED)
        entries = dict(_entries(body, count, order))
        waiting += _values(file, entries.get(_SUB_DIRECTORIES), order)[:_MOST_DIRECTORIES]
        waiting.append(struct.unpack_from(order + "I", body, 12 * count)[0])
        for offsets, lengths in _PARTS:
            yield _values(file, entries.get(offsets), order), _values(file, entries.get(lengths), order)


def _entries(body: bytes, count: int, order: str) -> Iterator[tuple[int, tuple[int, int, bytes]]]:
    for at in range(count):
        tag, kind, values = struct.unpack_from(order + "HHI", body, 12 * at)
        yield tag, (kind, values, body[12 * at + 8 : 12 * at + 12])


def _values(file: BinaryIO, entry: tuple[int, int, bytes] | None, order: str) -> tuple[int, ...]:
    """The whole numbers of an entry; none of one that has others, or lies beyond the file."""
    if entry is None or entry[0] not in _WIDTHS or not 0 < entry[1] <= _MOST_PARTS:
        return ()
    kind, count, content = entry
    width = _WIDTHS[kind]
    if width * count > 4:
        file.seek(struct.unpack(order + "I", content)[0])
        content = file.read(width * count)
    if len(content) < width * count:
        return ()
    return struct.unpack_from(f"{order}{count}{_CODES[width]}", content)
