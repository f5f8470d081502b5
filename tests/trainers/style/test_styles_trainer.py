"""The trainer of the built-in model of styles: sources, samples, loss, figures, the loop, and the export."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from photos import sample_pictures, write_photo
from PIL import Image, ImageFilter, ImageOps
from resuming import check_resuming
from typer.testing import CliRunner

from export.__main__ import command as export_command
from export.kinds import kind_of
from photocli.assessors import style as assessor
from photocli.errors import UsageError
from photocli.inputs.views import cut
from photocli.models.card import read_card
from trainers.common.checkpoints import Model, load_model
from trainers.common.metrics import average_precision, f1
from trainers.common.splits import fold_of
from trainers.style.__main__ import command as train_command
from trainers.style.augmentation import random_recompression, random_resize
from trainers.style.calibration import (
    CalibratedPredictions,
    StyleCalibration,
    best_thresholds,
    raise_thresholds,
)
from trainers.style.config import StyleConfig, checked
from trainers.style.data import (
    MEDIA,
    StyleDataset,
    StylePictures,
    StyleSampleIndex,
    divide,
    epoch_batches,
    halves,
    held_out_indices,
    read_pictures,
)
from trainers.style.evaluate import confusion_matrix, evaluate, quick_metrics, report_lines
from trainers.style.looks import NAMES
from trainers.style.network import StyleLogits, StyleNetwork
from trainers.style.predictions import StylePredictions, predict
from trainers.style.train import StyleTraining, start, style_loss, train

QUICK = StyleConfig(
    folds=2, init="none", side=64, samples=24, epochs=2, batch=8, eval_every=2, turns=1, workers=0
)
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")
CLASSES = {"medium": tuple(MEDIA), "looks": NAMES, "paintings": ("none", "lines", "steps")}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos, six pictures of each medium, and repainted photos of two styles."""
    root = tmp_path_factory.mktemp("styles")
    rows = ["file,style,content"]
    for number in range(12):
        image = Image.fromarray(sample_pictures()[PHOTOS[number % 6]]).resize((120, 90 + number))
        write_photo(root / "photos" / f"photo{number}.jpg", image)
        rows.append(f"none/photo{number}.jpg,none,photos/photo{number}.jpg")
        for name, painted in (
            ("lines", image.filter(ImageFilter.CONTOUR)),
            ("steps", ImageOps.posterize(image, 1)),
        ):
            write_photo(root / "painted" / name / f"photo{number}.jpg", painted)
            rows.append(f"{name}/photo{number}.jpg,{name},photos/photo{number}.jpg")
    (root / "painted" / "labels.csv").write_text("\n".join(rows) + "\n")
    for place, folder in enumerate(MEDIA.values()):
        for number, photo in enumerate(PHOTOS):
            image = Image.fromarray(sample_pictures()[photo]).resize((80, 80))
            drawn = (image, image.filter(ImageFilter.ModeFilter(9)), ImageOps.posterize(image, 2))
            sketch = image.convert("L").filter(ImageFilter.FIND_EDGES).convert("RGB")
            write_photo(root / "media" / folder / f"{number:04}.jpg", (*drawn, sketch)[place])
    return root


@pytest.fixture(scope="module")
def pictures(folders: Path) -> StylePictures:
    return read_pictures([folders / "photos"], folders / "media", folders / "painted", None)


# Sources


def test_pictures_know_their_medium_painting_and_photo(pictures: StylePictures) -> None:
    assert len(pictures) == 12 + 4 * 6 + 2 * 12
    assert pictures.classes == CLASSES
    assert len(pictures.photos()) == 12 + 6
    assert len(pictures.drawings()) == 18
    repainted = pictures.repainted()
    assert len(repainted) == 24
    assert {pictures.names[row] for row in repainted} == {f"photo{number}.jpg" for number in range(12)}
    assert set(pictures.medium[repainted]) == {-1}, "nobody said whether they look painted"
    assert {source["name"]: source["photos"] for source in pictures.sources} == {
        "photos": 12,
        **dict.fromkeys(MEDIA.values(), 6),
        "painted": 24,
    }


