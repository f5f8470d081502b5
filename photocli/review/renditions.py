"""What runs in the processes that make pictures: one photo after the other, read and made into what is shown.

Nothing that is made here has metadata but its colour profile and how it lies.
"""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from photocli.decode import MAX_BYTES, Reading, decode
from photocli.decode.signature import HEAD, sniff
from photocli.errors import DecodeError
from photocli.scoring.worker import alarm, defend, keep_memory, private_streams, receive, send, source_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photocli.decode.memory import PackedImage
    from photocli.records import Frame

    Source = Path | PackedImage
    Made = tuple[list[bytes], bool]
    """What was made, and whether it took so long that it should be kept."""

VERSION = 1
"""It grows whenever the same photo would give other pictures."""

THUMBNAIL_SIDE = 320
PREVIEW_SIDE = 2048
PREVIEWS = (1600, 2560)
"""The long side in pixels that a preview inside a file may have, to be shown as it is."""

LARGEST_ITSELF = 64 << 20
"""Bytes of a JPEG that is shown as it is, at most."""

AROUND = 1.7
"""The side of the square around a face, by the longer side of its box."""

_QUALITY = 85
_WHOLE_QUALITY = 92
_LONGEST_TEXT = 120


def serve() -> None:
    """Answer wishes from standard input until it closes."""
    wishes, answers = private_streams()
    try:
        defend()
        import cv2

        import photocli.decode.raster  # noqa: F401 - every photo needs both, and they may find no memory

        cv2.setNumThreads(1)
        keep_memory()
    except Exception as error:
        send(answers, {"unable": f"{type(error).__name__}: {error}"[:200]})
        return
    send(answers, {"ready": True})
    while (message := receive(wishes)) is not None:
        wish, blocks = message
        alarm(wish["deadline"])
        _answer(wish, blocks, answers)
        alarm(0)


def _answer(wish: dict[str, Any], blocks: dict[str, NDArray[Any]], answers: IO[bytes]) -> None:
    import numpy as np

    try:
        reading = Reading(wish["max_pixels"])
        made = _MAKERS[wish["kind"]](source_of(wish, blocks), reading, wish)
    except MemoryError:
        send(answers, {"failed": "not enough memory for this photo"})
    except DecodeError as error:
        send(answers, {"failed": str(error)})
    except Exception as error:  # of a library; what the user can do about it, `decode` says of most files
        send(answers, {"failed": f"damaged: {' '.join(str(error).split())[:_LONGEST_TEXT]}"})
    else:
        pictures, keep = made
        arrays = {str(at): np.frombuffer(data, np.uint8) for at, data in enumerate(pictures)}
        send(answers, {"keep": keep}, arrays)


def _thumbnail(source: Source, reading: Reading, wish: dict[str, Any]) -> Made:
    from photocli.inputs import thumbnails

    frame = None
    with _opened(source) as file:
        if (name := _format(file, source)) in ("jpeg", "heif"):
            from photocli.decode import previews

            frame = previews.read(file, name or "", THUMBNAIL_SIDE, reading, least=THUMBNAIL_SIDE)
    if frame is None:  # of a RAW file, its smallest preview will do
        frame = _decoded(source, THUMBNAIL_SIDE, Reading(reading.max_pixels, previews="fast"))
    return [thumbnails.encode(frame.pixels, THUMBNAIL_SIDE).tobytes()], True


