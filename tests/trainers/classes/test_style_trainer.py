"""The trainer of a user's own classes: lists, split, rates, loop, figures, and the export."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from photos import sample_pictures
from PIL import Image
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

from export import classifier
from export.__main__ import command as export_command
from export.classifier import ServedClassifier
from export.graph import to_onnx
from export.parity import check, sample_views
from photocli.errors import UsageError
from photocli.models.card import read_card
from trainers.classes.__main__ import command as train_command
from trainers.classes.config import ClassesConfig, checked
from trainers.classes.data import decode_photos, read_labelled, read_photos, split_photos
from trainers.classes.evaluate import calibrated, evaluate, report_lines
from trainers.classes.formats import AVA_STYLES
from trainers.classes.network import Classifier, headless, names, spatial_backbone
from trainers.classes.plots import draw_all
from trainers.classes.train import (
    ClassifierTraining,
    class_loss,
    intervals,
    loss_weights,
    sampling_chances,
    train,
)
from trainers.common.checkpoints import Model, load_model
from trainers.common.metrics import average_precision

QUICK = ClassesConfig(
    arch="small-cnn",
    init="none",
    size=64,
    folds=3,
    epochs=3,
    batch=4,
    eval_every=1,
    snapshot_every=2,
    optimizer="adamw",
    lr=0.003,
    workers=0,
    precision="32",
)
CLASSES = ("cat", "coffee", "rocket")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per class: pieces of three pictures."""
    root = tmp_path_factory.mktemp("classes")
    rng = np.random.default_rng(5)
    for name, source in zip(CLASSES, ("chelsea", "coffee", "rocket"), strict=True):
        (root / name).mkdir()
        image = Image.fromarray(sample_pictures()[source])
        for number in range(8):
            left, top = rng.uniform(0, 0.4, 2) * image.size
            box = (int(left), int(top), int(left) + image.width // 2, int(top) + image.height // 2)
            image.crop(box).resize((96, 72)).save(root / name / f"{name}_{number}.jpg")
    return root


@pytest.fixture(scope="module")
def marks(folder: Path) -> Path:
    """The same photos with two classes that may both hold."""
    lines = ["file,animal,warm"]
    for name in CLASSES:
        for number in range(8):
            lines.append(f"{name}/{name}_{number}.jpg,{int(name == 'cat')},{int(name != 'rocket')}")
    (folder / "marks.csv").write_text("\n".join(lines))
    return folder / "marks.csv"


# Lists


def test_a_list_a_folder_and_a_table_say_the_same(folder: Path, tmp_path: Path) -> None:
    rows = [(path, path.parent.name) for path in sorted(folder.rglob("*.jpg"))]
    (tmp_path / "spaces.txt").write_text(
        "# a comment\n\n" + "".join(f"{path} {name}\n" for path, name in rows)
    )
    (tmp_path / "tabs.txt").write_text("".join(f"{path}\t{name}\n" for path, name in rows))
    (tmp_path / "table.csv").write_text("file,class\n" + "".join(f"{path},{name}\n" for path, name in rows))
    (tmp_path / "numbers").mkdir()
    (tmp_path / "numbers" / "classes.txt").write_text("\n".join(CLASSES))
    numbers = "".join(f"{path} {CLASSES.index(name)}\n" for path, name in rows)
    (tmp_path / "numbers" / "list.txt").write_text(numbers)
    whole = read_labelled([folder])
    assert whole.classes == CLASSES and whole.counts == dict.fromkeys(CLASSES, 8) and not whole.several
    for name in ("spaces.txt", "tabs.txt", "table.csv", "numbers/list.txt"):
        assert read_labelled([tmp_path / name]).fingerprint() == whole.fingerprint(), name
    (tmp_path / "bare.txt").write_text(numbers.replace(" 2\n", " 10\n"))
    assert read_labelled([tmp_path / "bare.txt"]).classes == ("0", "1", "10")


def test_several_classes_may_hold(marks: Path) -> None:
    photos = read_labelled([marks])
    assert photos.several and photos.counts == {"animal": 8, "warm": 16}
    assert photos.targets.sum(1).tolist() == [2.0] * 8 + [1.0] * 8 + [0.0] * 8


def test_unusable_lists_are_one_sentence(folder: Path, marks: Path, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("photo.jpg\n")
    with pytest.raises(UsageError, match="line 1"):
        read_labelled([tmp_path / "one.txt"])
    (tmp_path / "gone.txt").write_text("a.jpg x\nb.jpg y\n")
    with pytest.raises(UsageError, match="2 missing"):
        read_labelled([tmp_path / "gone.txt"])
    (tmp_path / "wrong.csv").write_text("file,dog\na.jpg,maybe\n")
    with pytest.raises(UsageError, match="neither 0 nor 1"):
        read_labelled([tmp_path / "wrong.csv"])
    with pytest.raises(UsageError, match="mixed"):
        read_labelled([folder, marks])
    with pytest.raises(UsageError, match="only one class"):
        (tmp_path / "single.txt").write_text(f"{folder / 'cat' / 'cat_0.jpg'} cat\n")
        read_labelled([tmp_path / "single.txt"])


def test_copies_never_lie_on_both_sides(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "all")
    for number in range(8):
        source = tmp_path / "all" / "cat" / f"cat_{number}.jpg"
        shutil.copy(source, tmp_path / "all" / "cat" / f"again_{number}.jpg")
    shutil.copy(tmp_path / "all" / "coffee" / "coffee_0.jpg", tmp_path / "all" / "rocket" / "odd.jpg")
    photos = read_labelled([tmp_path / "all"])
    assert photos.dropped == {"copies": 8, "listed with different classes": 2}
    assert photos.counts == {"cat": 8, "coffee": 7, "rocket": 8}
    training, held = split_photos(photos, read_labelled([folder], CLASSES).take(range(4)), 3, "0", 0)
    assert held is not None and (len(training), len(held)) == (19, 4)


def test_the_split_is_by_name_and_the_order_by_the_seed(folder: Path) -> None:
    photos = read_labelled([folder])
    training, held = split_photos(photos, None, 3, "0", 0)
    assert held is not None and not set(training.paths) & set(held.paths)
    assert len(training) + len(held) == 24
    other, same = split_photos(photos, None, 3, "0", 1)
    assert set(other.paths) == set(training.paths) and other.paths != training.paths
    assert same is not None and same.paths == held.paths
    assert split_photos(photos, None, 3, "none", 0)[1] is None


def test_lists_of_ava_are_read(folder: Path, tmp_path: Path) -> None:
    lists = tmp_path / "style_image_lists"
    lists.mkdir()
    shutil.copytree(folder / "cat", tmp_path / "images")
    for number in range(8):
        (tmp_path / "images" / f"cat_{number}.jpg").rename(tmp_path / "images" / f"{number}.jpg")
    (lists / "train.jpgl").write_text("0\n1\n2\n3\n999\n")
    (lists / "train.lab").write_text("1\n3\n14\n1\n2\n")
    (lists / "test.jpgl").write_text("4.jpg\n5.jpg\n")
    (lists / "test.multilab").write_text(" ".join("1010" + "0" * 10) + "\n" + " ".join("0" * 14) + "\n")
    training, held = read_photos([lists], QUICK)
    assert training.classes == AVA_STYLES and not training.several and training.dropped["missing"] == 1
    assert {name: n for name, n in training.counts.items() if n} == {
        "Complementary Colors": 2,
        "HDR": 1,
        "Vanishing Point": 1,
    }
    assert held is not None and held.several and held.targets.sum(1).tolist() == [2, 0]
    (lists / "train.lab").write_text("1\n")
    with pytest.raises(UsageError, match="5 photos and 1 lines"):
        read_photos([lists], QUICK)


# Network and rates


@pytest.mark.parametrize(
    ("arch", "width", "mapped"),
    [
        ("mobilenet_v2", 1280, True),
        ("resnet18", 512, True),
        ("squeezenet1_1", 512, True),
        ("shufflenet_v2_x0_5", 1024, True),
        ("small-cnn", 32, True),
        ("alexnet", 4096, False),
        ("mobilenet_v3_small", 1024, False),
        ("vit_b_32", 768, False),
    ],
)
def test_the_last_layer_is_found_and_where_it_looks(arch: str, width: int, mapped: bool) -> None:
    with torch.device("meta"):  # nothing is computed
        backbone, found = headless(arch)
    assert found == width
    assert (spatial_backbone(backbone.eval()) is not None) is mapped
    assert arch in names()


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(UsageError, match="no network 'nonet'"):
        headless("nonet")


def test_starting_weights_may_have_a_last_layer_or_not(tmp_path: Path) -> None:
    torch.manual_seed(1)
    backbone, _ = headless("squeezenet1_1")
    state = {name: value.clone() for name, value in backbone.state_dict().items()}
    torch.save(state | {"classifier.1.weight": torch.zeros(1000, 512, 1, 1)}, tmp_path / "whole.pt")
    torch.save(state, tmp_path / "part.pt")
    for name in ("whole.pt", "part.pt"):
        network = Classifier("squeezenet1_1", 3)
        network.initialise(str(tmp_path / name))
        assert torch.equal(network.backbone.features[0].weight, state["features.0.weight"])


def module_of(folder: Path, config: ClassesConfig) -> ClassifierTraining:
    training, held = read_photos([folder], config)
    assert held is not None
    network = Classifier(config.arch, len(training.classes), training.several)
    return ClassifierTraining(network, config, decode_photos(training, config), decode_photos(held, config))


def test_the_last_layer_learns_ten_times_as_fast(folder: Path) -> None:
    module = module_of(folder, replace(checked(QUICK), optimizer="sgd", lr=0.001, step=10))
    found = module.configure_optimizers()
    rates = {id(value): group for group in found["optimizer"].param_groups for value in group["params"]}
    head, first = module.network.head, module.network.backbone.features[0]
    assert rates[id(first.weight)]["initial_lr"] == pytest.approx(0.001)
    assert rates[id(first.bias)]["initial_lr"] == pytest.approx(0.002)
    assert rates[id(head.weight)]["initial_lr"] == pytest.approx(0.01)
    assert rates[id(head.bias)]["initial_lr"] == pytest.approx(0.02)
    assert rates[id(head.weight)]["momentum"] == 0.9 and rates[id(head.weight)]["weight_decay"] == 5e-4
    falls = found["lr_scheduler"]["scheduler"].lr_lambdas[0]
    assert [falls(step) for step in (0, 9, 10, 25)] == pytest.approx([1, 1, 0.1, 0.01])


def test_intervals_follow_from_the_sets() -> None:
    found = intervals(ClassesConfig(batch=50, epochs=30), 1939, 485)
    assert found == (38, 1140, 10, 76, 152)
    assert "test: 10 iterations" in "\n".join(found.lines(1939, 485))


def test_classes_are_made_to_count_the_same(folder: Path, marks: Path) -> None:
    few = read_labelled([folder]).take([0, 1, 2, 3, 4, 5, 8, 16])
    chance = sampling_chances(few)
    assert few.targets.T @ chance == pytest.approx([1 / 3] * 3)
    weights = loss_weights(few).numpy()
    assert few.targets.mean(0) * weights == pytest.approx([1 / 3] * 3)
    several = read_labelled([marks])
    assert loss_weights(several).tolist() == pytest.approx([2.0, 0.5])
    assert sampling_chances(several).sum() == pytest.approx(1)


def test_the_loss_is_cross_entropy() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 0.0]])
    target = torch.eye(3)[[0, 2]]
    want = torch.nn.functional.cross_entropy(logits, torch.tensor([0, 2]))
    assert class_loss(logits, target, False) == pytest.approx(float(want))
    heavy = torch.nn.functional.cross_entropy(
        logits, torch.tensor([0, 2]), weight=torch.tensor([3.0, 1.0, 1.0])
    )
    assert class_loss(logits, target, False, torch.tensor([3.0, 1.0, 1.0])) == pytest.approx(float(heavy))
    assert class_loss(torch.zeros(2, 3), target, True) == pytest.approx(np.log(2))