def test_repainted_copies_stay_on_the_side_of_their_photo(pictures: StylePictures) -> None:
    training, held = divide(pictures, 3, "1")
    assert len(training) + len(held) == len(pictures)
    shown = {pictures.names[row] for row in held.rows}
    assert shown.isdisjoint(pictures.names[row] for row in training.rows)
    assert all(fold_of(name, 3) == 1 for name in shown)
    whole, nothing = divide(pictures, 3, "none")
    assert (len(whole), len(nothing)) == (len(pictures), 0)


def test_halves_are_of_photos_and_both_occur() -> None:
    names = [f"{number}.jpg" for number in range(40)]
    assert 8 < halves(names).sum() < 32
    assert np.array_equal(halves(names), halves(names))
    assert set(halves(["a.jpg", "a.jpg"])) == {0, 1}, "where all are in one half, they are dealt out"


def test_wrong_sources_are_told(folders: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        read_pictures([folders / "nothing"], folders / "media", None, None)
    with pytest.raises(UsageError, match="generate writes it"):
        read_pictures([folders / "photos"], folders / "media", folders / "photos", None)
    (tmp_path / "labels.csv").write_text("file,class\na.jpg,b\n")
    with pytest.raises(UsageError, match="not the columns"):
        read_pictures([folders / "photos"], folders / "media", tmp_path, None)
    (tmp_path / "labels.csv").write_text("file,style,content\na.jpg,sepia,a.jpg\n")
    with pytest.raises(UsageError, match="the name of a look"):
        read_pictures([folders / "photos"], folders / "media", tmp_path, None)


# Samples


def test_samples_are_functions_of_seed_epoch_and_place(pictures: StylePictures) -> None:
    samples, others = StyleDataset(pictures, 64, 0), StyleDataset(pictures, 64, 1)
    photo = int(pictures.photos()[0])
    one, again = samples[StyleSampleIndex(3, 5, photo)], samples[StyleSampleIndex(3, 5, photo)]
    assert np.array_equal(one.view, again.view)
    assert np.array_equal(one.looks, again.looks, equal_nan=True)
    for other in (
        samples[StyleSampleIndex(4, 5, photo)],
        samples[StyleSampleIndex(3, 6, photo)],
        others[StyleSampleIndex(3, 5, photo)],
    ):
        assert not np.array_equal(one.view, other.view)
    assert one.view.shape == (3, 64, 64)
    assert (one.medium, one.painting) == (0, 0)


def test_looks_are_made_of_photos_alone(pictures: StylePictures) -> None:
    samples = StyleDataset(pictures, 64, 0)
    for row in (int(pictures.drawings()[0]), int(pictures.repainted()[0])):
        for place in range(6):
            assert not (samples[StyleSampleIndex(0, place, row)].looks == 1).any()
    photo = int(pictures.photos()[0])
    made = [samples[StyleSampleIndex(0, place, photo)].looks for place in range(60)]
    assert 0.4 < np.mean([(looks == 1).any() for looks in made]) < 0.9


def test_turns_of_held_out_photos_have_their_look(pictures: StylePictures) -> None:
    indices = held_out_indices(pictures, 2)
    photos = len(pictures.photos())
    assert len(indices) == 3 * photos + len(pictures.drawings()) + len(pictures.repainted())
    turns = [index.turn for index in indices]
    assert turns.count(0) == len(indices) - 2 * photos
    assert {turns.count(turn) for turn in range(1, 17)} <= {2, 3}
    assert len({index.place for index in indices}) == len(indices)
    samples = StyleDataset(pictures, 64, 0)
    hit = [samples[index].looks[index.turn - 1] == 1 for index in indices if index.turn > 0]
    assert np.mean(hit) > 0.8, "a few cannot be seen"


def test_epochs_have_their_shares_and_balanced_kinds(pictures: StylePictures) -> None:
    config = replace(QUICK, samples=800, drawn_share=0.2, repainted_share=0.3, most_per_folder=6)
    batches = epoch_batches(pictures, config, 0)
    assert len(batches) == 100
    assert {len(batch) for batch in batches} == {8}
    rows = np.array([index.row for batch in batches for index in batch])
    assert np.isin(rows, pictures.drawings()).sum() == 160
    assert np.isin(rows, pictures.repainted()).sum() == 240
    painting = pictures.painting[rows]
    assert abs((painting == 1).sum() - 120) < 40
    origins = np.array([pictures.origins[row] for row in rows if row in set(pictures.photos().tolist())])
    assert abs((origins == "photos").mean() - 0.5) < 0.08, "twelve count as six"
    again = epoch_batches(pictures, config, 0)
    assert batches == again
    assert batches != epoch_batches(pictures, config, 1)


def test_delivery_changes_little_and_no_shape_of_small_pictures() -> None:
    picture = np.asarray(Image.fromarray(sample_pictures()["china"]).resize((320, 213)))
    for seed in range(8):
        arrived = random_recompression(picture, np.random.default_rng(seed))
        assert max(arrived.shape) >= 240
        back = np.asarray(Image.fromarray(arrived).resize((320, 213)))
        assert np.abs(back.astype(int) - picture).mean() < 12
    tiny = picture[:60, :90]
    assert random_recompression(tiny, np.random.default_rng(0)).shape == tiny.shape
    assert 256 <= max(random_resize(sample_pictures()["china"], np.random.default_rng(0)).shape) <= 320
    assert random_resize(tiny, np.random.default_rng(0)) is tiny


# Network and loss


def test_maps_add_up_to_the_logits() -> None:
    torch.manual_seed(0)
    network = StyleNetwork(CLASSES).eval()
    view = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        logits = network(view)
        maps = network.maps(network.features(view))
    assert maps.shape == (2, 4 + 16 + 3, 2, 2)
    assert torch.allclose(maps.sum((2, 3)) + network.head.bias, logits, atol=1e-5)
    medium, looks, paintings = network.by_group(logits)
    assert (medium.shape, looks.shape, paintings.shape) == ((2, 4), (2, 16), (2, 3))


def test_the_loss_leaves_out_what_is_unknown() -> None:
    torch.manual_seed(0)
    logits = StyleLogits(torch.randn(2, 4), torch.randn(2, 16), torch.randn(2, 3))
    medium, painting = torch.tensor([2, -1]), torch.tensor([0, 1])
    looks = torch.zeros(2, 16)
    looks[0, 3], looks[1] = 1.0, torch.nan
    loss = style_loss(logits, medium, looks, painting, QUICK)
    other = StyleLogits(logits.medium.clone(), logits.looks.clone(), logits.paintings)
    other.medium[1] += torch.randn(4)
    other.looks[1] += torch.randn(16)
    assert torch.equal(loss, style_loss(other, medium, looks, painting, QUICK))
    other.looks[0, 3] += 1
    assert style_loss(other, medium, looks, painting, QUICK) < loss
    nothing = style_loss(logits, torch.tensor([-1, -1]), torch.full((2, 16), torch.nan), painting, QUICK)
    assert torch.isfinite(nothing)


# Figures


def test_average_precision_and_f1() -> None:
    truth = np.array([True, False, True, False])
    assert average_precision(np.array([0.9, 0.1, 0.8, 0.2]), truth) == 1.0
    assert average_precision(np.array([0.9, 0.95, 0.8, 0.2]), truth) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert average_precision(np.ones(4), np.zeros(4, bool)) == 0.0
    assert average_precision(np.ones(0), np.zeros(0, bool)) == 0.0
    assert f1(np.array([True, True, False, False]), truth) == 0.5
    assert f1(np.zeros(4, bool), truth) == 0.0


def test_thresholds_lie_between_and_rise_for_plain_photos() -> None:
    chances = np.array([[0.9, 0.3], [0.7, 0.6], [0.4, 0.2], [0.1, 0.5]])
    truth = np.array([[1, np.nan], [1, 1], [0, 0], [0, 0]])
    found = best_thresholds(chances, truth)
    assert found == pytest.approx([0.55, 0.55])
    assert best_thresholds(chances, np.full((4, 2), np.nan)) == pytest.approx([0.5, 0.5])
    plain = np.array([[0.6, 0.1], [0.2, 0.1], [0.1, 0.1], [0.1, 0.2]])
    assert np.array_equal(raise_thresholds(found, plain, 0.25), found), "one in four may be called styled"
    raised = raise_thresholds(found, plain, 0.1)
    assert (raised > found).all()
    assert not (plain > raised).any()


def test_confusion_counts_truth_by_guess() -> None:
    assert confusion_matrix(np.array([0, 0, 2]), np.array([0, 1, 2]), 3) == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]


