"""What is read from EXIF, and what is not believed."""

from __future__ import annotations

import struct
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import camera_exif, shared_data, write_photo
from PIL import Image

from photocli.decode import decode
from photocli.metadata.capture import read_capture, read_capture_file, read_listing
from photocli.records import Capture

FULL = Capture(
    captured="2024-05-01T10:20:30.123+02:00",
    camera="Canon EOS R5",
    lens="RF24-70mm F2.8 L IS USM",
    iso=200,
    exposure_s=0.004,
    f_number=2.8,
    focal_mm=50.0,
)


def test_everything() -> None:
    assert read_capture(camera_exif(subsec="123", offset="+02:00")) == FULL


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".heic", ".avif"])
def test_through_every_format(suffix: str, tmp_path: Path) -> None:
    exif = camera_exif(subsec="123", offset="+02:00")
    frame = decode(write_photo(tmp_path / f"photo{suffix}", size=(60, 40), exif=exif), side=60)
    assert read_capture(frame.exif) == FULL


@pytest.mark.parametrize("exif", [None, b"", b"II*\0", b"nonsense", camera_exif()[:40]])
def test_nothing_to_read(exif: bytes | None) -> None:
    capture = read_capture(exif)
    assert (capture.captured, capture.iso, capture.lens) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "2024-05-01T10:20:30"),
        ({"subsec": "5"}, "2024-05-01T10:20:30.500"),
        ({"subsec": "1234"}, "2024-05-01T10:20:30.123400"),
        ({"subsec": "  "}, "2024-05-01T10:20:30"),
        ({"offset": "-03:30"}, "2024-05-01T10:20:30-03:30"),
        ({"offset": "Z"}, "2024-05-01T10:20:30+00:00"),
        ({"offset": "   :  "}, "2024-05-01T10:20:30"),
        ({"offset": "+99:00"}, "2024-05-01T10:20:30"),
        ({"captured": "2024-05-01T10:20:30"}, "2024-05-01T10:20:30"),
        ({"captured": "0000:00:00 00:00:00"}, None),
        ({"captured": "    :  :     :  :  "}, None),
        ({"captured": "2024:02:31 10:20:30"}, None),
        ({"captured": "yesterday"}, None),
        ({"captured": None}, None),
    ],
)
def test_time(fields: dict[str, Any], expected: str | None) -> None:
    captured = read_capture(camera_exif(**fields)).captured
    assert captured == expected
    assert captured is None or datetime.fromisoformat(captured)


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("NIKON CORPORATION", "NIKON Z 9", "NIKON Z 9"),
        ("SONY", "ILCE-7M4", "SONY ILCE-7M4"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4330 DIGITAL CAMERA", "KODAK DX4330 DIGITAL CAMERA"),
        ("OLYMPUS IMAGING CORP.  ", "E-P3            ", "OLYMPUS E-P3"),
        ("SANYO Electric Co.,Ltd", "S1  ", "SANYO S1"),
        ("Jolla", "Jolla", "Jolla"),
        ("Apple\0\0\0junk", "iPhone\t 15\x1b[31m\n Pro", "Apple iPhone 15 [31m Pro"),
        ("", "X100V", "X100V"),
        ("LEICA", "", "LEICA"),
        ("", "", None),
    ],
)
def test_camera(make: str, model: str, expected: str | None) -> None:
    assert read_capture(camera_exif(make=make, model=model)).camera == expected


def test_text_holds_no_control_characters_and_no_end_of_its_length() -> None:
    lens = read_capture(camera_exif(lens="Lens\r\n\x07 \u202e1" + "x" * 5000)).lens
    assert lens is not None
    assert lens.startswith("Lens")
    assert lens.isprintable()
    assert len(lens) <= 120


@pytest.mark.parametrize("field", ["exposure", "f_number", "focal"])
@pytest.mark.parametrize("value", [(0, 0), (1, 0), (0, 10), (0xFFFFFFFF, 1), None])
def test_impossible_fractions(field: str, value: tuple[int, int] | None) -> None:
    fields: dict[str, Any] = {field: value}
    capture = read_capture(camera_exif(**fields))
    name = {"exposure": "exposure_s", "focal": "focal_mm"}.get(field, field)
    assert getattr(capture, name) is None
    assert capture.camera == "Canon EOS R5"


