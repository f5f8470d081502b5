from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from astronaut import BOX, POINTS, face_of
from photos import sample_pictures, shared_data
from scipy.stats import pearsonr
from torch import nn
from typer.testing import CliRunner

from export.__main__ import command as export_command
from photocli.errors import UsageError
from photocli.faces.alignment import OUTSIDE, Place, align
from photocli.models.card import read_card
from trainers.common.checkpoints import load_model
from trainers.common.image_corruptions import SPOILS, spoiled
from trainers.common.losses import band_loss
from trainers.selfie import ablation
from trainers.selfie.__main__ import command as train_command
from trainers.selfie.alignment import FINER, ROOM, largest_face, wider_place
from trainers.selfie.augmentation import AugmentationRange, random_views
from trainers.selfie.config import SelfieConfig, checked, place_of
from trainers.selfie.data import AlignedFaces, FaceLists, divide, draw_pairs, read_faces, score_classes
from trainers.selfie.evaluate import checks, corruption_metrics, evaluate, predict, score_metrics
from trainers.selfie.losses import CollapseError, check_collapse, distance, hinge_embedding
from trainers.selfie.module import StagedTraining
from trainers.selfie.network import FaceScorer
from trainers.selfie.tiny_darknet import scaled
from trainers.selfie.train import start, train

QUICK = SelfieConfig(
    teacher="none",
    side=32,
    width=0.25,
    pretrain_epochs=2,
    epochs=2,
    batch=16,
    pairs=4,
    dropout=0.1,
    eval_every=1,
    lr=1e-2,
    pretrain_lr=3e-3,
    more_until=0.5,
)
PLAIN = replace(QUICK, pretrain=False, net2net=False)


def made_faces(count: int, seed: int = 0, side: int = 32) -> AlignedFaces:
    """Pieces of real pictures; the brighter a piece, the higher its score, 1-10."""
    rng = np.random.default_rng(seed)
    pictures = list(sample_pictures().values())
    large = round(side * ROOM * FINER)
    wide = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        y, x = (int(rng.integers(n - large)) for n in picture.shape[:2])
        wide.append(np.clip(picture[y : y + large, x : x + large] * rng.uniform(0.3, 1.4), 0, 255))
    squares = np.stack(wide).astype(np.uint8)
    edge = (large - side) // 2
    inner = np.ascontiguousarray(squares[:, edge : edge + side, edge : edge + side])
    light = squares.mean((1, 2, 3))
    score = 1 + 9 * (light - light.min()) / np.ptp(light)
    names = tuple(f"{seed}_{number}.jpg" for number in range(count))
    sexes = tuple(("female", "male")[number % 2] for number in range(count))
    return AlignedFaces(
        inner, squares, score, names, sexes, ("",) * count, {"name": f"made/{seed}", "hash": str(seed)}
    )


@pytest.fixture(scope="module")
def data() -> FaceLists:
    held = made_faces(40, 1)
    return FaceLists(made_faces(64), held, made_faces(48, 2), held, "made")


