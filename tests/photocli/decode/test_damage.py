"""A corpus of broken files, which are all refused, and of odd ones, which are all read, made by code."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from dng import write_dng
from photos import picture
from PIL import Image

from photocli.decode import Reading, decode
from photocli.errors import DecodeError

pillow_heif.register_heif_opener()

SIZE = (360, 240)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def good() -> dict[str, bytes]:
    """A whole file of every kind."""
    image = picture(size=SIZE)
    return {
        "base.jpg": encoded(image, "JPEG", quality=90),
        "optimized.jpg": encoded(image, "JPEG", quality=90, optimize=True),
        "progressive.jpg": encoded(image, "JPEG", quality=90, progressive=True),
        "restarts.jpg": encoded(image, "JPEG", quality=90, restart_marker_rows=1),
        "grey.jpg": encoded(image.convert("L"), "JPEG", quality=90),
        "cmyk.jpg": encoded(image.convert("CMYK"), "JPEG", quality=90),
        "rgb.png": encoded(image, "PNG"),
        "palette.png": encoded(image.quantize(64), "PNG"),
        "lossy.webp": encoded(image, "WEBP", quality=90),
        "lossless.webp": encoded(image, "WEBP", lossless=True),
        "raw.tif": encoded(image, "TIFF"),
        "lzw.tif": encoded(image, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(image, "TIFF", compression="tiff_deflate"),
        "jpeg.tif": encoded(image, "TIFF", compression="jpeg"),
        "bilevel.tif": encoded(image.convert("1"), "TIFF", compression="group4"),
        "a.gif": encoded(image.quantize(64), "GIF"),
        "moving.gif": encoded(
            image.quantize(64), "GIF", save_all=True, append_images=[image.rotate(180).quantize(64)]
        ),
        "a.bmp": encoded(image, "BMP"),
        "a.heic": encoded(image, "HEIF", quality=90),
        "tiles.heic": encoded(image, "HEIF", quality=90, tile_size=128),
        "a.avif": encoded(image, "AVIF", quality=90, speed=9),
    }


GOOD = tuple(good())


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return good()


@pytest.mark.parametrize("name", GOOD)
def test_a_file_that_was_cut_off_is_refused(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    content, path, missed = files[name], tmp_path / name, []
    shares = [round(len(content) * share) for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995)]
    # A GIF without its last byte lacks nothing, and viewers never look for it.
    less = (2, 3, 4, 8, 16, 32, 64) if name.endswith(".gif") else (1, 2, 3, 4, 8, 12, 16, 32, 64)
    for length in (*shares, *(len(content) - lost for lost in less)):
        path.write_bytes(content[:length])
        try:
            decode(path, 500)
            missed.append(length - len(content))
        except DecodeError as error:
            assert "\n" not in str(error)
    assert not missed


@pytest.mark.parametrize("name", ["base.jpg", "optimized.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg"])
def test_a_jpeg_with_a_hole_is_refused(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    content, path = files[name], tmp_path / name
    for share in (0.3, 0.6):
        at = int(len(content) * share)
        for filling in (bytes(4096), b"\xff" * 4096, np.random.default_rng(at).bytes(4096)):
            if name == "progressive.jpg" and share > 0.5 and not any(filling):
                continue  # in its last scans zeros are pictures, too
            path.write_bytes(content[:at] + filling + content[at + 4096 :])
            with pytest.raises(DecodeError, match=r"damaged|truncated"):
                decode(path, 500)


@pytest.mark.parametrize("name", ["base.jpg", "grey.jpg", "optimized.jpg", "restarts.jpg"])
def test_a_cut_jpeg_with_an_end_put_to_it_is_refused(
    name: str, files: dict[str, bytes], tmp_path: Path
) -> None:
    content, path = files[name], tmp_path / name
    for share in (0.3, 0.5, 0.7, 0.9):
        path.write_bytes(content[: int(len(content) * share)] + b"\xff\xd9")
        with pytest.raises(DecodeError, match="truncated"):
            decode(path, 500)


@pytest.mark.parametrize(
    "name", ["lossy.webp", "a.heic", "tiles.heic", "a.avif", "rgb.png", "a.gif", "lzw.tif"]
)
def test_a_file_whose_rest_is_zeros_is_refused(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    content, path = files[name], tmp_path / name
    for share in (0.3, 0.6, 0.8):
        path.write_bytes(content[: int(len(content) * share)].ljust(len(content), b"\0"))
        with pytest.raises(DecodeError):
            decode(path, 500)


def odd() -> Iterator[tuple[str, bytes, Image.Image, int]]:
    """Files that are strange and whole, with their picture, and how far each level may be off in the mean."""
    image = picture(size=SIZE)
    jpeg = encoded(image, "JPEG", quality=95)
    yield "trailer.jpg", jpeg + b"\xff\xd8\xff\xd9 a second picture \0" * 99, image, 3
    yield "filling.jpg", jpeg[:2] + b"\xff" * 9 + jpeg[2:], image, 3
    yield "exif.jpg", encoded(image, "JPEG", quality=95, exif=b"Exif\0\0II*\0" + b"\xff" * 99), image, 3
    yield "profile.jpg", encoded(image, "JPEG", quality=95, icc_profile=b"nonsense" * 99), image, 3
    for number in range(3):
        options = {"quality": 95, "subsampling": number, "restart_marker_blocks": 2 * number}
        yield f"{number}.jpg", encoded(image, "JPEG", **options), image, 4
        yield f"{number}-progressive.jpg", encoded(image, "JPEG", progressive=True, **options), image, 4
    yield "apng.png", encoded(image, "PNG", save_all=True, append_images=[image.rotate(90)]), image, 0
    yield "bilevel.png", encoded(image.convert("1"), "PNG"), image.convert("1"), 0
    yield "big.tif", encoded(image, "TIFF", big_tiff=True), image, 0
    yield "predictor.tif", encoded(image, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}), image, 0
    for turn in (3, 6):
        upright = image.transpose({3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}[turn])
        for way in ("raw", "tiff_lzw"):
            yield (
                f"{turn}-{way}.tif",
                encoded(image, "TIFF", compression=way, tiffinfo={274: turn}),
                upright,
                0,
            )
    for colour in (
        "black",
        "white",
        "#808080",
        "#c80a1e",
    ):  # plain ones are spelled by zeros, or by the same bytes
        half = Image.new("RGB", (1200, 900), colour)
        plain = half.copy()
        half.paste(picture(size=(1200, 450)), (0, 0))
        for name, whole in (("plain", plain), ("half", half)):
            for kind, options in (
                ("JPEG", {"quality": 90}),
                ("JPEG", {"quality": 90, "optimize": True}),
                ("JPEG", {"quality": 90, "progressive": True}),
                ("JPEG", {"quality": 90, "restart_marker_rows": 2}),
                ("WEBP", {"quality": 90}),
                ("WEBP", {"quality": 10, "method": 0}),
                ("WEBP", {"lossless": True, "method": 0}),
                ("HEIF", {"quality": 90}),
                ("AVIF", {"quality": 90, "speed": 10}),
            ):
                yield f"{name}-{colour}-{kind}-{len(options)}", encoded(whole, kind, **options), whole, 9
    for size in ((1, 1), (1, 3000), (3000, 1), (7, 5)):
        for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"):
            small = Image.new("RGB", size, "#c80a1e")
            yield f"{size}-{kind}", encoded(small, kind), small, 20


@pytest.mark.slow
def test_odd_files_that_are_whole_are_read(tmp_path: Path) -> None:
    wrong = []
    for name, content, expected, tolerance in odd():
        path = tmp_path / "photo.jpg"  # the content decides
        path.write_bytes(content)
        try:
            pixels = decode(path, 4000).pixels.astype(int)
        except DecodeError as error:
            wrong.append((name, str(error)))
            continue
        off = float(np.abs(pixels - np.asarray(expected.convert("RGB"))).mean())
        if off > tolerance:
            wrong.append((name, str(off)))
    assert not wrong


def test_a_cut_raw_file_is_refused_though_its_preview_is_whole(tmp_path: Path) -> None:
    path = write_dng(tmp_path / "a.dng", picture(size=(1200, 800)), preview=picture(size=(1200, 800)))
    content = path.read_bytes()
    for share in (0.5, 0.9, 0.999):
        path.write_bytes(content[: int(len(content) * share)])
        for raw in ("preview", "develop"):
            with pytest.raises(DecodeError, match=r"^truncated: the picture data ends early$"):
                decode(path, 600, Reading(raw=raw))


def tiff(image: Image.Image, bits: tuple[int, ...], data: bytes, planes: int = 1) -> bytes:
    """A TIFF of one strip for each plane, as Pillow does not write it."""
    count, at = len(bits), 8
    strips = count if planes == 2 else 1
    step = len(data) // strips
    extra = at + len(data)
    long = struct.pack(f"<{count}H", *bits) + struct.pack(
        f"<{strips}I", *(at + n * step for n in range(strips))
    )
    long += struct.pack(f"<{strips}I", *[step] * strips)
    places, lengths = extra + 2 * count, extra + 2 * count + 4 * strips
    fields = [
        (256, 4, 1, image.width),
        (257, 4, 1, image.height),
        (258, 3, count, bits[0] if count == 1 else extra),
        (259, 3, 1, 1),
        (262, 3, 1, 1 if count == 1 else 2),
        (273, 4, strips, at if strips == 1 else places),
        (277, 3, 1, count),
        (278, 4, 1, image.height),
        (279, 4, strips, step if strips == 1 else lengths),
        (284, 3, 1, planes),
    ]
    body = struct.pack("<H", len(fields)) + b"".join(struct.pack("<HHII", *field) for field in fields)
    return b"II*\0" + struct.pack("<I", extra + len(long)) + data + long + body + bytes(4)


def test_twelve_bits_are_as_bright_as_eight(tmp_path: Path) -> None:
    image = picture(size=SIZE).convert("L")
    values = np.asarray(image).astype(np.uint32).reshape(-1, 2) * 16
    packed = values[:, 0] << 12 | values[:, 1]
    data = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8).tobytes()
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(image, (12,), data))
    assert np.abs(decode(path, 500).pixels[..., 0].astype(int) - np.asarray(image)).max() <= 1


def test_colours_that_would_come_out_wrong_are_refused(tmp_path: Path) -> None:
    image, path = picture(size=SIZE), tmp_path / "a.tif"
    values = np.asarray(image).transpose(2, 0, 1)
    path.write_bytes(tiff(image, (8, 8, 8), values.tobytes(), planes=2))
    assert np.array_equal(decode(path, 500).pixels, np.asarray(image))
    path.write_bytes(tiff(image, (16, 16, 16), (values.astype("<u2") * 257).tobytes(), planes=2))
    with pytest.raises(DecodeError, match="not supported"):
        decode(path, 500)