# Figures


def test_average_precision_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(80) < 0.3, np.round(rng.random(80), 1)  # with many ties
    assert average_precision(score, truth) == pytest.approx(average_precision_score(truth, score))
    assert average_precision(score, np.zeros(80)) == 0


def test_metrics_stand_beside_what_needs_no_photo() -> None:
    targets = np.eye(3, dtype=np.float32)[[0] * 60 + [1] * 25 + [2] * 15]
    names = [f"{number}.jpg" for number in range(100)]
    right = evaluate(6.0 * targets.astype(np.float64), targets, False, CLASSES, names)
    assert right["figures"]["accuracy"] == right["figures"]["mAP"] == 1
    assert (right["figures"]["majority"], right["figures"]["chance"]) == (0.6, pytest.approx(1 / 3))
    assert right["figures"]["confusion"] == [[60, 0, 0], [0, 25, 0], [0, 0, 15]]
    assert all(check["passed"] for check in right["checks"])
    always = evaluate(np.tile([3.0, 0.0, 0.0], (100, 1)), targets, False, CLASSES, names)
    assert always["figures"]["accuracy"] == 0.6 and not any(check["passed"] for check in always["checks"])
    assert always["groups"]["cat"]["recall"] == 1 and always["groups"]["rocket"]["precision"] is None
    assert always["figures"]["confused"][0] == {"true": "coffee", "said": "cat", "photos": 25}
    always["figures"]["confused"][1]["photos"] = 1
    lines = [
        str(line)
        for line in report_lines({**always, "training_classes": dict.fromkeys(CLASSES, 1), "left_out": {}})
    ]
    assert lines[1:3] == ["coffee called cat: 25 photos", "rocket called cat: 1 photo"]


