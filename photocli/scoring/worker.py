"""What runs inside a worker process: one photo after the other, decoded, cut to inputs, its metadata read.

Faces are found here, too, where the frame is, on one thread: their crops are all that the parent gets of it.

Messages are a length, a JSON header, and the bytes of the arrays that it names: no pickle, since a worker
that a hostile file took over must not be able to run code in the parent. Arrays go from where they were made
into a pipe, and out of it to where they are used: there is no other copy, and no memory that both can change.
"""

from __future__ import annotations

import gc
import json
import math
import os
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from photocli.models.runtime import SILENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photocli.decode import Reading
    from photocli.decode.memory import PackedImage
    from photocli.faces.detection import FaceDetection
    from photocli.inputs.views import InputSpec
    from photocli.records import Frame

MEMORY_LIMIT = 1_900_000_000
"""Bytes that a worker may fill, on Linux: with its libraries it stays below 2 GB. A hostile file costs its
worker, not the machine."""

ADDRESS_LIMIT = 4 << 30
"""Bytes of address space that a worker may take, on Linux: most of it is never filled."""

KEPT, LARGEST_KEPT = 64 << 20, 32 << 20
"""Bytes that are free and that a worker keeps all the same, and of the largest piece that it keeps."""

QUIET = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **SILENCE}
"""What a worker's environment has libraries do: use one thread, and report nothing."""

_TYPES = {"|u1": "uint8", "<f4": "float32"}
"""What arrays in messages may be: pixels, and the numbers of faces."""


_LONGEST = 1 << 26
"""Bytes of a header; that of an image in memory has its metadata."""

_PIPE = 1 << 20
"""Bytes that a pipe holds, where the system allows it: else a worker wakes its parent for every 64 KB."""


