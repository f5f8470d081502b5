"""Whether the ONNX graph says what the PyTorch network says, on real photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from export.graph import INPUT, Served
from export.kinds import Kind
from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError, PhotocliError
from photocli.inputs.views import InputSpec, cut
from photocli.models.runtime import load_runtime
from photocli.records import Photo
from trainers.common.checkpoints import Model
from trainers.common.frames import Picture

Views = NDArray[np.uint8]
Outputs = dict[str, NDArray[np.float32]]

TOLERANCE = 1e-4
"""Largest difference of an output, or of what people read, between ONNX Runtime and PyTorch."""


class ParityError(PhotocliError):
    """The exported graph does not say what the network says."""


@dataclass(frozen=True)
class Parity:
    """Largest differences over the photos: of outputs, of those on whose last digits nothing depends, and of
    the answer, to PyTorch; and of the answer by rounding the weights."""

    photos: int
    outputs: float
    loose: float
    score: float
    rounding: float


def sample_views(folder: Path | None, spec: InputSpec, most: int = 24) -> Views:
    """Inputs (n, 3, height, width) from a folder's photos, or from the pictures that scikit-image ships."""
    pictures = _from_folder(folder, spec.frame_side, most) if folder else _bundled()
    if not pictures:
        raise PhotocliError(f"no photo of {folder} can be read for the parity check")
    return np.stack([cut(picture, spec) for picture in pictures])


def _from_folder(folder: Path, side: int, most: int) -> list[Picture]:
    pictures: list[Picture] = []
    for found in discover([folder]):
        if isinstance(found, Photo) and len(pictures) < most:
            try:
                pictures.append(decode(found.path, side).pixels)
            except DecodeError:
                continue
    return pictures


def _bundled() -> list[Picture]:
    try:
        from skimage import data
    except ImportError as error:
        raise PhotocliError("give --photos FOLDER for the parity check, or install scikit-image") from error
    names = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field")
    return [np.ascontiguousarray(getattr(data, name)()) for name in names]


def check(network: bytes, served: Served, original: Served, kind: Kind, model: Model, views: Views) -> Parity:
    """Compare the graph with `served` at several batch sizes, and `served` with the unrounded `original`.

    Raises `ParityError` beyond `TOLERANCE` or the kind's `ROUNDING`.
    """
    session = load_runtime().InferenceSession(network, providers=["CPUExecutionProvider"])
    names = list(kind.outputs(model))
    want, exact = (_torch(one, names, views) for one in (served, original))
    answer = kind.answer(model.config, want)
    strict = loose = score = 0.0
    for batch in sorted({1, 2, 5, len(views)}):
        got = _run(session, names, views, batch)
        apart = {name: float(np.abs(got[name] - want[name]).max()) for name in names}
        strict = max(strict, *(apart[name] for name in names if name not in kind.LOOSE))
        loose = max([loose, *(apart[name] for name in kind.LOOSE if name in apart)])
        score = max(score, float(np.abs(kind.answer(model.config, got) - answer).max()))
    rounding = float(np.abs(kind.answer(model.config, exact) - answer).max())
    parity = Parity(len(views), strict, loose, score, rounding)
    if max(strict, score) > TOLERANCE:
        raise ParityError(f"ONNX differs from PyTorch by {max(strict, score):.2g}, more than {TOLERANCE:g}")
    if rounding > kind.ROUNDING:
        raise ParityError(
            f"float16 weights change an answer by {rounding:.3g}, more than {kind.ROUNDING:g}; "
            "use --no-float16"
        )
    return parity


def _torch(served: Served, names: Sequence[str], views: Views) -> Outputs:
    with torch.inference_mode():
        parts = [served(chunk) for chunk in torch.split(torch.from_numpy(views), 8)]
    return {
        name: torch.cat(values).numpy() for name, values in zip(names, zip(*parts, strict=True), strict=True)
    }


def _run(session: Any, names: Sequence[str], views: Views, batch: int) -> Outputs:
    parts = [session.run(names, {INPUT: views[at : at + batch]}) for at in range(0, len(views), batch)]
    return {
        name: np.concatenate(values) for name, values in zip(names, zip(*parts, strict=True), strict=True)
    }