def _perfect(pictures: StylePictures) -> StylePredictions:
    """What a network without mistakes would say."""
    indices = held_out_indices(pictures, 8)
    samples = StyleDataset(pictures, 64, 0)
    told = [samples[index] for index in indices]
    looks = np.array([sample.looks for sample in told], np.float64)
    medium = np.array([sample.medium for sample in told])
    painting = np.array([sample.painting for sample in told])
    names = [pictures.names[index.row] for index in indices]
    return StylePredictions(
        indices,
        names,
        halves(names),
        8.0 * np.eye(4)[medium],
        np.where(looks == 1, 4.0, -4.0),
        8.0 * np.eye(3)[painting],
        medium,
        looks,
        painting,
        np.array([index.turn > 0 for index in indices]),
        np.array([pictures.origins[index.row] in MEDIA.values() and index.turn == 0 for index in indices]),
        pictures.classes,
    )


def test_a_network_without_mistakes_has_no_bad_figure(
    pictures: StylePictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictions = _perfect(pictures)
    monkeypatch.setattr("trainers.style.evaluate.predict", lambda *given: predictions)
    facts = evaluate(StyleNetwork(CLASSES), pictures, QUICK, tmp_path)
    figures = facts["figures"]
    assert figures["medium"]["accuracy"] == figures["paintings"]["accuracy"] == 1.0
    assert figures["looks"]["macro_ap"] == 1.0
    assert figures["looks"]["macro_f1"] > 0.95
    assert figures["plain"]["called_styled"] == 0.0
    assert all(check["passed"] for check in facts["checks"])
    assert quick_metrics(predictions) == {"medium": 1.0, "looks_ap": 1.0, "paintings": 1.0}
    assert set(facts["thresholds"]) == set(NAMES)
    lines = list(report_lines(facts))
    assert any(line.startswith("photos without a look: ") for line in lines)
    assert not [line for line in lines if "{" in line or "_" in line]  # sentences, no Python
    assert set(facts["calibration"]) == {"medium", "paintings", *NAMES}


def test_styles_are_those_of_the_assessor(pictures: StylePictures) -> None:
    predictions = _perfect(pictures)
    holds = predictions.looks > 0
    chances = np.where(holds, 0.9, 0.05)
    sharp = np.eye(3)[predictions.true_painting] * 0.7 + 0.1
    calibrated = CalibratedPredictions(
        predictions, chances, holds, np.eye(4)[np.maximum(predictions.true_medium, 0)], sharp
    )
    rows = np.flatnonzero(predictions.true_painting > 0)
    assert calibrated.style(int(rows[0])) == (
        CLASSES["paintings"][predictions.true_painting[rows[0]]],
        pytest.approx(0.8),
    )
    plain = np.flatnonzero(predictions.plain)
    assert calibrated.style(int(plain[0])) == ("plain", pytest.approx(0.9))
    made = np.flatnonzero(holds.any(1) & (predictions.true_painting == 0))
    assert calibrated.style(int(made[0]))[0] in NAMES


# The loop and the export


def test_a_resumed_run_equals_one_that_was_not_interrupted(pictures: StylePictures, tmp_path: Path) -> None:
    check_resuming(
        lambda out, resume: train(QUICK, pictures, out, resume),
        lambda: StyleTraining(start(QUICK, pictures), QUICK, *divide(pictures, QUICK.folds, QUICK.fold)),
        QUICK,
        tmp_path,
        at=1,
    )
    run = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert {"medium", "paintings", "looks", "plain", "by_themselves", "reliability"} == run["figures"].keys()
    assert run["config"]["classes"]["paintings"] == ["none", "lines", "steps"]
    assert kind_of(load_model(tmp_path / "parts" / "last.ckpt"))[0] == "style"
    _export_and_serve(tmp_path / "whole", pictures, tmp_path / "out")


def _export_and_serve(run: Path, pictures: StylePictures, out: Path) -> None:
    """The exported model says in a session what the checkpoint says in PyTorch, and its assessor reads it."""
    result = CliRunner().invoke(export_command(), [str(run / "model.ckpt"), "--to", str(out), "--pictures"])
    assert result.exit_code == 0, result.output
    assert "filters.png" in result.output and "reliability.png" in result.output
    card = read_card(out)
    assert (card.kind, card.input.fit, card.input.width) == ("style", "squash", 64)
    assert card.outputs == ("medium", "looks", "paintings", "maps")
    assert card.facts["classes"]["looks"] == list(NAMES)
    assert set(card.facts["thresholds"]) == set(NAMES)
    session = onnxruntime.InferenceSession(card.network, providers=["CPUExecutionProvider"])
    views = np.stack([cut(pictures.frames[row], card.input) for row in pictures.rows[:3]])
    outputs = dict(zip(card.outputs, session.run(list(card.outputs), {"image": views}), strict=True))
    network = load_model(run / "model.ckpt").network
    assert isinstance(network, StyleNetwork)
    with torch.inference_mode():
        medium, looks, paintings = network.by_group(network(torch.from_numpy(views)))
    assert outputs["medium"] == pytest.approx(medium.softmax(1).numpy(), abs=0.01)
    assert outputs["looks"] == pytest.approx(looks.sigmoid().numpy(), abs=0.01)
    assert outputs["paintings"] == pytest.approx(paintings.softmax(1).numpy(), abs=0.01)
    assert outputs["maps"].shape == (3, 23, 2, 2)
    fields = assessor.assess(card, {name: values[0] for name, values in outputs.items()})
    assert fields["medium"] in MEDIA
    assert fields["style"] in ("plain", *NAMES, "lines", "steps")


def test_every_layer_learns(pictures: StylePictures, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=1, eval_every=5)
    before = start(config, pictures).state_dict()
    train(replace(config, fold="none"), pictures, tmp_path, False)
    after = load_model(tmp_path / "model.ckpt").network
    same = [
        name for name, _ in after.named_parameters() if torch.equal(after.state_dict()[name], before[name])
    ]
    assert not same
    assert "figures" not in json.loads((tmp_path / "run.json").read_text())


def test_looks_at_held_out_pictures_line_up(pictures: StylePictures) -> None:
    _, held = divide(pictures, QUICK.folds, QUICK.fold)
    predictions = predict(StyleNetwork(CLASSES), held, QUICK)
    assert (
        len(predictions.names) == len(predictions.looks) == len(predictions.half) == len(predictions.indices)
    )
    assert predictions.of_media.sum() == len(held.drawings()) + (held.medium[held.rows] == 0).sum() - sum(
        held.origins[row] == "photos" for row in held.rows
    )
    assert not (predictions.plain & predictions.made).any()
    fitted = StyleCalibration.fit(predictions, np.ones(len(predictions.names), bool), 0.1)
    assert fitted.thresholds.shape == (16,)
    assert (fitted.looks(predictions.looks) <= 1).all()


def test_export_refuses_mirror_images(pictures: StylePictures) -> None:
    network = StyleNetwork(CLASSES)
    kind = kind_of(Model(network, {"trainer": "styles"}))[1]
    with pytest.raises(UsageError, match="mirror"):
        kind.serve(Model(network, {"trainer": "styles"}), True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fold": "7"},
        {"side": 100},
        {"samples": 3},
        {"drawn_share": 0.9, "repainted_share": 0.2},
        {"turns": 0},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        checked(replace(QUICK, **wrong))  # type: ignore[arg-type]


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(train_command(), [str(tmp_path), "--media", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert result.output.startswith("trainers.styles: ")
    assert len(result.output.strip().splitlines()) == 1