def send(stream: IO[bytes], header: dict[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> None:
    """Write one message. Raises `OSError` if nobody listens any more."""
    arrays = arrays or {}
    if arrays:
        shapes = {name: [_TYPES[array.dtype.str], *array.shape] for name, array in arrays.items()}
        header = {**header, "arrays": shapes}
    text = json.dumps(header).encode()
    stream.write(struct.pack("<I", len(text)) + text)
    for array in arrays.values():
        stream.write(_bytes(array))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
    """Read one message; None when the other side has gone. Raises `ValueError` for what is no message."""
    size = stream.read(4)
    if len(size) < 4:
        return None
    length = struct.unpack("<I", size)[0]
    if length > _LONGEST:
        raise ValueError(f"there are no headers of {length} bytes")
    header = json.loads(stream.read(length))
    arrays = {}
    for name, (type_, *shape) in header.pop("arrays", {}).items():
        arrays[name] = array = _room(type_, shape)
        if stream.readinto(_bytes(array)) != array.nbytes:  # type: ignore[attr-defined]  # all have it
            raise ValueError("the message was cut off")
    return header, arrays


def _room(type_: str, shape: list[Any]) -> NDArray[Any]:
    """Memory for an array of a message. Raises `ValueError` if there can be none such."""
    import numpy as np

    if type_ not in _TYPES.values():
        raise ValueError(f"there are no arrays of {type_}")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"there are no arrays of shape {shape}")
    if math.prod(shape) * np.dtype(type_).itemsize > MEMORY_LIMIT:
        raise ValueError(f"no worker has an array of shape {shape}")
    return np.empty(shape, type_)


def _bytes(array: NDArray[Any]) -> memoryview:
    """The bytes of an array, which stay where they are if they lie side by side."""
    import numpy as np

    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def widen(stream: IO[bytes]) -> None:
    """Have a pipe hold as much as most messages have, on Linux."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE)


def serve() -> None:
    """Answer tasks from standard input until it closes."""
    gc.disable()  # until modules are loaded, the last with the first photo: there is no cycle among them
    tasks, answers = private_streams()
    try:
        defend()
        import cv2

        import photocli.decode.raster  # noqa: F401 - every photo needs both, and they may find no memory
        from photocli.faces.detection import FaceDetection

        cv2.setNumThreads(1)  # there are as many workers as cores
        detection = FaceDetection()
        keep_memory()
    except Exception as error:
        send(answers, {"unable": f"{type(error).__name__}: {error}"[:200]})
        return
    send(answers, {"ready": True})
    while (message := receive(tasks)) is not None:
        task, blocks = message
        alarm(task["deadline"])
        _perform(task, blocks, answers, detection)
        alarm(0)
        gc.enable()


def _perform(
    task: dict[str, Any], blocks: dict[str, NDArray[Any]], answers: IO[bytes], detection: FaceDetection
) -> None:
    from photocli.decode import Reading
    from photocli.errors import DecodeError, ModelError
    from photocli.inputs.pyramid import Pyramid
    from photocli.inputs.views import InputSpec, cut

    number, source = task["number"], source_of(task, blocks)
    specs = [InputSpec(**spec) for spec in task["specs"]]
    native = any(spec.detail == "native" for spec in specs)
    reading = Reading(**{**task.get("reading", {}), "native": native})
    try:
        frame = _decode(source, max(spec.frame_side for spec in specs), reading)
        by_preview = reading.previews == "fast" and frame.decoded == "preview"
        if by_preview:  # it has no details to judge
            specs = [spec for spec in specs if spec.key in task["first"]]
        levels = Pyramid(frame.pixels, frame.detail)
        inputs = {spec.key: cut(levels, spec) for spec in specs if not spec.detector}
        _convert_tiles(frame, specs, inputs)
        faces = [spec for spec in specs if spec.detector]
        inputs |= detection.detect(levels, faces, convert=_conversion(frame))
        for spec in faces if by_preview else ():
            if spec.fit == "contain":
                inputs[spec.key][:, -1] = float("nan")  # the sharpness, which a preview doesn't show
    except (DecodeError, ModelError) as error:
        send(answers, {"number": number, "failed": str(error)})
        return
    except ImportError as error:  # of the networks that find faces: no photo could be assessed
        send(answers, {"unable": f"{type(error).__name__}: {error}"[:200]})
        return
    except MemoryError:
        send(answers, {"number": number, "failed": "not enough memory for this photo"})
        return
    size = {"width": frame.width, "height": frame.height}
    looked = {"decoded": frame.decoded, "scale": frame.scale}
    header = {"number": number, **size, "orientation": frame.orientation, **looked}
    # Pixels go first: metadata readers hang on hostile files, and then only the metadata is lost.
    send(answers, header, inputs)
    send(answers, {"number": number, "capture": _capture(source, frame)})


def _convert_tiles(frame: Frame, specs: list[InputSpec], inputs: dict[str, NDArray[Any]]) -> None:
    """Put the tiles of sheets, which were cut from the frame's detail, into sRGB."""
    convert = _conversion(frame)
    for spec in specs:
        if spec.fit == "sheet" and convert is not None:
            tiles = inputs[spec.key][:, spec.width :]
            tiles[:] = convert(tiles.transpose(1, 2, 0)).transpose(2, 0, 1)


def _conversion(frame: Frame) -> Callable[[NDArray[Any]], NDArray[Any]] | None:
    """What puts pixels of the frame's detail into sRGB; None where they are."""
    profile = frame.detail_profile
    if profile is None:
        return None
    from photocli.decode.colour import converted

    return lambda pixels: converted(pixels, profile)


def source_of(task: dict[str, Any], blocks: dict[str, NDArray[Any]]) -> Path | PackedImage:
    """What a task is to be decoded from: a file, or an image that came with it."""
    if task.get("image") is None:
        return Path(os.fsdecode(bytes.fromhex(task["path"])))
    from photocli.decode.memory import unpack

    return unpack(task["image"], blocks)


def _decode(source: Path | PackedImage, side: int, reading: Reading) -> Frame:
    if isinstance(source, Path):
        from photocli.decode import decode

        return decode(source, side, reading)
    from photocli.decode.memory import to_frame

    return to_frame(source, side, reading)


def _capture(source: Path | PackedImage, frame: Frame) -> dict[str, Any]:
    from photocli.metadata.capture import read_frame

    if isinstance(source, Path):
        return asdict(read_frame(frame, source))
    is_read = frame.format in ("raw", "tiff")  # others have all of it in the frame
    return asdict(read_frame(frame, bytes(source.data) if is_read else b""))


def private_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The parent's pipes, moved out of the way of native libraries that print."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    return tasks, answers


def defend() -> None:
    """Leave Ctrl-C, and what else asks for the end, to the parent, and keep to the limits of memory.

    Stricter limits that are set already stay. Only Linux counts memory in a way that can be limited: macOS
    refuses some limits, and ignores others.
    """
    import signal

    from photocli.scoring.stopping import SIGNALS

    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        for kind, most in ((resource.RLIMIT_DATA, MEMORY_LIMIT), (resource.RLIMIT_AS, ADDRESS_LIMIT)):
            limit = min(
                [most, *(set_ for set_ in resource.getrlimit(kind) if set_ != resource.RLIM_INFINITY)]
            )
            resource.setrlimit(kind, (limit, limit))


def keep_memory() -> None:
    """Have glibc keep what a photo took for the next one.

    It would give each picture's megabytes back to the system, which clears every page when it hands them out
    again: 4,000 of them, or 10 ms, a photo.
    """
    if sys.platform == "linux":
        import ctypes

        trim, map_ = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        with suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(trim, KEPT)
            mallopt(map_, LARGEST_KEPT)


def alarm(seconds: float) -> None:
    """Have the system end this process, should it hang while the parent is no longer there to do it."""
    if sys.platform != "win32":
        import signal

        signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
