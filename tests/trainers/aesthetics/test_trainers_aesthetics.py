from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rated import make_rated
from resuming import same_weights, stop_after
from typer.testing import CliRunner

from photocli.errors import UsageError
from trainers.aesthetics.__main__ import command
from trainers.aesthetics.config import AestheticsConfig, checked
from trainers.aesthetics.data import Materials, read_materials, split_materials, teacher_outputs
from trainers.aesthetics.labels import CLASSES
from trainers.aesthetics.network import Scorer
from trainers.aesthetics.train import AestheticsTraining, cross_validate, fit, learns_extremes, train_fold
from trainers.common.batches import EpochPlan
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.module import should_compile
from trainers.common.soup import average

QUICK = AestheticsConfig(
    scale=(1.0, 7.0),
    arch="squeezenet1_1",
    init="none",
    size=48,
    folds=2,
    epochs=2,
    batch=8,
    pairs=3,
    head_init="random",
    compile=False,
    dropout=0.2,
)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_rated(tmp_path_factory.mktemp("data") / "rated")


@pytest.fixture(scope="module")
def materials(rated: Path) -> Materials:
    return read_materials(rated, QUICK)


@pytest.mark.parametrize("mode", CLASSES)
def test_every_label_mode_learns(mode: str, materials: Materials, tmp_path: Path) -> None:
    many = {"epochs": 6, "pair_weight": 0.0, "correlation_weight": 0.0, "augment": False, "dropout": 0.0}
    config = replace(QUICK, labels=mode, delta=0.3, fold="none", lr=1e-3, **many)
    training, held = split_materials(materials, config)
    assert held is None
    _, history = fit(config, training, held, tmp_path, resume=False)
    assert history[-1]["loss"] < 0.97 * history[0]["loss"]


def test_a_resumed_run_equals_one_that_was_not_interrupted(materials: Materials, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=3, head_epochs=1, workers=0)
    training, held = split_materials(materials, config)
    whole, history = fit(config, training, held, tmp_path / "whole", resume=False)

    torch.manual_seed(config.seed)
    network = Scorer(config.arch, config.labels, config.dropout, config.middle)
    module = AestheticsTraining(network, config, training, held)
    stop_after(2, module, config, tmp_path / "parts", watch=True)
    parts, later = fit(config, training, held, tmp_path / "parts", resume=True)

    assert len(history) == len(later) == 3
    same_weights(whole, parts)


def test_the_backbone_is_bit_identical_while_it_is_frozen(materials: Materials, tmp_path: Path) -> None:
    config = replace(QUICK, arch="mobilenet_v2", epochs=1, head_epochs=1, ema=0.0)
    training, held = split_materials(materials, config)
    torch.manual_seed(config.seed)
    before = Scorer(config.arch, config.labels, config.dropout, config.middle).state_dict()
    after, _ = fit(config, training, held, tmp_path, resume=False)
    for name, value in after.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("backbone."), name


def test_frozen_batch_norm_keeps_its_statistics(materials: Materials, tmp_path: Path) -> None:
    config = replace(QUICK, arch="mobilenet_v2", epochs=1, bn="frozen", ema=0.0)
    training, held = split_materials(materials, config)
    after, _ = fit(config, training, held, tmp_path, resume=False)
    means = [value for name, value in after.state_dict().items() if name.endswith("running_mean")]
    assert means
    assert all((value == 0).all() for value in means)


def test_epochs_are_functions_of_the_seed_and_their_number() -> None:
    plan = EpochPlan(labelled=21, unlabelled=5, batch=4, extra=2, pairs=3, seed=1)
    assert plan.epoch(3) == plan.epoch(3) != plan.epoch(4)
    batches = plan.epoch(0)
    assert len(batches) == plan.steps == 5
    for batch in batches:
        assert [draw.row < 21 for draw in batch] == [True] * 4 + [False] * 2
        assert sum(draw.degrade for draw in batch) == 3
    rows = [draw.row for batch in batches for draw in batch if draw.row < 21]
    assert len(set(rows)) == 20
    shares = [plan.epoch(0, rank, 2) for rank in (0, 1)]
    assert [len(share) for share in shares] == [2, 2]
    assert shares[0] + shares[1] == [batches[0], batches[2], batches[1], batches[3]]


def test_sampling_balances_classes() -> None:
    chances = np.array([0.5, *[0.5 / 99] * 99])
    draws = [draw.row for batch in EpochPlan(100, 0, 10, 0, 0, 0, chances).epoch(0) for draw in batch]
    assert 30 < draws.count(0) < 70


