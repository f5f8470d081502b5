from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from photos import sample_pictures
from PIL import Image
from resuming import check_resuming
from skimage import data
from typer.testing import CliRunner

from export.__main__ import command as export_command
from photocli.models.card import read_card
from photocli.models.session import Session
from photocli.scoring.profiles import FAULTS
from trainers.common.checkpoints import Model, load_model, previous_runs
from trainers.common.corruptions import from_light, to_light
from trainers.technical.__main__ import command as train_command
from trainers.technical.augmentation import LOOKS, subject_mask
from trainers.technical.config import LEAST_SIDE, TechnicalConfig
from trainers.technical.corruptions import BRIGHT_EV, DARK_EV, corrupt, draw_severities, quality
from trainers.technical.data import (
    TechnicalDataset,
    TechnicalPhotos,
    divide,
    epoch_batches,
    photos_of_epoch,
    read_photos,
    training_view,
    turned_sheet,
)
from trainers.technical.evaluate import evaluate, predict_photos
from trainers.technical.network import TechnicalNetwork
from trainers.technical.plots import draw_all
from trainers.technical.train import TechnicalModule, start, train

SIDE = 104
QUICK = TechnicalConfig(
    folds=3,
    init="none",
    side=SIDE,
    epochs=3,
    turn_epochs=1,
    batch=4,
    clean_at=2,
    eval_every=3,
    workers=0,
    compile=False,
)