def test_calibration_undoes_overconfidence() -> None:
    rng = np.random.default_rng(2)
    names = [f"{number}.jpg" for number in range(3000)]
    true = rng.normal(size=(3000, 3))
    shares = np.exp(true) / np.exp(true).sum(1, keepdims=True)
    targets = np.eye(3, dtype=np.float32)[[rng.choice(3, p=share) for share in shares]]
    found = evaluate(4 * true, targets, False, CLASSES, names)
    assert found["calibration"]["probabilities"]["temperature"] == pytest.approx(4, rel=0.15)
    assert 1400 < found["calibration"]["probabilities"]["photos"] < 1600
    few = evaluate(true[:36] * 8, targets[:36], False, CLASSES, names[:36])
    assert few["calibration"]["probabilities"] == {"method": "temperature", "temperature": 1.0, "photos": 0}
    assert found["figures"]["calibration_error"] < 0.05 < 0.2 < found["figures"]["calibration_error_before"]
    one_by_one = (rng.random((3000, 3)) < 1 / (1 + np.exp(-true))).astype(np.float32)
    several = evaluate(4 * true - 2, one_by_one, True, CLASSES, names)
    assert several["calibration"]["cat"]["slope"] == pytest.approx(0.25, rel=0.2)
    assert several["figures"]["calibration_error"] < 0.05
    assert set(several["thresholds"]) == set(CLASSES)
    chances = calibrated(4 * true - 2, several["calibration"], True, CLASSES)
    assert np.abs(chances - 1 / (1 + np.exp(-true))).mean() < 0.05


