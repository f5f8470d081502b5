"""Whether the compressed data of a JPEG is whole: libjpeg fills what is missing with grey, in silence."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from photocli.errors import DecodeError

_PIECE = 1 << 20
_MARKER = re.compile(rb"\xff[^\x00\xff]")
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


class _Window:
    """A file as one long text, of which a piece is held at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 0
        self._piece = b""

    def bytes(self, at: int, count: int) -> bytes:
        """So many bytes from a place on; fewer at the end of the file."""
        if not self._at <= at <= at + count <= self._at + len(self._piece):
            self._file.seek(at)
            self._at, self._piece = at, self._file.read(max(_PIECE, count))
        return self._piece[at - self._at : at - self._at + count]

    def marker(self, at: int, picture: _Picture) -> int:
        """Where the next marker in picture data stands. Raises `DecodeError` without one."""
        zeros = picture.zeros_are_damage
        while True:
            if len(self.bytes(at, 2)) < 2:
                raise DecodeError(_TRUNCATED)
            start = at - self._at
            found = _MARKER.search(self._piece, start)
            end = found.start() if found else len(self._piece)
            if self._piece.find(b"\xff" * 64, start, end) >= 0:
                raise DecodeError(_DAMAGED)
            if zeros and (hole := self._piece.find(bytes(_RUN), start, end)) >= 0:
                raise DecodeError(_DAMAGED if any(self._piece[hole:]) else _TRUNCATED)
            if found:
                return self._at + end
            # The last bytes are looked at again with the next piece, as a run or a marker may span both.
            if len(self._piece) < _PIECE:
                raise DecodeError(_TRUNCATED)
            at = max(at + 1, self._at + len(self._piece) - _RUN)


def check(file: BinaryIO) -> int:
    """Raise `DecodeError` if the first picture of a JPEG file has no end, or is interrupted.

    Returns where its end is. What follows, such as a second picture or a film, is not looked at. Bits that
    are other bits cannot be told from a picture; but holes that a broken copy filled with zeros or with
    something else, missing restarts, and missing scans can be.
    """
    window, picture = _Window(file), _Picture()
    at = 2
    while True:
        marker, at = _next(window, at, picture)
        if marker == _EOI:
            picture.check()
            return at - 2
        length = int.from_bytes(window.bytes(at, 2), "big")
        body = window.bytes(at + 2, length - 2) if length > 2 else b""
        if length < 2 or len(body) < length - 2:
            raise DecodeError(_TRUNCATED)
        picture.read(marker, body)
        at += length
        if marker == _SOS:
            at = _skip_scan(window, at, picture)


def _next(window: _Window, at: int, picture: _Picture) -> tuple[int, int]:
    """The next marker outside picture data, and where what belongs to it begins."""
    while True:
        head = window.bytes(at, 2)
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


def _skip_scan(window: _Window, at: int, picture: _Picture) -> int:
    """The place of the marker that ends the scan that begins here."""
    count = 0
    while True:
        at = window.marker(at, picture)
        code = window.bytes(at, 2)[1]
        if code not in _RESTARTS:
            break
        if not picture.interval or code - 0xD0 != count % 8:
            raise DecodeError(_DAMAGED)
        count, at = count + 1, at + 2
    if picture.scans == 1 and count < picture.restarts:
        raise DecodeError(_TRUNCATED)
    return at
