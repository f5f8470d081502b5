"""Embedded previews: taken where they show the photo as it is now, left where they may not, never trusted."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dng import write_dng
from photos import camera_exif, picture, write_photo
from PIL import Image
from previewed import SIZE, SMALL, block, jpeg, of, photo, segment, stored

from benchmarks.previews import FULL_HD, GAIN_MAP, with_previews
from photocli.decode import Reading, decode, decode_bytes
from photocli.errors import DecodeError, UsageError
from photocli.records import Frame
from photocli.xmp import embedding

FAST = Reading(previews="fast")
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def read(data: bytes, side: int = 1024) -> Frame:
    return decode_bytes(data, ".jpg", side, FAST)


def shows(frame: Frame, name: str) -> bool:
    small = Image.fromarray(frame.pixels).resize((60, 40), reducing_gap=2)
    other = picture(name).resize((60, 40))
    return bool(np.abs(np.asarray(small, int) - np.asarray(other, int)).mean() < 12)


def is_preview(data: bytes) -> bool:
    frame = read(data)
    assert shows(frame, "flower" if frame.decoded == "preview" else "chelsea")
    return frame.decoded == "preview"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_preview_is_read_upright_with_the_size_and_metadata_of_the_photo(orientation: int) -> None:
    frame = read(photo(orientation=orientation))
    assert shows(frame, "flower")
    assert frame.pixels.shape == (680, 1020, 3)
    assert (frame.width, frame.height, frame.format, frame.decoded) == (*SIZE, "jpeg", "preview")
    assert frame.scale == pytest.approx(1020 / 1800)
    assert frame.orientation == orientation
    assert frame.exif is not None
    assert b"RF24-70mm" in frame.exif


def test_without_being_asked_the_photo_is_read() -> None:
    frame = decode_bytes(photo(), ".jpg", 1024)
    assert (frame.decoded, shows(frame, "chelsea")) == ("photo", True)


def test_only_the_head_and_the_preview_are_read(tmp_path: Path) -> None:
    data = photo()
    middle = data.index(b"\xff\xda") + 20_000  # in the photo's own data, which stays unread
    (tmp_path / "hole.jpg").write_bytes(data[:middle] + bytes(4000) + data[middle + 4000 :])
    assert decode(tmp_path / "hole.jpg", 1024, FAST).decoded == "preview"
    with pytest.raises(DecodeError):
        decode(tmp_path / "hole.jpg", 1024)


@pytest.mark.parametrize(
    ("size", "taken"),
    [
        ((999, 666), False),
        ((1000, 667), True),
        ((1024, 768), False),
        ((1020, 690), False),
        ((1020, 674), True),
    ],
)
def test_large_enough_and_of_the_photos_shape(size: tuple[int, int], taken: bool) -> None:
    assert is_preview(photo(size=size)) is taken


def test_the_smallest_that_is_large_enough_is_taken() -> None:
    others = [(FULL_HD, of("flower", size)) for size in ((1500, 1000), (1020, 680), (640, 427))]
    frame = read(with_previews(of("chelsea", SIZE), others, exif=block()))
    assert frame.pixels.shape == (680, 1020, 3)


@pytest.mark.parametrize("kind", [GAIN_MAP, 0x020001, 0x020002, 0x020003, 0x030000, 0])
def test_pictures_that_are_no_previews_are_left(kind: int) -> None:
    assert not is_preview(photo(kind=kind))


@pytest.mark.parametrize(("own", "taken"), [(1, False), (3, True), (6, False)])
def test_a_preview_that_says_that_it_lies_otherwise_is_left(own: int, taken: bool) -> None:
    image = stored(picture("flower", SMALL), 3)
    preview = jpeg(image, exif=b"Exif\0\0" + camera_exif(orientation=own))
    assert is_preview(photo(orientation=3, preview=preview)) is taken


def test_a_large_thumbnail_of_exif_is_taken() -> None:
    blur = picture("flower").resize((30, 20)).resize(SMALL, Image.Resampling.BICUBIC)
    thumbnail = jpeg(blur)
    exif = bytearray(block())
    count = struct.unpack_from("<H" if exif[:2] == b"II" else ">H", exif, 8)[0]
    order = "<" if exif[:2] == b"II" else ">"
    at = len(exif)
    struct.pack_into(f"{order}I", exif, 10 + 12 * count, at)
    exif += struct.pack(f"{order}HHHIIHHIII", 2, 0x201, 4, 1, at + 30, 0x202, 4, 1, len(thumbnail), 0)
    assert len(exif) + len(thumbnail) < 65_000
    data = with_previews(of("chelsea", SIZE), [], exif=bytes(exif) + thumbnail)
    assert read(data).decoded == "preview"


CRS = b'<rdf:Description xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:HasSettings="True"/>'
HISTORY = b'<r xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><xmpMM:History/></r>'


@pytest.mark.parametrize(
    ("packet", "taken"),
    [
        (b'<r xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/>', True),
        (b'<r xmp:ModifyDate="2024-05-01T10:20:31+02:00" xmp:CreatorTool="NIKON Z 6 Ver.03.30"/>', False),
        (b'<r xmp:ModifyDate="2024-05-01T10:20:31+02:00" xmp:CreatorTool="EOS R5 Ver.1.1"/>', True),
        (b'<r xmp:ModifyDate="2024-05-02T10:20:31"/>', False),
        (b"<xmp:ModifyDate>2024-05-02T10:20:31</xmp:ModifyDate>", False),
        (b'<r xmp:ModifyDate="yesterday"/>', False),
        (b'<r xmp:CreatorTool="Adobe Photoshop Lightroom Classic 12.3 (Windows)"/>', False),
        (CRS, False),
        (CRS.decode().encode("utf-16"), False),
        (HISTORY, False),
        (b'<r xmlns:darktable="http://darktable.sf.net/" darktable:history_end="3"/>', False),
    ],
)
def test_packets_of_editors_have_the_photo_read(packet: bytes, taken: bool) -> None:
    assert is_preview(photo(more=segment(0xE1, XMP + packet))) is taken


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ({"t0131": "Ver.1.00"}, True),
        ({"t0131": "Firmware Version 1.1.0"}, True),
        ({"t0131": "17.1.2"}, True),
        ({"t0131": "Canon EOS R5 v2"}, True),
        ({"t0131": "Adobe Photoshop Lightroom Classic 12.3 (Windows)"}, False),
        ({"t0131": "GIMP 2.10.34"}, False),
        ({"t0131": "darktable 4.2.1"}, False),
        ({"t0131": "Picasa"}, False),
        ({"t000B": "digiKam-8.0"}, False),
        ({"changed": "2024:05:01 10:20:35"}, True),
        ({"changed": "2024:05:01 10:25:30"}, False),
        ({"changed": "2023:05:01 10:20:30"}, False),
        ({"changed": "0000:00:00 00:00:00"}, False),
        ({"changed": None}, False),
    ],
)
def test_marks_of_editors_in_exif_have_the_photo_read(tags: dict[str, Any], taken: bool) -> None:
    assert is_preview(photo(block(**tags))) is taken


def test_other_signs_of_a_change_have_the_photo_read() -> None:
    exif = Image.Exif()
    exif.load(block())
    exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003] = 3600, 2400  # it was reduced since
    assert not is_preview(photo(exif.tobytes().removeprefix(b"Exif\0\0")))
    captions = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0"
    assert is_preview(photo(more=segment(0xED, captions)))
    assert not is_preview(photo(more=segment(0xED, captions + b"8BIM\x04\x06\0\0\0\0\0\0")))
    assert not is_preview(photo(more=segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01")))
    bare = with_previews(of("chelsea", SIZE), [(FULL_HD, of("flower", SMALL))])
    assert not is_preview(bare)  # without EXIF nothing is known


DAMAGES = (
    "cut off", "an end missing", "no picture", "nothing", "beyond the end", "somewhere else", "itself",
    "many", "a huge one",
)  # fmt: skip


def damaged(what: str) -> bytes:
    good = of("flower", SMALL)
    whole = photo()
    makers = {
        "cut off": lambda: whole[: len(whole) - len(good) // 2],
        "an end missing": lambda: photo(preview=good[: len(good) // 2]),
        "no picture": lambda: photo(preview=b"\xff\xd8" + b"no picture" * 99),
        "nothing": lambda: photo(preview=b"\xff\xd8\xff\xd9"),
        "beyond the end": lambda: photo(shift=1 << 30),
        "somewhere else": lambda: photo(shift=-777),
        "itself": lambda: photo(shift=-len(whole) + len(good)),
        "many": lambda: with_previews(of("chelsea", SIZE), [(FULL_HD, good[:99])] * 2000, exif=block()),
        "a huge one": lambda: photo(
            preview=good.replace(struct.pack(">HH", 680, 1020), struct.pack(">HH", 43690, 65535))
        ),
    }
    return makers[what]()


@pytest.mark.parametrize("what", DAMAGES)
def test_a_preview_that_cannot_be_read_has_the_photo_read(what: str) -> None:
    frame = read(damaged(what))
    assert (frame.decoded, shows(frame, "chelsea")) == ("photo", True)


def test_counts_and_places_that_lie_do_no_harm() -> None:
    data = bytearray(photo())
    start = data.index(b"MPF\0") + 4
    rng = np.random.default_rng(7)
    for _ in range(50):
        other = bytearray(data)
        for at in rng.integers(start, start + 80, 4):
            other[at] = rng.integers(256)
        assert read(bytes(other)).decoded in ("photo", "preview")


def test_a_photo_that_is_too_large_fails_all_the_same() -> None:
    with pytest.raises(DecodeError, match="too large"):
        decode_bytes(photo(), ".jpg", 1024, Reading(max_pixels=1_000_000, previews="fast"))


def test_the_colours_of_a_preview_without_a_profile_are_the_photos() -> None:
    from PIL import ImageCms

    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cat = jpeg(picture("chelsea", SIZE), icc_profile=swapped)
    frame = read(with_previews(cat, [(FULL_HD, of("flower", SMALL))], exif=block()))
    assert frame.decoded == "preview"
    assert shows(frame, "flower")


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool")
def test_exiftool_finds_the_same_preview(tmp_path: Path) -> None:
    preview = of("flower", SMALL)
    file = tmp_path / "photo.jpg"
    file.write_bytes(photo(preview=preview))
    found = subprocess.run(["exiftool", "-b", "-PreviewImage", file], capture_output=True, check=True)
    assert found.stdout == preview
    # A second program that writes into the head moves the preview, and says so in the index.
    subprocess.run(["exiftool", "-q", "-Rating=4", "-overwrite_original", file], check=True)
    assert decode(file, 1024, FAST).decoded == "preview"
    subprocess.run(["exiftool", "-q", "-Software=Snapseed 2.0", "-overwrite_original", file], check=True)
    assert decode(file, 1024, FAST).decoded == "photo"


def test_what_embeds_ratings_keeps_the_preview_in_its_place() -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r xmp:Rating="4"/></x:xmpmeta>'
    assert is_preview(embedding.embedded(photo(), packet))


def test_there_are_two_ways_to_read() -> None:
    with pytest.raises(UsageError, match="choose one of off, fast"):
        Reading(previews="slow")


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_thumbnail_of_a_heic_is_read_upright(orientation: int, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", minversion="1.8")
    size = SIZE if orientation == 1 else SIZE[::-1]
    path = write_photo(
        tmp_path / "a.heic",
        "chelsea",
        size=size,
        orientation=orientation,
        exif=block(orientation),
        thumbnails=[1100],
    )
    frame, whole = decode(path, 1024, FAST), decode(path, 1024)
    assert (frame.decoded, frame.width, frame.height) == ("preview", whole.width, whole.height)
    assert max(frame.pixels.shape) == 1100
    assert frame.scale == pytest.approx(1100 / 1800)
    assert frame.exif == whole.exif
    small, other = (Image.fromarray(each.pixels).resize((60, 60)) for each in (frame, whole))
    assert np.abs(np.asarray(small, int) - np.asarray(other, int)).mean() < 4


@pytest.mark.parametrize(
    ("thumbnail", "tags"),
    [(900, {}), (1100, {"t0131": "GIMP 2.10"}), (1100, {"changed": "2024:06:01 10:20:30"})],
)
def test_a_heic_without_a_good_thumbnail_or_edited_is_read_whole(
    thumbnail: int, tags: dict[str, Any], tmp_path: Path
) -> None:
    path = write_photo(tmp_path / "a.heic", "chelsea", size=SIZE, exif=block(**tags), thumbnails=[thumbnail])
    assert decode(path, 1024, FAST).decoded == "photo"


def dng(path: Path, small: bytes, *, orientation: int = 1) -> Path:
    """A RAW file of a cat with a large preview of coffee, and a `small` one in a directory of its own."""
    sensor, shown = (stored(picture(name, SIZE), orientation) for name in ("chelsea", "coffee"))
    data = bytearray(write_dng(path, sensor, preview=shown, orientation=orientation).read_bytes())
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    at = len(data)
    data += small + b"\0" * (len(small) % 2)
    directory = struct.pack("<HHHIIHHIII", 2, 0x201, 4, 1, at, 0x202, 4, 1, len(small), 0)
    struct.pack_into("<I", data, link, len(data))
    path.write_bytes(data + directory)
    return path


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_of_a_raw_file_the_smallest_preview_that_will_do_is_read(orientation: int, tmp_path: Path) -> None:
    small = of("flower", SMALL, orientation)
    path = dng(tmp_path / "a.dng", small, orientation=orientation)
    frame, whole = decode(path, 800, FAST), decode(path, 800)
    assert (shows(frame, "flower"), shows(whole, "coffee")) == (True, True)
    assert (frame.decoded, frame.width, frame.height) == ("preview", whole.width, whole.height)
    assert (frame.orientation, frame.format) == (whole.orientation, "raw")


@pytest.mark.parametrize("size", [(999, 666), (1020, 765)])
def test_of_a_raw_file_others_are_left(size: tuple[int, int], tmp_path: Path) -> None:
    small = of("flower", size)
    assert shows(decode(dng(tmp_path / "a.dng", small), 800, FAST), "coffee")
    cut = of("flower", SMALL)[:-3000]
    assert shows(decode(dng(tmp_path / "b.dng", cut), 800, FAST), "coffee")
    assert decode(tmp_path / "b.dng", 800, Reading(raw="develop", previews="fast")).decoded == "developed"
