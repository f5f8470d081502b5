from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from rated import make_rated
from typer.testing import CliRunner

from export import aesthetics
from export.__main__ import command
from export.aesthetics import OUTPUTS, ServedScorer
from export.graph import INPUT, to_onnx
from export.parity import Parity, ParityError, check, sample_views
from photocli.inputs.views import InputSpec
from photocli.models.card import read_card
from trainers.aesthetics.labels import CLASSES
from trainers.aesthetics.network import Scorer
from trainers.common.checkpoints import Model, save_model
from trainers.common.runs import RunRecord, now

SIZE = 64
CONFIG = {
    "arch": "mobilenet_v2",
    "labels": "distribution",
    "dropout": 0.2,
    "middle": 5.5,
    "delta": 1.0,
    "size": SIZE,
    "fit": "squash",
    "seed": 3,
    "mirror": False,
}
SPEC = InputSpec(INPUT, SIZE, SIZE)


def lively(mode: str = "distribution", arch: str = "mobilenet_v2") -> Scorer:
    """A network whose outputs differ between photos, and whose batch norm does something."""
    torch.manual_seed(1)
    network = Scorer(arch, mode).train()  # type: ignore[arg-type]
    network(torch.randint(0, 255, (8, 3, SIZE, SIZE), dtype=torch.uint8))
    torch.nn.init.normal_(network.head.weight, std=0.1)
    return network.eval()


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = make_rated(tmp_path_factory.mktemp("photos") / "rated", 7)
    return sample_views(folder, SPEC)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, exported by the command line from a checkpoint with figures of a run."""
    folder = tmp_path_factory.mktemp("export")
    data = [{"name": "rated", "role": "labelled", "photos": 7, "hash": "abc"}]
    save_model(
        folder / "model.ckpt",
        Model(lively(), CONFIG, RunRecord("python -m x", "c", data=data)),
    )
    figures = {"spearman": 0.7, "mae": 0.5, "mae_constant": 0.9}
    calibration = {"good": {"method": "logistic", "slope": 2.0, "intercept": -11.0}}
    run = {
        "figures": figures,
        "split": "5-fold",
        "calibration": calibration,
        "config": CONFIG | {"delta": 2.0},
    }
    (folder / "run.json").write_text(json.dumps(run | {"groups": {"cat": {"mae": 0.4}}}))
    about = {
        "licence": "Apache-2.0",
        "limits": ["few photos"],
        "data": {"rated": {"terms": "ours", "origin": "us"}},
    }
    (folder / "about.json").write_text(json.dumps(about))
    names = ["--metrics", str(folder / "run.json"), "--about", str(folder / "about.json")]
    result = CliRunner().invoke(command(), [str(folder / "model.ckpt"), "--to", str(folder / "out"), *names])
    assert result.exit_code == 0, result.output
    assert "another 'delta'" in result.output
    return folder / "out"


def test_the_graph_takes_bytes_and_says_what_pytorch_says(exported: Path, views: np.ndarray) -> None:
    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    [given] = session.get_inputs()
    assert (given.name, given.type, given.shape[1:]) == (INPUT, "tensor(uint8)", [3, SIZE, SIZE])
    assert [output.name for output in session.get_outputs()] == ["votes", "embedding"]
    with torch.inference_mode():
        want, _ = ServedScorer(lively()).rounded()(torch.from_numpy(views))
    for batch in (1, 3, len(views)):
        votes, embedding = session.run(None, {INPUT: views[:batch]})
        assert votes.dtype == embedding.dtype == np.float32
        assert (votes.shape, embedding.shape) == ((batch, 10), (batch, 1280))
        assert np.abs(votes - want[:batch].numpy()).max() < 1e-4


def test_the_file_is_small_and_computes_in_float32(exported: Path, tmp_path: Path) -> None:
    model = onnx.load(exported / "model.onnx")
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds["BatchNormalization"] == 0
    assert (exported / "model.onnx").stat().st_size < 5e6
    assert sorted(path.name for path in exported.iterdir()) == ["card.json", "model.onnx"]
    halves = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT16]
    assert len(halves) >= 20
    assert not any(part.metadata_props or part.doc_string for part in model.graph.node)
    # Loading folds the casts behind the float16 weights; only the one of the input is left.
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    onnxruntime.InferenceSession(exported / "model.onnx", options, providers=["CPUExecutionProvider"])
    loaded = onnx.load(tmp_path / "loaded.onnx")
    assert Counter(node.op_type for node in loaded.graph.node)["Cast"] == 1


def test_the_card_is_complete_and_its_figures_are_the_runs(exported: Path) -> None:
    card = read_card(exported)
    facts = json.loads((exported / "card.json").read_text())
    network = (exported / "model.onnx").read_bytes()
    assert card.sha256 == hashlib.sha256(network).hexdigest()
    assert facts["bytes"] == len(network)
    assert (card.input.height, card.input.width, card.input.fit) == (SIZE, SIZE, "squash")
    assert card.outputs == ("votes", "embedding")
    assert facts["outputs"]["votes"]["labels"] == [str(mark) for mark in range(1, 11)]
    assert facts["metrics"]["spearman"] == 0.7
    assert facts["metrics"]["settings_that_differ"] == ["delta"]
    assert facts["calibration"]["good"]["slope"] == 2.0
    assert facts["groups"] == {"cat": {"mae": 0.4}}
    assert facts["data"][0] == {
        "name": "rated",
        "photos": 7,
        "role": "labelled",
        "hash": "abc",
        "terms": "ours",
        "origin": "us",
    }
    assert facts["limits"] == ["few photos"]
    for key in ("licence", "description", "trainer", "thresholds", "created", "opset", "version"):
        assert facts[key], key


def compared(
    network: bytes, served: ServedScorer, original: ServedScorer, mode: str, views: np.ndarray
) -> Parity:
    model = Model(original.network, CONFIG | {"labels": mode})
    return check(network, served, original, aesthetics, model, views)


def graph_of(served: ServedScorer, mode: str = "distribution") -> bytes:
    return to_onnx(served, SPEC, [OUTPUTS[mode], "embedding"], float16=False).SerializeToString()


@pytest.mark.parametrize("mode", CLASSES)
def test_every_label_mode_and_the_mirror_export(mode: str, views: np.ndarray) -> None:
    original = ServedScorer(lively(mode, "squeezenet1_1"), mirror=True)
    network = graph_of(original, mode)
    parity = compared(network, original, original, mode, views)
    assert parity.rounding == 0
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    plain, mirrored = (
        session.run([OUTPUTS[mode]], {INPUT: part})[0] for part in (views, views[..., ::-1].copy())
    )
    assert plain == pytest.approx(mirrored, abs=1e-4)


def test_a_graph_of_another_network_is_refused(views: np.ndarray) -> None:
    one = ServedScorer(lively(arch="squeezenet1_1"))
    other = ServedScorer(lively(arch="squeezenet1_1"))
    torch.nn.init.normal_(other.network.head.weight, std=0.1)
    network = graph_of(one)
    with pytest.raises(ParityError, match="differs"):
        compared(network, other, other, "distribution", views)
    with pytest.raises(ParityError, match="no-float16"):
        compared(network, one, other, "distribution", views)


def test_folding_batch_norm_changes_nothing(views: np.ndarray) -> None:
    network = lively()
    with torch.inference_mode():
        plain = network.outputs(network(torch.from_numpy(views)))
        folded, _ = ServedScorer(network)(torch.from_numpy(views))
    assert torch.allclose(plain, folded, atol=1e-5)


def test_unusable_input_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(command(), [str(tmp_path / "no.ckpt"), "--to", str(tmp_path)])
    assert result.exit_code == 1
    assert "does not exist" in result.output
    save_model(tmp_path / "warp.ckpt", Model(lively(), CONFIG | {"fit": "warp"}))
    result = CliRunner().invoke(command(), [str(tmp_path / "warp.ckpt"), "--to", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "cannot cut" in result.output
    assert not (tmp_path / "out").exists()
    assert now().endswith("+00:00")
