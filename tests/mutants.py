"""Damaged copies of tiny photos in every format, and of sidecars: cut, spliced, with false headers."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from dng import write_dng
from photos import camera_exif, picture, write_photo
from sidecars import LIGHTROOM, STYLES

Joint = tuple[int, int, str]
"""Where a number stands that says how the file goes on: its place, its bytes, and their order."""

_SIZE = (48, 32)
_TELLING = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_CONTAINERS = (b"meta", b"iprp", b"ipco", b"iinf", b"moov", b"iref")

_PIECES = [
    text.encode()
    for text in (
        *(
            "<",
            ">",
            "/>",
            '"',
            "'",
            "&",
            "&amp;",
            "&#0;",
            "&#xD800;",
            "&lt;",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
        ),
        *(
            "<?xpacket end='w'?>",
            "</rdf:RDF>",
            "<rdf:RDF>",
            "</x:xmpmeta>",
            "<rdf:Description/>",
            "\0",
            "\ufeff",
        ),
        *(
            'xmp:Rating="3" ',
            "<xmp:Rating>4</xmp:Rating>",
            ' xmlns:xmp="urn:other"',
            ' xml:lang="de"',
            "\r\n",
        ),
        *('<!DOCTYPE a [<!ENTITY b "c">]>', "&b;", "\U0001f600", "\ud7ff", "xmlns=''", ' rdf:about="x"'),
        *(' photocli:Stars="2" xmlns:photocli="urn:p"', '<a xmlns="urn:a"><b/></a>', "<rdf:li>x</rdf:li>"),
    )
] + [b"\xff\xfe", b"\xda\xb8", b"\xc3", b"\xed\xa0\x80", b"\x1b"]
_SPACES = ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:q="urn:q"'
_PLACES = {
    r"<rdf:Description": [' xmlns:q="urn:q" q:odd="a &gt; b"', " xmlns:q='urn:q' q:two='&#10;\"x\"'", "\n\t"],
    r"</rdf:Description>": [
        f"<rdf:Description{_SPACES} xmp:Rating='3'/>",
        f'<rdf:Description rdf:about=""{_SPACES}><q:a>1</q:a><xmp:Rating> 2 </xmp:Rating></rdf:Description>',
        "<!-- <rdf:Description> -->",
    ],
    r"<rdf:Description[^<>]*[^/]>": [
        f'<q:s{_SPACES} rdf:parseType="Resource"><xmp:Rating>1</xmp:Rating><q:t>\u00fc</q:t></q:s>',
        f"<q:c{_SPACES}><![CDATA[</rdf:Description> & <]]></q:c>",
        f"<q:e{_SPACES}/><?pi <xmp:Rating/> ?>",
        f"<xmp:Rating{_SPACES}>&#x35;</xmp:Rating>",
        f'<xmp:Label{_SPACES} xml:lang="de">\U0001f600</xmp:Label>',
    ],
    r"<rdf:li>": ["&lt;", "&#x1F600;", "<!-- x -->", "<![CDATA[&]]>", "  ", "\n"],
    r"^": ["\ufeff", "\n", "<!-- before -->"],
    r"(?s).*</[a-zA-Z]+:[a-zA-Z]+>": ["\n" * 50, "<!-- after -->", "<?pi?>"],
}


def seeds(folder: Path) -> dict[str, bytes]:
    """Small good photos by file name: all formats, with a camera's EXIF, and JPEGs with a packet of XMP."""
    folder.mkdir(parents=True, exist_ok=True)
    exif = camera_exif(orientation=6, subsec="12", offset="+02:00", bias=0.5)
    kinds: dict[str, tuple[str, dict[str, object]]] = {
        "baseline": (".jpg", {}),
        "progressive": (".jpg", {"progressive": True, "xmp": LIGHTROOM.encode()}),
        "restarts": (".jpeg", {"restart_marker_blocks": 1, "comment": b"a comment"}),
        "plain": (".png", {}),
        "lossy": (".webp", {"lossless": False}),
        "lossless": (".webp", {}),
        "raw strips": (".tif", {}),
        "avif": (".avif", {}),
        "heic": (".heic", {}),
    }
    for name, (suffix, options) in kinds.items():
        write_photo(folder / f"{name}{suffix}", size=_SIZE, exif=exif, **options)
    write_photo(folder / "bmp.bmp", size=_SIZE)
    picture(size=_SIZE).save(folder / "packed.tif", compression="tiff_lzw")
    frames = [picture(name, _SIZE).convert("P") for name in ("chelsea", "coffee")]
    frames[0].save(folder / "gif.gif", save_all=True, append_images=frames[1:])
    picture(size=_SIZE).convert("P").save(folder / "palette.png", interlace=True)
    image = picture(size=(64, 48))
    write_dng(folder / "raw.dng", image, orientation=6)
    write_dng(folder / "preview.dng", image, preview=image, preview_options={"exif": b"Exif\0\0" + exif})
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def mutant(data: bytes, rng: random.Random, *, only_exif: bool = False) -> bytes:
    """A damaged copy of a photo: one to three changes, half of them at the joints of its structure.

    With `only_exif`, all of them are in its block of EXIF, so that the picture can be read.
    """
    low, high = _exif_range(data) if only_exif else (0, len(data))
    for _ in range(rng.choice((1, 1, 2, 3))):
        found = [joint for joint in joints(data) if low <= joint[0] and joint[0] + joint[1] <= high]
        if found and rng.random() < 0.5:
            data = _lied(data, rng.choice(found), rng)
        else:
            data = _damaged(data, rng, low, min(high, len(data)), same_size=only_exif)
    return _with_checksums(data) if data.startswith(b"\x89PNG") and rng.random() < 0.7 else data


