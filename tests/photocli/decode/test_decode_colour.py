"""Every colour mode and profile that files come in becomes the same 8-bit sRGB."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from photos import picture
from PIL import Image, ImageCms
from profiles import P3, SRGB, rgb_profile

from photocli.decode import Reading, decode, decode_bytes, memory
from photocli.errors import DecodeError

SIZE = (180, 120)
RGB = picture(size=SIZE)
GREY = RGB.convert("L")
GREY_VALUES = np.asarray(GREY)
# Left half opaque, right half fading out.
ALPHA = Image.fromarray(
    np.tile(np.clip(np.linspace(2, 0, SIZE[0]), 0, 1) * 255, (SIZE[1], 1)).astype(np.uint8)
)


def difference(path: Path, expected: Image.Image) -> float:
    """How far a file is from what is expected. Its bytes, and what Pillow opens, give the same pixels."""
    pixels = decode(path, side=4000).pixels
    assert np.array_equal(decode_bytes(path.read_bytes(), path.suffix, 4000).pixels, pixels)
    if path.suffix != ".heic":  # which Pillow does not open by itself
        packed = memory.pack(Image.open(path), "", Reading())
        assert np.array_equal(memory.to_frame(packed, 4000, Reading()).pixels, pixels)
    reference = np.asarray(expected.convert("RGB")).astype(int)
    assert pixels.shape == reference.shape
    return float(np.abs(pixels.astype(int) - reference).mean())


def saved(folder: Path, name: str, image: Image.Image, **options: Any) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGB", SIZE, "white")
    white.paste(image.convert("RGB"), mask=ALPHA)
    return white


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(ALPHA)
    return image


@pytest.mark.parametrize(
    ("name", "image", "expected", "bound"),
    [
        ("grey.png", GREY, GREY, 0),
        ("one-bit.png", RGB.convert("1"), RGB.convert("1"), 0),
        ("palette.png", RGB.quantize(256), RGB.quantize(256), 0),
        ("alpha.png", with_alpha(RGB), over_white(RGB), 1),
        ("grey-alpha.png", with_alpha(GREY), over_white(GREY), 1),
        ("palette-alpha.png", with_alpha(RGB).quantize(256), over_white(RGB), 6),
        ("alpha.webp", with_alpha(RGB), over_white(RGB), 4),
        ("alpha.tif", with_alpha(RGB), over_white(RGB), 1),
        ("grey.jpg", GREY, GREY, 3),
        ("cmyk.jpg", RGB.convert("CMYK"), RGB, 4),
        ("cmyk.tif", RGB.convert("CMYK"), RGB, 1),
        ("ycbcr.tif", RGB.convert("YCbCr"), RGB, 2),
        ("one-bit.tif", RGB.convert("1"), RGB.convert("1"), 0),
        ("palette.tif", RGB.quantize(256), RGB.quantize(256), 0),
        ("palette.bmp", RGB.quantize(256), RGB.quantize(256), 0),
        ("palette.gif", RGB.quantize(256), RGB.quantize(256), 0),
        ("grey.avif", GREY, GREY, 3),
    ],
)
def test_mode(name: str, image: Image.Image, expected: Image.Image, bound: float, tmp_path: Path) -> None:
    assert difference(saved(tmp_path, name, image), expected) <= bound


@pytest.mark.parametrize(("image", "colour"), [(GREY, 255 - 128), (RGB, (40, 30, 20))], ids=["L", "RGB"])
def test_colour_that_is_declared_transparent(image: Image.Image, colour: Any, tmp_path: Path) -> None:
    image = image.copy()
    image.paste(colour, (0, 0, 60, 120))
    path = saved(tmp_path, "keyed.png", image, transparency=colour)
    pixels = decode(path, side=4000).pixels
    assert (pixels[:, :60] == 255).all()
    assert difference(path, image) > 20
    assert (decode(path, side=90).pixels[:, :28] == 255).all()


def test_lab(tmp_path: Path) -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(RGB, to_lab)
    assert lab is not None
    assert difference(saved(tmp_path, "lab.tif", lab), RGB) < 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_of_16_bits_is_scaled_not_clipped(suffix: str, tmp_path: Path) -> None:
    image = Image.fromarray(GREY_VALUES.astype(np.uint16) * 257)
    assert difference(saved(tmp_path, f"grey16{suffix}", image), GREY) == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_colour_of_16_bits_tiff(order: str, compression: str | None, tmp_path: Path) -> None:
    path = tmp_path / "rgb16.tif"
    values = (np.asarray(RGB).astype(np.uint16) * 257).astype(f"{order}u2")
    tifffile.imwrite(path, values, photometric="rgb", compression=compression, byteorder=order)
    assert difference(path, RGB) < 1


def test_colour_of_16_bits_png(tmp_path: Path) -> None:
    rows = (np.asarray(RGB).astype(np.uint16) * 257).astype(">u2").reshape(SIZE[1], -1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", *SIZE, 16, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    path = tmp_path / "rgb16.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
    assert difference(path, RGB) < 1


@pytest.mark.parametrize(
    "values",
    [
        GREY_VALUES.astype(np.int32) * 257,
        (GREY_VALUES.astype(np.uint64) * 0x01010101).astype(np.uint32),
        GREY_VALUES.astype(np.float32) / 255,
        GREY_VALUES.astype(np.float32),
        GREY_VALUES.astype(np.float32) * 257,
    ],
    ids=["int up to 65535", "full unsigned int", "float up to 1", "float up to 255", "float up to 65535"],
)
def test_grey_of_32_bits(values: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "grey32.tif"
    tifffile.imwrite(path, values, photometric="minisblack")
    assert difference(path, GREY) < 1


def test_float_that_is_no_number_or_brighter_than_white(tmp_path: Path) -> None:
    values = np.full((4, 6), 0.5, np.float32)
    values[0, :4] = [np.nan, np.inf, -np.inf, 3.0]
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, values, photometric="minisblack")
    pixels = decode(path, side=10).pixels[..., 0]
    assert pixels[0].tolist() == [0, 255, 0, 255, 128, 128]


def test_kind_of_tiff_that_is_not_supported(tmp_path: Path) -> None:
    path = tmp_path / "rgb-float.tif"
    tifffile.imwrite(path, np.asarray(RGB).astype(np.float32) / 255, photometric="rgb")
    with pytest.raises(DecodeError, match=r"^damaged, or a kind of TIFF that is not supported$"):
        decode(path, side=100)


def test_alpha_is_weighed_when_reduced(tmp_path: Path) -> None:
    """The colour that hides under full transparency must not bleed into its neighbours."""
    values = np.zeros((64, 64, 4), np.uint8)
    values[:, ::2] = (255, 0, 0, 255)
    values[:, 1::2] = (0, 255, 0, 0)
    path = saved(tmp_path, "stripes.png", Image.fromarray(values))
    pixels = decode(path, side=32).pixels
    assert np.abs(pixels.reshape(-1, 3).mean(0) - (255, 127.5, 127.5)).max() < 4


def as_seen_in_p3(image: Image.Image) -> Image.Image:
    """The numbers that mean the same colours in a space with the primaries of Display P3 and exponent 2.2."""
    srgb = np.asarray(image) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    wide = linear @ np.array(SRGB) @ np.linalg.inv(np.array(P3))
    return Image.fromarray(np.rint(np.clip(wide, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
def test_wide_gamut_is_converted(suffix: str, tmp_path: Path) -> None:
    profile = rgb_profile(b"Wide", P3, 2.2)
    wide = as_seen_in_p3(RGB)
    options = {".webp": {"lossless": True}, ".jpg": {"quality": 98, "subsampling": 0}}.get(suffix, {})
    path = saved(tmp_path, f"wide{suffix}", wide, icc_profile=profile, **options)
    unconverted = float(np.abs(np.asarray(wide).astype(int) - np.asarray(RGB)).mean())
    assert difference(path, RGB) < 1.5
    assert unconverted > 2.5


def test_wide_gamut_heic(tmp_path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    profile = rgb_profile(b"Wide", P3, 2.2)
    path = saved(tmp_path, "wide.heic", as_seen_in_p3(RGB), icc_profile=profile, quality=100, chroma=444)
    assert difference(path, RGB) < 2


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(saved(tmp_path, "srgb.png", RGB, icc_profile=profile), RGB) == 0


@pytest.mark.parametrize(
    "profile", [b"not a profile", rgb_profile(b"Cut", P3, 2.2)[:200]], ids=["nonsense", "truncated"]
)
def test_broken_profile_is_ignored(profile: bytes, tmp_path: Path) -> None:
    assert difference(saved(tmp_path, "photo.png", RGB, icc_profile=profile), RGB) == 0


def test_colour_profile_on_a_grey_picture(tmp_path: Path) -> None:
    path = saved(tmp_path, "grey.png", GREY, icc_profile=rgb_profile(b"Dark", SRGB, 1.0))
    pixels = decode(path, side=4000).pixels
    linear = GREY_VALUES / 255
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(pixels[..., 1] - expected).mean() < 2


def test_rgb_profile_on_cmyk_is_ignored(tmp_path: Path) -> None:
    path = saved(tmp_path, "cmyk.tif", RGB.convert("CMYK"), icc_profile=rgb_profile(b"Wide", P3, 2.2))
    assert difference(path, RGB) < 2


def test_profile_survives_the_reduction(tmp_path: Path) -> None:
    big = picture(size=(720, 480))
    file = BytesIO()
    as_seen_in_p3(big).save(file, "JPEG", quality=97, subsampling=0, icc_profile=rgb_profile(b"W", P3, 2.2))
    path = tmp_path / "big.jpg"
    path.write_bytes(file.getvalue())
    pixels = decode(path, side=180).pixels
    reference = np.asarray(big.resize(SIZE, Image.Resampling.HAMMING)).astype(int)
    assert np.abs(pixels.astype(int) - reference).mean() < 2.5