def weights(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def training_of(config: SelfieConfig, data: FaceLists) -> StagedTraining:
    return StagedTraining(start(config), config, data.training, data.more, data.held)


# Views


def test_training_sees_what_is_served_but_for_straying() -> None:
    picture, place = sample_pictures()["astronaut"], Place(0.37, 0.36)
    face = face_of(BOX, POINTS, (512, 512))
    served = align(picture, face, 96, place).astype(float)
    wide = align(picture, face, round(96 * ROOM * FINER), wider_place(place))
    seen = random_views(
        torch.from_numpy(np.stack([wide] * 8)),
        96,
        AugmentationRange(0, 0, 0, 0, 0),
        torch.Generator().manual_seed(0),
    )
    gaps = [np.abs(view.permute(1, 2, 0).numpy() - served).mean() for view in seen]
    mirrored = [np.abs(view.flip(2).permute(1, 2, 0).numpy() - served).mean() for view in seen]
    assert max(min(pair) for pair in zip(gaps, mirrored, strict=True)) < 3
    assert 0 < sum(gap < 3 for gap in gaps) < 8  # some are mirrored and some are not


def test_views_stray_no_farther_than_they_may() -> None:
    """A dot beside the middle says how each view was turned, scaled and shifted."""
    wide = np.zeros((200, 150, 150, 3), np.uint8)
    wide[:, 73:77, 110:114] = 255  # 37.5 pixels to the right: 0.3125 of the served side of 100 · 1.2
    seen = random_views(
        torch.from_numpy(wide), 100, AugmentationRange(20, 0.1, 0, 0, 0), torch.Generator().manual_seed(1)
    ).mean(1)
    down, across = np.mgrid[:100, :100] + 0.5 - 50
    weight = seen.numpy() / seen.sum((1, 2), keepdim=True).numpy()
    x, y = (weight * across).sum((1, 2)), (weight * down).sum((1, 2))
    angle, apart = np.degrees(np.arctan2(y, np.abs(x))), np.hypot(x, y) / (37 / 1.2)
    assert 15 < np.abs(angle).max() <= 20.5
    assert apart.min() > 0.89 and apart.max() < 1.12 and np.ptp(apart) > 0.1
    assert 60 < (x < 0).sum() < 140


def test_each_kind_of_spoiling_does_what_it_says() -> None:
    picture = align(sample_pictures()["astronaut"], face_of(BOX, POINTS, (512, 512)), 96)
    image = torch.from_numpy(picture).permute(2, 0, 1).float()[None]
    edges = lambda some: (some[..., 1:] - some[..., :-1]).abs().mean()  # noqa: E731
    for number, name in enumerate(SPOILS):
        light, heavy = (
            spoiled(image, torch.tensor([number]), torch.tensor([hard]), torch.Generator().manual_seed(0))
            for hard in (0.2, 1.0)
        )
        assert light.shape == image.shape and heavy.min() >= 0 and heavy.max() <= 255
        assert (heavy - image).abs().mean() > (light - image).abs().mean() > 0.5, name
        if name in ("blur", "coarse"):
            assert edges(heavy) < edges(light) < edges(image)
        if name == "noise":
            assert edges(heavy) > edges(light) > edges(image)
        if name == "overexposed":
            assert heavy.mean() > light.mean() > image.mean() + 15
        if name == "underexposed":
            assert heavy.mean() < light.mean() < image.mean() - 15
        if name == "cut":
            gone = (heavy == torch.tensor(OUTSIDE).view(3, 1, 1)).all(1).float().mean()
            assert gone == pytest.approx(0.58, abs=0.02)


def test_only_what_is_chosen_is_spoiled() -> None:
    faces = made_faces(6)
    images = torch.from_numpy(faces.squares).permute(0, 3, 1, 2).float()
    kinds = torch.tensor([-1, 0, -1, 5, 2, -1])
    changed = spoiled(images, kinds, torch.full((6,), 0.8), torch.Generator().manual_seed(0))
    assert [(a != b).any().item() for a, b in zip(images, changed, strict=True)] == (kinds >= 0).tolist()


# Siamese


def test_half_of_the_pairs_are_alike_and_all_classes_come() -> None:
    score = np.concatenate([np.full(200, 5.2), np.full(20, 2.4), np.full(3, 8.6), [1.0]])
    classes = score_classes(score)
    assert sorted(set(classes.tolist())) == [1, 2, 5, 9]
    first, second, same = draw_pairs(classes, 600, np.random.default_rng(0))
    assert same.mean() == 0.5
    assert ((classes[first] == classes[second]) == same).all()
    assert (first != second)[same].all()
    alike = classes[first][same]
    assert all(0.25 < (alike == name).mean() < 0.42 for name in (2, 5, 9))  # a single face has no pair


def test_the_loss_of_pairs() -> None:
    one, other = torch.zeros(4, 3), torch.tensor([[0.3, 0.4, 0], [0.3, 0.4, 0], [3.0, 4, 0], [0.0, 0, 0]])
    same = torch.tensor([True, False, False, False])
    apart = distance(one, other, "l2")
    assert apart.tolist() == pytest.approx([0.5, 0.5, 5, 0], abs=2e-3)
    assert distance(one, other, "l1").tolist() == pytest.approx([0.7, 0.7, 7, 0])
    assert float(hinge_embedding(apart, same)) == pytest.approx((0.5 + 0.5 + 0 + 1) / 4, abs=1e-3)
    constant = hinge_embedding(torch.full((10,), 0.5), torch.arange(10) % 2 == 0)
    assert float(constant) == pytest.approx(0.5)


def test_spoiled_copies_stay_within_a_band_below_their_face() -> None:
    better, margin = torch.full((5,), 7.0), torch.full((5,), 2.0)
    worse = torch.tensor([7.5, 6.0, 5.0, 3.0, -1.0])
    each = [float(band_loss(better[n : n + 1], worse[n : n + 1], margin[n : n + 1])) for n in range(5)]
    assert each == pytest.approx([2.5, 1.0, 0.0, 0.0, 4.0])


def test_a_collapsed_stage_stops_with_a_message(data: FaceLists) -> None:
    for loss in (0.46, float("nan")):
        with pytest.raises(CollapseError, match="collapsed"):
            check_collapse(loss)
    check_collapse(0.44)
    training = training_of(replace(QUICK, net2net=False), data)
    nn.init.zeros_(training.network.pair.weight)  # every face is the same to it
    training.network.pair.weight.requires_grad_(False)
    training.averaged.load_state_dict(training.network.state_dict())
    with pytest.raises(CollapseError, match="--pretrain-lr"):
        training.run(None, told=False)


# Stages


def test_a_resumed_run_is_the_run_that_was_not_stopped(tmp_path: Path, data: FaceLists) -> None:
    config = replace(QUICK, stall_steps=2, growth=("deeper",), pretrain_epochs=4, restart=1.0)
    whole = training_of(config, data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainers.selfie.module.check_collapse", lambda *found: None)
        patch.setattr("trainers.selfie.progress.STILL", 0.9)  # stalls at once
        kept = whole.run(None, told=False)
        assert any("grew" in row for row in whole.at.history)
        for stop in (3, 5):  # an epoch of the first stage, after growth, and one of the second
            out = tmp_path / str(stop)
            first, epochs = training_of(config, data), 0
            save = first.save

            def stopping(path: Path, save: Any = save, stop: int = stop) -> None:
                nonlocal epochs
                save(path)
                epochs += 1
                if epochs == stop:
                    raise KeyboardInterrupt

            patch.setattr(first, "save", stopping)
            with pytest.raises(KeyboardInterrupt):
                first.run(out, told=False)
            second = training_of(config, data)
            second.restore(out / "last.ckpt")
            again = second.run(out, told=False)
            assert again.plan == kept.plan
            for name, value in weights(kept).items():
                assert torch.equal(value, again.state_dict()[name]), name
            losses = [[row["loss"] for row in one.at.history if "loss" in row] for one in (whole, second)]
            assert losses[0] == losses[1]


def test_each_stage_is_a_flag(data: FaceLists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.selfie.module.check_collapse", lambda *found: None)
    stages = {}
    for pretrain in (True, False):
        for net2net in (True, False):
            config = replace(QUICK, pretrain=pretrain, net2net=net2net, last_width=2.0, growth=())
            training = training_of(config, data)
            network = training.run(None, told=False)
            stages[pretrain, net2net] = {row["stage"] for row in training.at.history}
            assert network.plan == (scaled(0.5) if net2net else scaled(0.25))
    assert all(("siamese" in found) == key[0] for key, found in stages.items())
    assert all("regression" in found for found in stages.values())


def test_a_network_that_grows_says_the_same_but_for_noise(data: FaceLists) -> None:
    training = training_of(QUICK, data)
    assert data.held is not None
    before = predict(training.network, data.held.squares)
    rates = {group["lr"] for group in training._optimizer.param_groups}
    training._grow("deeper")
    deeper = predict(training.network, data.held.squares)
    assert np.abs(deeper - before).max() < 1e-4
    training._grow("wider")
    assert 0 < np.abs(predict(training.network, data.held.squares) - before).max() < 0.05
    assert training._rate() < 0.1
    assert {group["lr"] for group in training._optimizer.param_groups} == rates
    assert sum("grew" in row for row in training.at.history) == 2


def test_growth_waits_for_a_stall(data: FaceLists) -> None:
    training = training_of(replace(QUICK, stall_steps=5, growth=("wider",)), data)
    for step in range(40):
        training._watch(1.0 / (1 + step))  # falls
    assert training.at.grown == 0
    for _ in range(15):
        training._watch(0.02)
    assert training.at.grown == 1


def test_frozen_batch_norm_stays_as_it_was(data: FaceLists) -> None:
    config = replace(PLAIN, arch="mobilenet_v2", optimizer="adamw", bn="frozen", lr=1e-4, epochs=1)
    training = training_of(config, data)
    before = weights(training.network)
    training.run(None, told=False)
    after = training.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if "running" in name)
    assert not torch.equal(before["backbone.features.0.0.weight"], after["backbone.features.0.0.weight"])


def test_batch_norm_that_learns_sees_no_spoiled_copies(data: FaceLists) -> None:
    """With them or without, its statistics after a step are the same."""
    found = []
    for weight in (0.0, 1.0):
        config = replace(
            PLAIN, arch="mobilenet_v2", optimizer="adamw", bn="train", craft=weight, more_share=0.0
        )
        training = training_of(config, data)
        training._step()
        found.append(training.network.state_dict())
    first = "backbone.features.0.1.running_mean"
    assert torch.allclose(found[0][first], found[1][first], atol=1e-6)
    assert float(found[0][first].abs().max()) > 0.01


def test_settings_that_contradict_are_refused() -> None:
    for wrong in (
        {"teacher": ""},
        {"arch": "mobilenet_v2"},
        {"growth": ("sideways",)},
        {"fold": "7"},
        {"pretrain_share": 1.0},
        {"batch": 2},
    ):
        with pytest.raises(UsageError):
            checked(replace(QUICK, **wrong))
    with pytest.raises(UsageError, match="no ImageNet weights"):
        start(replace(QUICK, init="imagenet"))


def test_balanced_sampling_and_time(data: FaceLists) -> None:
    training = training_of(PLAIN, data)
    classes = score_classes(data.training.score)
    shares = [training.batches.chances[classes == name].sum() for name in np.unique(classes)]
    assert shares == pytest.approx([1 / len(shares)] * len(shares))
    timed = training_of(replace(PLAIN, minutes=0.02), data)
    timed.run(None, told=False)
    assert 1.2 <= sum(timed.at.spent) < 3


# Evaluation


def test_it_learns_scores_and_craft_and_says_how_well(tmp_path: Path, data: FaceLists) -> None:
    config = replace(PLAIN, epochs=25, lr=2e-2, craft=1.0, pairs=8, colour=0.0, ema=0.9)
    facts = train(config, data, tmp_path, resume=False)
    assert facts["figures"]["pearson"] > 0.7
    assert facts["figures"]["mae"] < facts["figures"]["mae_constant"]
    assert facts["figures"]["studio"]["learned_from"] is False
    assert set(facts["groups"]) == {"sex: female", "sex: male"}
    assert [check["passed"] for check in facts["checks"]][:3] == [True] * 3
    stored = json.loads((tmp_path / "run.json").read_text())
    assert stored["figures"]["pearson"] == pytest.approx(facts["figures"]["pearson"], abs=1e-5)
    model = load_model(tmp_path / "model.ckpt")
    assert isinstance(model.network, FaceScorer) and data.held is not None
    assert predict(model.network, data.held.squares) == pytest.approx(facts["said"], abs=1e-3)
    again = load_model(tmp_path / "last.ckpt")
    assert isinstance(again.network, FaceScorer)
    assert predict(again.network, data.held.squares) == pytest.approx(facts["said"], abs=1e-3)


def test_craft_counts_the_order_of_faces_and_their_spoiled_copies() -> None:
    class Sharpness(FaceScorer):
        """Scores by detail."""

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            image = image.float()
            found = (image[..., 1:] - image[..., :-1]).abs().mean((1, 2, 3))
            return torch.stack([found, found], 1)

    found = corruption_metrics(Sharpness("tiny_darknet", plan=("3x4",)), made_faces(30))
    assert found["blur"] > 0.95 and found["coarse"] > 0.95 and found["noise"] < 0.1
    assert set(SPOILS) < set(found)


def test_constants_fail_their_checks() -> None:
    truth = np.linspace(2, 9, 40)
    result = score_metrics(np.full(40, 5.5), truth) | {"craft": {"ordered_right": 0.0}}
    assert not any(check.passed for check in checks(result))
    assert result["pearson"] == 0


def test_scores_of_other_raters_are_moved_to_the_same_scale(data: FaceLists) -> None:
    others = replace(made_faces(50, 3), score=np.linspace(1, 5, 50))
    moved = others.like(data.training)
    assert moved.score.mean() == pytest.approx(data.training.score.mean(), abs=0.1)
    assert np.argsort(moved.score).tolist() == list(range(50)) and moved.score.max() <= 10


def test_the_ablation_gives_every_variant_the_same_time(
    tmp_path: Path, data: FaceLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainers.selfie.module.check_collapse", lambda *found: None)
    quick = {
        name: variant._replace(
            settings=variant.settings
            | ({"width": 0.1} if variant.settings["arch"] == "tiny_darknet" else {}),
            rates=variant.rates[:2],
        )
        for name, variant in ablation.VARIANTS.items()
        if name != "imagenet"
    }
    monkeypatch.setattr(ablation, "VARIANTS", quick)
    config = replace(QUICK, minutes=0.01)
    rows = tmp_path / "ablation"
    rows.mkdir()
    (rows / "scratch.taken").touch()  # another process is at it
    ablation.compare(config, data, tmp_path, 2, 0.002)
    assert not (tmp_path / "ablation.json").exists()
    (rows / "scratch.taken").unlink()
    before = (rows / "siamese.json").stat().st_mtime_ns
    ablation.compare(config, data, tmp_path, 2, 0.002)
    assert (rows / "siamese.json").stat().st_mtime_ns == before
    stored = json.loads((tmp_path / "ablation.json").read_text())
    assert [row["variant"] for row in stored["variants"]] == list(quick)
    assert all(0.6 <= row["seconds"] < 2 and len(row["runs"]) == 2 for row in stored["variants"])
    assert all(row["rate"] in dict(row["tried"]) for row in stored["variants"])
    originals = [row["original"] for row in stored["variants"]]
    assert originals[:3] == [0.68, 0.82, 0.84]


def test_rates_are_tuned_on_training_faces_alone(data: FaceLists, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[AlignedFaces, AlignedFaces]] = []

    def noting(config: SelfieConfig, data: FaceLists, held: AlignedFaces) -> dict[str, float]:
        seen.append((data.training, held))
        return {"pearson": 0.0}

    monkeypatch.setattr(ablation, "one_run", noting)
    ablation.tune(QUICK, data, 0.1)
    [(training, held)] = seen
    assert set(training.names) | set(held.names) == set(data.training.names)
    assert not set(training.names) & set(held.names) and data.held is not None
    assert not set(held.names) & set(data.held.names)


# The whole way


def test_the_exported_model_says_what_the_checkpoint_says(tmp_path: Path, data: FaceLists) -> None:
    train(replace(QUICK, pretrain=False, epochs=1, growth=()), data, tmp_path / "run", resume=False)
    result = CliRunner().invoke(
        export_command(), [str(tmp_path / "run" / "model.ckpt"), "--to", str(tmp_path / "selfie")]
    )
    assert result.exit_code == 0, result.output
    card = read_card(tmp_path / "selfie")
    assert card.kind == "selfie" and card.input.fit == "faces" and card.outputs == ("scores",)
    assert card.facts["input"]["place"]["eyes_apart"] == QUICK.eyes_apart
    session = onnxruntime.InferenceSession(str(card.network), providers=["CPUExecutionProvider"])
    assert data.held is not None
    squares = data.held.squares.transpose(0, 3, 1, 2)
    [said] = session.run(["scores"], {card.input.name: np.ascontiguousarray(squares)})
    network = load_model(tmp_path / "run" / "model.ckpt").network
    assert isinstance(network, FaceScorer)
    assert said[:, 0] == pytest.approx(np.clip(predict(network, data.held.squares), 1, 10), abs=0.02)


def test_lists_are_read_and_divided(tmp_path: Path) -> None:
    listed = shared_data("selfie", "val.csv")
    teacher = shared_data("..", "weights", "yunet_n_dynamic.onnx")
    rows = listed.read_text().splitlines()[:31]
    part = tmp_path / "part.csv"
    part.write_text("\n".join([rows[0], *(f"{listed.parent}/{row}" for row in rows[1:])]))
    faces = read_faces(part, teacher, 48, place_of(QUICK), tmp_path / "cache")
    assert len(faces) == 30 and faces.squares.shape == (30, 48, 48, 3) and faces.side == 48
    assert set(faces.sex) == {"female", "male"}
    again = read_faces(part, teacher, 48, place_of(QUICK), tmp_path / "cache")
    assert np.array_equal(faces.wide, again.wide) and faces.names == again.names
    training, held = divide(faces, 3, 0)
    assert len(training) + len(held) == 30 and not set(training.names) & set(held.names)
    small = next(shared_data("faces_small", "images").glob("*.jpg"))
    from PIL import Image

    from trainers.common.yunet import YuNet

    face = largest_face(YuNet(teacher), np.asarray(Image.open(small).convert("RGB")))
    assert face is not None and 0 < face[4] < face[6] < 1  # it fills its picture, and is found


def test_wrong_lists_and_flags_end_with_a_message(tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("name,mark\na.jpg,3\n")
    runner = CliRunner()
    for arguments, message in (
        ([str(listed)], "--teacher"),
        ([str(listed), "--teacher", "none.onnx"], "no columns"),
        ([str(tmp_path / "none.csv"), "--teacher", "none.onnx"], "cannot be read"),
        ([str(listed), "--teacher", "x", "--arch", "resnet18"], "--no-net2net"),
    ):
        result = runner.invoke(train_command(), arguments)
        assert result.exit_code == 2 and message in result.output


def test_help_does_not_need_torch() -> None:
    code = (
        "import sys\nfrom trainers.selfie.__main__ import command\n"
        "command()(['--help'], standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr
    assert "--ablation" in done.stdout


def test_a_second_stage_remembers_what_the_first_learned_from(tmp_path: Path, data: FaceLists) -> None:
    first = train(replace(PLAIN, epochs=1), data, tmp_path / "first", resume=False)
    assert [source["role"] for source in first["data"]] == ["scores", "scores by other raters"]
    init = str(tmp_path / "first" / "model.ckpt")
    alone = data._replace(more=None, studio=data.more)
    second = train(replace(PLAIN, epochs=1, init=init, lr=1e-6), alone, tmp_path / "second", resume=False)
    assert [source["hash"] for source in second["data"]] == ["0", "2", "0"]
    assert second["figures"]["studio"]["learned_from"] is True
    assert first["before"] == []
    assert second["before"] == [{name: first[name] for name in ("command", "commit", "seed")}]
    weights = load_model(tmp_path / "first" / "model.ckpt").network.state_dict()
    again = load_model(tmp_path / "second" / "model.ckpt").network.state_dict()
    assert all(torch.allclose(value, again[name], atol=1e-3) for name, value in weights.items())


def test_a_table_is_put_into_the_run(tmp_path: Path) -> None:
    run, table = tmp_path / "run.json", tmp_path / "ablation.json"
    run.write_text('{"seed": 1}')
    table.write_text('{"variants": []}')
    ablation.join(run, table)
    assert json.loads(run.read_text()) == {"seed": 1, "ablation": {"variants": []}}
    with pytest.raises(UsageError, match="cannot be read"):
        ablation.join(run, tmp_path / "none.json")


def test_metrics_are_of_faces_held_out(data: FaceLists) -> None:
    found = evaluate(FaceScorer("tiny_darknet", 0.0, scaled(0.1)).eval(), data)
    assert data.held is not None and found["figures"]["photos"] == len(data.held)
    assert pearsonr(found["said"], data.held.score)[0] == pytest.approx(found["figures"]["pearson"], abs=0.05)
