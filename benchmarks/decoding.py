"""Decoding alone, with nothing but a library: the speed that the whole program is compared with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shoot.making import cores

if TYPE_CHECKING:
    from benchmarks.results import Sample

Work = tuple[Path, float]
"""A file, and the scale at which it is to be decoded, as a share of its sides."""


def decode_at(data: bytes, scale: float) -> None:
    """Decode a JPEG by simplejpeg at the smallest of libjpeg's scales that is large enough."""
    import simplejpeg

    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    simplejpeg.decode_jpeg(data, min_height=int(height * scale), min_width=int(width * scale))


def decode_with_simplejpeg(work: Work) -> float:
    """Read a JPEG and decode it as `decode_at` does; its CPU seconds."""
    import simplejpeg  # noqa: F401 - loading it is no part of the time

    started = time.process_time()
    path, scale = work
    decode_at(path.read_bytes(), scale)
    return time.process_time() - started


def decode_with_pillow(work: Work) -> float:
    """Read a JPEG and decode it at that scale; its CPU seconds."""
    from PIL import Image

    started = time.process_time()
    path, scale = work
    with Image.open(path) as image:
        if scale < 1:
            image.draft("RGB", (int(image.width * scale), int(image.height * scale)))
        image.load()
    return time.process_time() - started


LIBRARIES = {"simplejpeg": decode_with_simplejpeg, "Pillow": decode_with_pillow}


def decode_all(library: str, work: Sequence[Work]) -> Sample:
    """Decode in a process for each core; the time that the processes need to start is left out."""
    from benchmarks.results import Sample

    decode = LIBRARIES[library]
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(decode, work[: 4 * cores()]))
        started = time.perf_counter()
        used = list(pool.map(decode, work))
        return Sample(len(work), time.perf_counter() - started, sum(used))