def _preview(source: Source, reading: Reading, wish: dict[str, Any]) -> Made:
    with _opened(source) as file:
        if _format(file, source) == "jpeg":
            from photocli.decode import previews

            if (stored := previews.stored(file, *PREVIEWS, reading)) is not None:
                return [stored], False
    frame = _decoded(source, PREVIEW_SIDE // 2, reading)  # its detail is twice as large
    pixels, profile = _largest(frame)
    return [_encoded(_converted(_fitted(pixels, PREVIEW_SIDE), profile), _QUALITY)], True


def _full(source: Source, reading: Reading, wish: dict[str, Any]) -> Made:
    native = Reading(reading.max_pixels, native=True)
    with _opened(source) as file:
        name = _format(file, source)
        if name == "jpeg" and (itself := _itself(file, reading)) is not None:
            return [itself], False
        frame = _decoded(source, PREVIEW_SIDE // 2, native)
        if name == "raw" and frame.scale < 0.9:  # a small preview
            from photocli.decode import raw

            with suppress(Exception):  # it was read by its preview, which is better than nothing
                frame = raw.read_whole(file, PREVIEW_SIDE // 2, native)
    pixels, profile = _largest(frame)
    return [_encoded(_converted(pixels, profile), _WHOLE_QUALITY)], True


def _itself(file: BinaryIO, reading: Reading) -> bytes | None:
    """The picture of a JPEG file as it is, without its metadata; None where browsers would not show it."""
    from photocli.decode import scans
    from photocli.decode.levels import native_factor
    from photocli.decode.raster import exif_orientation
    from photocli.decode.segments import read_head

    head = read_head(file)
    if head is None or not head.is_usual or native_factor((head.width, head.height)) > 1:
        return None
    reading.check(head.width, head.height)
    file.seek(0)
    data = file.read(LARGEST_ITSELF + 1)
    end = scans.check(data) + 2 if len(data) <= LARGEST_ITSELF else 0
    return head.plain(data[head.end : end], exif_orientation(head.exif)) if end else None


def _faces(source: Source, reading: Reading, wish: dict[str, Any]) -> Made:
    """Squares around the faces of a photo of the `shape` (width, height), at its own resolution or less."""
    width, height = wish["shape"]
    squares = [_square(box, width, height) for box in wish["boxes"]]
    wanted = max(1, min(right - left for left, _, right, _ in squares) // wish["size"])
    factor = max(by for by in (1, 2, 4, 8) if by <= wanted)
    frame = _decoded(source, max(1, max(width, height) // (2 * factor)), _native_or_less(reading, factor))
    pixels, profile = _largest(frame)
    scale = pixels.shape[1] / width
    made = []
    for square in squares:
        left, top, right, bottom = (round(side * scale) for side in square)
        piece = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
        made.append(_encoded(_converted(_fitted(piece, wish["size"]), profile), _QUALITY))
    return made, True


def _native_or_less(reading: Reading, factor: int) -> Reading:
    """A photo too large to be decoded whole is refused no more than in a run: it is decoded smaller."""
    return Reading(reading.max_pixels, native=factor == 1)


def _square(box: list[float], width: int, height: int) -> tuple[int, int, int, int]:
    """The square around a box of fractions, in pixels of the photo; moved inside where it can be."""
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box)
    side = round(AROUND * max((right - left) * width, (bottom - top) * height, 8))
    side = max(1, min(side, width, height))
    x = min(max(round((left + right) / 2 * width - side / 2), 0), width - side)
    y = min(max(round((top + bottom) / 2 * height - side / 2), 0), height - side)
    return x, y, x + side, y + side


def _exif(source: Source, reading: Reading, wish: dict[str, Any]) -> Made:
    """How the photo was taken, as JSON: pairs of a name and a value."""
    from photocli.metadata.capture import read_listing

    with _opened(source) as file:
        name = _format(file, source)
        if name in ("raw", "tiff"):  # they are what EXIF is made of
            rows = read_listing(file)
        else:
            rows = read_listing(io.BytesIO(_block(file, name) or b""))
        if not rows and name == "raw":
            rows = read_listing(io.BytesIO(_decoded(source, PREVIEW_SIDE // 2, reading).exif or b""))
    return [json.dumps(rows).encode()], False


def _block(file: BinaryIO, name: str | None) -> bytes | None:
    """The bare EXIF block of a photo that is none itself, read without its pixels."""
    if name == "jpeg":
        from photocli.decode.segments import read_head

        head = read_head(file)
        return None if head is None else head.exif
    from photocli.decode.raster import bare_exif

    if name == "heif":
        from pillow_heif.as_plugin import HeifImageFile

        image: Any = HeifImageFile(file)  # type: ignore[no-untyped-call]
    else:
        from PIL import Image

        image = Image.open(file)
    return bare_exif(image.info.get("exif"))


_MAKERS: dict[str, Callable[[Any, Reading, dict[str, Any]], Made]] = {
    "thumb": _thumbnail,
    "preview": _preview,
    "full": _full,
    "face": _faces,
    "exif": _exif,
}


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """The file, opened. Raises `DecodeError` for what is no regular file, or too large."""
    if not isinstance(source, Path):
        yield io.BytesIO(bytes(source.data))
        return
    try:
        status = source.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise DecodeError("not a regular file, or too large")
        with source.open("rb") as file:
            yield file
    except OSError as error:
        raise DecodeError(
            "the file is gone" if isinstance(error, FileNotFoundError) else str(error)
        ) from error


def _format(file: BinaryIO, source: Source) -> str | None:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return sniff(head, source.suffix) if head else None


def _decoded(source: Source, side: int, reading: Reading) -> Frame:
    if isinstance(source, Path):
        return decode(source, side, reading)
    from photocli.decode.memory import to_frame

    return to_frame(source, side, reading)


def _largest(frame: Frame) -> tuple[NDArray[Any], bytes | None]:
    """The largest level of a photo, and the profile by which it is still to be converted."""
    return (frame.pixels, None) if frame.detail is None else (frame.detail, frame.detail_profile)


def _converted(pixels: NDArray[Any], profile: bytes | None) -> NDArray[Any]:
    from photocli.decode.colour import converted

    return pixels if profile is None else converted(pixels, profile)


def _fitted(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """The pixels (height, width, 3), made smaller so that the long side is `side` at most."""
    import cv2
    import numpy as np

    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA))


def _encoded(pixels: NDArray[Any], quality: int) -> bytes:
    """A JPEG."""
    import numpy as np

    pixels = np.ascontiguousarray(pixels)
    try:
        import simplejpeg
    except ImportError:  # there is none for this machine
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return file.getvalue()
    colours = "420" if quality < _WHOLE_QUALITY else "444"
    return bytes(simplejpeg.encode_jpeg(pixels, quality, "RGB", colours))
