"""Images in memory: what is handed to the process that decodes, and how that becomes a frame there."""

from __future__ import annotations

import io
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from photocli.decode import MAX_BYTES, Reading, decode_bytes
from photocli.errors import DecodeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from photocli.records import Frame

MOST_BYTES = 800_000_000
"""Images of more bytes are refused: they would not fit into the memory of the process that decodes."""

_RAW_INSIDE = ".dng"
_REDUCED, _DNG = 254, 50706  # tags of a TIFF directory: that it holds a small version, and DNG's version


@dataclass(frozen=True, slots=True)
class PackedImage:
    """An image as it is handed over: the bytes of a file, or rows of pixels.

    `mode` (Pillow's) and `size` (width, height) are those of pixels, the mode empty where `data` is a file;
    `suffix` (with its dot) is the file's. `profile` (ICC) and `exif` (bare) are empty where there are none.
    `orientation` (EXIF, 1-8) is what turns the pixels upright.
    """

    data: bytes | memoryview
    suffix: str = ""
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    profile: bytes = b""
    exif: bytes = b""
    orientation: int = 1

    @property
    def facts(self) -> dict[str, Any]:
        """All but the blocks of bytes, as JSON can hold it."""
        return {
            "suffix": self.suffix,
            "mode": self.mode,
            "size": list(self.size),
            "orientation": self.orientation,
        }

    @property
    def blocks(self) -> dict[str, NDArray[np.uint8]]:
        """The blocks of bytes that are not empty, by their names."""
        import numpy as np

        blocks = {"data": self.data, "profile": self.profile, "exif": self.exif}
        return {name: np.frombuffer(block, np.uint8) for name, block in blocks.items() if block}


def unpack(facts: dict[str, Any], blocks: dict[str, NDArray[np.uint8]]) -> PackedImage:
    """The image again, of its `facts` and `blocks`."""
    # Of pixels no second copy is made: there might be no room for it.
    pixels = blocks["data"].data if facts["mode"] and "data" in blocks else None
    taken = {name: blocks.pop(name).tobytes() for name in list(blocks) if pixels is None or name != "data"}
    size = (facts["size"][0], facts["size"][1])
    return PackedImage(**{"data": pixels or b"", **taken, **facts, "size": size})


def pack(image: object, suffix: str, reading: Reading) -> PackedImage:
    """Take an image as it is now: later changes to an array or a Pillow image do not count.

    `image` is an array (height, width, 3) of uint8 in sRGB, a Pillow image, the bytes of a file, or a binary
    file, which is read from where it stands to its end. `suffix` is that of a file's name, if it has one.

    Raises `DecodeError` for what is none of these, or cannot be used.
    """
    numpy, pillow = sys.modules.get("numpy"), sys.modules.get("PIL.Image")
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _of_file(bytes(image), suffix)
    if numpy is not None and isinstance(image, numpy.ndarray):
        return _of_array(image, reading)
    if pillow is not None and isinstance(image, pillow.Image):
        try:
            return _of_pillow(image, reading)
        except DecodeError:
            raise
        except Exception as error:  # Pillow opens files without reading them: all comes to light here
            raise DecodeError(f"Pillow cannot load it: {_words(error)}") from error
    if hasattr(image, "read"):
        return _of_file(_content(image), suffix)
    raise DecodeError(
        f"not an image: {type(image).__name__}; give a path, an array, a Pillow image, bytes or a binary file"
    )


def to_frame(packed: PackedImage, side: int, reading: Reading) -> Frame:
    """Decode a packed image; see `photocli.decode.decode`. Raises `DecodeError`."""
    if not packed.mode:
        return decode_bytes(bytes(packed.data), packed.suffix, side, reading)
    from photocli.decode import levels, raster

    try:
        level = levels.detail_factor(packed.size, side, reading.native)
        return raster.from_level(
            _reduced(packed, level),
            levels.frame_factor(max(packed.size), side) // level,
            packed.size,
            "memory",
            exif=packed.exif or None,
            orientation=packed.orientation,
            profile=packed.profile,
        )
    except MemoryError as error:
        raise DecodeError("not enough memory for this photo") from error


def _of_file(data: bytes, suffix: str) -> PackedImage:
    _check_bytes(len(data))
    return PackedImage(data, suffix or (_RAW_INSIDE if _is_raw(data) else ""))


