"""Every format, through the registry: the right pixels, the right way up, at the right size."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from photos import camera_exif, picture, png_header, write_photo
from PIL import Image

from photocli.decode import Reading, decode, load, names
from photocli.errors import DecodeError

SUFFIX = {"jpeg": ".jpg", "tiff": ".tif", "heif": ".heic"}
WITH_EXIF = ("jpeg", "png", "webp", "tiff", "heif", "avif")
RENDERED = tuple(name for name in names() if name != "raw")


def difference(pixels: np.ndarray, expected: Image.Image) -> float:
    """Mean absolute difference of two pictures of the same size, in levels of 0-255."""
    reference = np.asarray(expected.convert("RGB")).astype(int)
    assert pixels.shape == reference.shape
    return float(np.abs(pixels.astype(int) - reference).mean())


def path_of(name: str, folder: Path) -> Path:
    return folder / f"photo{SUFFIX.get(name, '.' + name)}"


@pytest.fixture(params=RENDERED)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_registry_lists_the_formats_that_are_sniffed() -> None:
    assert set(RENDERED) == {"avif", "bmp", "gif", "heif", "jpeg", "png", "tiff", "webp"}
    assert all(callable(load(name).read) for name in names())


def test_known_picture(name: str, tmp_path: Path) -> None:
    frame = decode(write_photo(path_of(name, tmp_path)), side=4000)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert (frame.width, frame.height, frame.format) == (451, 300, name)
    assert difference(frame.pixels, picture()) < 3


def test_reduced_by_a_whole_number(name: str, tmp_path: Path) -> None:
    path = write_photo(path_of(name, tmp_path), size=(300, 450), orientation=6 if name in WITH_EXIF else None)
    frame = decode(path, side=200)
    assert frame.pixels.shape == (225, 150, 3)
    assert (frame.width, frame.height) == (300, 450)
    assert difference(frame.pixels, picture(size=(150, 225))) < 6


def test_smaller_photo_is_left_as_it_is(name: str, tmp_path: Path) -> None:
    assert decode(write_photo(path_of(name, tmp_path), size=(60, 40)), side=512).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", WITH_EXIF)
def test_orientation(name: str, orientation: int, tmp_path: Path) -> None:
    path = write_photo(path_of(name, tmp_path), size=(120, 80), orientation=orientation)
    frame = decode(path, side=4000)
    assert (frame.width, frame.height) == (120, 80)
    assert difference(frame.pixels, picture(size=(120, 80))) < 5


@pytest.mark.parametrize("name", WITH_EXIF)
def test_exif_comes_out_bare(name: str, tmp_path: Path) -> None:
    frame = decode(write_photo(path_of(name, tmp_path), exif=camera_exif()), side=100)
    assert frame.exif is not None
    assert frame.exif[:2] in (b"II", b"MM")
    assert b"RF24-70mm F2.8 L IS USM" in frame.exif


def test_no_exif(name: str, tmp_path: Path) -> None:
    assert decode(write_photo(path_of(name, tmp_path)), side=100).exif is None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated(name: str, share: float, tmp_path: Path) -> None:
    path = write_photo(path_of(name, tmp_path))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DecodeError) as caught:
        decode(path, side=4000)
    assert "\n" not in str(caught.value)


def test_rest_filled_with_zeros(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "copy.jpg")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2].ljust(len(content), b"\0"))
    with pytest.raises(DecodeError, match="truncated: the picture data ends early"):
        decode(path, side=100)


def test_trailer_behind_a_jpeg_is_fine(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "motion.jpg")
    path.write_bytes(path.read_bytes() + b"\0" * 1000 + b"trailer")
    assert difference(decode(path, side=4000).pixels, picture()) < 3


def test_empty(name: str, tmp_path: Path) -> None:
    path = path_of(name, tmp_path)
    path.touch()
    with pytest.raises(DecodeError, match=r"^the file is empty$"):
        decode(path, side=100)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"Hello, this is no photo.\n", "not a photo: plain text"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a photo: PostScript"),
        (b"%PDF-1.7\n", "not a photo: a PDF document"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 99, "not a photo: a video"),
    ],
)
def test_stranger_named_jpg(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=f"^{reason}$"):
        decode(path, side=100)


def test_content_decides_not_the_suffix(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "photo.png").rename(tmp_path / "photo.jpg")
    frame = decode(path, side=4000)
    assert frame.format == "png"
    assert difference(frame.pixels, picture()) == 0


def test_pixel_limit_comes_from_the_header(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_header(20_000, 20_000))
    with pytest.raises(DecodeError, match=r"^too large: 400 megapixels, the limit is 250 \(--max-pixels\)$"):
        decode(path, side=100)


def test_pixel_limit_holds_for_every_format(name: str, tmp_path: Path) -> None:
    path = write_photo(path_of(name, tmp_path), size=(60, 50))
    assert decode(path, 100, Reading(max_pixels=3000)).pixels.shape == (50, 60, 3)
    reason = r"^too large: 0.003 megapixels, the limit is 0.002999 \(--max-pixels\)$"
    with pytest.raises(DecodeError, match=reason):
        decode(path, 100, Reading(max_pixels=2999))


def test_limit_is_above_that_of_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_photo(tmp_path / "photo.png", size=(60, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert decode(path, side=100).pixels.shape == (40, 60, 3)


def test_what_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match=r"^the file is gone$"):
        decode(tmp_path / "gone.jpg", side=100)
    with pytest.raises(DecodeError, match=r"^not a regular file$"):
        decode(tmp_path, side=100)


def test_warnings_of_libraries_are_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    path = write_photo(tmp_path / "photo.jpg")
    read = load("jpeg").read

    def grumble(file: BinaryIO, side: int, reading: Reading) -> object:
        warnings.warn("Corrupt EXIF data.", UserWarning, stacklevel=1)
        return read(file, side, reading)

    monkeypatch.setattr(load("jpeg"), "read", grumble)
    assert difference(decode(path, side=4000).pixels, picture()) < 3
    assert not recwarn.list


@pytest.mark.parametrize("seed", range(4))
def test_damage_anywhere_is_one_reason(name: str, seed: int, tmp_path: Path) -> None:
    path = write_photo(path_of(name, tmp_path), size=(90, 60))
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    random = np.random.default_rng(seed)
    content[random.integers(0, len(content), 20)] = random.integers(0, 256, 20)
    path.write_bytes(content.tobytes())
    try:
        frame = decode(path, side=80)
    except DecodeError as error:
        assert str(error).isprintable() and len(str(error)) < 140
    else:
        assert frame.pixels.dtype == np.uint8
        assert max(frame.pixels.shape[:2]) < 160


def test_foreign_exceptions_become_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_photo(tmp_path / "photo.jpg")

    def give_up(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(load("jpeg"), "read", give_up)
    with pytest.raises(DecodeError, match=r"^not enough memory for this photo$"):
        decode(path, side=100)


@pytest.mark.parametrize("size", [(1001, 9), (9, 1001), (17, 1), (1, 1)])
def test_odd_shapes(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    frame = decode(write_photo(path_of(name, tmp_path), size=size), side=100)
    height, width = frame.pixels.shape[:2]
    assert min(100, max(size)) <= max(width, height) < 200
    factor = max(size) / max(width, height)
    assert abs(width - size[0] / factor) <= 1
    assert abs(height - size[1] / factor) <= 1
    assert (frame.width, frame.height) == size


def test_first_picture_of_mpo(tmp_path: Path) -> None:
    path = tmp_path / "both-eyes.mpo"
    picture().save(path, save_all=True, append_images=[picture("coffee")], quality=92)
    assert difference(decode(path, side=4000).pixels, picture()) < 3


def test_first_picture_of_an_animation(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    first = picture(size=(90, 60)).quantize(256)
    first.save(path, save_all=True, append_images=[picture("coffee", (90, 60)).quantize(256)])
    assert difference(decode(path, side=100).pixels, first) == 0


def test_a_photo_of_one_format_loads_no_other(tmp_path: Path) -> None:
    code = (
        "import sys; from photocli.decode import decode, names; names()\n"
        "assert not {'numpy', 'PIL'} & set(sys.modules), 'too early'\n"
        "from pathlib import Path; decode(Path(sys.argv[1]), 64)\n"
        "print(sorted({'pillow_heif', 'rawpy', 'PIL.PngImagePlugin', 'PIL.ImageCms'} & set(sys.modules)))"
    )
    path = write_photo(tmp_path / "photo.jpg")
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