@pytest.mark.parametrize(("bias", "expected"), [(-2.0, -2.0), (1 / 3, 0.33), (0.0, 0.0), (99.0, None)])
def test_exposure_bias(bias: float, expected: float | None) -> None:
    assert read_capture(camera_exif(bias=bias)).exposure_bias == expected


def test_unknown_lens_and_iso() -> None:
    capture = read_capture(camera_exif(lens="----", iso=0))
    assert (capture.lens, capture.iso) == (None, None)


def test_only_the_date_of_the_file() -> None:
    """An old scanner's block: nothing but a make and the date on which the file was changed."""
    text = b"1999:12:31 23:59:58\0"
    entry = struct.pack("<HHHII", 1, 0x0132, 2, len(text), 26)
    block = b"II*\0\x08\0\0\0" + entry + b"\0\0\0\0" + text
    assert read_capture(block) == Capture(captured="1999-12-31T23:59:58")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_raises_nothing(data: st.DataObject) -> None:
    block = bytearray(camera_exif(subsec="1", offset="+01:00"))
    for at in data.draw(st.lists(st.integers(0, len(block) - 1), max_size=6)):
        block[at] = data.draw(st.sampled_from([0, 1, 2, 5, 7, 0x7F, 0xFF]))
    capture = read_capture(bytes(block))
    assert capture.exposure_s is None or capture.exposure_s > 0
    assert capture.camera is None or capture.camera.isprintable()


def test_warnings_of_the_reader_are_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    read_capture(b"not EXIF at all, and said so by a warning")
    assert capfd.readouterr() == ("", "")


def test_raw_file_says_more_than_its_preview() -> None:
    path = shared_data("raw", "nikon_z9_high_efficiency.dng")
    capture = read_capture_file(path)
    assert capture.camera == "NIKON Z 9"
    assert capture.captured is not None
    assert capture.captured.startswith("2025-08-10T19:02:53")


def test_gaps_are_filled_from_the_preview(tmp_path: Path) -> None:
    (tmp_path / "photo.raf").write_bytes(b"FUJIFILMCCD-RAW and no TIFF")
    exif = camera_exif(subsec="123", offset="+02:00")
    assert read_capture_file(tmp_path / "photo.raf", exif) == FULL
    assert read_capture_file(tmp_path / "gone.nef") == Capture()


def listing(**fields: Any) -> dict[str, str]:
    """What is shown of a photo with these tags of EXIF, by their numbers: `t9209=16`."""
    exif = Image.Exif()
    exif.load(camera_exif())
    tags = {int(name[1:], 16): value for name, value in fields.items()}
    inner = exif.get_ifd(0x8769)
    inner.update({tag: value for tag, value in tags.items() if tag > 0x8800})
    exif[0x8769] = inner
    for tag, value in tags.items():
        if tag < 0x8800:
            exif[tag] = value
    return dict(read_listing(BytesIO(exif.tobytes().removeprefix(b"Exif\0\0"))))


def test_a_listing_for_people() -> None:
    shown = listing(t9209=16, t8822=3, t9207=5, tA403=1, tA405=75, t013B="Ann\x1b[2J", t8298="me")
    assert shown == {
        "Time": "2024-05-01 10:20:30",
        "Camera": "Canon EOS R5",
        "Lens": "RF24-70mm F2.8 L IS USM",
        "Exposure": "1/250 s",
        "Aperture": "f/2.8",
        "ISO": "200",
        "Focal length": "50 mm (75 mm on 35 mm film)",
        "Program": "aperture priority",
        "Metering": "pattern",
        "Flash": "did not fire",
        "White balance": "manual",
        "Artist": "Ann [2J",
        "Copyright": "me",
    }


@pytest.mark.parametrize(("state", "said"), [(0, "did not fire"), (1, "fired"), (25, "fired")])
def test_the_flash(state: int, said: str) -> None:
    assert listing(t9209=state)["Flash"] == said


def test_what_no_table_has_is_left_out() -> None:
    shown = listing(t8822=99, t9207=99, tA403=7)
    assert not {"Program", "Metering", "White balance", "Place"} & set(shown)
    assert read_listing(BytesIO(b"")) == read_listing(BytesIO(b"II*\0nonsense")) == []