def photo(width: int = 300, height: int = 225) -> np.ndarray:
    return np.asarray(Image.fromarray(data.astronaut()[:384]).resize((width, height)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pieces of real photos, good and upright as far as they go."""
    good = tmp_path_factory.mktemp("photos") / "good"
    good.mkdir()
    pictures = list(sample_pictures().values())
    rng = np.random.default_rng(3)
    for number in range(12):
        image = Image.fromarray(pictures[number % len(pictures)])
        left, top = rng.uniform(0, 0.3, 2) * image.size
        piece = image.crop((int(left), int(top), int(left) + image.width // 2, int(top) + image.height // 2))
        piece.resize((200, 150)).save(good / f"good_{number}.jpg", quality=92)
    return good


@pytest.fixture(scope="module")
def photos(folder: Path) -> TechnicalPhotos:
    return read_photos([folder], [], {"good_3.jpg"}, None, None)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_grows_with_its_severity(fault: str) -> None:
    def change(severity: float) -> float:
        faulty = corrupt(photo(), {fault: severity}, np.random.default_rng(4))
        return float(np.abs(faulty.astype(float) - photo()).mean())

    changes = [change(severity) for severity in (0.1, 0.35, 0.6, 1.0)]
    assert changes == sorted(changes)
    assert 2 * changes[0] < changes[-1]


def test_exposure_is_a_matter_of_linear_light() -> None:
    grey = np.full((16, 16, 3), 200, np.uint8)
    rng = np.random.default_rng(1)  # compresses nothing that is even
    for fault, stops in (("underexposed", -DARK_EV / 2), ("overexposed", BRIGHT_EV / 20)):
        severity = 0.5 if stops < 0 else 0.05
        found = corrupt(grey, {fault: severity}, rng).mean()
        assert found == pytest.approx(from_light(to_light(grey) * 2**stops).mean(), abs=1)


def test_noise_comes_before_compression_and_hides_in_it() -> None:
    both = {"noise": 0.3, "compression": 0.8}
    noisy = corrupt(photo(), {"noise": 0.3}, np.random.default_rng(0))
    stored = corrupt(photo(), both, np.random.default_rng(0))
    rough = [np.abs(np.diff(picture[:, :, 1].astype(int), axis=1)).mean() for picture in (noisy, stored)]
    assert rough[1] < rough[0]
    assert quality(0.0) == 64 and quality(1.0) == 4


def test_draws_leave_photos_clean_and_never_contradict() -> None:
    drawn = [draw_severities(np.random.default_rng(seed)) for seed in range(400)]
    clean = sum(not severities for severities in drawn) / len(drawn)
    assert 0.22 < clean < 0.38
    assert not any({"underexposed", "overexposed"} <= set(severities) for severities in drawn)
    assert {name for severities in drawn for name in severities} == set(FAULTS)


@pytest.mark.parametrize("look", LOOKS)
def test_looks_keep_the_picture(look: object) -> None:
    changed = look(photo(), np.random.default_rng(2))  # type: ignore[operator]
    assert changed.shape == photo().shape and changed.dtype == np.uint8
    assert not np.array_equal(changed, photo())
    # Whatever the mood, what was brighter stays brighter.
    assert np.corrcoef(changed.mean(2).ravel(), photo().mean(2).ravel())[0, 1] > 0.8


def test_what_is_spared_stays_sharp() -> None:
    face = (0.4, 0.3, 0.6, 0.6)
    spared = subject_mask(photo().shape, [face], np.random.default_rng(0))
    assert spared[100, 150] == 1 and spared[0, 0] == 0
    soft = corrupt(photo(), {"blur": 0.9}, np.random.default_rng(1), spared).astype(int)
    apart = np.abs(soft - photo()).mean(2)
    assert 2 * apart[90:110, 140:160].mean() < apart[:40, :40].mean()


def test_a_turn_is_undone_by_so_many_quarters_clockwise() -> None:
    upright = photo(300, 300)
    for turn in range(4):
        sheet = turned_sheet(upright, turn, SIDE)[:, :SIDE].transpose(1, 2, 0)
        back = np.rot90(sheet, -turn)  # numpy turns the other way
        whole = turned_sheet(upright, 0, SIDE)[:, :SIDE].transpose(1, 2, 0)
        assert np.abs(back.astype(int) - whole).mean() < 1


def test_samples_are_functions_of_seed_epoch_and_place(photos: TechnicalPhotos) -> None:
    indices = [index for batch in epoch_batches(photos, 1, 0, 4, 3) for index in batch]
    assert (
        epoch_batches(photos, 1, 0, 4, 3)
        == epoch_batches(photos, 1, 0, 4, 3)
        != epoch_batches(photos, 2, 0, 4, 3)
    )
    samples, again = TechnicalDataset(photos, SIDE, 5), TechnicalDataset(photos, SIDE, 5)
    for index in indices[:4]:
        one, other = samples[index], again[index]
        assert np.array_equal(one.sheet, other.sheet) and one.turn == other.turn
        assert (one.severities >= 0).all() and (one.severities <= 1).all()
        assert one.sheet.shape == (3, 2 * SIDE, SIDE)
    assert len(photos_of_epoch(photos, 0, 0, 5)) == 5


def test_faces_go_along_with_the_view() -> None:
    marked = np.zeros((240, 320, 3), np.uint8)
    marked[60:120, 160:240] = 255
    face = (160 / 320, 60 / 240, 240 / 320, 120 / 240)
    from trainers.technical.data import _random_view

    for seed in range(20):
        view, faces = _random_view(marked, [face], np.random.default_rng(seed))
        for left, top, right, bottom in faces:
            height, width = view.shape[:2]
            down, across = np.nonzero(view[:, :, 0] > 128)
            assert across.min() == pytest.approx(max(0, left * width), abs=2)
            assert across.max() + 1 == pytest.approx(min(width, right * width), abs=2)
            assert down.min() == pytest.approx(max(0, top * height), abs=2)
            assert down.max() + 1 == pytest.approx(min(height, bottom * height), abs=2)
    assert training_view(marked, [face], np.random.default_rng(3))[0].dtype == np.uint8


def test_photos_that_are_known_to_be_turned_teach_no_turn(photos: TechnicalPhotos, tmp_path: Path) -> None:
    assert not photos.upright[photos.names.index("good_3.jpg")]
    training, held = divide(photos, 3, "0")
    assert not set(training.rows) & set(held.rows)
    assert len(training) + len(held) == 12
    module = TechnicalModule(start(QUICK), QUICK, training, held)
    assert "good_3.jpg" in [*module.left_out()["turned"], *(photos.names[row] for row in held.rows)]


def test_a_resumed_run_equals_one_that_was_not_interrupted(photos: TechnicalPhotos, tmp_path: Path) -> None:
    check_resuming(
        lambda out, resume: train(QUICK, photos, out, resume),
        lambda: TechnicalModule(start(QUICK), QUICK, *divide(photos, QUICK.folds, QUICK.fold)),
        QUICK,
        tmp_path,
        at=2,
    )
    run = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert set(run["figures"]["faults"]) == set(FAULTS)
    assert set(run["calibration"]) == {*FAULTS, "rotate"} == set(run["thresholds"])
    _export_and_serve(tmp_path / "whole", photos, tmp_path / "out")
    _go_on(tmp_path / "whole", run)


def _go_on(first: Path, run: dict[str, Any]) -> None:
    """A run that goes on from another has its weights, and names it."""
    config = replace(QUICK, start=str(first / "model.ckpt"))
    assert run["before"] == []
    names = ("command", "commit", "seed")
    assert previous_runs(first / "model.ckpt") == [{name: run[name] for name in names}]
    weights = load_model(first / "model.ckpt").network.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in start(config).state_dict().items())


def _export_and_serve(run: Path, photos: TechnicalPhotos, out: Path) -> None:
    """The exported model says in a session what the checkpoint says in PyTorch."""
    result = CliRunner().invoke(export_command(), [str(run / "model.ckpt"), "--to", str(out)])
    assert result.exit_code == 0, result.output
    card = read_card(out)
    assert (card.kind, card.input.fit, card.input.width) == ("technical", "sheet", SIDE)
    network = load_model(run / "model.ckpt").network
    assert isinstance(network, TechnicalNetwork)
    said = predict_photos(network, photos, SIDE)
    sheets = np.stack([turned_sheet(photos.frames[row], 0, SIDE) for row in photos.rows])
    outputs = Session(card, "cpu").run(sheets)
    assert outputs["severities"] == pytest.approx(said.severities, abs=0.01)
    assert outputs["turns"] == pytest.approx(said.turns, abs=0.01)
    assert outputs["weights"].sum(1) == pytest.approx(np.ones((len(sheets), len(FAULTS))), abs=1e-4)


def test_pictures_are_drawn_of_what_was_judged(photos: TechnicalPhotos, folder: Path, tmp_path: Path) -> None:
    network = start(QUICK).eval()
    facts = evaluate(network, photos, SIDE, "all")
    history = [{"epoch": 0, "loss": 1.0}, {"epoch": 1, "loss": 0.8, "auc": 0.6, "turns_right": 0.3}]
    (tmp_path / "run.json").write_text(json.dumps(facts | {"history": history}))
    model = Model(network, {"trainer": "technical"})
    drawn = draw_all(model, tmp_path / "pictures", tmp_path, folder)
    names = {path.stem for path in drawn}
    assert (
        {"filters", "curves", "reliability"}
        <= names
        <= {"filters", "curves", "reliability", "alarms", "turns"}
    )
    assert ("turns" in names) == bool(facts["figures"]["turns"]["surest_mistakes"])
    for path in drawn:
        assert np.asarray(Image.open(path).convert("RGB")).std() > 1, path.name
    assert [path.stem for path in draw_all(model, tmp_path / "few", tmp_path / "none", None)] == ["filters"]


def test_judging_counts_every_held_out_photo(photos: TechnicalPhotos) -> None:
    facts = evaluate(start(QUICK).eval(), photos.part(photos.rows[:6]), SIDE, "all")
    figures = facts["figures"]
    assert figures["photos"] == 6
    assert all(0 <= figures["faults"][name]["auc"]["0.5"] <= 1 for name in FAULTS)
    assert figures["turns"]["right_by_source"].keys() == {"good"}
    assert facts["thresholds"]["rotate"] >= 0.9


def test_the_least_side_is_enough() -> None:
    network = TechnicalNetwork(LEAST_SIDE).eval()
    sheet = torch.zeros(1, 3, 2 * LEAST_SIDE, LEAST_SIDE, dtype=torch.uint8)
    with torch.no_grad():
        assert network(sheet).faults.shape == (1, len(FAULTS))


def test_wrong_use_is_one_line(folder: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    for given, words in (
        ([str(tmp_path / "none")], "no folder of photos"),
        ([str(folder), "--turned", "nobody.jpg"], "--turned names no photo"),
        ([str(folder), "--fold", "9"], "--fold is none or 0 to 4"),
        ([str(folder), "--side", "96"], "side must be at least 104"),
        ([str(folder), "--faces", str(tmp_path / "no.onnx")], "YuNet"),
    ):
        result = runner.invoke(train_command(), given)
        assert result.exit_code == 2
        assert words in result.output
