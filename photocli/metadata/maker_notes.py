"""Makers' notes: where their directory lies in an EXIF block, and from where its places count."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.metadata.tags import SIZES, Block, TagTable, header, read_table

if TYPE_CHECKING:
    from photocli.metadata.blocks import ExifBlock

_HEADS = (
    (b"SONY", "sony", 12),
    (b"\0\0SONY PIC\0", "sony", 12),
    (b"VHAB     \0", "sony", 12),
    (b"Panasonic\0", "panasonic", 12),
    (b"LEICA CAMERA AG\0", "panasonic", 18),
    (b"LEICA\0\0\0", "panasonic", 8),
    (b"OLYMP\0", "olympus", 8),
    (b"AOC\0", "pentax", 6),
)
"""How notes begin whose places count from the block's header; their maker, and where the directory begins."""

_OWN_PLACES = (
    (b"OLYMPUS\0", "olympus", 8, 12),
    (b"OM SYSTEM\0", "olympus", 12, 16),
    (b"PENTAX \0", "pentax", 8, 10),
    (b"RICOH\0II", "pentax", 6, 8),
    (b"RICOH\0MM", "pentax", 6, 8),
)
"""How notes begin whose places count from themselves; where their byte order stands, and their directory."""

_GAPS = (0, 4, 6, 16, 28)
"""Bytes between the directory of Canon's notes and the first of its values, as cameras leave them."""

_BARE = {"canon": "canon", "nikon": "nikon", "sony": "sony", "asahi": "pentax", "panasonic": "panasonic"}
"""Makers, by the first word of the EXIF's own field, some of whose notes begin with their directory."""


@dataclass(frozen=True, slots=True)
class MakerNotes:
    """The notes of one photo: their directory, and what the rest of the EXIF says that they are read by.

    `maker` is the module of `makers` that reads them. `base` is where their places count from. `size` is
    (width, height) of the picture by the EXIF, (0, 0) where it does not tell.
    """

    maker: str
    table: TagTable
    base: int
    model: str
    size: tuple[int, int]

    def inner(self, tag: int) -> TagTable:
        """A directory inside of the notes, to which a tag points or which its value is."""
        kind, _, _ = self.table.entries.get(tag, (0, 0, 0))
        at, length = self.table.place(tag)
        if length == 4 and kind in (4, 13):
            at = self.base + (self.table.number(tag) or 0)
        return read_table(self.table.block, at, self.table.order, self.base)


def find_notes(found: ExifBlock, size: tuple[int, int]) -> MakerNotes | None:
    """The notes of an EXIF block; None where no maker is known that writes such ones.

    `size` (width, height) is that of the picture by the EXIF, (0, 0) where it does not tell.
    """
    block, (at, length) = found.notes, found.place
    model = found.first.text(0x0110)
    head = block[at : at + 20]

    def notes(maker: str, start: int, order: str, base: int) -> MakerNotes | None:
        table = read_table(block, start, order, base)
        return MakerNotes(maker, table, base, model, size) if table.entries else None

    if head.startswith(b"Nikon\0\x02") and (inner := header(block, at + 10)):
        return notes("nikon", at + 10 + inner[1], inner[0], at + 10)
    if head.startswith(b"FUJIFILM") and len(head) >= 12:
        return notes("fujifilm", at + struct.unpack_from("<I", head, 8)[0], "<", at)
    for start, maker, turn, begins in _OWN_PLACES:
        if head.startswith(start):
            return notes(maker, at + begins, "<" if head[turn : turn + 2] == b"II" else ">", at)
    maker, begins = _by_block(head, found.first.text(0x010F))
    if not maker:
        return None
    start_at = at + begins
    order = _likely_order(block, start_at, found.order)
    base = found.base + _moved(block, start_at, (start_at - found.base, length - begins), order, maker)
    return notes(maker, start_at, order, base)


def _by_block(head: bytes, make: str) -> tuple[str, int]:
    """The maker of notes whose places count from the block's header, and where their directory begins."""
    for start, maker, begins in _HEADS:
        if head.startswith(start):
            return maker, begins
    words = make.lower().split()
    # Those of the oldest Coolpix tell nothing of focus.
    return "" if head.startswith(b"Nikon\0") or not words else _BARE.get(words[0], ""), 0


def _likely_order(block: Block, at: int, order: str) -> str:
    """The byte order of a directory, whose count of entries is small in one of them alone."""
    if at + 2 > len(block) or struct.unpack_from(f"{order}H", block, at)[0] < 256:
        return order
    return ">" if order == "<" else "<"


def _moved(block: Block, start: int, place: tuple[int, int], order: str, maker: str) -> int:
    """How far a program moved the notes without telling them; 0 where their values are in their places.

    `place` is that of the notes (from, length) by the block's header. Values stand behind the directory; of
    other makers than Canon, it is known of no gap between them that it is none of the camera.
    """
    begins, length = place
    tail = block[max(start + length - 8, 0) : start + length]
    if maker == "canon" and tail[:4] in (b"II*\0", b"MM\0*"):  # and then where the notes were
        return begins - int.from_bytes(tail[4:], "little" if tail[:1] == b"I" else "big")
    count = int.from_bytes(block[start : start + 2], "little" if order == "<" else "big")
    rows = block[start + 2 : start + 2 + 12 * min(count, 255)]
    entries = struct.iter_unpack(f"{order}HHII", rows[: len(rows) // 12 * 12])
    far: list[int] = [offset for _, kind, values, offset in entries if values * SIZES.get(kind, 0) > 4]
    end = begins + 2 + 12 * count
    if not far or (
        min(far) - end in _GAPS if maker == "canon" else any(begins <= at < begins + length for at in far)
    ):
        return 0
    return end + 4 - min(far)
