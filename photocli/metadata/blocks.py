"""Blocks of EXIF, and where the maker's notes are: RAW files have them as TIFFs, in JPEGs, or in boxes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from photocli.decode.segments import read_head
from photocli.metadata.tags import Block, TagTable, header, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_EXIF, _NOTES, _JPEG, _PRIVATE = 0x8769, 0x927C, 0x002E, 0xC634
_MAKER = b"MakN"
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_MOST_BOXES = 64


class ExifBlock(NamedTuple):
    """The first directory of a block and that of its EXIF, and the maker's notes, wherever these are.

    `notes` is the block that has them, from a place on and for a length; `order` is their byte order, `base`
    is where places in them count from.
    """

    first: TagTable
    inner: TagTable
    notes: Block
    place: tuple[int, int]
    order: str
    base: int = 0


def of_tiff(block: Block) -> ExifBlock | None:
    """The EXIF of a block that begins with a TIFF header; None where there is none."""
    head = header(block)
    if head is None:
        return None
    order, at = head
    first = read_table(block, at, order)
    inner = read_table(block, first.number(_EXIF) or 0, order)
    return ExifBlock(first, inner, block, inner.place(_NOTES), order) if first.entries else None


def of_raw(block: Block) -> Iterator[ExifBlock]:
    """The EXIF blocks of a RAW file, whatever it is; nothing is raised."""
    if block[:15] == b"FUJIFILMCCD-RAW" and len(block) >= 92:
        yield from _of_jpeg(block, struct.unpack_from(">I", block, 84)[0])
    elif block[4:11] == b"ftypcrx":
        yield from _of_boxes(block)
    elif (found := of_tiff(block)) is not None:
        yield found
        yield from _of_private(block, found)
        yield from _of_jpeg(block, found.first.place(_JPEG)[0])


def _of_jpeg(block: Block, at: int) -> Iterator[ExifBlock]:
    """The EXIF of a JPEG that lies inside of the file."""
    if not 0 < at < len(block):
        return
    file = BytesIO(block) if isinstance(block, bytes) else cast("BinaryIO", block)
    head = read_head(file, at)
    if head is not None and head.exif is not None and (found := of_tiff(head.exif)) is not None:
        yield found


def _of_private(block: Block, found: ExifBlock) -> Iterator[ExifBlock]:
    """The notes that a converter to DNG moved: their byte order and their old place stand before them."""
    at, length = found.first.place(_PRIVATE)
    end = at + length
    if block[at : at + 6] != b"Adobe\0":
        return
    at += 6
    for _ in range(_MOST_BOXES):
        if at + 14 > end:
            return
        size = struct.unpack_from(">I", block, at + 4)[0]
        if block[at : at + 4] == _MAKER and size > 6:
            order = "<" if block[at + 8 : at + 10] == b"II" else ">"
            (old,) = struct.unpack_from(">I", block, at + 10)
            yield found._replace(place=(at + 14, size - 6), order=order, base=at + 14 - old)
            return
        at += 8 + size + size % 2


def _of_boxes(block: Block) -> Iterator[ExifBlock]:
    """The EXIF of Canon's boxes, of which each part is a TIFF of its own."""
    movie = _boxes(block, 0, len(block)).get(b"moov")
    if movie is None:
        return
    inside = _boxes(block, *movie).get(_CANON)
    parts = {} if inside is None else _boxes(block, *inside)
    first, inner, notes = (
        bytes(block[slice(*parts.get(name, (0, 0)))]) for name in (b"CMT1", b"CMT2", b"CMT3")
    )
    found, exif, head = of_tiff(first), of_tiff(inner), header(notes)
    if found is not None and exif is not None and head is not None:
        yield ExifBlock(found.first, exif.first, notes, (head[1], len(notes)), head[0])


def _boxes(block: Block, at: int, end: int) -> Mapping[bytes, tuple[int, int]]:
    """The boxes between two places: begin and end of their content by their names, or by their long ones."""
    found: dict[bytes, tuple[int, int]] = {}
    for _ in range(_MOST_BOXES):
        if at + 8 > min(end, len(block)):
            break
        size, name = struct.unpack_from(">I", block, at)[0], bytes(block[at + 4 : at + 8])
        begin = at + 8
        if size == 1 and begin + 8 <= len(block):
            size, begin = struct.unpack_from(">Q", block, begin)[0], begin + 8
        if name == b"uuid":
            name, begin = bytes(block[begin : begin + 16]), begin + 16
        if size < begin - at:
            break
        found.setdefault(name, (begin, min(at + size, end)))
        at += size
    return found


def mapped(path: Path) -> Block:
    """The content of a file, of which only what is looked at is read. Raises `OSError`."""
    import mmap

    with path.open("rb") as file:
        size = file.seek(0, 2)
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b""
