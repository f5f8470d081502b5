"""Where the XMP packet lies in a photo file: found with a few reads where the format has an index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from photocli.decode.holes import item_boxes, item_kinds, item_places
from photocli.errors import DecodeError
from photocli.xmp.limits import LARGEST, METADATA, SEARCHED, SEGMENTS
from photocli.xmp.search import find

_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
_BEGIN, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_SCAN = 0xDA

# TIFF, and the RAW formats that are TIFFs under another number; of each the order of the bytes.
_TIFFS: dict[bytes, Literal["little", "big"]] = {
    b"II*\0": "little", b"MM\0*": "big",
    b"IIRO": "little", b"IIRS": "little", b"MMOR": "big", b"IIU\0": "little",
}  # fmt: skip
_XMP_TAG = 700
_MOST_TAGS = 4096
_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_FUJI, _FUJI_JPEG_AT = b"FUJIFILMCCD-RAW", 84
_PNG, _PNG_KEYWORD = b"\x89PNG\r\n\x1a\n", b"XML:com.adobe.xmp\0\0\0"
_MOST_CHUNKS = 20_000


def embedded(photo: Path) -> bytes | None:
    """The XMP packet inside a photo, None without one.

    A file that is not known by its first bytes is searched for a packet. Raises `OSError` and `ValueError`.
    """
    with photo.open("rb") as file:
        head = file.read(16)
        if head[:2] == b"\xff\xd8":
            return _in_jpeg(file, 2)
        if head[:4] in _TIFFS:
            return _in_tiff(file, head[:4])
        if head.startswith(_FUJI):
            file.seek(_FUJI_JPEG_AT)
            return _in_jpeg(file, int.from_bytes(file.read(4), "big") + 2)
        if head[4:8] == b"ftyp":
            return _in_boxes(file)
        if head.startswith(_PNG):
            return _in_png(file)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _in_webp(file)
        return _searched(file)


def _in_jpeg(file: BinaryIO, at: int) -> bytes | None:
    file.seek(at)
    read = file.read
    for _ in range(SEGMENTS):
        head = read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == _SCAN or file.tell() - at > METADATA:
            return None
        if head[1] in _WITHOUT_LENGTH:
            file.seek(-2, 1)
            continue
        length = int.from_bytes(head[2:], "big") - 2
        if length < 0:
            return None
        body = read(length)
        if head[1] == 0xE1 and body.startswith(_SEGMENT):
            return body[len(_SEGMENT) :]
    return None


def _in_tiff(file: BinaryIO, magic: bytes) -> bytes | None:
    order = _TIFFS[magic]

    def number(data: bytes) -> int:
        return int.from_bytes(data, order)

    file.seek(4)
    file.seek(number(file.read(4)))
    count = min(number(file.read(2)), _MOST_TAGS)
    entries = file.read(12 * count)
    for start in range(0, len(entries) - 11, 12):
        if number(entries[start : start + 2]) == _XMP_TAG:
            file.seek(number(entries[start + 8 : start + 12]))
            return file.read(min(number(entries[start + 4 : start + 8]), LARGEST + 1)).rstrip(b"\0")
    return None


def _in_boxes(file: BinaryIO) -> bytes | None:
    """Of CR3 in a box of its own, of HEIF and AVIF in an item."""
    size = file.seek(0, 2)
    for kind, at, end in item_boxes(file, 0, size):
        file.seek(at)
        if kind == b"uuid" and file.read(16) == _UUID:
            return file.read(min(end - at - 16, LARGEST + 1))
        if kind == b"meta":
            for place, length in _texts(file, at + 4, end):
                file.seek(place)
                if (found := _packet(file.read(min(length, LARGEST + 1)))) is not None:
                    return found
    return None


def _texts(file: BinaryIO, at: int, end: int) -> Iterator[tuple[int, int]]:
    """The places and lengths of the items that have a MIME type, as packets do."""
    inside = {kind: (begins, ends) for kind, begins, ends in item_boxes(file, at, end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    kinds = item_kinds(file, *inside[b"iinf"])
    try:
        yield from (
            (place, length)
            for item, place, length in item_places(file, *inside[b"iloc"])
            if kinds.get(item) == b"mime"
        )
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _in_png(file: BinaryIO) -> bytes | None:
    at = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8 + len(_PNG_KEYWORD))
        if len(head) < 12:
            return None
        length = int.from_bytes(head[:4], "big")
        if head[4:8] == b"iTXt" and head[8:].startswith(_PNG_KEYWORD[:-1]):
            file.seek(at + 8)
            return _packet(file.read(min(length, LARGEST)))
        at += 12 + length
    return None


def _in_webp(file: BinaryIO) -> bytes | None:
    at = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return None
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"XMP ":
            return file.read(min(length, LARGEST + 1))
        at += 8 + length + length % 2
    return None


def _searched(file: BinaryIO) -> bytes | None:
    start = find(file, [_BEGIN], SEARCHED)
    if start < 0:
        return None
    file.seek(start)
    return _packet(file.read(LARGEST))


def _packet(data: bytes) -> bytes | None:
    """What is a packet within some bytes."""
    start, end = data.find(_BEGIN), data.find(_END)
    return data[start : end + len(_END)] if 0 <= start < end else None
