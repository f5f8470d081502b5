"""RAW files of any camera, by the preview that the camera put into them."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

import rawpy
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from photocli.decode import check_pixels
from photocli.decode.jpeg import scale_down
from photocli.decode.raster import bare_exif, exif_orientation, to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.records import Frame

ENOUGH = 1000
"""A preview with a long side of so many pixels is taken even if more were asked for: developing is slow."""

# LibRaw's flip is three bits (1 mirrored, 2 upside down, 4 transposed); EXIF has its own order of the turns.
_ORIENTATION_OF_FLIP = (1, 2, 4, 3, 5, 8, 6, 7)


def read(file: BinaryIO, side: int) -> Frame:
    """Decode a RAW file by its largest preview, or develop it; see `photocli.decode.decode`.

    It is developed only if the preview is too small, and at half size where that is large enough. Raises
    `DecodeError` if LibRaw can read neither.
    """
    try:
        # By its name: of a file of 60 MB LibRaw then reads just the parts that it needs.
        with rawpy.imread(file.name) as raw:
            sizes = raw.sizes  # asked for once: developing at half size changes them
            check_pixels(sizes.raw_width, sizes.raw_height)
            preview = _preview(raw, sizes, side)
            if preview is not None and _is_enough(preview.pixels.shape, side):
                return preview
            try:
                return _developed(raw, sizes, side)
            except rawpy.LibRawError as error:
                if preview is not None:
                    return preview
                raise DecodeError(_why_neither(error)) from error
    except rawpy.LibRawError as error:
        if isinstance(error, rawpy.LibRawUnsufficientMemoryError):
            raise MemoryError from error
        raise DecodeError("this kind of RAW file is not supported, or it is damaged") from error


def _why_neither(error: rawpy.LibRawError) -> str:
    if isinstance(error, (rawpy.LibRawIOError, rawpy.LibRawDataError)):
        return "truncated: the picture data ends early"
    return "this RAW file has no preview that can be read"


def _is_enough(shape: tuple[int, ...], side: int) -> bool:
    return max(shape) >= min(side, ENOUGH)


def _preview(raw: rawpy.RawPy, sizes: rawpy.ImageSizes, side: int) -> Frame | None:
    try:
        thumb = raw.extract_thumb()
        if thumb.format is rawpy.ThumbFormat.JPEG:
            image: Image.Image = JpegImageFile(BytesIO(bytes(thumb.data)))
        else:
            image = Image.fromarray(thumb.data)  # type: ignore[arg-type]
        size = image.size
        exif = bare_exif(image.info.get("exif"))
        turn = _turn(sizes, size, exif_orientation(exif))
        if isinstance(image, JpegImageFile):
            scale_down(image, side)
        frame = to_frame(image, side, "raw", size=size, exif=exif, orientation=turn)
    except MemoryError:
        raise
    except Exception:  # no preview, one in a format of its own, or a damaged one: all the same here
        return None
    lies = _ORIENTATION_OF_FLIP[sizes.flip & 7]  # the preview may be stored upright, whatever the sensor did
    return replace(_with_size_of_original(frame, sizes), orientation=turn if lies == 1 else lies)


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


def _with_size_of_original(frame: Frame, sizes: rawpy.ImageSizes) -> Frame:
    """The frame with the size of the developed photo, unless the preview shows another cut of it."""
    width, height = (sizes.crop_width, sizes.crop_height) if sizes.crop_width else (sizes.width, sizes.height)
    if (width > height) != (frame.width > frame.height):
        width, height = height, width
    if abs(width * frame.height / (height * frame.width) - 1) > 0.03:
        return frame
    return replace(frame, width=width, height=height)


def _developed(raw: rawpy.RawPy, sizes: rawpy.ImageSizes, side: int) -> Frame:
    half = (sizes.height // 2, sizes.width // 2)
    pixels = raw.postprocess(
        half_size=_is_enough(half, side),
        use_camera_wb=True,
        no_auto_bright=True,  # an underexposed photo must stay one
        gamma=(2.4, 12.92),
    )
    frame = to_frame(Image.fromarray(pixels), side, "raw")
    lies = _ORIENTATION_OF_FLIP[sizes.flip & 7]
    return replace(_with_size_of_original(frame, sizes), orientation=lies)
