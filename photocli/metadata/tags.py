"""Tags of EXIF blocks and of makers' notes: read when they are asked for, so hostile ones cost nothing."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from mmap import mmap
from typing import TypeAlias

Block: TypeAlias = "bytes | mmap"

LONGEST = 1 << 16
"""Bytes of a value that are read; the longest that tells of focus has a quarter of them."""

_WHOLE = "BHIbhi"

_FORMS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii", 13: "I"}
SIZES = {kind: struct.calcsize("=" + form) for kind, form in _FORMS.items()}
"""Bytes of a value, by its type."""

_MOST_ENTRIES = 512


@dataclass(frozen=True, slots=True)
class TagTable:
    """One directory of a block: type, count and place of the values of its tags; nothing is read before.

    Values that lie beyond the block are left out; those longer than `LONGEST` have a place alone.
    """

    block: Block
    order: str
    entries: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def place(self, tag: int) -> tuple[int, int]:
        """Where the bytes of a tag's values begin, and how many there are; (0, 0) without any."""
        kind, count, at = self.entries.get(tag, (7, 0, 0))
        return at, count * SIZES[kind]

    def data(self, tag: int) -> bytes:
        """The bytes of a tag's values; empty without any."""
        at, length = self.place(tag)
        return self.block[at : at + length] if length <= LONGEST else b""

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of a tag; none where it is missing, or holds others."""
        kind, count, at = self.entries.get(tag, (7, 0, 0))
        form = _FORMS[kind]
        if form not in _WHOLE or count * SIZES[kind] > LONGEST:
            return ()
        return struct.unpack_from(f"{self.order}{count}{form}", self.block, at)

    def number(self, tag: int) -> int | None:
        """The first whole number of a tag; None without one."""
        return next(iter(self.numbers(tag)), None)

    def shorts(self, tag: int) -> tuple[int, ...]:
        """The bytes of a tag's values as whole numbers of 16 bits without sign, whatever their type says."""
        data = self.data(tag)
        return struct.unpack_from(f"{self.order}{len(data) // 2}H", data)

    def fractions(self, tag: int) -> tuple[float | None, ...]:
        """The fractions of a tag, None where a denominator is zero; none where it holds others."""
        kind, count, at = self.entries.get(tag, (7, 0, 0))
        if kind not in (5, 10) or count * SIZES[kind] > LONGEST:
            return ()
        values = struct.unpack_from(f"{self.order}{2 * count}{_FORMS[kind][0]}", self.block, at)
        pairs = zip(values[::2], values[1::2], strict=True)
        return tuple([above / below if below else None for above, below in pairs])

    def text(self, tag: int) -> str:
        """The text of a tag without spaces around it; empty without any."""
        return self.data(tag).split(b"\0", 1)[0].decode("latin-1").strip()


def header(block: Block, at: int = 0) -> tuple[str, int] | None:
    """The byte order of a TIFF header, and where its first directory lies, from it on; None without one."""
    order = {b"II": "<", b"MM": ">"}.get(block[at : at + 2])
    if order is None or at + 8 > len(block):
        return None
    return order, struct.unpack_from(f"{order}I", block, at + 4)[0]


def read_table(block: Block, at: int, order: str, base: int = 0) -> TagTable:
    """The directory at a place of a block; an empty one where that is none. Nothing is raised.

    Places in it count from `base`, which may lie before the block.
    """
    if not 0 < at <= len(block) - 2:
        return TagTable(block, order)
    (count,) = struct.unpack_from(f"{order}H", block, at)
    if count > _MOST_ENTRIES:  # no camera writes as many: this is no directory
        return TagTable(block, order)
    size = min(count, (len(block) - at - 2) // 12)
    entries: dict[int, tuple[int, int, int]] = {}
    rows = block[at + 2 : at + 2 + 12 * size]
    for number, (tag, kind, values, offset) in enumerate(struct.iter_unpack(f"{order}HHII", rows)):
        length = values * SIZES.get(kind, 0)
        begins = at + 10 + 12 * number if length <= 4 else base + offset
        if length > 0 and 0 <= begins <= len(block) - length:
            entries.setdefault(tag, (kind, values, begins))
    return TagTable(block, order, entries)
