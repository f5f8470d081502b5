"""Packets inside JPEGs: nothing but the packet may change."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import camera_exif, picture
from PIL import Image, ImageCms
from sidecars import LIGHTROOM

from photocli.errors import SidecarError
from photocli.xmp.embedding import MOST, embedded, packet_in
from photocli.xmp.merge import XmpChanges, merge

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
PACKET = merge(None, XmpChanges(rating=4, scores={"Score": "6.25"}), now=NOW).packet
OLD = f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{LIGHTROOM}<?xpacket end="w"?>'.encode()


def jpeg(name: str = "chelsea", **options: Any) -> bytes:
    file = io.BytesIO()
    picture(name, (320, 240)).save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


def mpo(**options: Any) -> bytes:
    file = io.BytesIO()
    others = [picture("coffee", (320, 240)), picture("rocket", (160, 120))]
    picture("chelsea", (320, 240)).save(
        file, "MPO", save_all=True, append_images=others, quality=90, **options
    )
    return file.getvalue()


def with_segment(data: bytes, body: bytes, marker: int = 0xE1, at: int = 2) -> bytes:
    return data[:at] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[at:]


def segments(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Marker and body of each segment, and all from the picture's data on; apart from the code under test."""
    found, position = [], 2
    while data[position + 1] != 0xDA:
        length = struct.unpack(">H", data[position + 2 : position + 4])[0]
        found.append((data[position + 1], data[position + 4 : position + 2 + length]))
        position += 2 + length
    return found, data[position:]


def is_packet(segment: tuple[int, bytes]) -> bool:
    return segment[0] == 0xE1 and segment[1].startswith(XMP_HEAD)


EXIF = b"Exif\0\0" + camera_exif(orientation=6)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
JPEGS = {
    "plain": jpeg(),
    "progressive": jpeg(progressive=True),
    "exif": jpeg(exif=EXIF),
    "icc": jpeg(icc_profile=ICC * 40),
    "exif and icc": jpeg(exif=EXIF, icc_profile=ICC),
    "with packet": with_segment(jpeg(exif=EXIF), XMP_HEAD + OLD),
    "packet first": with_segment(jpeg(), XMP_HEAD + OLD),
    "comment": jpeg(comment=b"a comment"),
    "restart markers": jpeg(restart_marker_blocks=2),
    "grey": jpeg(),
    "trailer": jpeg() + b"SEFT" * 50,
    "zeros after": jpeg() + bytes(5000),
    "mpo": mpo(),
    "mpo with exif": mpo(exif=EXIF),
    "filled": jpeg().replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1),
}


@pytest.mark.parametrize("kind", JPEGS)
def test_nothing_but_the_packet_changes(kind: str) -> None:
    old = JPEGS[kind]
    packet = merge(packet_in(old), XmpChanges(rating=4, scores={"Score": "6.25"}), now=NOW).packet
    new = embedded(old, packet)
    if kind != "filled":
        (before, picture_before), (after, picture_after) = segments(old), segments(new)
        assert picture_before == picture_after
        rest = [s for s in after if not is_packet(s)]
        assert len(after) - len(rest) == 1
        expected = [s for s in before if not is_packet(s)]
        if kind.startswith("mpo"):
            assert [(m, len(b)) for m, b in rest] == [(m, len(b)) for m, b in expected]
        else:
            assert rest == expected
    with Image.open(io.BytesIO(old)) as one, Image.open(io.BytesIO(new)) as two:
        assert one.info.get("icc_profile") == two.info.get("icc_profile")
        assert one.getexif() == two.getexif()
        assert np.array_equal(np.asarray(one), np.asarray(two))
    found = packet_in(new)
    assert found is not None
    assert b"photocli:Score" in found
    again = merge(found, XmpChanges(rating=4, scores={"Score": "6.25"}), now=NOW)
    assert not again.changed


@pytest.mark.parametrize("options", [{}, {"exif": EXIF}])
def test_all_pictures_of_a_file_with_several_are_found_again(options: dict[str, Any]) -> None:
    old = mpo(**options)
    new = embedded(old, PACKET)
    with Image.open(io.BytesIO(old)) as one, Image.open(io.BytesIO(new)) as two:
        assert (one.n_frames, two.n_frames) == (3, 3)  # type: ignore[attr-defined]
        entries = [image.mpinfo[0xB002] for image in (one, two)]  # type: ignore[attr-defined]
        assert entries[1][0]["Size"] - entries[0][0]["Size"] == len(new) - len(old)
        assert [e["DataOffset"] for e in entries[0]] == [e["DataOffset"] for e in entries[1]]
        for frame in range(3):
            one.seek(frame)
            two.seek(frame)
            assert np.array_equal(np.asarray(one), np.asarray(two))