def sidecar_mutant(text: str, rng: random.Random) -> bytes:
    """A damaged copy of a sidecar: bytes, tags, quotes, names and entities put in, taken out or swapped.

    Half of the copies have only what may stand there, such as more elements and attributes in odd forms.
    """
    gentle = rng.random() < 0.5
    for _ in range(rng.choice((1, 1, 2, 3)) if gentle else 0):
        place = rng.choice(list(_PLACES))
        ends = [match.end() for match in re.finditer(place, text)]
        if ends:
            at = rng.choice(ends)
            text = text[:at] + rng.choice(_PLACES[place]) + text[at:]
    codec = rng.choice(("utf-8", "utf-8", "utf-8", "utf-16", "latin-1"))
    data = text.replace('encoding="UTF-8"', f'encoding="{codec}"').encode(codec, "xmlcharrefreplace")
    for _ in range(0 if gentle else rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(data) + 1)
        if rng.random() < 0.5:  # at a place where markup begins or ends
            at = max(data.find(rng.choice((b"<", b">", b'"', b"=", b":")), at), 0)
        if rng.random() < 0.6:
            taken = rng.choice((0, 0, 0, 1, 5, 40))
            data = data[:at] + rng.choice(_PIECES) + data[at + taken :]
        else:
            data = _damaged(data, rng, 0, len(data))
    return data


def joints(data: bytes) -> list[Joint]:
    """The places of lengths, tags, counts and offsets in a photo of any format, as far as they make sense."""
    found: list[Joint] = []
    if data.startswith(b"\xff\xd8"):
        found += _in_jpeg(data)
    elif data.startswith(b"\x89PNG"):
        found += [joint for at, _ in _chunks(data) for joint in ((at, 4, "big"), (at + 4, 4, "big"))]
        found += [(at + 8, 4, "big") for at, _ in _chunks(data)]
    elif data.startswith(b"RIFF"):
        found += _in_riff(data)
    elif data.startswith(b"BM"):
        found += [(at, 4, "little") for at in (2, 10, 14, 18, 22, 30, 34, 46)]
        found += [(at, 2, "little") for at in (26, 28)]
    elif data.startswith(b"GIF"):
        found += [(at, 2, "little") for at in (6, 8)] + [(10, 1, "little"), (11, 1, "little")]
        found += [(at, 1, "little") for at in range(13 + 768, min(len(data), 13 + 768 + 40))]
    elif data[4:8] == b"ftyp":
        found += _in_boxes(data, 0, len(data))
    for start in (b"II*\0", b"MM\0*"):
        at = data.find(start)
        while at >= 0:
            found += _in_tiff(data, at)
            at = data.find(start, at + 1)
    return [joint for joint in found if joint[0] + joint[1] <= len(data)]


def _exif_range(data: bytes) -> tuple[int, int]:
    """Where the block of EXIF in a JPEG begins and ends."""
    at = data.index(b"Exif\0\0")
    return at + 6, at - 2 + int.from_bytes(data[at - 2 : at], "big")


