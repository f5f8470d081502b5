"""Whether a PNG or a GIF goes on to its end: what is missing behind the pixels shows that it was cut off."""

from __future__ import annotations

from typing import BinaryIO

from photocli.errors import DecodeError

_TRUNCATED = "truncated: the picture data ends early"


def check_png(file: BinaryIO) -> None:
    """Raise `DecodeError` if a PNG has no last chunk, or not all of it."""
    size, at = file.seek(0, 2), 8
    while at + 12 <= size:
        file.seek(at)
        head = file.read(8)
        at += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND" and at <= size:
            return
    raise DecodeError(_TRUNCATED)


def check_gif(file: BinaryIO) -> None:
    """Raise `DecodeError` if a GIF ends inside a block; one that lacks nothing but its last byte is fine."""
    file.seek(0)
    head = file.read(13)
    file.seek(13 + _table(head[10] if len(head) == 13 else 0))
    while (kind := file.read(1)) not in (b"", b";"):
        if kind == b",":
            described = file.read(9)
            if len(described) < 9:
                raise DecodeError(_TRUNCATED)
            file.seek(_table(described[8]) + 1, 1)
        elif kind == b"!":
            file.read(1)
        else:  # not a block: what others put behind the picture
            return
        while True:
            length = file.read(1)
            if not length:
                raise DecodeError(_TRUNCATED)
            if length == b"\0":
                break
            file.seek(length[0], 1)


def _table(flags: int) -> int:
    """The bytes of a table of colours."""
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0
