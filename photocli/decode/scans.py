"""Whether the compressed data of a JPEG is whole: libjpeg fills what is missing with grey, in silence."""

from __future__ import annotations

import math
import mmap
import struct
from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from photocli.errors import DecodeError

_PIECE = 1 << 18
_REST = 1 << 20  # bytes behind a hole that are looked at, also of a file of gigabytes
"""Bytes that are searched for markers at a time: so many stay in the processor's cache."""

_SOI, _EOI, _SOS, _DHT, _DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD
_RESTARTS = range(0xD0, 0xD8)
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_SEQUENTIAL = frozenset((0xC0, 0xC1))
_PROGRESSIVE_HUFFMAN = 0xC2
_PROGRESSIVE = frozenset((_PROGRESSIVE_HUFFMAN, 0xCA))
_SEGMENTS = frozenset((0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)))
"""What may stand between two scans."""

_RUN = 256
"""So many zero bytes in a row are no picture, unless the tables spell a flat one that way."""

_END_OF_BLOCK = 0

_TRUNCATED = "truncated: the picture data ends early"
_DAMAGED = "damaged: the picture data is interrupted"


@dataclass(slots=True)
class _Picture:
    """What the headers say that have been met so far."""

    kind: int = 0
    width: int = 0
    height: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    interval: int = 0
    shortest: dict[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    scans: int = 0
    tables: set[int] = field(default_factory=set)
    parts: int = 0
    begins: int = 0
    refines: bool = False

    def read(self, marker: int, body: bytes) -> None:
        """Take in one segment."""
        if marker in _FRAMES and len(body) >= 6:
            self.kind = marker
            self.height, self.width, count = struct.unpack_from(">HHB", body, 1)
            parts = (body[6 + 3 * at : 9 + 3 * at] for at in range(count))
            self.sampling = {part[0]: (part[1] >> 4 or 1, part[1] & 15 or 1) for part in parts if part[1:]}
        elif marker == _DRI and len(body) >= 2:
            self.interval = int.from_bytes(body[:2], "big")
        elif marker == _DHT:
            self._read_tables(body)
        elif marker == _SOS:
            self._read_scan(body)

    def _read_tables(self, body: bytes) -> None:
        while len(body) > 17:
            count = sum(body[1:17])
            self.shortest[body[0]] = body[17]  # the symbol whose code is nothing but zeros
            body = body[17 + count :]

    def _read_scan(self, body: bytes) -> None:
        self.scans += 1
        count = body[0] if body else 0
        if len(body) < 4 + 2 * count:
            raise DecodeError(_DAMAGED)
        first, last, shift = body[1 + 2 * count : 4 + 2 * count]
        exact = shift & 15 == 0
        mask = sum(1 << at for at in range(first, min(last, 63) + 1)) if exact else 0
        for at in range(count):
            part = body[1 + 2 * at]
            self.seen[part] = self.seen.get(part, 0) | mask
        self.tables = {body[2 + 2 * at] for at in range(count)}
        self.begins, self.refines = first, shift >> 4 > 0
        if self.scans == 1:
            self.parts = count

    @property
    def zeros_are_damage(self) -> bool:
        """Whether a run of zero bytes in this scan spells no flat picture by its Huffman tables."""
        steady = {self.shortest.get(ids >> 4) for ids in self.tables}
        detail = {self.shortest.get(0x10 | ids & 15) for ids in self.tables}
        if self.kind in _SEQUENTIAL:
            return None not in steady | detail and (steady | detail) != {_END_OF_BLOCK}
        if self.kind != _PROGRESSIVE_HUFFMAN or self.refines:
            return False
        # Of details, ends of many blocks are spelled by one code; none follows another.
        return self.begins > 0 or (None not in steady and steady != {0})

    @property
    def restarts(self) -> int:
        """How many restart markers the first scan must have; 0 where that is not known."""
        whole = self.parts == len(self.sampling) and self.kind in _SEQUENTIAL
        if not self.interval or not whole or not self.width or not self.height:
            return 0
        across = max(sides[0] for sides in self.sampling.values()) if self.parts > 1 else 1
        down = max(sides[1] for sides in self.sampling.values()) if self.parts > 1 else 1
        units = math.ceil(self.width / (8 * across)) * math.ceil(self.height / (8 * down))
        return math.ceil(units / self.interval) - 1

    def check(self) -> None:
        """Raise `DecodeError` if scans of a progressive picture are missing at its end."""
        whole = (1 << 64) - 1
        if self.kind in _PROGRESSIVE and any(self.seen.get(part) != whole for part in self.sampling):
            raise DecodeError(_TRUNCATED)


class _Data:
    """The bytes of a file, and where markers stand in them; pieces of it are searched as they are met."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.whole = data
        self._values = np.frombuffer(data, np.uint8)
        self._searched = range(0)
        self._found: list[int] = []

    def marker(self, at: int, picture: _Picture) -> int:
        """Where the next marker in picture data stands. Raises `DecodeError` without one."""
        start = at
        while at < len(self.whole) - 1:
            found = self._in_piece(at)
            end = self._searched.stop if found is None else found
            # The last bytes are looked at again with the next piece, as a run may span both.
            self._check(max(start, at - _RUN), end, picture)
            if found is not None:
                return found
            at = end
        self._check(max(start, at - _RUN), len(self.whole), picture)
        raise DecodeError(_TRUNCATED)

    def _check(self, at: int, end: int, picture: _Picture) -> None:
        """Raise `DecodeError` if there is in a stretch of picture data what no picture has."""
        if self.whole.find(b"\xff" * 64, at, end) >= 0:
            raise DecodeError(_DAMAGED)
        if picture.zeros_are_damage and (hole := self.whole.find(bytes(_RUN), at, end)) >= 0:
            rest = self._values[hole : hole + _REST]
            raise DecodeError(_DAMAGED if rest.any() else _TRUNCATED)

    def _in_piece(self, at: int) -> int | None:
        """The first place from `at` on, in a piece, of a byte 255 with another behind it than 0 and 255."""
        if at not in self._searched:
            piece = self._values[at : at + _PIECE + 1]
            # Counted up, 255 is 0 and 0 is 1.
            markers = (piece[1:] + np.uint8(1)) > 1
            markers &= piece[:-1] == 0xFF
            self._searched = range(at, at + len(markers))
            self._found = (np.flatnonzero(markers) + at).tolist()
        which = bisect_left(self._found, at)
        return self._found[which] if which < len(self._found) else None


def check(data: bytes | mmap.mmap) -> int:
    """Raise `DecodeError` if the first picture of a JPEG file has no end, or is interrupted.

    `data` are the bytes of the file. Returns where the picture's end is. What follows, such as a second
    picture or a film, is not looked at. Bits that are other bits cannot be told from a picture; but holes
    that a broken copy filled with zeros or with something else, missing restarts, and missing scans can be.
    """
    found, picture = _Data(data), _Picture()
    at = 2
    while True:
        marker, at = _next(data, at, picture)
        if marker == _EOI:
            picture.check()
            return at - 2
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length]
        if length < 2 or len(body) < length - 2:
            raise DecodeError(_TRUNCATED)
        picture.read(marker, body)
        at += length
        if marker == _SOS:
            at = _skip_scan(found, at, picture)


def _next(data: bytes | mmap.mmap, at: int, picture: _Picture) -> tuple[int, int]:
    """The next marker outside picture data, and where what belongs to it begins."""
    while True:
        head = data[at : at + 2]
        if len(head) < 2:
            raise DecodeError(_TRUNCATED)
        if head[0] == 0xFF and head[1] not in (0, 0xFF):
            if picture.scans and head[1] not in _SEGMENTS and head[1] != _EOI:
                raise DecodeError(_DAMAGED)
            if head[1] not in _RESTARTS and head[1] not in (1, _SOI):  # these have no body
                return head[1], at + 2
            at += 2
        elif picture.scans and head[0] != 0xFF:
            raise DecodeError(_DAMAGED)
        else:  # filling, or bytes that do not belong there, which decoders skip before the picture
            at += 1


def _skip_scan(found: _Data, at: int, picture: _Picture) -> int:
    """The place of the marker that ends the scan that begins here."""
    count = 0
    while True:
        at = found.marker(at, picture)
        code = found.whole[at + 1]
        if code not in _RESTARTS:
            break
        if not picture.interval or code - 0xD0 != count % 8:
            raise DecodeError(_DAMAGED)
        count, at = count + 1, at + 2
    if picture.scans == 1 and count < picture.restarts:
        raise DecodeError(_TRUNCATED)
    return at
