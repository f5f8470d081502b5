"""The ratings and flags that a person gave, read from sidecars and from the packets inside photos.

What photocli wrote itself is no opinion of a person's: the notes in our own namespace beside it tell it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from photocli.errors import SidecarError
from photocli.files.links import Roots, is_link
from photocli.xmp.editors import (
    FLAG_VALUES,
    MICROSOFT_RATINGS,
    MICROSOFT_STARS,
    OWN_PICK,
    RATING,
    SIDECAR_FOR,
    STARS,
)
from photocli.xmp.encoding import decode
from photocli.xmp.judgement import Judgement
from photocli.xmp.limits import LARGEST, METADATA, SEARCHED, SEGMENTS
from photocli.xmp.packet import Packet, number, same
from photocli.xmp.search import find

__all__ = ["Judgement", "embedded", "opinion", "read"]

REJECTED, PICKED = 0.0, 4.0
"""What a reject counts as, and a pick that has no stars."""

_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_SCAN = 0xDA


def read(photo: Path, twin: Path | None = None, roots: Roots | None = None) -> float | None:
    """A person's rating of a photo, 0 to 5, or None: from its sidecar, else from the packet inside it.

    1 to 5 are stars, 0 is a reject. `twin` is the RAW file stacked under the photo, which may have the
    sidecar. Files that cannot be read say nothing, and neither do sidecars that are links out of `roots`.
    """
    for sidecar, may_be_anothers in _sidecars(photo, twin):
        if roots is not None and is_link(sidecar) and roots.below(os.path.realpath(sidecar)) is None:
            continue
        with suppress(OSError, SidecarError):
            packet = Packet(decode(_start_of(sidecar))[0])
            if may_be_anothers and not _is_for(packet, photo, twin):
                continue
            value = opinion(packet)
            if value is not None:
                return value
    for file in (photo, *([twin] if twin else [])):
        with suppress(OSError, ValueError, SidecarError):
            data = embedded(file)
            value = opinion(Packet(decode(data)[0])) if data else None
            if value is not None:
                return value
    return None


def opinion(packet: Packet) -> float | None:
    """What a person said in a packet, 0 to 5; None if nobody did, or photocli alone."""
    flag = _flag(packet)
    if flag == "reject":
        return REJECTED
    stars = _stars(packet)
    if stars is not None:
        return REJECTED if stars < 0 else stars
    return PICKED if flag == "pick" else None


def embedded(photo: Path) -> bytes | None:
    """The XMP packet inside a photo: of a JPEG its segment, of any other file the first that stands in it."""
    with photo.open("rb") as file:
        if file.read(2) == b"\xff\xd8":
            return _jpeg_packet(file)
        start = find(file, [_BEGIN], SEARCHED)
        if start < 0:
            return None
        file.seek(start)
        data = file.read(LARGEST)
        end = data.find(_END)
        return data[: end + len(_END)] if end >= 0 else None


def _jpeg_packet(file: BinaryIO) -> bytes | None:
    read = file.read
    for _ in range(SEGMENTS):
        head = read(2)
        if len(head) < 2 or head[0] != 0xFF or head[1] == _SCAN or file.tell() > METADATA:
            return None
        if head[1] in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(read(2), "big") - 2
        if length < 0:
            return None
        body = read(length)
        if head[1] == 0xE1 and body.startswith(_SEGMENT):
            return body[len(_SEGMENT) :]
    return None


def _stars(packet: Packet) -> float | None:
    """The stars, -1 to 5, that a person gave; 0 is "unrated"."""
    ours = {number(value) for value in packet.values(STARS)}
    for value in packet.values(RATING):
        stars = number(value)
        if stars is not None and -1 <= stars <= 5:
            return None if stars == 0 or stars in ours else stars
    for key in MICROSOFT_RATINGS:
        for value in packet.values(key):
            percent = number(value)
            if percent in MICROSOFT_STARS[1:]:
                stars = float(MICROSOFT_STARS.index(int(percent or 0)))
                return None if stars in ours else stars
    return None


def _flag(packet: Packet) -> str | None:
    ours = packet.values(OWN_PICK)
    for key, words in FLAG_VALUES.items():
        for value in packet.values(key):
            for meaning in ("reject", "pick"):
                said = words.get(meaning)
                if value is not None and said is not None and same(value.strip(), said):
                    return None if meaning in ours else meaning
    return None


def _is_for(packet: Packet, photo: Path, twin: Path | None) -> bool:
    """Whether a sidecar that only has the stem of the photo's name belongs to it."""
    suffixes = {file.suffix[1:].lower() for file in (photo, twin) if file is not None}
    said = {(value or "").strip().lower() for value in packet.values(SIDECAR_FOR)} - {""}
    return not said or bool(said & suffixes)


def _sidecars(photo: Path, twin: Path | None) -> Iterator[tuple[Path, bool]]:
    """The sidecars that there may be; whether each may be that of another file with the same stem."""
    whole = [file.name for file in (photo, twin) if file is not None]
    for base in (*whole, photo.stem):
        for end in (".xmp", ".XMP"):
            path = photo.with_name(base + end)
            if path.is_file():
                yield path, base == photo.stem
                break


def _start_of(sidecar: Path) -> bytes:
    with sidecar.open("rb") as file:
        return file.read(LARGEST + 1)
