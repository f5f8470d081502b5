from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from crafted_styles import write_pieces, write_styles
from photos import picture
from PIL import Image
from typer.testing import CliRunner

from export.kinds import kind_of
from photocli.errors import UsageError
from trainers.common.checkpoints import load_model
from trainers.style_transfer.__main__ import command
from trainers.style_transfer.config import StyleTransferConfig, checked
from trainers.style_transfer.data import read_data, square
from trainers.style_transfer.network import StyleTransferNetwork
from trainers.style_transfer.train import StyleTransferTraining, start, train

QUICK = StyleTransferConfig(
    loss_weights="none",
    width=0.125,
    size=64,
    style_side=96,
    steps=15,
    batch=2,
    every=5,
    lr=5e-3,
    folds=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pieces of real photos."""
    return write_pieces(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def painting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture with a strong manner: coffee in four flat colours."""
    where = tmp_path_factory.mktemp("style") / "coffee.png"
    picture("coffee", (160, 120)).quantize(4).convert("RGB").save(where)
    return where


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two styles that were not trained."""
    return write_styles(tmp_path_factory.mktemp("styles"), "munch", "turner")


def test_training_lowers_the_loss_and_leaves_all_that_is_needed(
    folder: Path, painting: Path, tmp_path: Path
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "broken.jpg").write_bytes((folder / "china.jpg").read_bytes()[:900])
    data = read_data(painting, [folder, tmp_path / "more"], QUICK)
    assert max(data.style.shape) == QUICK.style_side
    assert data.held and not set(data.held) & set(data.training)
    facts = train(QUICK, data, tmp_path, resume=False)
    assert [row["step"] for row in facts["history"]] == [5, 10, 15]
    for part in ("loss", "style"):
        assert facts["history"][-1][part] < 0.95 * facts["history"][0][part]
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["style"] == "coffee" and run["failed"] == 1
    assert {check["name"] for check in run["checks"]} == {
        "distance from the style",
        "distance from the content",
    }
    for name in ("preview.png", "curves.png"):
        assert min(Image.open(tmp_path / name).size) > 200
    model = load_model(tmp_path / "model.ckpt")
    assert isinstance(model.network, StyleTransferNetwork)
    assert model.config["trainer"] == "stylize" and model.config["style"] == "coffee"
    with pytest.raises(UsageError, match="'stylize' cannot be exported"):
        kind_of(model)


def test_a_resumed_run_equals_one_that_was_not_interrupted(
    folder: Path, painting: Path, tmp_path: Path
) -> None:
    config = replace(QUICK, steps=6, every=6)
    data = read_data(painting, [folder], config)
    train(config, data, tmp_path / "whole", resume=False)
    first = StyleTransferTraining(start(config), config, data)
    for _ in range(3):
        first.training_step()
    first.save(tmp_path / "halves" / "last.ckpt")
    train(config, data, tmp_path / "halves", resume=True)
    whole, halves = (load_model(tmp_path / name / "model.ckpt").network for name in ("whole", "halves"))
    for one, other in zip(whole.state_dict().values(), halves.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(UsageError, match="another style-weight"):
        train(replace(config, style_weight=1.0), data, tmp_path / "halves", resume=True)


def test_a_style_can_go_on_from_another_one(styles: list[Path]) -> None:
    begun = start(replace(QUICK, start=str(styles[0])))
    earlier = load_model(styles[0]).network
    for one, other in zip(begun.state_dict().values(), earlier.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(UsageError, match="no style of this width"):
        start(replace(QUICK, start=str(styles[0]), width=0.25))


def test_bfloat16_trains_the_same_way(folder: Path, painting: Path, tmp_path: Path) -> None:
    config = replace(QUICK, steps=1, every=1, precision="bf16")
    facts = train(config, read_data(painting, [folder], config), tmp_path, resume=False)
    full = replace(config, precision="32")
    exact = train(full, read_data(painting, [folder], full), tmp_path / "32", resume=False)
    assert facts["history"][0]["loss"] == pytest.approx(exact["history"][0]["loss"], rel=0.05)


def test_settings_that_cannot_work_are_refused(tmp_path: Path, painting: Path) -> None:
    with pytest.raises(UsageError, match="at least 64"):
        checked(replace(QUICK, size=32))
    with pytest.raises(UsageError, match="width is above 0"):
        checked(replace(QUICK, width=0.0))
    with pytest.raises(UsageError, match="no photo"):
        read_data(painting, [tmp_path], QUICK)


def test_squares_are_whole_and_anywhere() -> None:
    photo = np.asarray(picture("china", (90, 60)))
    assert np.array_equal(square(photo), photo[:, 15:75])
    lefts = {square(photo, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(lefts) > 10
    assert square(photo.transpose(1, 0, 2)).shape == (60, 60, 3)


def test_the_command_line(folder: Path, painting: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    quick = ["--loss-weights", "none", "--width", "0.125", "--size", "64", "--folds", "2"]
    quick += ["--steps", "2", "--batch", "2", "--every", "2"]
    given = ["train", str(painting), str(folder), "--out", str(tmp_path / "run"), *quick]
    done = runner.invoke(command(), given)
    assert done.exit_code in (0, 1), done.output
    assert "step 2" in done.output and "distance from the style" in done.output
    made = ["generate", str(folder), "--style", str(tmp_path / "run" / "model.ckpt"), "--side", "64"]
    done = runner.invoke(command(), [*made, "--out", str(tmp_path / "set")])
    assert done.exit_code == 0 and "6 none, 6 coffee" in done.output
    done = runner.invoke(
        command(), ["generate", str(folder), "--style", str(painting), "--out", str(tmp_path)]
    )
    assert done.exit_code == 2 and "not a checkpoint" in done.output
