"""RAW files of any camera, by the preview that the camera put into them."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import rawpy
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from photocli.decode import extents, jpeg, previews
from photocli.decode.levels import detail_factor, frame_factor
from photocli.decode.raster import bare_exif, exif_orientation, from_level, to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame

ENOUGH = 1000
"""A preview with a long side of so many pixels is taken even if more were asked for: developing is slow."""

LEAST = 512
"""A preview with a long side of fewer pixels, and than the photo has, is no photo that could be judged."""

# LibRaw's flip is three bits (1 mirrored, 2 upside down, 4 transposed); EXIF has its own order of the turns.
_ORIENTATION_OF_FLIP = (1, 2, 4, 3, 5, 8, 6, 7)


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a RAW file by its largest preview, or develop it; see `photocli.decode.decode`.

    It is developed if the preview is too small, or if `reading` says so, and at half size where that is large
    enough. Raises `DecodeError` if LibRaw can read neither, or if the preview is below `LEAST`.
    """
    _check_extents(file)
    try:
        # By its name, if it has one: of a file of 60 MB LibRaw then reads just the parts that it needs.
        file.seek(0)
        with rawpy.imread(getattr(file, "name", file)) as raw:
            sizes = raw.sizes  # asked for once: developing at half size changes them
            reading.check(sizes.raw_width, sizes.raw_height)
            preview = None
            if reading.raw == "preview":
                small = (
                    _small_preview(file, raw, sizes, side, reading) if reading.previews == "fast" else None
                )
                preview = small or _preview(raw, sizes, side, reading)
            if preview is not None and _is_enough(preview.pixels.shape, side):
                return preview
            try:
                return _developed(raw, sizes, side, reading)
            except rawpy.LibRawError as error:
                if preview is None:
                    raise DecodeError(_why_neither(error, reading)) from error
                _check_preview(preview.pixels.shape, sizes)
                return preview
    except rawpy.LibRawError as error:
        if isinstance(error, rawpy.LibRawUnsufficientMemoryError):
            raise MemoryError from error
        raise DecodeError("this kind of RAW file is not supported, or it is damaged") from error


