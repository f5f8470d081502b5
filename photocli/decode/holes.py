"""Whether compressed data has holes, of zero bytes or of erased ones, as broken copies leave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from photocli.errors import DecodeError

_PIECE = 4 << 20
_LEAST = {b"hvc1": 64, b"av01": 2048}
"""Bytes of 0 or 255 in a row that no picture is spelled by. HEVC never has three; AV1 spells what it expects
by less than a bit, and so would need millions of equal squares."""

_VP8 = 256
"""The same for VP8, beside half a byte for each square of 16 x 16 pixels: it spells a plain one by up to two
bits. (VP8L may spell a plain picture by nothing but zeros.)"""

_MOST_ITEMS = 10_000


def check_webp(file: BinaryIO) -> None:
    """Raise `DecodeError` if the first picture of a WebP has a hole."""
    at, end = 12, 1 << 62
    while at < end:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        if kind == b"VP8 ":
            start = file.read(10)
            width, height = (int.from_bytes(start[n : n + 2], "little") & 0x3FFF for n in (6, 8))
            _check(file, _VP8 + width * height // 512, at + 8, length)
        if kind in (b"VP8 ", b"VP8L"):
            return
        at += 24 if kind == b"ANMF" else 8 + length + length % 2  # a frame has its picture inside


def check_items(file: BinaryIO) -> None:
    """Raise `DecodeError` if a picture in a HEIF or AVIF, such as a tile of the photo, has a hole."""
    size = file.seek(0, 2)
    meta = next(((at, end) for kind, at, end in item_boxes(file, 0, size) if kind == b"meta"), None)
    if meta is None:
        return
    inside = {kind: (at, end) for kind, at, end in item_boxes(file, meta[0] + 4, meta[1])}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    kinds = item_kinds(file, *inside[b"iinf"])
    for item, offset, length in item_places(file, *inside[b"iloc"]):
        if (least := _LEAST.get(kinds.get(item, b""))) is not None:
            _check(file, least, offset, length)


def _check(file: BinaryIO, least: int, at: int, length: int) -> None:
    runs, end = (bytes(least), b"\xff" * least), at + length
    while at < end:
        file.seek(at)
        piece = file.read(min(_PIECE, end - at))
        if any(run in piece for run in runs):
            raise DecodeError("damaged: the picture data has a hole")
        if len(piece) < _PIECE:
            return
        at += _PIECE - least


def item_boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of an ISO media file between two places: the kind, and where the content begins and ends."""
    for _ in range(_MOST_ITEMS):
        file.seek(at)
        head = file.read(16)
        length, begins = int.from_bytes(head[:4], "big"), at + 8
        if length == 1:
            length, begins = int.from_bytes(head[8:16], "big"), at + 16
        length = length or end - at
        if len(head) < 8 or length < 8 or at + length > end:
            return
        yield head[4:8], begins, at + length
        at += length


def item_kinds(file: BinaryIO, at: int, end: int) -> dict[int, bytes]:
    """What kind of thing every item is, by its number."""
    file.seek(at)
    first = at + (6 if file.read(1) == b"\0" else 8)
    kinds = {}
    for kind, begins, ends in item_boxes(file, first, end):
        file.seek(begins)
        body = file.read(min(ends - begins, 16))
        if kind == b"infe" and body[:1] == b"\2":
            kinds[int.from_bytes(body[4:6], "big")] = body[8:12]
        elif kind == b"infe" and body[:1] == b"\3":
            kinds[int.from_bytes(body[4:8], "big")] = body[10:14]
    return kinds


def item_places(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The item, the place in the file and the length of everything that is stored in the file itself."""
    file.seek(at)
    body = file.read(min(end - at, 1 << 20))
    place = 4

    def number(width: int) -> int:
        nonlocal place
        place += width
        if place > len(body):
            raise DecodeError("truncated: the picture data ends early")
        return int.from_bytes(body[place - width : place], "big")

    version = body[0] if body else 0
    widths = number(2)
    offset_width, length_width, base_width = widths >> 12, widths >> 8 & 15, widths >> 4 & 15
    index_width = widths & 15 if version in (1, 2) else 0
    for _ in range(number(4 if version == 2 else 2)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)
        base = number(base_width)
        for _ in range(number(2)):
            number(index_width)
            offset, length = number(offset_width), number(length_width)
            if method == 0:
                yield item, base + offset, length
