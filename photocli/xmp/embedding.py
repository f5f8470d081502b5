"""The XMP packet inside a JPEG: read, and replaced without touching the compressed picture.

A JPEG is a row of segments before the picture's data. The packet is one of them; only its bytes change, and
all others, and everything from the picture's data on, are compared before the result is given out.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from photocli.errors import SidecarError
from photocli.xmp.limits import LARGEST_JPEG, METADATA, SEGMENTS

MOST = 65_502
"""Bytes of a packet: what fits into one segment beside its head."""

HEAD = 512 * 1024
"""How many bytes from the start of a JPEG hold its packet, nearly always."""

_SOI = b"\xff\xd8"
_APP0, _APP1, _APP2, _SOS, _EOI = 0xE0, 0xE1, 0xE2, 0xDA, 0xD9
_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_MPF = b"MPF\0"
_MP_ENTRY = 0xB002
# In picture data 0xFF is followed by 0 or a restart marker; anything else is a real marker.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PADDING = (b" " * 99 + b"\n") * 20  # room for other programs, and for us, to add without moving the rest
_WRAPPER = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'.encode(),
    b"\n" + _PADDING + b'<?xpacket end="w"?>',
)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A segment at `start:end`, of whose `body` the marker and the length are no part."""

    marker: int
    start: int
    body: bytes

    @property
    def end(self) -> int:
        return self.start + 4 + len(self.body)

    def is_app(self, marker: int, head: bytes) -> bool:
        return self.marker == marker and self.body.startswith(head)


def is_jpeg(head: bytes) -> bool:
    """Whether a file that begins so is a JPEG."""
    return head.startswith(b"\xff\xd8\xff")


def read(photo: Path) -> bytes:
    """All of a JPEG. Raises `SidecarError` if it is too large, and `OSError`."""
    if photo.stat().st_size > LARGEST_JPEG:
        raise SidecarError(f"a JPEG larger than {LARGEST_JPEG // 2**20} MB")
    return photo.read_bytes()


def packet_in(jpeg: bytes) -> bytes | None:
    """The XMP packet of a JPEG, or of its first bytes; `None` if it has none that can be read."""
    try:
        segments = _segments(jpeg)
    except SidecarError:
        return None
    return next((s.body[len(_XMP) :] for s in segments if s.is_app(_APP1, _XMP)), None)


def embedded(jpeg: bytes, packet: bytes) -> bytes:
    """The JPEG with this packet in the place of the one that it has, or in the usual place for a new one.

    Raises `SidecarError` where that cannot be done without harm.
    """
    segments = _segments(jpeg)
    if segments[-1].marker != _SOS:
        raise SidecarError("its picture data was not found")
    if any(s.is_app(_APP1, _EXTENDED) for s in segments):
        raise SidecarError("it has an extended XMP packet, which is not changed")
    olds = [s for s in segments if s.is_app(_APP1, _XMP)]
    if len(olds) > 1:
        raise SidecarError("it has several XMP packets")
    old = olds[0] if olds else None
    if old is None and b"<?xpacket" not in packet[:100]:
        packet = packet.strip().join(_WRAPPER)
    packet = _fitted(packet, len(old.body) - len(_XMP) if old else None)
    body = _XMP + packet
    start = old.start if old else _place(segments)
    end = old.end if old else start
    segment = struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body
    grown = len(segment) - (end - start)
    if grown:
        _check_followers(jpeg, segments, start)
    sized = _with_size(jpeg, segments, grown)
    picture = memoryview(sized)
    result = b"".join((picture[:start], segment, picture[end:]))
    _verify(jpeg, result, packet)
    return result


def _segments(jpeg: bytes) -> list[_Segment]:
    """The segments before the picture's data, with the first one of that as the last."""
    if not jpeg.startswith(_SOI):
        raise SidecarError("it is no JPEG")
    found: list[_Segment] = []
    position = 2
    while position + 4 <= len(jpeg):
        if jpeg[position] != 0xFF:
            break
        marker = jpeg[position + 1]
        if marker == 0xFF:  # filling
            position += 1
            continue
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        end = position + 2 + length
        if marker in (0, 1, _EOI) or 0xD0 <= marker <= 0xD8 or length < 2 or end > len(jpeg):
            break
        if end > METADATA or len(found) >= SEGMENTS:
            raise SidecarError("more metadata before its picture than any camera writes")
        found.append(_Segment(marker, position, jpeg[position + 4 : end]))
        if marker == _SOS:
            return found
        position = end
    if not found:
        raise SidecarError("its segments cannot be read")
    return found


