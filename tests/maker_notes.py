"""Makers of EXIF blocks with the notes of cameras' makers, as cameras write them: from bytes alone."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

BYTE, TEXT, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL, POINTER = 1, 2, 3, 4, 5, 7, 10, 13
_FORMS = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I", SIGNED_RATIONAL: "i", POINTER: "I"}
_PER_VALUE = {RATIONAL: 2, SIGNED_RATIONAL: 2}

Entry = tuple[int, int, "bytes | Sequence[int]"]
Notes = Callable[[int, str], bytes]
"""The bytes of notes, by the place where they will lie and the byte order."""


def directory(entries: Sequence[Entry], at: int, order: str = "<", gap: int = 4) -> bytes:
    """A directory that lies at a place, with its values behind it; `gap` bytes are between the two."""
    rows, values = b"", b""
    begins = at + 2 + 12 * len(entries) + gap
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        data = value if isinstance(value, bytes) else packed(kind, value, order)
        count = len(data) if isinstance(value, bytes) else len(value) // _PER_VALUE.get(kind, 1)
        place = data.ljust(4, b"\0")
        if len(data) > 4:
            place = struct.pack(f"{order}I", begins + len(values))
            values += data + b"\0" * (len(data) % 2)
        rows += struct.pack(f"{order}HHI", tag, kind, count) + place
    return struct.pack(f"{order}H", len(entries)) + rows + bytes(gap) + values


def packed(kind: int, values: Sequence[int], order: str = "<") -> bytes:
    """Whole numbers as they are stored; those of 16 bits may have a sign."""
    return struct.pack(
        f"{order}{len(values)}{_FORMS[kind]}", *(v & 0xFFFF if kind == SHORT else v for v in values)
    )


def exif(
    make: str,
    model: str,
    notes: Notes | None,
    *,
    size: tuple[int, int] = (6000, 4000),
    orientation: int = 1,
    order: str = "<",
    subject: Sequence[int] = (),
) -> bytes:
    """A bare EXIF block; `size` is that of the stored picture, as the camera wrote it into the EXIF."""

    def block(inner_at: int, notes_at: int) -> tuple[bytes, int, int]:
        first: list[Entry] = [
            (0x010F, TEXT, make.encode() + b"\0"),
            (0x0110, TEXT, model.encode() + b"\0"),
            (0x0112, SHORT, (orientation,)),
            (0x8769, LONG, (inner_at,)),
        ]
        made = {"<": b"II*\0\x08\0\0\0", ">": b"MM\0*\0\0\0\x08"}[order] + directory(first, 8, order)
        inner_at, data = len(made), b"" if notes is None else notes(notes_at, order)
        inner: list[Entry] = [
            (0xA002, LONG, (size[0],)),
            (0xA003, LONG, (size[1],)),
            (0x927C, UNDEFINED, data),
        ]
        if subject:
            inner.append((0x9214, SHORT, subject))
        made += directory(inner if data else [each for each in inner if each[0] != 0x927C], inner_at, order)
        return made, inner_at, made.index(data, inner_at) if data else 0

    _, inner_at, notes_at = block(0, 0)
    return block(inner_at, notes_at)[0]


def bare(entries: Sequence[Entry], head: bytes = b"", gap: int = 4) -> Notes:
    """Notes whose places count from the block's header: those of Canon, Sony, Panasonic."""
    return lambda at, order: head + directory(entries, at + len(head), order, gap)


def canon(
    areas: Sequence[tuple[int, int, int, int]],
    focused: Sequence[int],
    selected: Sequence[int] = (),
    size: tuple[int, int] = (6000, 4000),
) -> list[Entry]:
    """Areas (x, y, width, height) from the middle of the picture, as newer cameras write them."""
    x, y, width, height = (tuple(area[part] for area in areas) for part in range(4))
    words = (*_words(focused, len(areas)), *_words(selected, len(areas)), 0)
    values = (2, len(areas), len(areas), *size, *size, *width, *height, *x, *y, *words)
    return [(0x0026, SHORT, (2 * len(values) + 2, *values))]