# Loop and export


def test_a_resumed_run_ends_like_an_uninterrupted_one(folder: Path, tmp_path: Path) -> None:
    config = checked(replace(QUICK, balance="sampling", ema=0.5))
    whole = train(replace(config, epochs=4), [folder], tmp_path / "whole", False)
    train(replace(config, epochs=2), [folder], tmp_path / "part", False)
    resumed = train(replace(config, epochs=4), [folder], tmp_path / "part", True)
    assert [row["loss"] for row in whole["history"]] == [row["loss"] for row in resumed["history"]]
    one, other = (load_model(tmp_path / name / "model.ckpt").network for name in ("whole", "part"))
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    with pytest.raises(UsageError, match="other classes"):
        (tmp_path / "two.txt").write_text(
            "".join(f"{path} {path.parent.name}\n" for path in sorted(folder.rglob("c*_*.jpg")))
        )
        train(config, [tmp_path / "two.txt"], tmp_path / "part", True)


def test_three_commands_make_a_model(folder: Path, tmp_path: Path) -> None:
    options = [
        *("--arch", "small-cnn", "--init", "none", "--size", "64", "--folds", "3", "--epochs", "16"),
        *("--batch", "4", "--optimizer", "adamw", "--lr", "0.003", "--workers", "0", "--colour", "0"),
    ]
    run = tmp_path / "run"
    result = CliRunner().invoke(train_command(), [str(folder), "--out", str(run), *options])
    assert result.exit_code in (0, 1), result.output
    assert "test: " in result.output and "snapshot every" in result.output
    facts = json.loads((run / "run.json").read_text())
    assert facts["figures"]["accuracy"] > facts["figures"]["majority"]
    assert (run / "confusion.png").is_file() and (run / "last.ckpt").is_file()
    header = (run / "predictions.csv").read_text().splitlines()[0]
    assert header == "file,truth,cat,coffee,rocket"

    where = [str(run / "model.ckpt"), "--to", str(tmp_path / "animals"), "--name", "animals", "--pictures"]
    result = CliRunner().invoke(export_command(), [*where, "--photos", str(folder)])
    assert result.exit_code == 0, result.output
    card = read_card(tmp_path / "animals")
    assert (card.name, card.kind, card.outputs) == ("animals", "classifier", ("probabilities", "maps"))
    assert card.facts["classes"] == list(CLASSES) and card.facts["several"] is False
    assert card.facts["calibration"]["probabilities"] == facts["calibration"]["probabilities"]
    assert card.facts["metrics"]["accuracy"] == facts["figures"]["accuracy"]
    assert card.facts["metrics"]["settings_that_differ"] == []
    drawn = {path.stem for path in (tmp_path / "animals" / "pictures").iterdir()}
    assert drawn == {"filters", "curves", "confusion", "reliability", "activations"}
    for path in (tmp_path / "animals" / "pictures").iterdir():
        assert np.asarray(Image.open(path).convert("L")).std() > 5, path.name


