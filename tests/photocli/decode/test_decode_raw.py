"""RAW files: by the preview if it will do, developed if not, and never turned twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dng import write_dng
from photos import STORED_AS, camera_exif, picture, shared_data
from PIL import Image

from photocli.decode import Reading, decode
from photocli.errors import DecodeError, UsageError
from photocli.metadata.capture import read_capture, read_capture_file

BIG = (1200, 800)


def difference(pixels: np.ndarray, expected: Image.Image) -> float:
    reference = np.asarray(expected).astype(int)
    assert pixels.shape == reference.shape
    return float(np.abs(pixels.astype(int) - reference).mean())


def stored(image: Image.Image, orientation: int) -> Image.Image:
    turn = STORED_AS[orientation]
    return image if turn is None else image.transpose(turn)


def test_preview_is_taken(tmp_path: Path) -> None:
    shown = picture("coffee", BIG)
    path = write_dng(tmp_path / "a.dng", picture("chelsea", BIG), preview=shown)
    frame = decode(path, side=600)
    assert frame.format == "raw"
    assert (frame.width, frame.height) == BIG
    assert difference(frame.pixels, shown.resize((600, 400), Image.Resampling.HAMMING)) < 3


@pytest.mark.parametrize("preview", [None, picture(size=(160, 107))], ids=["none", "tiny"])
def test_developed_without_a_useful_preview(preview: Image.Image | None, tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(900, 600)), preview=preview)
    frame = decode(path, side=900)
    assert (frame.width, frame.height) == (900, 600)
    assert difference(frame.pixels, picture(size=(900, 600))) < 3


def test_developed_at_half_size_where_that_will_do(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(900, 600)))
    frame = decode(path, side=450)
    assert (frame.width, frame.height) == (900, 600)
    assert difference(frame.pixels, picture(size=(450, 300))) < 6


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("has_preview", [True, False])
def test_orientation(has_preview: bool, orientation: int, tmp_path: Path) -> None:
    sensor = stored(picture(size=BIG), orientation)
    path = write_dng(
        tmp_path / "a.dng", sensor, orientation=orientation, preview=sensor if has_preview else None
    )
    frame = decode(path, side=300)
    assert (frame.width, frame.height) == BIG
    assert frame.orientation == orientation
    # At half size a pixel more or less is cut from the edges; any wrong turn differs by more than 25.
    assert difference(frame.pixels, picture(size=(300, 200))) < 13


@pytest.mark.parametrize("orientation", [6, 8])
def test_upright_preview_is_not_turned_again(orientation: int, tmp_path: Path) -> None:
    upright = picture(size=BIG)
    path = write_dng(
        tmp_path / "a.dng", stored(upright, orientation), orientation=orientation, preview=upright
    )
    frame = decode(path, side=300)
    assert (frame.width, frame.height) == BIG
    assert frame.orientation == orientation
    assert difference(frame.pixels, picture(size=(300, 200))) < 4


def test_orientation_of_the_preview_alone(tmp_path: Path) -> None:
    sensor = stored(picture(size=BIG), 6)
    options: dict[str, Any] = {"exif": b"Exif\0\0" + camera_exif(orientation=6)}
    path = write_dng(tmp_path / "a.dng", sensor, preview=sensor, preview_options=options)
    frame = decode(path, side=300)
    assert difference(frame.pixels, picture(size=(300, 200))) < 4
    assert read_capture(frame.exif).camera == "Canon EOS R5"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated(share: float, tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(300, 200)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DecodeError, match=r"^truncated: the picture data ends early$"):
        decode(path, side=300)


def test_truncated_in_its_directory(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(300, 200)))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DecodeError, match="not supported, or it is damaged"):
        decode(path, side=300)


def test_unknown_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.nef"
    path.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(DecodeError, match=r"^this kind of RAW file is not supported, or it is damaged$"):
        decode(path, side=300)


def test_pixel_limit(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(300, 200)))
    with pytest.raises(DecodeError, match="too large"):
        decode(path, 300, Reading(max_pixels=1000))


def test_nikon_whose_compression_cannot_be_decoded() -> None:
    path = shared_data("raw", "nikon_z9_high_efficiency.dng")
    frame = decode(path, side=1500)
    assert frame.pixels.shape == (424, 640, 3)
    assert (frame.width, frame.height) == (5392, 3592)
    assert frame.pixels.min() > 250  # the maker of the file blanked the picture
    assert read_capture(frame.exif).camera == "Nikon Z 9"
    assert read_capture_file(path, frame.exif).camera == "NIKON Z 9"


def test_kodak_whose_preview_is_tiny() -> None:
    frame = decode(shared_data("raw", "kodak_dc50.kdc"), side=1500)
    assert frame.pixels.shape == (512, 768, 3)
    assert frame.pixels.std() > 30


def test_dng_without_preview() -> None:
    frame = decode(shared_data("raw", "tiny.dng"), side=1500)
    assert frame.pixels.shape == (1157, 1737, 3)
    assert (frame.width, frame.height) == (3456, 2303)


def test_developed_if_that_is_asked_for(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture("chelsea", BIG), preview=picture("coffee", BIG))
    frame = decode(path, 600, Reading(raw="develop"))
    assert (frame.width, frame.height) == BIG
    assert difference(frame.pixels, picture("chelsea", (600, 400))) < 8


def test_a_tiny_preview_is_no_photo(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=BIG), preview=picture(size=(160, 120)))
    content = bytearray(path.read_bytes())
    for compression in range(len(content) - 12):  # JPEG XL, which LibRaw cannot develop
        if content[compression : compression + 12] == b"\x03\x01\x03\0\x01\0\0\0\x01\0\0\0":
            content[compression + 8 : compression + 10] = (52_546).to_bytes(2, "little")
            break
    path.write_bytes(content)
    with pytest.raises(
        DecodeError, match=r"^its preview has only 160×120 pixels, and it cannot be developed$"
    ):
        decode(path, 600)
    with pytest.raises(DecodeError, match=r"cannot be developed; its preview may do \(--raw preview\)$"):
        decode(path, 600, Reading(raw="develop"))


def test_ways_of_reading_that_there_are_not() -> None:
    with pytest.raises(UsageError, match="'paint'; choose one of preview, develop"):
        Reading(raw="paint")
    with pytest.raises(UsageError, match="above zero"):
        Reading(max_pixels=0)