def _fitted(packet: bytes, before: int | None) -> bytes:
    """The packet at the size of the one before, if its padding allows, else within what a segment holds."""
    end = packet.rfind(b"<?xpacket end=")
    room = end - len(packet[:end].rstrip(b" \t\r\n")) if end >= 0 else 0
    for size in (before, MOST if len(packet) > MOST else None):
        if size is not None and room and room + size - len(packet) > 0:
            packet = packet[: end - room] + b" " * (room + size - len(packet)) + packet[end:]
            break
    if len(packet) > MOST:
        raise SidecarError(f"its XMP packet would have {len(packet):,} bytes; a JPEG has room for {MOST:,}")
    return packet


def _place(segments: list[_Segment]) -> int:
    """Where a new packet goes: after EXIF, which readers expect first, else after JFIF, else at the start."""
    place = 2
    for segment in segments:
        if segment.is_app(_APP1, _EXIF):
            return segment.end
        if segment.marker == _APP0 and segment.start == place:
            place = segment.end
    return place


def _check_followers(jpeg: bytes, segments: list[_Segment], start: int) -> None:
    """Refuse where something would be looked for in the wrong place if what follows moved."""
    indexes = [s for s in segments if s.is_app(_APP2, _MPF)]
    if any(s.start < start for s in indexes):
        raise SidecarError("it holds several pictures, whose index stands before its XMP packet")
    if not indexes and jpeg[_end_of_picture(jpeg, segments[-1]) :].lstrip(b"\0").startswith(b"\xff\xd8\xff"):
        raise SidecarError("a second picture follows in the file, which other programs would not find again")


def _end_of_picture(jpeg: bytes, scan: _Segment) -> int:
    position = scan.end
    while match := _MARKER.search(jpeg, position):
        if match[0][1] == _EOI:
            return match.end()
        position = match.end() + int.from_bytes(jpeg[match.end() : match.end() + 2], "big")
    return len(jpeg)


def _with_size(jpeg: bytes, segments: list[_Segment], grown: int) -> bytes:
    """The JPEG, in whose index of several pictures the size of the first one has grown.

    The places of the others count from the index itself, which moves with them.
    """
    for segment in segments:
        if grown and segment.is_app(_APP2, _MPF):
            at = segment.start + 4 + len(_MPF) + _size_field(segment.body[len(_MPF) :])
            order = ">" if segment.body[len(_MPF) :].startswith(b"MM") else "<"
            (size,) = struct.unpack_from(order + "I", jpeg, at)
            if size:
                return jpeg[:at] + struct.pack(order + "I", size + grown) + jpeg[at + 4 :]
    return jpeg


def _size_field(index: bytes) -> int:
    """Where in an index of pictures the size of the first one stands."""
    try:
        order = {b"II*\0": "<", b"MM\0*": ">"}[index[:4]]
        (ifd,) = struct.unpack_from(order + "I", index, 4)
        (count,) = struct.unpack_from(order + "H", index, ifd)
        for number in range(count):
            tag, _, length, value = struct.unpack_from(order + "HHII", index, ifd + 2 + 12 * number)
            if tag == _MP_ENTRY and length >= 16 and value + length <= len(index):
                _, _, offset = struct.unpack_from(order + "III", index, value)
                if offset == 0:  # the first picture's, always
                    return int(value) + 4
    except (KeyError, struct.error):
        pass
    raise SidecarError("it holds several pictures, whose index cannot be read")


def _verify(before: bytes, after: bytes, packet: bytes) -> None:
    """Prove that nothing but the packet, and the size in an index of pictures, differs."""
    old, new = _segments(before), _segments(after)
    others = [
        [
            (s.marker, len(s.body) if s.is_app(_APP2, _MPF) else s.body)
            for s in each
            if not s.is_app(_APP1, _XMP)
        ]
        for each in (old, new)
    ]
    same_picture = memoryview(before)[old[-1].start :] == memoryview(after)[new[-1].start :]
    if not same_picture or others[0] != others[1] or packet_in(after) != packet:
        raise SidecarError("its XMP packet cannot be replaced safely")