def old_canon(
    areas: Sequence[tuple[int, int]],
    extent: tuple[int, int],
    focused: Sequence[int],
    size: tuple[int, int],
    primary: int | None = None,
) -> list[Entry]:
    """Areas (x, y) from the middle of the picture, all of one size, as older cameras write them.

    `size` is that in which they are counted; the picture has three quarters of its width as its height.
    """
    x, y = (tuple(area[part] for area in areas) for part in range(2))
    main = () if primary is None else (primary,)
    values = (len(areas), len(areas), 3072, 2304, *size, *extent, *x, *y, *_words(focused, len(areas)), *main)
    return [(0x0012, SHORT, values)]


def _words(numbers: Sequence[int], count: int) -> tuple[int, ...]:
    words = [0] * ((count + 15) // 16)
    for number in numbers:
        words[number // 16] |= 1 << number % 16
    return tuple(words)


def nikon(info: bytes, mode: str = "AF-S", tag: int = 0x00B7) -> Notes:
    """Nikon's notes, with a header of their own."""

    def notes(_: int, order: str) -> bytes:
        entries: list[Entry] = [(0x0007, TEXT, mode.encode() + b"\0"), (tag, UNDEFINED, info)]
        mark = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
        return b"Nikon\0\x02\x11\0\0" + mark + directory(entries, 8, order)

    return notes


def nikon_area(version: str, values: Sequence[int], order: str = "<", *, in_focus: bool = True) -> bytes:
    """What Nikon's notes say of an area in pixels: size of the picture, its middle, its size."""
    at, told = {"0100": (0x10, 0x1C), "0101": (0x46, 0x52), "0301": (0x2A, 0), "0400": (0x3E, 0x4A)}[version]
    info = bytearray(0x54)
    info[:8] = version.encode() + bytes((1, 0, 0, 1))
    struct.pack_into(f"{order}6H", info, at, *values)
    if told:
        info[told] = in_focus
    return bytes(info)


def nikon_points(version: str, schema: int, used: Sequence[int], main: int) -> bytes:
    """What Nikon's notes say of points of a grid, which are counted from 1."""
    at, main_at = {"0100": (8, 7), "0101": (8, 0x44), "0300": (0x0A, 0x38)}[version]
    info = bytearray(0x54)
    info[:7] = version.encode() + bytes((0, 0, schema))
    info[main_at] = main
    for number in used:
        info[at + (number - 1) // 8] |= 1 << (number - 1) % 8
    return bytes(info)


def fujifilm(pixel: tuple[int, int], mode: int = 0) -> Notes:
    """Fujifilm's notes, whose places count from themselves and are little-endian whatever the rest is."""
    entries: list[Entry] = [(0x1021, SHORT, (mode,)), (0x1023, SHORT, pixel)]
    return lambda _at, _order: b"FUJIFILM\x0c\0\0\0" + directory(entries, 12)


def sony(location: Sequence[int], frame: Sequence[int] = (), mode: int = 2) -> list[Entry]:
    """Size of the picture, and the place of focus in it; width and height of its frame, and if it holds."""
    entries: list[Entry] = [(0x201B, BYTE, (mode,)), (0x2027, SHORT, location)]
    if frame:
        entries.append((0x2037, UNDEFINED, packed(SHORT, frame)))
    return entries


def panasonic(position: Sequence[int], extent: Sequence[int] = (), mode: int = 1) -> list[Entry]:
    """Numerators and denominators of the place of focus, and of its size."""
    entries: list[Entry] = [(0x0007, SHORT, (mode,)), (0x004D, RATIONAL, position)]
    return [*entries, (0x00DE, RATIONAL, extent)] if extent else entries


def olympus(settings: Sequence[Entry], head: bytes = b"OLYMPUS\0II\x03\0") -> Notes:
    """Notes of Olympus or OM System, whose places count from themselves, with the settings of the camera."""

    def notes(_at: int, _order: str) -> bytes:
        begins = len(head) + 2 + 12 + 4
        return head + directory([(0x2020, POINTER, (begins,))], len(head)) + directory(settings, begins)

    return notes


def pentax(entries: Sequence[Entry]) -> Notes:
    """Pentax's notes, whose places count from themselves."""
    return lambda _at, _order: b"PENTAX \0II" + directory(entries, 10)