def test_several_classes_train_and_export(marks: Path, tmp_path: Path) -> None:
    config = checked(replace(QUICK, balance="weights"))
    facts = train(config, [marks], tmp_path / "run", False)
    assert set(facts["thresholds"]) == set(facts["calibration"]) == {"animal", "warm"}
    assert facts["figures"]["mAP"] > 0 and "accuracy" not in facts["figures"]
    arguments = [str(tmp_path / "run" / "model.ckpt"), "--to", str(tmp_path / "model")]
    result = CliRunner().invoke(export_command(), arguments)
    assert result.exit_code == 0, result.output
    card = read_card(tmp_path / "model")
    assert card.facts["several"] is True and set(card.facts["thresholds"]) == {"animal", "warm"}
    session = onnxruntime.InferenceSession(card.network, providers=["CPUExecutionProvider"])
    views = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), dtype=np.uint8)
    (probabilities,) = session.run(["probabilities"], {"image": views})
    assert probabilities.shape == (2, 2) and (probabilities > 0).all() and (probabilities < 1).all()


@pytest.mark.parametrize("arch", ["mobilenet_v2", "squeezenet1_1", "small-cnn"])
def test_maps_add_up_to_the_logit(arch: str) -> None:
    torch.manual_seed(3)
    network = Classifier(arch, 4).eval()
    torch.nn.init.normal_(network.head.weight)
    torch.nn.init.normal_(network.head.bias)
    image = torch.from_numpy(sample_pictures()["chelsea"][None, :96, :128].transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        probabilities, maps = ServedClassifier(network)(image)
        logits = network(image)
        assert torch.allclose(probabilities, logits.softmax(1), atol=1e-5)
        assert torch.allclose(maps.sum((2, 3)) + network.head.bias, logits, atol=1e-4)
        assert maps.shape[1] == 4 and min(maps.shape[2:]) >= 3
        mirrored, turned = ServedClassifier(network, mirror=True)(image.flip(3))
        both, whole = ServedClassifier(network, mirror=True)(image)
    assert torch.allclose(mirrored, both, atol=1e-5)
    assert torch.allclose(turned.flip(3), whole, atol=1e-5)


def test_networks_that_do_not_end_in_a_mean_export_without_maps() -> None:
    torch.manual_seed(4)
    config = {"size": 64, "classes": ["a", "b"], "several": False}
    model = Model(Classifier("mobilenet_v3_small", 2).eval(), config)
    spec, served = classifier.spec(config), classifier.serve(model, None)
    assert list(classifier.outputs(model)) == ["probabilities"]
    network = to_onnx(served, spec, ["probabilities"], float16=False).SerializeToString()
    parity = check(network, served, served, classifier, model, sample_views(None, spec))
    assert (parity.loose, parity.rounding) == (0, 0) and parity.outputs < 1e-4


def test_pictures_need_no_run(tmp_path: Path) -> None:
    model = Model(Classifier("small-cnn", 2), {"size": 64, "classes": ["a", "b"]})
    assert [path.name for path in draw_all(model, tmp_path, tmp_path / "none", None)] == ["filters.png"]


def test_unusable_options_are_one_line(folder: Path) -> None:
    for options, said in (
        (["--fold", "9"], "--fold"),
        (["--arch", "nonet", "--init", "none"], "no network"),
        (["--init", "gone.pt"], "does not exist"),
    ):
        result = CliRunner().invoke(train_command(), [str(folder), *options])
        assert result.exit_code == 2 and said in result.output