def _of_array(array: NDArray[Any], reading: Reading) -> PackedImage:
    shape = " x ".join(map(str, array.shape))
    wanted = "give height x width x 3, sRGB, as uint8"
    if array.ndim == 4:
        raise DecodeError(f"an array of {shape} is several images; give them one by one, as list(array)")
    if array.ndim != 3 or array.shape[2] != 3:
        raise DecodeError(f"an array of {shape} is no colour image; {wanted}{_hint(array)}")
    if array.dtype != "uint8":
        raise DecodeError(f"an array of {array.dtype} is not taken; {wanted}")
    height, width = array.shape[:2]
    if not width or not height:
        raise DecodeError(f"an array of {shape} has no pixels")
    reading.check(width, height)
    _check_bytes(array.nbytes)
    return PackedImage(array.tobytes(), mode="RGB", size=(width, height))


def _hint(array: NDArray[Any]) -> str:
    """How an array of another usual layout becomes one that is taken."""
    if array.ndim == 2:
        return ": numpy.stack([array] * 3, axis=-1)"
    if array.ndim == 3 and array.shape[2] in (1, 4):
        return ": array[:, :, :3]" if array.shape[2] == 4 else ": array.repeat(3, axis=2)"
    return ": array.transpose(1, 2, 0)" if array.ndim == 3 and array.shape[0] == 3 else ""


def _of_pillow(image: Image.Image, reading: Reading) -> PackedImage:
    from PIL.TiffImagePlugin import TiffImageFile

    from photocli.decode.colour import reducible, white_of
    from photocli.decode.raster import bare_exif, exif_orientation
    from photocli.decode.tiff import camera_block, correct_colours

    reading.check(*image.size)
    if not all(image.size):
        raise DecodeError("an image without pixels")
    if isinstance(image, TiffImageFile):
        correct_colours(image)
    image.load()  # only now a PNG's EXIF is known, and a TIFF may have been turned
    block = bare_exif(image.info.get("exif")) or camera_block(image)
    try:
        turn = image.getexif().get(0x0112)
    except Exception:  # damaged metadata is no reason to refuse good pixels
        turn = exif_orientation(block)
    profile = image.info.get("icc_profile")
    pixels = reducible(image, white_of(image))
    data = pixels.tobytes()
    _check_bytes(len(data))
    return PackedImage(
        data,
        mode=pixels.mode,
        size=image.size,
        profile=profile if isinstance(profile, bytes) else b"",
        exif=block or b"",
        orientation=turn if isinstance(turn, int) and 1 <= turn <= 8 else 1,
    )


def _content(file: Any) -> bytes:
    """All that is left in a binary file."""
    if isinstance(file, io.TextIOBase):
        raise DecodeError("the file is open as text; open it with mode 'rb'")
    try:
        data = file.read(MAX_BYTES)
    except Exception as error:  # what a file of others may raise nobody knows
        raise DecodeError(f"the file cannot be read: {_words(error)}") from error
    if not isinstance(data, bytes):
        raise DecodeError(f"the file gives {type(data).__name__}, not bytes; open it with mode 'rb'")
    if not data and hasattr(file, "tell") and _at(file):
        raise DecodeError("nothing is left in the file; go back to its start with seek(0)")
    return data


def _at(file: BinaryIO) -> int:
    try:
        return file.tell()
    except Exception:  # a pipe knows of no place
        return 0


def _check_bytes(size: int) -> None:
    if size > MOST_BYTES:
        raise DecodeError(
            f"too large: {size / 1e9:.3g} GB in memory, the limit is {MOST_BYTES / 1e9:.2g}; give a path"
        )


def _reduced(packed: PackedImage, factor: int) -> Image.Image:
    """The pixels as an image, reduced as `raster` does, band by band: of a large one there is no second."""
    from PIL import Image

    width, height = packed.size
    row = len(packed.data) // height
    rows = factor * max(1, 4_000_000 // (width * factor))
    found: Image.Image | None = None
    for top in range(0, height, rows):
        size = (width, min(rows, height - top))
        piece = memoryview(packed.data)[top * row : (top + size[1]) * row]
        band = Image.frombytes(packed.mode, size, bytes(piece))
        band = band.reduce(factor) if factor > 1 else band
        if found is None:
            found = Image.new(packed.mode, (band.width, -(-height // factor)))
        found.paste(band, (0, top // factor))
    assert found is not None
    return found


def _is_raw(data: bytes) -> bool:
    """Whether the bytes of a TIFF are a RAW file's: its first picture is a small version of another."""
    if data[:4] not in (b"II*\0", b"MM\0*") or len(data) < 10:
        return False
    order = "<" if data[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, at)
        entries = (struct.unpack_from(order + "HHII", data, at + 2 + 12 * n) for n in range(count))
        return any(tag == _DNG or (tag == _REDUCED and value & 1) for tag, _, _, value in entries)
    except struct.error:
        return False


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
