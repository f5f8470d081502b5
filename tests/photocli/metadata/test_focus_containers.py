"""Notes inside of RAW files and TIFFs, and notes that a program moved without telling them."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import maker_notes as notes
import pytest
from photos import write_photo
from PIL import Image

from photocli.decode import decode
from photocli.metadata.capture import read_frame
from photocli.metadata.focus import read_focus, read_focus_file

SIZE = (6000, 4000)
AREAS = ((-1200, 800, 300, 200), (0, 0, 360, 240))
EOS = (0.3, 0.3, 0.05, 0.05, True)
CANON = notes.bare(notes.canon(AREAS, (0,)))
CR3 = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
LUMIX = b"Panasonic\0\0\0"
EXIFTOOL = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")


def tiff(order: str = "<") -> bytes:
    """A NEF, CR2 or ARW is such a block, with pixels behind it."""
    return notes.exif("Canon", "Canon EOS R5", CANON, order=order) + bytes(1000)


def jpeg(exif: bytes) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40)).save(file, "JPEG", exif=b"Exif\0\0" + exif)
    return file.getvalue()


def raf() -> bytes:
    exif = notes.exif("FUJIFILM", "X-T3", notes.fujifilm((1800, 1200)), size=SIZE)
    preview = jpeg(exif)
    head = b"FUJIFILMCCD-RAW 0201FF129502".ljust(84, b"\0")
    return head + struct.pack(">II", 160, len(preview)) + bytes(68) + preview


def rw2() -> bytes:
    exif = notes.exif("Panasonic", "DC-S5", notes.bare(notes.panasonic((3, 10, 3, 10)), LUMIX))
    preview = jpeg(exif)
    first: list[notes.Entry] = [(0x010F, notes.TEXT, b"Panasonic\0"), (0x002E, notes.UNDEFINED, preview)]
    return b"IIU\0\x08\0\0\0" + notes.directory(first, 8)


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def cr3() -> bytes:
    head, at = b"II*\0\x08\0\0\0", 8
    camera: list[notes.Entry] = [(0x010F, notes.TEXT, b"Canon\0"), (0x0110, notes.TEXT, b"Canon EOS R5\0")]
    exif: list[notes.Entry] = [(0xA002, notes.LONG, (6000,)), (0xA003, notes.LONG, (4000,))]
    parts = (camera, exif, notes.canon(AREAS, (0,)))
    boxes = b"".join(
        box(b"CMT%d" % number, head + notes.directory(entries, at)) for number, entries in enumerate(parts, 1)
    )
    movie = box(b"moov", box(b"uuid", CR3 + box(b"CNCV", b"CanonCR3_001/00.09.00/00.00.00") + boxes))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + movie + box(b"mdat", bytes(100))


def dng() -> bytes:
    """A DNG as a converter makes it, with the notes in a block of its own, and where they lay before."""
    old = 700
    moved = notes.directory(notes.canon(AREAS, (0,)), old)
    private = b"Adobe\0MakN" + struct.pack(">I", len(moved) + 6) + b"II" + struct.pack(">I", old) + moved
    first: list[notes.Entry] = [
        (0x010F, notes.TEXT, b"Canon\0"),
        (0x0110, notes.TEXT, b"Canon EOS R5\0"),
        (0xC612, notes.BYTE, (1, 4, 0, 0)),
        (0xC634, notes.BYTE, private),
    ]
    return b"II*\0\x08\0\0\0" + notes.directory(first, 8)


RAW: dict[str, tuple[Callable[[], bytes], tuple[object, ...], str]] = {
    "nef": (tiff, EOS, "AFAreaXPositions"),
    "cr2": (lambda: tiff(">"), EOS, "AFAreaXPositions"),
    "raf": (raf, (0.3, 0.3, None, None, None), "FocusPixel"),
    "rw2": (rw2, (0.3, 0.3, None, None, None), "AFPointPosition"),
    "cr3": (cr3, EOS, "AFAreaXPositions"),
    "dng": (dng, EOS, "AFAreaXPositions"),
}


@pytest.mark.parametrize("kind", RAW)
@pytest.mark.parametrize("in_memory", [True, False])
def test_each_kind_of_raw_file_is_read(kind: str, in_memory: bool, tmp_path: Path) -> None:
    make, expected, _ = RAW[kind]
    path = tmp_path / f"photo.{kind}"
    path.write_bytes(make())
    found = read_focus_file(make() if in_memory else path, SIZE, 1)
    assert [tuple(point) for point in found] == [expected]


@EXIFTOOL
@pytest.mark.parametrize("kind", RAW)
def test_exiftool_finds_the_notes_in_the_same_files(kind: str, tmp_path: Path) -> None:
    make, _, tag = RAW[kind]
    path = tmp_path / f"photo.{kind}"
    path.write_bytes(make())
    said = subprocess.run(["exiftool", "-j", "-n", f"-{tag}", path], capture_output=True, check=True).stdout
    assert tag in json.loads(said)[0]


@pytest.mark.parametrize("orientation", [1, 6])
def test_notes_of_a_tiff_are_read_in_the_file(orientation: int, tmp_path: Path) -> None:
    """What its frame has of them was written anew, elsewhere, and their places count from the old one."""
    plain = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(plain, "TIFF")
    data = plain.getvalue()
    exif_at = len(data) + len(data) % 2
    pixels_first = Image.open(io.BytesIO(data)).tag_v2
    inner: list[notes.Entry] = [(0xA002, notes.LONG, (6000,)), (0xA003, notes.LONG, (4000,))]
    notes_at = exif_at + 2 + 3 * 12 + 4
    inner.append((0x927C, notes.UNDEFINED, CANON(notes_at, "<")))
    made = notes.directory(inner, exif_at)
    first: list[notes.Entry] = [
        (tag, notes.LONG, value if isinstance(value, tuple) else (value,))
        for tag, value in pixels_first.items()
        if tag in (256, 257, 258, 259, 262, 273, 277, 278, 279)
    ]
    first += [
        (0x010F, notes.TEXT, b"Canon\0"),
        (0x0110, notes.TEXT, b"Canon EOS R5\0"),
        (0x0112, notes.SHORT, (orientation,)),
        (0x8769, notes.LONG, (exif_at,)),
    ]
    first_at = exif_at + len(made)
    whole = data.ljust(exif_at, b"\0") + made + notes.directory(first, first_at)
    path = tmp_path / "photo.tif"
    path.write_bytes(whole[:4] + struct.pack("<I", first_at) + whole[8:])
    capture = read_frame(decode(path, side=60), path)
    assert capture.camera == "Canon EOS R5"
    assert (capture.focus_x, capture.focus_y) == ((0.3, 0.3) if orientation == 1 else (0.7, 0.3))


@pytest.mark.parametrize(
    ("maker", "by"),
    [
        *((maker, by) for maker in ("Canon", "Canon with its old place") for by in (-54, 54, 20_000)),
        ("Panasonic", 20_000),  # a small one is not told from a gap, of which others than Canon leave any
    ],
)
def test_notes_that_were_moved_are_still_read(maker: str, by: int) -> None:
    """Programs that rewrite the EXIF put the notes elsewhere, and leave the places in them as they were."""

    def moved(at: int, order: str) -> bytes:
        old = at + by if at else 1000
        if maker == "Panasonic":
            return notes.bare(notes.panasonic((3, 10, 3, 10)), LUMIX)(old, order)
        tail = b"II*\0" + struct.pack("<I", old & 0xFFFFFFFF) if "old" in maker else b""
        return CANON(old, order) + tail

    make, model = ("Panasonic", "DC-S5") if maker == "Panasonic" else ("Canon", "Canon EOS R5")
    exif = notes.exif(make, model, moved)
    (point,) = read_focus(exif, SIZE, 1)
    assert point[:2] == (0.3, 0.3)


def test_a_photo_without_notes_is_not_opened_again(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "photo.jpg", size=(60, 40))
    frame = decode(path, side=60)
    path.unlink()
    assert read_frame(frame, path).focus_points == ()
    assert read_focus_file(path, SIZE) == ()