def read_whole(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Develop an opened RAW file at its own resolution, which takes seconds; else as `read` gives it.

    Raises `DecodeError`, `MemoryError`, and what LibRaw raises where it cannot develop the file.
    """
    _check_extents(file)
    file.seek(0)
    with rawpy.imread(getattr(file, "name", file)) as raw:
        sizes = raw.sizes
        reading.check(sizes.raw_width, sizes.raw_height)
        return _developed(raw, sizes, side, reading, whole=True)


def _check_extents(file: BinaryIO) -> None:
    """Refuse a file that was cut off: its preview may be whole, but the photo is not."""
    head = file.read(16)
    if head[:4] in (b"II*\0", b"MM\0*"):
        extents.check_directories(file)
    elif head[4:8] == b"ftyp":
        extents.check_boxes(file)
    elif head == b"FUJIFILMCCD-RAW ":
        extents.check_raf(file)


def _check_preview(shape: tuple[int, ...], sizes: rawpy.ImageSizes) -> None:
    height, width = shape[:2]
    if max(width, height) < min(LEAST, max(sizes.width, sizes.height)):
        raise DecodeError(f"its preview has only {width}×{height} pixels, and it cannot be developed")


def _why_neither(error: rawpy.LibRawError, reading: Reading) -> str:
    if isinstance(error, rawpy.LibRawUnsufficientMemoryError):
        raise MemoryError from error
    if isinstance(error, (rawpy.LibRawIOError, rawpy.LibRawDataError)):
        return "truncated: the picture data ends early"
    if reading.raw == "develop":
        return "this kind of RAW file cannot be developed; its preview may do (--raw preview)"
    return "this RAW file has no preview that can be read"


def _is_enough(shape: tuple[int, ...], side: int) -> bool:
    return max(shape) >= min(side, ENOUGH)


def _small_preview(
    file: BinaryIO, raw: rawpy.RawPy, sizes: rawpy.ImageSizes, side: int, reading: Reading
) -> Frame | None:
    """The smallest preview that is good for a first look; LibRaw would give the largest."""
    found = (
        _preview(raw, sizes, side, reading, data) for data in previews.of_raw(file, _size_of_original(sizes))
    )
    return next((frame for frame in found if frame is not None), None)


def _preview(
    raw: rawpy.RawPy, sizes: rawpy.ImageSizes, side: int, reading: Reading, data: bytes | None = None
) -> Frame | None:
    """The frame of the largest preview, or of that JPEG among them; None if it cannot be read."""
    try:
        thumb = raw.extract_thumb() if data is None else None
        if thumb is None or thumb.format is rawpy.ThumbFormat.JPEG:
            data = bytes(thumb.data) if thumb is not None else data or b""
            image = JpegImageFile(BytesIO(data))
            exif = bare_exif(image.info.get("exif"))
            turn = _turn(sizes, image.size, exif_orientation(exif))
            frame = _of_jpeg(image, data, side, reading, exif, turn)
        else:
            pixels = Image.fromarray(thumb.data)  # type: ignore[arg-type]
            turn = _turn(sizes, pixels.size, 1)
            frame = to_frame(pixels, side, "raw", reading, orientation=turn)
    except MemoryError:
        raise
    except Exception:  # no preview, one in a format of its own, or a damaged one: all the same here
        return None
    lies = _ORIENTATION_OF_FLIP[sizes.flip & 7]  # the preview may be stored upright, whatever the sensor did
    frame = replace(_with_size_of_original(frame, sizes), orientation=turn if lies == 1 else lies)
    return replace(frame, decoded="preview")


def _of_jpeg(
    image: JpegImageFile, data: bytes, side: int, reading: Reading, exif: bytes | None, turn: int
) -> Frame:
    size, profile = image.size, image.info.get("icc_profile")
    reading.check(*size)
    level = detail_factor(size, side, reading.native)
    factor, pixels = frame_factor(max(size), side) // level, jpeg.decoded(image, data, level)
    return from_level(pixels, factor, size, "raw", exif=exif, orientation=turn, profile=profile)


def _turn(sizes: rawpy.ImageSizes, preview: tuple[int, int], own: int) -> int:
    """The EXIF orientation by which a preview must be turned; `own` is the one that its JPEG states.

    Some cameras store the preview as the sensor lies, others upright, and few say which. Where a quarter turn
    is due, the shape tells.
    """
    turn = _ORIENTATION_OF_FLIP[sizes.flip & 7]
    if turn == 1:
        return own
    is_upright = (preview[0] > preview[1]) != (sizes.width > sizes.height)
    return 1 if turn >= 5 and is_upright else turn


def _size_of_original(sizes: rawpy.ImageSizes) -> tuple[int, int]:
    return (sizes.crop_width, sizes.crop_height) if sizes.crop_width else (sizes.width, sizes.height)


def _with_size_of_original(frame: Frame, sizes: rawpy.ImageSizes) -> Frame:
    """The frame with the size of the developed photo, unless the preview shows another cut of it."""
    width, height = _size_of_original(sizes)
    if (width > height) != (frame.width > frame.height):
        width, height = height, width
    if abs(width * frame.height / (height * frame.width) - 1) > 0.03:
        return frame
    looked_at = frame.scale * max(frame.width, frame.height)
    return replace(frame, width=width, height=height, scale=min(1.0, looked_at / max(width, height)))


def _developed(
    raw: rawpy.RawPy, sizes: rawpy.ImageSizes, side: int, reading: Reading, *, whole: bool = False
) -> Frame:
    half = (sizes.height // 2, sizes.width // 2)
    pixels = raw.postprocess(
        half_size=not whole and _is_enough(half, side),
        use_camera_wb=True,
        no_auto_bright=True,  # an underexposed photo must stay one
        gamma=(2.4, 12.92),
    )
    frame = to_frame(Image.fromarray(pixels), side, "raw", reading)
    lies = _ORIENTATION_OF_FLIP[sizes.flip & 7]
    return replace(_with_size_of_original(frame, sizes), orientation=lies, decoded="developed")
