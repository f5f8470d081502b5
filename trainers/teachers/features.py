"""Features of frozen networks, computed once and kept in chunks, so that an interrupted run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from photocli.files.atomic import atomic_write
from photocli.inputs.canvas import canvas
from photocli.inputs.pyramid import Pyramid, planes
from trainers.common.backbones import initialise, make_backbone, normalisation
from trainers.common.frames import Frames
from trainers.teachers.config import FrozenTeacher

CHUNK = 64
"""Photos of one file of features."""

_BATCH = 8


def features(
    teacher: FrozenTeacher, frames: Frames, identities: Sequence[str], folder: Path
) -> NDArray[np.float32]:
    """Returns features (n, width) of each photo: means and deviations over the places of the last maps.

    They are the mean over the photo and its mirror image, seen in its own aspect ratio. `identities` tell
    photos apart: chunks that were computed for the same ones are read from `folder`.
    """
    kept = folder / f"{teacher.name}-{hashlib.sha256(teacher.weights.read_bytes()).hexdigest()[:8]}"
    kept.mkdir(parents=True, exist_ok=True)
    network: nn.Module | None = None
    parts = []
    for start in range(0, len(frames), CHUNK):
        rows = range(start, min(start + CHUNK, len(frames)))
        digest = hashlib.sha256("\n".join(identities[row] for row in rows).encode()).hexdigest()
        file = kept / f"{digest[:16]}.npy"
        if not file.exists():
            network = network or _network(teacher)
            with atomic_write(file) as opened:
                np.save(opened, _chunk(network, teacher, frames, rows).astype(np.float16))
        parts.append(np.load(file).astype(np.float32))
    return np.concatenate(parts)


def _network(teacher: FrozenTeacher) -> nn.Module:
    network, _ = make_backbone(teacher.arch)
    initialise(network, teacher.arch, str(teacher.weights))
    return network.eval().to(memory_format=torch.channels_last)


def _chunk(
    network: nn.Module, teacher: FrozenTeacher, frames: Frames, rows: Sequence[int]
) -> NDArray[np.float32]:
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in normalisation(teacher.arch))
    found: dict[int, Tensor] = {}
    # In bfloat16, where the processor has it: ridge regression on such features is as good.
    quick = bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=quick):
        for batch in _of_one_size(frames, rows, teacher.side**2):
            pictures = np.stack([picture for _, picture in batch])
            image = torch.from_numpy(pictures).contiguous(memory_format=torch.channels_last)
            image = (image.float() / 255 - mean) / std
            made = (_pooled(network, image) + _pooled(network, image.flip(3))) / 2
            found.update(zip((row for row, _ in batch), made, strict=True))
    width = next(iter(found.values())).shape[0] if found else 0
    empty = torch.zeros(width)
    return torch.stack([found.get(row, empty) for row in rows]).numpy()


def _of_one_size(
    frames: Frames, rows: Sequence[int], pixels: int
) -> Iterator[list[tuple[int, NDArray[np.uint8]]]]:
    """Batches of (row, picture) of one size; photos that could not be read are left out."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        if row not in frames.failed:
            sizes.setdefault(canvas(*frames.shapes[row], pixels), []).append(row)
    for (height, width), of_size in sorted(sizes.items()):
        for start in range(0, len(of_size), _BATCH):
            batch = of_size[start : start + _BATCH]
            yield [(row, planes(Pyramid(frames[row]).reduced(width, height))) for row in batch]


def _pooled(network: nn.Module, image: Tensor) -> Tensor:
    maps = network.maps(image) if hasattr(network, "maps") else network.features(image)  # type: ignore[operator]
    maps = maps.float()
    return torch.cat([maps.mean((2, 3)), maps.std((2, 3))], 1)
