"""Whether the ONNX graph says what the PyTorch network says, on real photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from export.graph import INPUT, OUTPUTS, Served
from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError, PhotocliError
from photocli.inputs import InputSpec
from photocli.records import Photo
from trainers.frames import Picture
from trainers.labels import BINS
from trainers.views import plain_view

TOLERANCE = 1e-4
"""Largest difference of a vote share or of the mean mark between ONNX Runtime and PyTorch."""

ROUNDING = 0.02
"""Largest change of a photo's mean mark, 1-10, by storing weights as float16."""


class ParityError(PhotocliError):
    """The exported graph does not say what the network says."""


@dataclass(frozen=True)
class Parity:
    """Largest differences over the photos: of outputs and score to PyTorch, of the score by rounding."""

    photos: int
    outputs: float
    score: float
    embedding: float
    rounding: float


def sample_views(folder: Path | None, size: int, fit: str, most: int = 24) -> NDArray[np.uint8]:
    """Inputs (n, 3, size, size) from a folder's photos, or from the pictures that scikit-image ships."""
    pictures = _from_folder(folder, size, most) if folder else _bundled()
    if not pictures:
        raise PhotocliError(f"no photo of {folder} can be read for the parity check")
    return np.stack([plain_view(picture, size, fit) for picture in pictures])


def _from_folder(folder: Path, size: int, most: int) -> list[Picture]:
    side = InputSpec(INPUT, size, size).frame_side
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
    pictures = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), data.hubble_deep_field()]
    return [np.ascontiguousarray(picture) for picture in pictures]


def check(network: bytes, served: Served, original: Served, mode: str, views: NDArray[np.uint8]) -> Parity:
    """Compare the graph with `served` at several batch sizes, and `served` with the unrounded `original`.

    Raises `ParityError` beyond `TOLERANCE` or `ROUNDING`.
    """
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    want, want_embedding = _torch(served, views)
    exact, _ = _torch(original, views)
    outputs = score = embedding = 0.0
    for batch in sorted({1, 2, 5, len(views)}):
        got, got_embedding = _run(session, mode, views, batch)
        outputs = max(outputs, float(np.abs(got - want).max()))
        score = max(score, float(np.abs(scores(got, mode) - scores(want, mode)).max()))
        embedding = max(embedding, float(np.abs(got_embedding - want_embedding).max()))
    rounding = float(np.abs(scores(want, mode) - scores(exact, mode)).max())
    parity = Parity(len(views), outputs, score, embedding, rounding)
    if max(outputs, score) > TOLERANCE:
        raise ParityError(f"ONNX differs from PyTorch by {max(outputs, score):.2g}, more than {TOLERANCE:g}")
    if rounding > ROUNDING:
        raise ParityError(
            f"float16 weights change a mean by {rounding:.3g}, more than {ROUNDING:g}; use --no-float16"
        )
    return parity


def scores(outputs: NDArray[np.floating], mode: str) -> NDArray[np.floating]:
    """The mark, 1-10, that outputs (n, k) stand for; class probabilities are spread over 1-10."""
    if mode == "distribution":
        return outputs @ BINS
    if mode == "regression":
        return outputs[:, 0]
    return 1 + 9 * outputs @ np.linspace(0, 1, outputs.shape[1])


def _torch(served: Served, views: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with torch.inference_mode():
        parts = [served(chunk) for chunk in torch.from_numpy(views).split(8)]
    outputs, embeddings = zip(*parts, strict=True)
    return torch.cat(outputs).numpy(), torch.cat(embeddings).numpy()


def _run(
    session: onnxruntime.InferenceSession, mode: str, views: NDArray[np.uint8], batch: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    names: Sequence[str] = (OUTPUTS[mode], "embedding")
    parts = [session.run(names, {INPUT: views[at : at + batch]}) for at in range(0, len(views), batch)]
    outputs, embeddings = zip(*parts, strict=True)
    return np.concatenate(outputs), np.concatenate(embeddings)
