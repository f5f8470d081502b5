"""The built-in networks of eight bits: they say what their originals say, all of them, and quicker."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from photos import sample_pictures

from photocli.faces.detectors.detector import contain
from photocli.inputs.views import InputSpec, cut
from photocli.models.runtime import load_runtime
from photocli.models.store import BUILTIN

NAMES = [
    folder.name
    for folder in sorted(BUILTIN.iterdir())
    if json.loads((folder / "card.json").read_text()).get("variants")
]

MOST_APART = {"votes": 0.06, "scores": 0.35, "severities": 0.08, "medium": 0.12}
"""By how much a first output may differ on a photo, in its unit: votes and chances 0-1, marks."""


@cache
def facts(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((BUILTIN / name / "card.json").read_text())
    return card


def variant(name: str) -> dict[str, Any]:
    (entry,) = (each for each in facts(name)["variants"] if each["precision"] == "int8")
    return dict(entry)


def inputs(name: str) -> NDArray[np.uint8]:
    """Real photos as the model sees them; for faces, squares of them."""
    spec = facts(name)["input"]
    height, width = spec["size"]
    if spec["fit"] == "contain":
        return np.stack([contain(p, width, 128)[0].transpose(2, 0, 1) for p in sample_pictures().values()])
    fit = "squash" if spec["fit"] == "faces" else spec["fit"]
    return np.stack([cut(p, InputSpec("image", height, width, fit)) for p in sample_pictures().values()])


def session(path: Path) -> Any:
    ort = load_runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def test_every_built_in_model_has_one_but_that_of_crops_which_would_say_something_else() -> None:
    assert [folder.name for folder in sorted(BUILTIN.iterdir()) if folder.name != "crop"] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_the_file_and_how_well_it_agrees(name: str) -> None:
    entry = variant(name)
    content = (BUILTIN / name / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["bytes"]
    agreement = entry["agreement"]
    assert agreement["views"] >= 100
    assert agreement["rank_correlation"] >= 0.99
    assert agreement["largest_shift"] <= 0.04
    assert entry["photos"]["held_out"] > 0
    assert entry["trainer"]["command"].startswith("python -m trainers.quantisation")


@pytest.mark.parametrize("name", NAMES)
def test_all_large_convolutions_compute_in_eight_bits(name: str) -> None:
    graph = onnx.load(BUILTIN / name / variant(name)["file"]).graph
    made = {output: node for node in graph.node for output in node.output}
    users = Counter(value for node in graph.node for value in node.input)
    weights = {tensor.name: tensor for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    for node in convolutions:
        readers = [reader for reader in graph.node if node.output[0] in reader.input]
        if readers[0].op_type != "QuantizeLinear":
            source = made[node.input[1]].input[0] if node.input[1] in made else node.input[1]
            head = weights.get(source)  # of float16 behind a cast, or as it is
            assert head is not None and head.dims[0] <= 32, "only heads stay in floating point"
            continue
        assert users[node.output[0]] == 1
        assert [made[value].op_type for value in node.input] == ["DequantizeLinear"] * 3
        kinds = [weights[made[value].input[0]].data_type for value in node.input[1:]]
        assert kinds == [onnx.TensorProto.INT8, onnx.TensorProto.INT32]
        assert len(weights[made[node.input[1]].input[1]].dims) == 1, "a step for each output channel"
    assert len(convolutions) >= 50


@pytest.mark.parametrize("name", NAMES)
def test_its_nodes_have_names_of_their_own_as_older_runtimes_need(name: str) -> None:
    nodes = onnx.load(BUILTIN / name / variant(name)["file"]).graph.node
    assert len({node.name for node in nodes}) == len(nodes)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_of_real_photos_what_its_original_says(name: str) -> None:
    views = inputs(name)
    first = next(iter(facts(name)["outputs"]))
    names = [first]
    (one,) = session(BUILTIN / name / "model.onnx").run(names, {"image": views})
    (other,) = session(BUILTIN / name / variant(name)["file"]).run(names, {"image": views})
    assert one.shape == other.shape
    assert np.abs(one - other).max() <= MOST_APART[first], np.abs(one - other).max()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_quicker_where_the_processor_has_instructions_for_it(name: str) -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or "avx512_vnni" not in flags.read_text():
        pytest.skip("needs a processor with VNNI")
    views = np.concatenate([inputs(name)] * 4)[:4]
    both = [session(BUILTIN / name / file) for file in ("model.onnx", variant(name)["file"])]
    taken: list[list[float]] = [[], []]
    for _ in range(7):  # one after the other, so that a busy machine slows both alike
        for times, each in zip(taken, both, strict=True):
            began = time.process_time()
            each.run(None, {"image": views})
            times.append(time.process_time() - began)
    assert np.median(taken[1][1:]) / np.median(taken[0][1:]) <= 0.75
