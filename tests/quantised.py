"""Makers of models with an int8 network beside the first one: a real one, and one that only looks so."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from photos import sample_pictures
from PIL import Image

from photocli.models.store import BUILTIN

FILE = "model.int8.onnx"


class _Photos(CalibrationDataReader):
    """The pictures by which ranges are found: those that all tests use."""

    def __init__(self, name: str, side: int) -> None:
        self._name = name
        self._inputs: Iterator[np.ndarray] = (
            np.asarray(Image.fromarray(picture).resize((side, side))).transpose(2, 0, 1)[None]
            for picture in list(sample_pictures().values())[:6]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        pixels = next(self._inputs, None)
        return None if pixels is None else {self._name: pixels}


def write_quantised(folder: Path) -> Path:
    """The built-in model of aesthetics with its static quantisation: uint8 activations, int8 weights."""
    shutil.copytree(BUILTIN / "aesthetics", folder)
    card = json.loads((folder / "card.json").read_text())
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC  # weights become constants
    options.optimized_model_filepath = str(folder / "folded.onnx")
    ort.InferenceSession(folder / card["file"], options, providers=["CPUExecutionProvider"])
    quantize_static(
        folder / "folded.onnx",
        folder / FILE,
        _Photos(card["input"]["name"], card["input"]["size"][0]),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["Conv", "Gemm"],
    )
    (folder / "folded.onnx").unlink()
    return _named(folder, card)


def add_twin(folder: Path, **facts: Any) -> Path:
    """Give a model an int8 network that gives the same answers: the first one with another maker's name."""
    card = json.loads((folder / "card.json").read_text())
    network = onnx.load(folder / card["file"])
    network.producer_name = "twin"
    (folder / FILE).write_bytes(network.SerializeToString())
    return _named(folder, card, **facts)


def _named(folder: Path, card: dict[str, Any], **facts: Any) -> Path:
    digest = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    card["variants"] = [{"precision": "int8", "file": FILE, "sha256": digest, **facts}]
    (folder / "card.json").write_text(json.dumps(card))
    return folder
