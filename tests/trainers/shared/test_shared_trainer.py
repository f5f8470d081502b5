"""The trainer of the shared network, on a few small photos."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

from resuming import check_resuming, stop_after
from taught import make_taught

from photocli.errors import UsageError
from photocli.inputs.canvas import canvas
from trainers.common.checkpoints import load_model
from trainers.quantisation.network import QuantisedNetwork
from trainers.quantisation.train import prepared
from trainers.shared.config import SharedConfig, checked
from trainers.shared.data import SharedDataset, collate, divide, epoch_batches, read_shared
from trainers.shared.heads import HEADS
from trainers.shared.losses import LOSSES, losses
from trainers.shared.network import ServedShared, make_shared
from trainers.shared.targets import TargetMaker
from trainers.shared.train import SharedTraining, initial_network, judged, train

CONFIG = SharedConfig(
    fold="0",
    arch="efficientnet_lite0",
    pixels=64 * 64,
    frame_side=80,
    samples=12,
    batch=4,
    epochs=2,
    probe=8,
    early_every=2,
    eval_every=5,
    precision="32",
)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_taught(tmp_path_factory.mktemp("shared"))


def test_a_resumed_run_equals_one_that_was_not_interrupted(taught: Path, tmp_path: Path) -> None:
    def make() -> SharedTraining:
        training, held = divide(read_shared(taught, CONFIG), CONFIG.fold)
        return SharedTraining(initial_network(CONFIG, training), CONFIG, training, held)

    def run(out: Path, resume: bool) -> None:
        train(CONFIG, taught, out, resume)

    check_resuming(run, make, CONFIG, tmp_path, 1)
    facts = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert set(facts["figures"]) == {head.name for head in HEADS}
    names = [check["name"] for check in facts["checks"]]
    assert "votes: spearman" in names
    assert "turns: accuracy" in names
    model = load_model(tmp_path / "whole" / "model.ckpt")
    assert model.config["trainer"] == "shared"
    onward = replace(CONFIG, start=str(tmp_path / "whole" / "model.ckpt"), fold="none", epochs=1)
    later = train(onward, taught, tmp_path / "final", False)
    assert "figures" not in later
    assert [run["seed"] for run in later["before"]] == [0]


def test_every_head_learns_and_early_layers_rest(taught: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=1, early_every=2)
    training, held = divide(read_shared(taught, config), "0")
    torch.manual_seed(0)
    network = make_shared(config.arch, "none", 0.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    module = SharedTraining(network, config, training, held)
    stop_after(1, module, config, tmp_path)
    after = network.state_dict()
    for head in HEADS:
        assert not torch.equal(before[f"heads.{head.name}.weight"], after[f"heads.{head.name}.weight"])
    assert not torch.equal(before["backbone.conv_stem.weight"], after["backbone.conv_stem.weight"])
    assert not torch.equal(before["backbone.conv_head.weight"], after["backbone.conv_head.weight"])
    # Batch norm keeps its statistics.
    assert torch.equal(before["backbone.bn1.running_mean"], after["backbone.bn1.running_mean"])


def test_a_photo_lies_on_one_side_with_its_series(taught: Path) -> None:
    photos = read_shared(taught, CONFIG)
    training, held = divide(photos, "1")
    known = photos.taught.photos
    series = [
        {known.paths[row].stem.split()[0] for row in part.rows if known.roles[row] == "rated"}
        for part in (training, held)
    ]
    assert series[0] and series[1]
    assert not series[0] & series[1]
    assert {known.roles[row] for row in held.rows} <= {"rated", "medium", "photos"}


def test_batches_hold_views_of_one_size_and_their_targets(taught: Path) -> None:
    photos = read_shared(taught, CONFIG)
    dataset = SharedDataset(photos, CONFIG)
    indices = epoch_batches(photos, replace(CONFIG, samples=32, batch=16), 0)[0]
    batch = collate([dataset[index] for index in indices])
    count = sum(map(len, batch.images))
    assert count == 2 * len(indices) == len(batch.rows)
    assert batch.plain.sum() == len(indices)
    assert all(len(image) in (1, 2, 4, 8) for image in batch.images)
    assert (batch.rows[batch.original] == batch.rows).all()
    assert batch.plain[batch.original].all()
    assert (batch.turn[batch.plain] == 0).all()
    targets = TargetMaker(photos, HEADS, 0.1)(batch)
    assert targets["votes"][~batch.plain].isnan().all()
    drawn = torch.from_numpy(photos.taught.photos.medium)[batch.rows] > 0
    assert targets["votes"][drawn].isnan().all()
    assert targets["faults"][drawn & batch.plain].isnan().all()
    torch.testing.assert_close(targets["turns"].sum(1), torch.ones(count))
    name = photos.taught.photos.paths[int(batch.rows[0])].name
    lying = read_shared(taught, replace(CONFIG, turned=(name,)))
    unknown = TargetMaker(lying, HEADS, 0.1)(batch)["turns"].isnan().all(1)
    assert torch.equal(unknown, batch.rows == batch.rows[0])
    network = make_shared(CONFIG.arch, "none", 0.0)
    marks = torch.from_numpy(photos.known_marks()).float()[batch.rows]
    with torch.no_grad():
        parts = losses(HEADS, judged(network, batch.images), targets, batch, marks, CONFIG)
    assert set(parts) >= {head.name for head in HEADS}
    assert all(torch.isfinite(value) for value in parts.values())


@pytest.mark.parametrize("answer", LOSSES)
def test_unknown_targets_cost_nothing(answer: str) -> None:
    raw = torch.randn(3, 4, requires_grad=True)
    loss = LOSSES[answer](raw, torch.full((3, 4), float("nan")))
    loss.backward()
    assert float(loss) == 0
    assert raw.grad is not None
    assert not raw.grad.any()


@pytest.mark.parametrize("answer", LOSSES)
def test_a_loss_is_least_at_its_target(answer: str) -> None:
    target = {
        "shares": torch.tensor([[0.1, 0.2, 0.7]]),
        "one": torch.tensor([[0.0, 0.0, 1.0]]),
        "several": torch.tensor([[1.0, 0.0, float("nan")]]),
        "vector": torch.tensor([[0.0, 0.6, 0.8]]),
    }[answer]
    right = {
        "shares": target.log(),
        "one": 20 * target,
        "several": torch.tensor([[20.0, -20.0, -5.0]]),
        "vector": 3 * target,
    }[answer]
    assert float(LOSSES[answer](right, target)) == pytest.approx(0, abs=1e-5)
    assert float(LOSSES[answer](right.flip(1), target)) > 0.05


def test_the_served_network_says_the_same_at_any_size() -> None:
    torch.manual_seed(0)
    network = make_shared("efficientnet_lite0", "none", 0.2).eval()
    served = ServedShared(network)
    for size in ((64, 96), (96, 64)):
        image = torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)
        with torch.no_grad():
            answers = network.answers(network(image))
            given = served(image)
        for head, each in zip(network.table, given, strict=True):
            assert each.shape == (2, head.width)
            torch.testing.assert_close(each, answers[head.name], rtol=1e-3, atol=1e-5)
    assert not [name for name in served.state_dict() if "running" in name]


@pytest.mark.slow
def test_the_exported_network_takes_photos_of_any_shape() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    network = make_shared("efficientnet_lite0", "none", 0.2).eval()
    rows, columns = torch.export.Dim("rows", max=40), torch.export.Dim("columns", max=40)
    program = torch.onnx.export(
        ServedShared(network).eval(),
        (torch.zeros((2, 3, 64, 96), dtype=torch.uint8),),
        dynamo=True,
        input_names=["image"],
        output_names=[head.name for head in HEADS],
        dynamic_shapes={"image": {0: torch.export.Dim("n"), 2: 32 * rows, 3: 32 * columns}},
        verbose=False,
    )
    assert program is not None
    content = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for shape in ((1, 3, 224, 352), (3, 3, 96, 64)):
        image = torch.randint(0, 256, shape, dtype=torch.uint8)
        with torch.no_grad():
            answers = network.answers(network(image))
        for head, given in zip(HEADS, session.run(None, {"image": image.numpy()}), strict=True):
            np.testing.assert_allclose(given, answers[head.name].numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_the_exported_network_can_be_rounded_to_bytes() -> None:
    torch.manual_seed(0)
    network = make_shared("efficientnet_lite0", "none", 0.2).eval()
    for module in network.backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    image = torch.randint(0, 256, (1, 3, 64, 96), dtype=torch.uint8)
    names = [head.name for head in HEADS]
    program = torch.onnx.export(
        ServedShared(network).eval(),
        (image,),
        dynamo=True,
        input_names=["image"],
        output_names=names,
        verbose=False,
    )
    assert program is not None
    quantised = QuantisedNetwork(prepared(program.model_proto.SerializeToString()))
    assert not [node for node in quantised.graph.nodes if node.op == "Pad"]
    assert len(quantised.convolutions) == 49
    with torch.no_grad():
        given = quantised({quantised.graph.image: image}, names)
        answers = network.answers(network(image))
    assert set(given) == set(names)
    for name in names:
        torch.testing.assert_close(given[name], answers[name], rtol=1e-3, atol=1e-4)


def test_contradictions_are_told() -> None:
    for wrong in ({"fold": "7"}, {"batch": 1}, {"pixels": 10}, {"samples": 1}, {"rated_share": 0.99}):
        with pytest.raises(UsageError):
            checked(replace(CONFIG, **wrong), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(2, 3), (3, 2), (3, 4), (1, 1), (9, 16), (1, 9)])
def test_a_canvas_has_the_photos_aspect_ratio(size: tuple[int, int]) -> None:
    height, width = canvas(100 * size[0], 100 * size[1], 288 * 288)
    assert height % 32 == width % 32 == 0
    assert height * width <= 288 * 288
    wanted = min(np.log(size[1] / size[0]), np.log(3))
    assert abs(np.log(width / height) - wanted) < 0.12