def test_the_packet_follows_exif_or_jfif() -> None:
    for kind, before in (("plain", [0xE0]), ("exif", [0xE1]), ("exif and icc", [0xE1]), ("mpo", [0xE0])):
        found, _ = segments(embedded(JPEGS[kind], PACKET))
        place = next(n for n, segment in enumerate(found) if is_packet(segment))
        assert [marker for marker, _ in found[:place]][-1:] == before


def test_padding_is_used_up_before_the_rest_moves() -> None:
    padded = OLD.replace(b'<?xpacket end="w"?>', b" " * 3000 + b'<?xpacket end="w"?>')
    old = with_segment(jpeg(), XMP_HEAD + padded)
    packet = merge(packet_in(old), XmpChanges(rating=4), now=NOW).packet
    assert len(packet) > len(padded)
    new = embedded(old, packet)
    assert len(new) == len(old)
    once = embedded(jpeg(), PACKET)
    more = merge(
        packet_in(once), XmpChanges(rating=2, label="red", keywords=("photocli|style|noir",)), now=NOW
    )
    assert len(embedded(once, more.packet)) == len(once)


def test_a_packet_that_is_too_large_is_refused_and_one_that_just_fits_is_not() -> None:
    for extra, fits in ((0, True), (1, False)):
        big = OLD.replace(b'xmp:Label="Red"', b'xmp:Label="' + b"r" * (MOST - len(OLD) + 3 + extra) + b'"')
        assert len(big) == MOST + extra
        if fits:
            assert packet_in(embedded(jpeg(), big)) == big
        else:
            with pytest.raises(SidecarError, match="65,502"):
                embedded(jpeg(), big)
    padded = OLD.replace(b"<?xpacket end", b" " * 70_000 + b"<?xpacket end")
    assert len(packet_in(embedded(jpeg(), padded)) or b"") == MOST


REFUSED = {
    "extended": with_segment(jpeg(), b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 60),
    "two packets": with_segment(JPEGS["with packet"], XMP_HEAD + OLD),
    "second picture": jpeg() + jpeg("coffee"),
    "no picture": jpeg()[:200],
    "cut in a segment": jpeg(icc_profile=ICC * 40)[:3000],
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "empty": b"",
    "start alone": b"\xff\xd8",
    "bad length": b"\xff\xd8\xff\xe0\0\0" + bytes(100),
    "index before": with_segment(mpo(), EXIF, at=len(mpo()) - len(segments(mpo())[1])),
    "damaged index": re.sub(rb"MPF\0....", b"MPF\0XXXX", mpo(), count=1, flags=re.DOTALL),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_could_be_harmed_is_refused(kind: str) -> None:
    with pytest.raises(SidecarError):
        embedded(REFUSED[kind], PACKET)


@given(st.sampled_from(sorted(JPEGS)), st.integers(0, 3000), st.binary(min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_damaged_files_are_refused_or_kept_whole(kind: str, at: int, put: bytes) -> None:
    old = JPEGS[kind]
    old = old[:at] + put + old[at + len(put) :]
    try:
        new = embedded(old, PACKET)
    except SidecarError:
        return
    tail = segments(old)[1] if kind != "filled" else b""
    assert new.endswith(tail)
    assert packet_in(new) is not None


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
@pytest.mark.parametrize("kind", ["plain", "progressive", "exif and icc", "with packet", "mpo with exif"])
def test_exiftool_and_exiv2_read_it_and_find_the_rest(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jpg"
    found = []
    for data in (JPEGS[kind], embedded(JPEGS[kind], merged(packet_in(JPEGS[kind])))):
        file.write_bytes(data)
        command = ["exiftool", "-j", "-G1", "-a", "-validate", "-warning", "-all", str(file)]
        found += json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    old, new = found
    assert new["XMP-xmp:Rating"] == 4
    assert new["XMP-photocli:Score"] == 6.25
    changed = re.compile(r"SourceFile|System:|File:|XMP|MPImage1:MPImageLength|ExifTool:|Composite")
    moved = file.stat().st_size - len(JPEGS[kind])
    assert {k: v for k, v in new.items() if not changed.match(k)} == {
        k: v + moved if k.endswith(":MPImageStart") and v else v
        for k, v in old.items()
        if not changed.match(k)
    }
    assert new.get("ExifTool:Warning") == old.get("ExifTool:Warning")
    done = subprocess.run(["exiv2", "-PXkv", str(file)], capture_output=True, check=True)
    assert re.search(rb"Xmp\.xmp\.Rating +4", done.stdout)
    assert done.stderr == b""


def merged(packet: bytes | None) -> bytes:
    return merge(packet, XmpChanges(rating=4, scores={"Score": "6.25"}), now=NOW).packet