def _lied(data: bytes, joint: Joint, rng: random.Random) -> bytes:
    at, size, order = joint
    byteorder = "little" if order == "little" else "big"
    now = int.from_bytes(data[at : at + size], byteorder)
    near = (
        now - 1,
        now + 1,
        now * 2,
        now // 2,
        len(data),
        len(data) - at,
        at,
        now + 256,
        rng.randrange(2**32),
    )
    value = rng.choice((*_TELLING, *near)) % (1 << 8 * size)
    return data[:at] + value.to_bytes(size, byteorder) + data[at + size :]


def _damaged(data: bytes, rng: random.Random, low: int, high: int, *, same_size: bool = False) -> bytes:
    """One blind change between two places."""
    if high - low < 2:
        return data
    at = rng.randrange(low, high)
    end = min(high, at + rng.choice((1, 1, 2, 4, 16, 64, 300)))
    other = rng.randrange(low, high)
    middle = data[at:end]
    same = [
        bytes(byte ^ 1 << rng.randrange(8) for byte in middle),
        rng.randbytes(end - at),
        bytes(end - at),
        b"\xff" * (end - at),
        data[other : other + end - at].ljust(end - at, b"\0")[: end - at],
    ]
    if same_size or rng.random() < 0.6:
        return data[:at] + rng.choice(same) + data[end:]
    changed = [b"", middle * 2, middle * rng.choice((3, 50)), rng.randbytes(rng.randrange(1, 40)) + middle]
    return data[:at] if rng.random() < 0.15 else data[:at] + rng.choice(changed) + data[end:]


def _in_jpeg(data: bytes) -> Iterator[Joint]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        yield at + 1, 1, "big"
        yield at + 2, 2, "big"
        yield from ((at + 4 + place, 1, "big") for place in range(12))
        if data[at + 1] == 0xDA:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the chunks of a PNG stand, and how much each one holds."""
    at = 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield at, size
        at += 12 + size


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose checksums are right, so that a reader goes on to what they cover."""
    fixed = bytearray(data)
    for at, size in _chunks(data):
        if at + 12 + size <= len(data):
            fixed[at + 8 + size : at + 12 + size] = struct.pack(
                ">I", zlib.crc32(data[at + 4 : at + 8 + size])
            )
    return bytes(fixed)


def _in_riff(data: bytes) -> Iterator[Joint]:
    yield 4, 4, "little"
    at = 12
    while at + 8 <= len(data):
        yield at + 4, 4, "little"
        yield from ((at + 8 + place, 1, "little") for place in range(10))
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def _in_boxes(data: bytes, at: int, end: int) -> Iterator[Joint]:
    while at + 8 <= end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        yield at, 4, "big"
        yield at + 4, 4, "big"
        yield from ((at + 8 + place, 2, "big") for place in range(0, min(size - 8, 24), 2))
        if size < 8:
            return
        if kind in _CONTAINERS:
            skipped = {b"meta": 4, b"iinf": 6, b"iref": 4}.get(kind, 0)
            yield from _in_boxes(data, at + 8 + skipped, min(at + size, end))
        at += size


def _in_tiff(data: bytes, base: int) -> Iterator[Joint]:
    order = "little" if data[base : base + 2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], "little" if order == "little" else "big")

    yield base + 4, 4, order
    folders, seen = [number(base + 4, 4)], set()
    while folders:
        at = base + folders.pop()
        if at in seen or at + 2 > len(data):
            continue
        seen.add(at)
        yield at, 2, order
        count = min(number(at, 2), 60)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            yield from (
                (entry, 2, order),
                (entry + 2, 2, order),
                (entry + 4, 4, order),
                (entry + 8, 4, order),
            )
            if number(entry, 2) in (330, 34665, 34853, 40965):
                folders.append(number(entry + 8, 4))
            size = _TYPES.get(number(entry + 2, 2), 1)
            if size * number(entry + 4, 4) > 4:
                yield base + number(entry + 8, 4), min(size, 4), order
        yield at + 2 + 12 * count, 4, order
        folders.append(number(at + 2 + 12 * count, 4))


def sidecar_texts() -> list[str]:
    """Good sidecars in the styles of the programs that write them."""
    return list(STYLES.values())
