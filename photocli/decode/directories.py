"""Directories of TIFF blocks, as EXIF, MPF and RAW files have them: the entries of one, within bounds."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 13: 4}
_CODES = {1: "B", 3: "H", 4: "I", 13: "I"}
_MOST_ENTRIES = 512
_MOST_VALUES = 64
_LONGEST = 1 << 17
"""Bytes of the values of an entry; those of a segment of a JPEG have half as many."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The entries of one directory by their tags, as bytes, and where the next directory lies; 0 for none.

    Entries whose values lie beyond the block, or are many, are left out.
    """

    order: str
    entries: dict[int, tuple[int, bytes]]
    following: int = 0

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of an entry; none where it is missing or holds others."""
        kind, data = self.entries.get(tag, (0, b""))
        if kind not in _CODES:
            return ()
        count = min(len(data) // _WIDTHS[kind], _MOST_VALUES)
        return struct.unpack_from(f"{self.order}{count}{_CODES[kind]}", data)

    def number(self, tag: int) -> int | None:
        """The first whole number of an entry; None without one."""
        return next(iter(self.numbers(tag)), None)

    def fraction(self, tag: int) -> float | None:
        """The first fraction of an entry; None without one that is a number."""
        kind, data = self.entries.get(tag, (0, b""))
        if kind != 5 or len(data) < 8:
            return None
        above, below = struct.unpack_from(f"{self.order}II", data)
        return above / below if below else None

    def text(self, tag: int) -> str | None:
        """The text of an entry without spaces around it; None where there is none."""
        kind, data = self.entries.get(tag, (0, b""))
        if kind != 2:
            return None
        return data.split(b"\0", 1)[0].decode("utf-8", "replace").strip() or None


_NOTHING = Directory("<", {})


def first(block: bytes | mmap) -> Directory:
    """The first directory of a block that begins with a TIFF header; an empty one where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return _NOTHING
    return read(block, struct.unpack_from(f"{order}I", block, 4)[0], order)


def read(block: bytes | mmap, at: int, order: str) -> Directory:
    """The directory at a place of a block; an empty one where that is none. Nothing is raised."""
    if not 0 < at <= len(block) - 2:
        return Directory(order, {})
    count = min(struct.unpack_from(f"{order}H", block, at)[0], _MOST_ENTRIES)
    entries: dict[int, tuple[int, bytes]] = {}
    for place in range(at + 2, min(at + 2 + 12 * count, len(block) - 11), 12):
        tag, kind, values, offset = struct.unpack_from(f"{order}HHII", block, place)
        length = _WIDTHS.get(kind, 0) * values
        begins = place + 8 if length <= 4 else offset
        if 0 < length <= _LONGEST and begins + length <= len(block):
            entries.setdefault(tag, (kind, block[begins : begins + length]))
    end = at + 2 + 12 * count
    following = struct.unpack_from(f"{order}I", block, end)[0] if end + 4 <= len(block) else 0
    return Directory(order, entries, following)
