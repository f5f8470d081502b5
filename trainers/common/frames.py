"""Photos decoded once: upright RGB, reduced, in memory or in one file on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photocli.decode import DECODE_VERSION, decode
from photocli.errors import DecodeError

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Frames:
    """Decoded photos by row: pictures of shape (height, width, 3); `failed` maps rows to reasons."""

    flat: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
    shapes: tuple[tuple[int, int], ...]
    offsets: tuple[int, ...]
    failed: dict[int, str]

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, row: int) -> Picture:
        height, width = self.shapes[row]
        if isinstance(self.flat, np.ndarray):
            start = self.offsets[row]
            return np.asarray(self.flat[start : start + height * width * 3]).reshape(height, width, 3)
        return self.flat[row]


@dataclass(frozen=True)
class Selection:
    """Chosen pictures of one or more `Frames`, in order: (frames, row) for each."""

    parts: tuple[tuple[Frames, int], ...]

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, place: int) -> Picture:
        frames, row = self.parts[place]
        return frames[row]

    def __iter__(self) -> Iterator[Picture]:
        return (frames[row] for frames, row in self.parts)


def load_frames(paths: Sequence[Path], side: int, cache: Path | None = None, workers: int = 2) -> Frames:
    """Decode photos with the long side reduced to `side`; a photo that cannot be read is a row in `failed`.

    With `cache`, the pixels lie in a file of that folder, made once for this list of photos and mapped into
    memory; without, they are kept in memory (about side² · 2 bytes each).
    """
    if cache is None:
        return _in_memory(list(_decoded(paths, side, workers)))
    stem = cache / f"frames-{_key(paths, side)}"
    index = stem.with_suffix(".json")
    if not index.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write(stem, _decoded(paths, side, workers))
    facts = json.loads(index.read_text())
    size = stem.with_suffix(".bin").stat().st_size
    flat = np.memmap(stem.with_suffix(".bin"), np.uint8, "r") if size else np.zeros(0, np.uint8)
    shapes = tuple((height, width) for height, width in facts["shapes"])
    return Frames(flat, shapes, _offsets(shapes), {int(row): why for row, why in facts["failed"].items()})


def _decoded(paths: Sequence[Path], side: int, workers: int) -> Iterator[Picture | str]:
    """Pictures in order, or the reason why one cannot be read; a few are in flight."""

    def one(path: Path) -> Picture | str:
        try:
            return decode(path, side).pixels
        except DecodeError as error:
            return str(error)

    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(paths), 256):
            yield from pool.map(one, paths[start : start + 256])


def _in_memory(pictures: list[Picture | str]) -> Frames:
    failed = {row: value for row, value in enumerate(pictures) if isinstance(value, str)}
    empty = np.zeros((0, 0, 3), np.uint8)
    kept = [empty if isinstance(value, str) else value for value in pictures]
    shapes = tuple((value.shape[0], value.shape[1]) for value in kept)
    return Frames(kept, shapes, _offsets(shapes), failed)


def _write(stem: Path, pictures: Iterator[Picture | str]) -> None:
    """Pixels first, the index last: an index that exists belongs to a complete file."""
    shapes, failed = [], {}
    with stem.with_suffix(".bin").open("wb") as file:
        for row, value in enumerate(pictures):
            if isinstance(value, str):
                failed[row], value = value, np.zeros((0, 0, 3), np.uint8)
            shapes.append(value.shape[:2])
            file.write(np.ascontiguousarray(value).data)
    stem.with_suffix(".json").write_text(json.dumps({"shapes": shapes, "failed": failed}))


def _offsets(shapes: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    sizes = [height * width * 3 for height, width in shapes]
    return tuple(int(start) for start in np.cumsum([0, *sizes])[:-1])


def _key(paths: Sequence[Path], side: int) -> str:
    digest = hashlib.sha256(f"{side},{DECODE_VERSION}".encode())
    for path in paths:
        facts = path.stat()
        digest.update(f"{path.resolve()},{facts.st_size},{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
