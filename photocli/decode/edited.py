"""Whether a photo's pixels may be another's than the camera's: then its preview may show what it was before.

Editors keep what they do not know, previews among it. So a preview is only taken where all that the file says
of its past speaks of a camera alone; what is not clear counts as an edit.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from photocli.decode import directories

if TYPE_CHECKING:
    from photocli.decode.directories import Directory
    from photocli.decode.segments import JpegHead

SLACK_S = 10
"""Seconds, beside the exposure, by which cameras' own times may differ."""

_MAKE, _MODEL, _SOFTWARE, _CHANGED, _EXIF = 0x010F, 0x0110, 0x0131, 0x0132, 0x8769
_TAKEN, _EXPOSURE, _WIDTH, _HEIGHT = 0x9003, 0x829A, 0xA002, 0xA003
_PROCESSING, _DEVELOPING, _EDITING = 0x000B, 0xA43A, 0xA43B  # names of programs

# Properties of whoever developed, cropped or saved a photo.
_EDITORS = (
    b"ns.adobe.com/camera-raw-settings/",
    b"ns.adobe.com/xap/1.0/mm/",
    b"darktable.sf.net/",
    b"rawtherapee.com/",
    b"dxo.com/",
    b"phaseone.com/",
    b"captureone.com/",
    b"DocumentAncestors",
)
_PROGRAM = re.compile(rb"(?:CreatorTool|Software)\s*(?:=\s*[\"']|>)([^\"'<]*)")
_CHANGES = re.compile(rb"ModifyDate\s*(?:=\s*[\"']|>)([^\"'<]*)")
_VERSION = re.compile(
    r"(?:firmware\s*)?(?:version|ver|v)?[\s.:]*\d{1,8}(?:[.\-]\d{1,8}[a-z]?)*", re.IGNORECASE
)
_WORD = re.compile(r"[^a-z0-9]+")
_IPTC = (0x0404, 0x0425)  # captions and their checksum, which say nothing of pixels


def is_as_shot(exif: bytes | None, packets: bytes, size: tuple[int, int]) -> bool:
    """Whether all that metadata say of a photo's past speaks of a camera alone.

    `exif` is the bare block, `packets` is all XMP, and `size` is that in pixels as EXIF would state it.
    """
    first = directories.first(exif or b"")
    inner = directories.read(exif or b"", first.number(_EXIF) or 0, first.order)
    if not (first.text(_MAKE) or first.text(_MODEL)) or first.text(_PROCESSING):
        return False
    if inner.text(_DEVELOPING) or inner.text(_EDITING):
        return False
    stated = (inner.number(_WIDTH) or size[0], inner.number(_HEIGHT) or size[1])
    return (
        stated == size
        and _is_firmware(first.text(_SOFTWARE), first.text(_MODEL))
        and _is_unchanged(first, inner, packets)
        and not any(sign in packets for sign in _EDITORS)
        and all(_is_firmware(_text(name), first.text(_MODEL)) for name in _PROGRAM.findall(packets))
    )


def is_jpeg_as_shot(head: JpegHead) -> bool:
    """The same of a JPEG, whose segments may have marks of Adobe's programs, too."""
    captions = all(_holds_captions_alone(block) for block in head.photoshop)
    marked = head.is_of_adobe or not captions
    return not marked and is_as_shot(head.exif, head.packets, (head.width, head.height))


def _is_unchanged(first: Directory, inner: Directory, packets: bytes) -> bool:
    """Whether no time of a change is another than that of the exposure, by clocks of the same zone."""
    taken, changed = _time(inner.text(_TAKEN)), _time(first.text(_CHANGED))
    if taken is None or changed is None:
        return False
    slack = SLACK_S + (inner.fraction(_EXPOSURE) or 0)
    times = [changed, *(_time(_text(found)) for found in _CHANGES.findall(packets))]
    return all(time is not None and abs((time - taken).total_seconds()) <= slack for time in times)


def _is_firmware(program: str | None, model: str | None) -> bool:
    """Whether the name of a program is none, or that of the camera's own: a version, or the model in it."""
    if not program or _VERSION.fullmatch(program):
        return True
    words = [word for word in _WORD.split((model or "").lower()) if word]
    telling = [
        word for word in (*words, "".join(words), "".join(words[1:])) if len(word) > 2 and not word.isalpha()
    ]
    said = _WORD.sub("", program.lower())
    return any(word in said for word in telling if not word.isdigit())


def _time(text: str | None) -> datetime | None:
    """A time as EXIF or XMP spells it, without its fractions and zone; None where it is none."""
    digits = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", text or "")
    try:
        return datetime(*map(int, digits.groups())) if digits else None  # type: ignore[arg-type]
    except ValueError:  # a clock that was not set
        return None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


def _holds_captions_alone(block: bytes) -> bool:
    """Whether Photoshop's resources are such as programs that add captions write."""
    at = 0
    while at + 12 <= len(block):
        if block[at : at + 4] != b"8BIM" or int.from_bytes(block[at + 4 : at + 6], "big") not in _IPTC:
            return False
        name = block[at + 6] + 1
        at += 6 + name + name % 2
        length = int.from_bytes(block[at : at + 4], "big")
        at += 4 + length + length % 2
    return True