def test_the_gap_is_left_out_of_training_only(materials: Materials) -> None:
    config = replace(QUICK, labels="binary", delta=2.0, fold="1")
    training, held = split_materials(materials, config)
    assert held is not None
    assert (abs(training.ratings.mean - 5.5) > 2.0).all()
    assert (abs(held.ratings.mean - 5.5) <= 2.0).any()
    assert not set(training.ratings.names) & set(held.ratings.names)


def test_cross_validation_judges_every_photo_once_and_resumes(materials: Materials, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=1)
    result = cross_validate(config, materials, tmp_path, resume=False)
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert len(lines) == 1 + 24
    assert result.facts["figures"]["photos"] == 24
    assert set(result.facts["groups"]) == {"cat", "thing"}
    assert set(result.facts["figures"]["originals_above_degraded"]) == {
        "blur_1_percent",
        "plus_2_ev",
        "minus_3_ev",
    }
    stamp = (tmp_path / "fold0" / "model.ckpt").stat().st_mtime_ns
    again = cross_validate(config, materials, tmp_path, resume=True)
    assert (tmp_path / "fold0" / "model.ckpt").stat().st_mtime_ns == stamp
    assert again.facts["figures"]["spearman"] == pytest.approx(result.facts["figures"]["spearman"], abs=1e-4)
    document = json.loads((tmp_path / "run.json").read_text())
    assert {"config", "seed", "commit", "data", "figures", "checks", "calibration", "split"} <= set(document)
    assert str(tmp_path) not in json.dumps(document)


def test_teachers_pass_on_what_they_say_and_may_not_have_seen_held_out_photos(
    materials: Materials, rated: Path, tmp_path: Path
) -> None:
    result = train_fold(replace(QUICK, epochs=1), materials, tmp_path / "teacher", resume=False)
    teacher = str(tmp_path / "teacher" / "model.ckpt")
    assert result.table is not None
    student = replace(
        QUICK,
        teacher=(teacher,),
        unlabelled=(str(rated / "images"),),
        distill_weight=1.0,
        cache=str(tmp_path),
    )
    both = read_materials(rated, student)
    for _ in range(2):  # asked, then read from the cache
        training, _ = split_materials(both, student)
        assert training.known == len(training.pictures) == training.labelled + 24
        assert training.targets.sum(1) == pytest.approx(np.ones(training.known), abs=1e-5)
    paths = [*training.ratings.paths, *both.other_paths]
    taught = teacher_outputs([Path(teacher)], training.pictures, paths, vars(student), None)
    assert training.targets.numpy() == pytest.approx(taught, abs=1e-6)
    with pytest.raises(UsageError, match="holds out"):
        split_materials(both, replace(student, fold="1"))
    with pytest.raises(UsageError, match="learns"):
        split_materials(both, replace(student, labels="binary", fold="none"))
    fit(replace(student, epochs=1, unlabelled_per_batch=2), training, None, tmp_path / "s", resume=False)


