from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from photocli.errors import UsageError
from trainers.aesthetics.labels import CLASSES
from trainers.aesthetics.network import Scorer, probe_head
from trainers.aesthetics.train import label_loss, squared_emd
from trainers.common.backbones import BACKBONES, initialise, make_backbone
from trainers.common.losses import class_weights, correlation_loss, pair_loss
from trainers.common.parameter_groups import Multipliers, parameter_groups


def test_caffenet_has_its_parameters() -> None:
    network = Scorer("caffenet", "binary").eval()
    assert sum(value.numel() for value in network.parameters()) == 56_876_418
    assert network.embed(torch.zeros(1, 3, 227, 227, dtype=torch.uint8)).shape == (1, 4096)


@pytest.mark.parametrize("arch", [name for name in BACKBONES if name != "caffenet"])
def test_a_backbone_gives_an_embedding_of_its_width(arch: str) -> None:
    backbone, width = make_backbone(arch)
    assert backbone.eval()(torch.zeros(2, 3, 64, 64)).flatten(1).shape == (2, width)


def test_after_a_plain_step_rates_are_exactly_1_2_10_20_and_frozen_weights_bit_identical() -> None:
    backbone, head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(4, 4)), nn.Linear(4, 2)
    frozen = backbone[1].requires_grad_(False)
    before = {name: value.clone() for name, value in nn.ModuleList([backbone, head]).named_parameters()}
    groups = parameter_groups(backbone, head, rate=0.5, decay=0.0, by=Multipliers())
    optimizer = torch.optim.SGD(groups, lr=0.5)
    for value in (*backbone[0].parameters(), *head.parameters()):
        value.grad = torch.full_like(value, 0.25)
    for value in (backbone[0].weight, backbone[0].bias, head.weight, head.bias):
        nn.init.zeros_(value)
    optimizer.step()
    unit = 0.5 * 0.25
    for value, times in ((backbone[0].weight, 1), (backbone[0].bias, 2), (head.weight, 10), (head.bias, 20)):
        assert (value == -unit * times).all()
    assert torch.equal(frozen.weight, before["0.1.weight"])
    assert torch.equal(frozen.bias, before["0.1.bias"])


def test_biases_and_scales_do_not_decay() -> None:
    backbone, head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), nn.Linear(4, 2)
    for group in parameter_groups(backbone, head, 0.1, decay=0.3):
        decays = {value.ndim > 1 for value in group["params"]}
        assert decays == {group["weight_decay"] > 0}


def test_starting_weights_are_loaded_or_refused(tmp_path: Path) -> None:
    backbone, _ = make_backbone("squeezenet1_1")
    torch.save(backbone.state_dict() | {"classifier.1.weight": torch.zeros(3)}, tmp_path / "w.pt")
    other, _ = make_backbone("squeezenet1_1")
    initialise(other, "squeezenet1_1", str(tmp_path / "w.pt"))
    assert all(torch.equal(value, backbone.state_dict()[name]) for name, value in other.state_dict().items())
    with pytest.raises(UsageError, match="missing"):
        initialise(make_backbone("resnet18")[0], "resnet18", str(tmp_path / "w.pt"))
    with pytest.raises(UsageError, match="does not exist"):
        initialise(other, "squeezenet1_1", str(tmp_path / "no.pt"))
    with pytest.raises(UsageError, match="download"):
        initialise(make_backbone("caffenet")[0], "caffenet", "imagenet")
    with pytest.raises(UsageError, match="there is no backbone"):
        make_backbone("vgg0")


def test_no_network_is_a_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fail)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(UsageError, match="--init FILE"):
        initialise(make_backbone("resnet18")[0], "resnet18", "imagenet")


def test_earth_movers_distance_of_known_votes() -> None:
    votes = torch.eye(10)
    assert squared_emd(votes[[3]], votes[[3]]) == 0
    # A whole vote moved by three marks: three cumulative shares are off by 1.
    assert squared_emd(votes[[2]], votes[[5]]) == pytest.approx(3.0)
    assert squared_emd(votes[[0, 0]], votes[[0, 9]]) == pytest.approx(4.5)


def test_losses_vanish_where_they_should() -> None:
    score = torch.tensor([1.0, 2.0, 4.0])
    assert correlation_loss(2 * score + 1, score) == pytest.approx(0.0, abs=1e-5)
    assert correlation_loss(-score, score) == pytest.approx(2.0, abs=1e-5)
    margin = torch.tensor([0.5, 0.5, 3.0])
    assert pair_loss(score, score - 1, margin) == pytest.approx(2.0 / 3)
    assert label_loss("regression", torch.tensor([[0.5]]), torch.tensor([[6.0]]), 5.5, None) == 0


def test_weights_balance_unequal_classes() -> None:
    target = torch.eye(2)[[0, 0, 0, 1]]
    weights = class_weights(target)
    assert weights[1] / weights[0] == pytest.approx(3.0)
    raw = torch.tensor([[2.0, 0.0]]).repeat(4, 1)
    halves = [label_loss("binary", raw[:1], target[[row]], 5.5, None) for row in (0, 3)]
    assert label_loss("binary", raw, target, 5.5, weights) == pytest.approx(float(sum(halves)) / 2)


def test_scores_and_outputs_of_the_label_modes() -> None:
    image = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    for mode, labels in CLASSES.items():
        network = Scorer("squeezenet1_1", mode).eval()  # type: ignore[arg-type]
        raw = network(image)
        assert raw.shape == (2, len(labels))
        assert network.score(raw).shape == (2,)
        if mode != "regression":
            assert network.outputs(raw).sum(1).detach() == pytest.approx([1.0, 1.0])
    votes = Scorer("squeezenet1_1", "distribution")
    assert votes.score(50 * torch.eye(10)).tolist() == pytest.approx(range(1, 11))


@pytest.mark.parametrize("mode", CLASSES)
def test_a_probed_head_says_what_the_features_say(mode: str) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 512)).astype(np.float32)
    mean = np.clip(5.5 + 1.2 * features[:, :3].sum(axis=1), 2, 9)
    network = Scorer("squeezenet1_1", mode).eval()  # type: ignore[arg-type]
    error = probe_head(network, features, mean, np.full(200, 1.0), 1.0)
    with torch.no_grad():
        score = network.score(network.head(torch.from_numpy(features))).numpy()
    assert np.corrcoef(score, mean)[0, 1] > 0.9
    assert 0 < error < mean.std()
    if mode in ("distribution", "regression"):
        assert np.abs(score - mean).mean() < 0.7 * np.abs(mean - mean.mean()).mean()
    else:
        assert ((score > 0) == (mean > 5.5)).mean() > 0.85
