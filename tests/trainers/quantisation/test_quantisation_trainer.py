from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import write_model
from photos import sample_pictures
from PIL import Image
from typer.testing import CliRunner

from export.aesthetics import ServedScorer
from export.encoding import encode
from export.graph import INPUT, to_onnx
from export.quantised import command as export_command
from photocli.errors import UsageError
from photocli.inputs.views import InputSpec
from photocli.models import adding, store
from photocli.models.card import read_card
from photocli.models.runtime import load_runtime
from trainers.aesthetics.network import Scorer
from trainers.quantisation.__main__ import command
from trainers.quantisation.calibration import Reach, best_range, equalise, observe
from trainers.quantisation.config import QuantisationConfig, checked
from trainers.quantisation.data import is_held
from trainers.quantisation.network import QuantisedNetwork, best_steps
from trainers.quantisation.rounding import fitted
from trainers.quantisation.train import Teacher, distil, prepared

SIZE = 64


@pytest.fixture(scope="module")
def network() -> bytes:
    """A MobileNetV2 as it is exported, which judges the mirror image, too, and whose outputs differ."""
    torch.manual_seed(1)
    scorer = Scorer("mobilenet_v2", "distribution").train()
    scorer(torch.randint(0, 255, (8, 3, SIZE, SIZE), dtype=torch.uint8))
    torch.nn.init.normal_(scorer.head.weight, std=0.1)
    served = ServedScorer(scorer.eval(), mirror=True).rounded()
    return to_onnx(served, InputSpec(INPUT, SIZE, SIZE), ["votes", "embedding"], True).SerializeToString()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    found = []
    for picture in sample_pictures().values():
        for _ in range(3):
            top, left = (int(rng.integers(0, side // 3)) for side in picture.shape[:2])
            part = Image.fromarray(picture[top:, left:]).resize((SIZE, SIZE))
            found.append(np.asarray(part).transpose(2, 0, 1))
    return np.stack(found)


def votes(network: bytes, pictures: np.ndarray) -> np.ndarray:
    session = load_runtime().InferenceSession(network, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["votes"], {INPUT: pictures})[0])


def simulated(network: QuantisedNetwork, pictures: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        found = network({INPUT: torch.from_numpy(pictures)}, ["votes"])
    return found["votes"].numpy()


def test_a_prepared_graph_computes_what_the_network_does_once_for_both_views(
    network: bytes, pictures: np.ndarray
) -> None:
    graph = prepared(network)
    assert sum(node.op == "Conv" for node in graph.nodes) == 52
    before = sum(node.op_type == "Conv" for node in onnx.load_model_from_string(network).graph.node)
    assert before == 104
    found = simulated(QuantisedNetwork(graph), pictures)
    assert np.abs(found - votes(network, pictures)).max() < 0.02  # edges differ by the padding's colour


def test_equalised_channels_change_nothing_and_reach_alike(network: bytes, pictures: np.ndarray) -> None:
    before = QuantisedNetwork(prepared(network))
    expected = simulated(before, pictures)
    batches = [{INPUT: torch.from_numpy(pictures)}]
    seen = observe(before, batches)
    assert equalise(before, seen) > 30
    assert np.abs(simulated(before, pictures) - expected).max() < 1e-3

    def middle(found: dict[str, Reach]) -> float:
        """How far the middle channel reaches, as a share of the one that reaches furthest."""
        return float(np.mean([float(reach.high.median() / reach.high.max()) for reach in found.values()]))

    assert middle(observe(before, batches).seen) > 2 * middle(seen.seen)


def test_what_is_written_computes_what_training_simulates(network: bytes, pictures: np.ndarray) -> None:
    from trainers.quantisation.train import fit

    config = QuantisationConfig(calibration=12, fit=8)
    fitted_network = fit(Teacher(network), pictures[:12], config)
    fitted_network.is_quantised = True
    expected = simulated(fitted_network, pictures)
    written = encode(fitted_network)
    found = votes(written, pictures)
    original = votes(network, pictures)
    assert np.abs(found - expected).max() < 0.02
    assert np.abs(found - original).mean() < 0.01
    assert len(written) < 0.6 * len(network)


def test_training_brings_it_nearer_to_its_teacher(network: bytes, pictures: np.ndarray) -> None:
    from trainers.quantisation.train import fit

    config = QuantisationConfig(calibration=8, fit=4, steps=12, batch=4, lr=1e-4)
    teacher = Teacher(network)
    student = fit(teacher, pictures[:8], config)
    rows = np.arange(len(pictures))
    losses = distil(student, teacher, pictures, rows, config, np.random.default_rng(0))
    assert len(losses) == 12
    assert np.mean(losses[-4:]) < np.mean(losses[:4])


def test_rounding_that_makes_up_for_its_errors_is_better_than_the_nearest() -> None:
    torch.manual_seed(0)
    weight = torch.randn(16, 24, 1, 1)
    mixed = torch.randn(24, 6) @ torch.randn(6, 500) + 0.1 * torch.randn(24, 500)
    step = best_steps(weight) * 16  # four bits show it
    nearest = (
        torch.clamp(torch.round(weight / step[:, None, None, None]), -127, 127) * step[:, None, None, None]
    )
    better = fitted(weight, mixed[None], step)

    def error(other: torch.Tensor) -> float:
        return float((((other - weight)[:, :, 0, 0]) @ mixed).square().mean())

    assert error(better) < 0.5 * error(nearest)
    codes = better / step[:, None, None, None]
    assert torch.allclose(codes, codes.round(), atol=1e-3)


def test_a_range_reaches_as_far_as_pays() -> None:
    counts = torch.zeros(2048)
    counts[:200] = 1000.0
    counts[-1] = 0.001
    low, high = best_range(Reach(torch.zeros(3), torch.tensor([1.0, 2.0, 8.0]), counts))
    assert low == 0.0
    assert high < 8.0


def test_photos_are_held_out_as_by_the_trainers() -> None:
    names = [f"{number}.jpg" for number in range(400)]
    assert 0.15 < np.mean([is_held("aesthetics", name, frozenset()) for name in names]) < 0.25
    assert 0.2 < np.mean([is_held("crop", name, frozenset()) for name in names]) < 0.3
    assert [name for name in names if is_held("selfie", name, frozenset(["7.jpg"]))] == ["7.jpg"]


def test_settings_that_contradict_each_other_are_refused() -> None:
    for wrong in ({"fit": 90}, {"share": 2.0}, {"steps": -1}, {"batch": 0}):
        with pytest.raises(UsageError):
            checked(QuantisationConfig(**wrong))  # type: ignore[arg-type]


def test_a_model_of_ones_own_is_quantised_written_and_added(
    network: bytes, tmp_path: Path, own_folders: Path
) -> None:
    model, photos, out = write_model(tmp_path, "mine"), tmp_path / "photos", tmp_path / "run"
    (model / "model.onnx").write_bytes(network)
    card = json.loads((model / "card.json").read_text())
    card |= {"sha256": hashlib.sha256(network).hexdigest(), "trainer": {"config": {"labels": "distribution"}}}
    card["input"]["size"] = [SIZE, SIZE]
    card["outputs"] |= {"embedding": {"shape": [1280]}}
    (model / "card.json").write_text(json.dumps(card))
    photos.mkdir()
    for name, picture in sample_pictures().items():
        for number in range(4):
            Image.fromarray(np.roll(picture, 40 * number, 1)).save(photos / f"{name}{number}.jpg")
    small = ["--calibration", "8", "--fit", "4", "--steps", "2", "--batch", "2", "--copies", "1"]
    done = CliRunner().invoke(
        command(), [str(model), str(photos), "--out", str(out), "--cache", str(tmp_path / "cache"), *small]
    )
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(export_command(), [str(out), "--to", str(model)])
    assert done.exit_code == 0, done.output
    assert "rank correlation" in done.output
    (entry,) = json.loads((model / "card.json").read_text())["variants"]
    assert entry["agreement"]["views"] > 3
    assert entry["bytes"] == (model / "model.int8.onnx").stat().st_size

    added = adding.add(model)
    assert sorted(file.name for file in added.folder.iterdir()) == [
        "card.json",
        "model.int8.onnx",
        "model.onnx",
    ]
    store.verify(read_card(added.folder))
    (added.folder / "model.int8.onnx").write_bytes(b"another")
    with pytest.raises(Exception, match="not the one its card describes"):
        store.verify(read_card(added.folder))