def test_a_soup_is_the_average_and_needs_one_kind(tmp_path: Path) -> None:
    networks = [Scorer("squeezenet1_1", "binary") for _ in range(2)]
    for number, network in enumerate(networks):
        config = {"arch": "squeezenet1_1", "labels": "binary", "dropout": 0.0, "middle": 5.5, "size": 48}
        save_model(tmp_path / f"{number}.ckpt", Model(network, {**config, "seed": number, "fit": "squash"}))
    soup = average([tmp_path / "0.ckpt", tmp_path / "1.ckpt"])
    want = (networks[0].head.weight + networks[1].head.weight) / 2
    assert torch.allclose(soup.network.head.weight, want)
    other = Scorer("squeezenet1_1", "regression")
    save_model(
        tmp_path / "2.ckpt", Model(other, {**config, "labels": "regression", "seed": 0, "fit": "squash"})
    )
    with pytest.raises(UsageError, match="labels"):
        average([tmp_path / "0.ckpt", tmp_path / "2.ckpt"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": 64}, r"differs in 'size' \(48 or 64\)"),
        ({"fit": "warp"}, r"differs in 'fit' \(squash or warp\)"),
        ({"classes": ["b", "a"]}, r"differs in 'classes' \(the same in another order\)"),
        ({"classes": ["a", "c"], "mirror": False}, r"'mirror' \(True or False\) and in 'classes'"),
        ({"trainer": "of_another_kind"}, "of these trainers: there is no trainer 'of_another_kind'"),
    ],
)
def test_a_soup_of_runs_that_see_or_say_something_else_is_refused(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    config = {"arch": "squeezenet1_1", "labels": "binary", "dropout": 0.0, "middle": 5.5, "size": 48}
    config |= {"fit": "squash", "mirror": True, "classes": ["a", "b"], "trainer": "aesthetics"}
    files = [tmp_path / f"{name}.ckpt" for name in ("one", "other", "seed")]
    network = Scorer("squeezenet1_1", "binary")
    free = {"seed": 1, "lr": 0.5, "epochs": 7, "classes": ("a", "b")}
    for file, change in zip(files, ({}, changes, free), strict=True):
        save_model(file, Model(network, config | change))
    with pytest.raises(UsageError, match=reason):
        average(files[:2])
    assert average([files[0], files[2]]).config == config


def test_checkpoints_of_a_run_can_be_read_and_other_files_cannot(
    materials: Materials, tmp_path: Path
) -> None:
    training, held = split_materials(materials, replace(QUICK, epochs=1))
    network, _ = fit(replace(QUICK, epochs=1), training, held, tmp_path, resume=False)
    for name in ("last.ckpt", "best.ckpt"):
        stored = load_model(tmp_path / name)
        assert torch.equal(stored.network.head.weight, network.head.weight)
        assert not any("_orig_mod" in key for key in stored.network.state_dict())
    (tmp_path / "no.ckpt").write_bytes(b"nonsense")
    with pytest.raises(UsageError):
        load_model(tmp_path / "no.ckpt")


def test_the_command_line_trains_and_says_whether_it_beats_its_baselines(rated: Path, tmp_path: Path) -> None:
    options = [
        "--scale",
        "1",
        "7",
        "--arch",
        "squeezenet1_1",
        "--init",
        "none",
        "--size",
        "48",
        "--batch",
        "8",
    ]
    few = [
        "--folds",
        "2",
        "--epochs",
        "1",
        "--lr",
        "1e-9",
        "--head-lr",
        "1e-9",
        "--out",
        str(tmp_path / "run"),
    ]
    ran = CliRunner().invoke(command(), [str(rated), *options, *few])
    assert ran.exit_code == 1, ran.output  # it has learned nothing
    assert "best constant" in ran.output
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    assert not all(check["passed"] for check in document["checks"])
    wrong = CliRunner().invoke(command(), [str(tmp_path / "nowhere"), *options])
    assert wrong.exit_code == 2


@pytest.mark.parametrize(
    "module",
    [
        "aesthetics.__main__",
        "aesthetics.pool",
        "classes.__main__",
        "classes.comparison",
        "classes.flickr_style",
    ],
)
def test_help_loads_nothing_heavy(module: str) -> None:
    code = (
        f"import sys; from trainers.{module} import command; from typer.main import get_command\n"
        "command_line = get_command(command())\n"
        "print(*{'torch', 'torchvision', 'lightning', 'matplotlib', 'scipy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_contradictions_are_refused() -> None:
    for wrong in ({"arch": "caffenet"}, {"fold": "7"}, {"head_epochs": 99}, {"batch": 0}):
        with pytest.raises(UsageError):
            checked(replace(QUICK, **wrong))  # type: ignore[arg-type]
    assert not should_compile(replace(QUICK, compile=None), steps=3)


@pytest.mark.slow
def test_sanity_learns_the_extremes_by_heart(materials: Materials, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=60, lr=1e-3, head_lr=1e-3, batch=12)
    assert learns_extremes(config, materials, tmp_path, count=12)
    assert not learns_extremes(
        replace(config, epochs=1, lr=1e-9, head_lr=1e-9), materials, tmp_path / "b", count=12
    )


@pytest.mark.slow
def test_a_compiled_run_has_the_same_names(materials: Materials, tmp_path: Path) -> None:
    if not should_compile(replace(QUICK, compile=None), steps=10_000):
        pytest.skip("no compiler for torch.compile here")
    config = replace(QUICK, epochs=1, compile=True, fold="none")
    training, held = split_materials(materials, config)
    fit(config, training, held, tmp_path, resume=False)
    stored = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    plain = Scorer(config.arch, config.labels).state_dict()
    assert {f"network.{name}" for name in plain} | {f"averaged.{name}" for name in plain} == set(stored)
