"""The trainer of the detector of faces: labels go where the pixels go, the loss, the loop, and the export."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from photos import sample_pictures, shared_data, write_photo
from PIL import Image
from resuming import check_resuming, same_weights, stop_after
from typer.testing import CliRunner

from export.__main__ import command as export_command
from photocli.errors import UsageError
from photocli.faces.detectors.detector import Detector, contain, overlaps
from photocli.models.card import read_card
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.frames import Frames, Picture
from trainers.common.loop import make_trainer
from trainers.common.overlap import fits
from trainers.common.runs import RunRecord
from trainers.common.yunet import YuNet, mirrored
from trainers.faces.__main__ import command as train_command
from trainers.faces.augmentation import (
    Placement,
    Region,
    change_light,
    occlude_faces,
    paste_photo,
    serving_view,
    transform_faces,
    visible_faces,
)
from trainers.faces.config import FacesConfig
from trainers.faces.data import MAX_FACES, FacePhotos, SceneIndex, Scenes, divide, epoch_batches, read_photos
from trainers.faces.detections import (
    NEAR,
    Detections,
    assign_detections,
    count_detections,
    detect_in_photos,
    false_positive_share,
)
from trainers.faces.evaluate import choose_threshold, evaluate
from trainers.faces.labels import SURE, UNSURE, Faces, faces_from, merge_detections
from trainers.faces.network import STRIDE, DetectorOutput, FaceDetector
from trainers.faces.plots import draw_all
from trainers.faces.train import DetectorTraining, assign_cells, detection_loss, start, train
from trainers.technical.network import TechnicalNetwork

ROOT = Path(__file__).parents[3]
SIDE = 96
QUICK = FacesConfig(
    portraits="people",
    folds=2,
    init="none",
    side=SIDE,
    scenes=24,
    epochs=3,
    batch=4,
    eval_every=3,
    workers=0,
    tune_epochs=1,
    refine_steps=0,
)
# The astronaut's face by hand, in pixels of the picture of 512: box, eyes, nose and corners of the mouth.
BOX = (180, 68, 272, 184)
POINTS = ((203, 101), (247, 103), (226, 127), (205, 140), (244, 142))
FACE = np.array([[*BOX, *np.ravel(POINTS), 512 * SURE]], np.float32) / 512


def photos_of(pictures: list[Picture], faces: list[Faces], origin: str = "people") -> FacePhotos:
    """Photos in memory."""
    shapes = tuple(picture.shape[:2] for picture in pictures)
    count = len(pictures)
    return FacePhotos(
        Frames(pictures, shapes, (0,) * count, {}),
        tuple(f"{number}.jpg" for number in range(count)),
        (origin,) * count,
        tuple(faces),
        np.array([len(one) == 0 for one in faces]),
        np.zeros(count, bool),
        np.arange(count),
        ({"name": origin, "role": "test", "photos": count},),
    )


@pytest.fixture(scope="module")
def photos() -> FacePhotos:
    """The astronaut, near and far, and pictures without people."""
    astronaut = Image.fromarray(sample_pictures()["astronaut"])
    pictures, faces = [], []
    for number in range(8):
        left, top, size = 5 * number, 3 * number, 440 - 20 * number
        pictures.append(np.asarray(astronaut.crop((left, top, left + size, top + size)).resize((200, 200))))
        off = np.tile([left, top], 7)
        places = (FACE[:, :14] * 512 - off) / size
        faces.append(np.concatenate([places, FACE[:, 14:]], 1).astype(np.float32))
    for name in ("coffee", "rocket", "china", "flower", "chelsea", "coffee"):
        pictures.append(np.asarray(Image.fromarray(sample_pictures()[name]).resize((200, 150))))
        faces.append(np.zeros((0, 15), np.float32))
    return photos_of(pictures, faces)


def spotted(point: int) -> Picture:
    """A black picture of the astronaut's size with a white spot where one of the five points is."""
    picture = np.zeros((512, 512, 3), np.uint8)
    down, across = np.mgrid[:512, :512]
    x, y = POINTS[point]
    picture[np.hypot(across + 0.5 - x, down + 0.5 - y) < 9] = 255
    return picture


def middle_of_light(canvas: np.ndarray) -> np.ndarray:
    light = canvas[:, :, 0].astype(float)
    down, across = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * (across + 0.5)).sum(), (light * (down + 0.5)).sum()]) / light.sum()


PLACEMENTS = [
    Placement((0.44, 0.25), (60, 50), 0.5),
    Placement((0.44, 0.25), (100, 100), 1.7),
    Placement((0.56, 0.25), (90, 100), 0.8, mirror=True),
    Placement((0.44, 0.25), (90, 100), 0.8, turn=30),
    Placement((0.5, 0.3), (100, 125), 1.3, turn=-25, mirror=True),
    Placement((0.5, 0.3), (90, 80), 0.3, turn=13),
]


@pytest.mark.parametrize("how", PLACEMENTS)
@pytest.mark.parametrize("point", range(5))
def test_points_go_where_the_pixels_go(how: Placement, point: int) -> None:
    canvas = Image.new("RGB", (200, 200))
    [face] = paste_photo(canvas, Region(0, 0, 200, 200), spotted(point), FACE, how)
    seen = middle_of_light(np.asarray(canvas))
    place = (1, 0, 2, 4, 3)[point] if how.mirror else point  # left and right are those of the picture
    assert np.abs(face[4:14].reshape(5, 2)[place] - seen).max() < 0.8


def test_a_turn_is_clockwise_and_boxes_stay_around_the_face() -> None:
    how = Placement((0.5, 0.5), (256, 256), 1.0, turn=90)
    [face] = transform_faces(FACE, (512, 512), how)
    assert face[:4] == pytest.approx([512 - BOX[3], BOX[0], 512 - BOX[1], BOX[2]], abs=0.01)
    [tilted] = transform_faces(FACE, (512, 512), Placement((0.5, 0.5), (256, 256), 1.0, turn=30))
    points = tilted[4:14].reshape(5, 2)
    assert (points > tilted[:2]).all() and (points < tilted[2:4]).all()
    # The ellipse's box is a little larger than the upright one, and much smaller than that of its corners.
    width, height = BOX[2] - BOX[0], BOX[3] - BOX[1]
    corners = width * np.cos(np.pi / 6) + height * np.sin(np.pi / 6)
    assert width < tilted[2] - tilted[0] < 0.85 * corners
    assert mirrored(mirrored(FACE)) == pytest.approx(FACE)


@pytest.mark.parametrize("turn", [-25.0, 0.0, 25.0])
def test_the_teacher_agrees_with_a_turned_label(turn: float) -> None:
    teacher = YuNet(shared_data("..", "weights", "yunet_n_dynamic.onnx"))
    picture = np.ascontiguousarray(sample_pictures()["astronaut"])
    [first] = teacher.found(picture).astype(np.float32)
    label = np.concatenate([first[:14], [SURE]]).astype(np.float32)[None]
    canvas, [face] = serving_view(picture, label, 320, turn)
    [found] = teacher.found(canvas).astype(np.float32) * np.array([320] * 14 + [1], np.float32)
    assert overlaps(face[None, :4], found[None, :4])[0, 0] > 0.75
    apart = np.linalg.norm(face[6:8] - face[4:6])
    assert np.abs(face[4:8] - found[4:8]).max() < 0.3 * apart  # as sure as it is itself


def test_closer_looks_agree_better_than_single_ones() -> None:
    """About a face, and about the same face in another place, turned about or smaller."""
    model = shared_data("..", "weights", "yunet_n_dynamic.onnx")
    teacher, close = YuNet(model), YuNet(model, 160)
    picture = sample_pictures()["astronaut"]
    single, steady = [], []
    for size in (300, 340, 380, 420, 460, 512):
        for mirror in (False, True):
            small = np.asarray(Image.fromarray(picture).resize((size, size)))[:, :: -1 if mirror else 1]
            found = teacher.found(small)[:1]
            closer = close.steady(np.ascontiguousarray(small), found[0])[None]
            assert closer[0, 14] == found[0, 14]
            for list_, one in ((single, found), (steady, closer)):
                list_.append((mirrored(one) if mirror else one)[0, 4:8])
    spreads = [np.std(eyes, axis=0).mean() for eyes in (single, steady)]
    assert spreads[1] < 0.6 * spreads[0]
    assert np.abs(np.mean(steady, axis=0) - FACE[0, 4:8]).max() < 0.01


def test_closer_looks_at_a_tilted_face_are_as_good() -> None:
    """A single look, and the mean of many at a tilted face, put its eyes too level."""
    model = shared_data("..", "weights", "yunet_n_dynamic.onnx")
    teacher, close = YuNet(model), YuNet(model, 160)
    picture = np.ascontiguousarray(sample_pictures()["astronaut"])
    label = FACE.copy()
    label[0, :14] = close.steady(picture, teacher.found(picture)[0])[:14]
    for turn in (-25.0, 25.0):
        canvas, [face] = serving_view(picture, label, 448, turn)
        [found] = teacher.found(canvas)[:1]
        apart = np.linalg.norm(face[6:8] - face[4:6])
        off, single = (
            np.linalg.norm(448 * points.reshape(2, 2) - face[4:8].reshape(2, 2), axis=1).max() / apart
            for points in (close.steady(canvas, found)[4:8], found[4:8])
        )
        assert off < min(NEAR, 0.5 * single)


def test_scenes_keep_every_point_on_its_spot() -> None:
    """Of every kind of scene, before it is relit."""
    for point in (0, 1, 4):
        scenes = Scenes(photos_of([spotted(point)], [FACE]), 224, 0, people=1.0)
        there = 0
        for seed in range(40):
            canvas, faces = scenes.compose(np.random.default_rng(seed))
            light = np.asarray(canvas)[:, :, 0]
            for face in faces[faces[:, 14] == SURE]:
                spots = face[4:14].reshape(5, 2)
                # Mirrored or not: the spot is this point, or its partner on the other side.
                lit = []
                for place in {point, (1, 0, 2, 4, 3)[point]}:
                    if np.isfinite(spots[place]).all():
                        x, y = np.clip(spots[place].astype(int), 0, 223)
                        lit.append(light[y, x])
                if len(lit) == 2:
                    there += 1
                    assert max(lit) > 60, (seed, face)
        assert there > 20


def test_what_is_cut_off_or_tiny_is_no_face_to_be_found() -> None:
    whole, half, gone = ([left, 10, left + 40, 50, *[left + 20, 30] * 5, SURE] for left in (20, 85, 110))
    tiny = [5, 5, 10, 12, *[7, 8] * 5, SURE]
    faces = visible_faces(np.array([whole, half, gone, tiny], np.float32), Region(0, 0, 100, 100))
    assert faces[:, 14].tolist() == [SURE, UNSURE, UNSURE]
    assert np.isnan(faces[1, 4:14]).all() and np.isfinite(faces[0]).all()


def test_faces_are_covered_by_less_than_half_and_keep_their_labels() -> None:
    face = np.array([[20, 20, 80, 90, *[50, 50] * 5, SURE]], np.float32)
    shares = []
    for seed in range(60):
        canvas = Image.new("RGB", (100, 100), (7, 7, 7))
        occlude_faces(canvas, face, np.full((30, 30, 3), 200, np.uint8), np.random.default_rng(seed))
        shares.append(float((np.asarray(canvas)[20:90, 20:80] != 7).any(2).mean()))
    assert 0 < np.count_nonzero(shares) < 30
    assert max(shares) < 0.5


def test_light_changes_and_shape_does_not() -> None:
    photo = Image.fromarray(sample_pictures()["astronaut"]).resize((96, 96))
    for seed in range(20):
        pixels = change_light(photo, np.random.default_rng(seed))
        assert pixels.shape == (96, 96, 3) and pixels.dtype == np.uint8
        assert np.corrcoef(pixels.mean(2).ravel(), np.asarray(photo).mean(2).ravel())[0, 1] > 0.7


def test_scenes_are_functions_of_seed_epoch_and_place(photos: FacePhotos) -> None:
    one, other = Scenes(photos, SIDE, 5), Scenes(photos, SIDE, 5)
    some = 0
    for place in range(12):
        first, second = one[SceneIndex(1, place)], other[SceneIndex(1, place)]
        assert np.array_equal(first.canvas, second.canvas)
        assert np.array_equal(first.faces, second.faces, equal_nan=True)
        assert first.canvas.shape == (3, SIDE, SIDE) and first.faces.shape == (MAX_FACES, 15)
        some += int((first.faces[:, 14] == SURE).sum())
    assert some > 5
    assert not np.array_equal(one[SceneIndex(1, 0)].canvas, one[SceneIndex(2, 0)].canvas)
    assert [len(batch) for batch in epoch_batches(0, 10, 4)] == [4, 4]


def test_what_the_teacher_is_unsure_of_is_no_face_where_nobody_is() -> None:
    said = np.zeros((3, 15))
    said[:, 14] = (0.9, 0.5, 0.2)
    assert faces_from(said, nobody=False)[:, 14].tolist() == [SURE, UNSURE]
    assert faces_from(said, nobody=True)[:, 14].tolist() == [SURE]
    assert faces_from(said, drawn=True)[:, 14].tolist() == [UNSURE, UNSURE]
    near, far = np.zeros((2, 15)), np.zeros((2, 15))
    near[:, :4], near[:, 14] = [[0, 0, 0.5, 0.5], [0.6, 0.6, 0.8, 0.8]], (0.6, 0.9)
    far[:, :4], far[:, 14] = [[0.02, 0, 0.5, 0.5], [0.9, 0.9, 0.95, 0.95]], (0.85, 0.8)
    both = merge_detections(near, far)
    assert both[:, 14].tolist() == [0.85, 0.9, 0.8]
    assert both[0, 0] == 0


def test_cells_in_the_middle_answer_for_a_face() -> None:
    middles = start(QUICK).middles
    faces = torch.zeros((1, 4, 15))
    faces[0, 0] = torch.tensor([20.0, 20, 68, 68, *[30] * 10, SURE])
    faces[0, 1] = torch.tensor([3.0, 75, 12, 84, *[8] * 10, SURE])  # smaller than a cell
    faces[0, 2] = torch.tensor([72.0, 0, 96, 24, *[80] * 10, UNSURE])
    found = assign_cells(faces, middles)
    cells = SIDE // STRIDE
    answers = found.answers[0].reshape(cells, cells)
    assert answers[5, 5] and answers[9, 0] and not answers[2, 2] and not answers[0, 11]
    counts = found.counts[0].reshape(cells, cells)
    assert not counts[1, 10] and counts[0, 0]
    assert found.face[0].reshape(cells, cells)[9, 0] == 1
    for x in np.linspace(10, 80, 29):  # wherever a small face is, some cell answers for it
        small = torch.zeros((1, 1, 15))
        small[0, 0] = torch.tensor([x - 5, 40 - 5, x + 5, 40 + 5, *[40] * 10, SURE])
        assert assign_cells(small, middles).answers.any()


def test_the_loss_is_least_for_the_truth() -> None:
    network = start(QUICK)
    faces = torch.zeros((1, 2, 15))
    faces[0, 0] = torch.tensor([20.0, 20, 68, 68, *[30.0, 40] * 5, SURE])
    seen = network.eval()(torch.zeros((1, 3, SIDE, SIDE), dtype=torch.uint8))
    answers = assign_cells(faces, network.middles).answers
    right = type(seen)(
        torch.where(answers, 12.0, -12.0),
        faces[:, :1, :4].expand_as(seen.boxes).clone(),
        faces[:, :1, 4:14].expand_as(seen.points).clone(),
        faces[:, :1, 4:14].expand_as(seen.points).clone(),
    )

    def loss(said: DetectorOutput) -> float:
        return float(detection_loss(said, faces, network.middles, QUICK))

    least = loss(right)
    assert least < 1e-3
    for name in ("boxes", "points", "around"):
        assert loss(right._replace(**{name: getattr(right, name) + 5})) > least + 0.1, name
    assert loss(right._replace(logits=-right.logits)) > least + 1
    far = right._replace(around=right.around.clone())
    far.around[:, -1] += 50  # a cell in the corner, where no point is
    assert loss(far) == pytest.approx(least)
    none = detection_loss(seen, torch.zeros((1, 2, 15)), network.middles, QUICK)
    assert torch.isfinite(none)
    iou, giou = fits(torch.tensor([[0.0, 0, 2, 2]] * 2), torch.tensor([[0.0, 0, 2, 2], [2.0, 0, 4, 2]]))
    assert iou.tolist() == [1, 0] and giou.tolist() == pytest.approx([1, 0])


def test_points_are_put_right_by_the_cells_that_they_lie_in() -> None:
    network = start(QUICK)
    cells = (SIDE // STRIDE) ** 2
    boxes = torch.tensor([20.0, 20, 70, 70]).expand(1, cells, 4)
    told = torch.tensor([33.0, 41, 57, 41, 45, 50, 37, 60, 53, 60]).expand(1, cells, 10)
    around = torch.full((1, cells, 10), 1000.0)
    cell = (41 // STRIDE) * (SIDE // STRIDE) + 33 // STRIDE  # the one that the first point lies in
    around[0, cell, :2] = torch.tensor([36.0, 40])
    around[0, cell, 2:4] = torch.tensor([50.0, 50])  # what it says of other points does not count
    logits = torch.arange(cells)[None] - 2.0 * cells
    logits[0, 7] = 0.0
    points = network.points(DetectorOutput(logits, boxes, told, around), torch.zeros(1, 3, SIDE, SIDE))
    assert points.shape == (1, cells, 10)
    assert points[0, 7].tolist() == [36, 40, *told[0, 0, 2:].tolist()]
    assert points[0, 0].tolist() == told[0, 0].tolist()  # no face, and sixteen others before it


def test_metrics_count_faces_by_overlap() -> None:
    there = np.array([[0, 0, 20, 20, *[5] * 10, SURE], [50, 50, 90, 90, *[60] * 10, UNSURE]], np.float32)
    found = np.array([[1, 0, 20, 20], [52, 50, 90, 90], [0, 60, 20, 80], [0, 1, 20, 20]], np.float32)
    found = np.concatenate([found, np.full((4, 10), 5, np.float32), [[0.9], [0.8], [0.7], [0.3]]], 1)
    mine, wrong = assign_detections(there, found)
    assert mine.tolist() == [0] and wrong.tolist() == [False, False, True, True]
    detections = Detections([there], [found], np.arange(1))
    metrics = count_detections(detections, 0.75).metrics()
    assert metrics == {"faces": 1, "recall": 1, "precision": 1, "eyes_near": 1}
    assert count_detections(detections, 0.5).metrics()["precision"] == 0.5
    assert count_detections(detections, 0.95).metrics()["recall"] == 0
    assert false_positive_share(detections, 0.85) == 1 and false_positive_share(detections, 0.95) == 0
    nobody = Detections([there[:0]], [found[2:3]], np.arange(1))
    assert 0.7 < choose_threshold(Detections([there[:1]], [found[:1]], np.arange(1)), nobody) <= 0.9


def test_a_resumed_run_equals_one_that_was_not_interrupted(photos: FacePhotos, tmp_path: Path) -> None:
    check_resuming(
        lambda out, resume: train(QUICK, photos, out, resume),
        lambda: DetectorTraining(start(QUICK), QUICK, *divide(photos, QUICK.folds, QUICK.fold)),
        QUICK,
        tmp_path,
        at=2,
    )
    run = json.loads((tmp_path / "whole" / "run.json").read_text())
    assert run["history"][-1]["loss"] < run["history"][0]["loss"]
    assert {"portraits", "without_people", "mosaics", "by_size", "turned"} <= run["figures"].keys()
    assert run["thresholds"].keys() == {"score", "overlap"}
    _export_and_serve(tmp_path / "whole", photos, tmp_path / "out")


def _export_and_serve(run: Path, photos: FacePhotos, out: Path) -> None:
    """The exported model finds in a session what the checkpoint finds in PyTorch."""
    result = CliRunner().invoke(export_command(), [str(run / "model.ckpt"), "--to", str(out)])
    assert result.exit_code == 0, result.output
    card = read_card(out)
    assert (card.kind, card.input.fit, card.input.width) == ("faces", "contain", SIDE)
    low = replace(card, facts={**card.facts, "thresholds": {"score": 0.05, "overlap": 0.4}})
    detections = detect_in_photos(load_model(run / "model.ckpt").network, photos, 0.4)  # type: ignore[arg-type]
    detector = Detector(low)
    for row, found in zip(photos.rows, detections.found, strict=True):
        _, width, height = contain(photos.frames[row], SIDE, 0)
        served = detector.faces(photos.frames[row]) * np.array([width, height] * 7 + [1])
        assert abs(len(served) - len(found)) <= 2
        if len(found):
            assert served[0, 14] == pytest.approx(found[0, 14], abs=0.03)


def test_the_first_layers_wait_for_the_last_epochs(photos: FacePhotos, tmp_path: Path) -> None:
    training, held = divide(photos, QUICK.folds, QUICK.fold)
    module = DetectorTraining(start(QUICK), QUICK, training, held)
    before = {name: value.clone() for name, value in module.network.state_dict().items()}
    stop_after(2, module, QUICK, tmp_path)
    moved = {
        name for name, value in module.network.state_dict().items() if not torch.equal(value, before[name])
    }
    assert moved and not any(name.startswith("near.") for name in moved)
    module = DetectorTraining(start(QUICK), QUICK, training, held)
    make_trainer(QUICK, tmp_path, watch=False).fit(module)  # type: ignore[arg-type]
    weights = {name for name, _ in module.network.named_parameters()}
    same = {name for name in weights if torch.equal(module.network.state_dict()[name], before[name])}
    assert not same  # every layer has learned


def test_a_model_is_gone_on_from_without_its_second_look(photos: FacePhotos, tmp_path: Path) -> None:
    torch.manual_seed(1)
    earlier, path = FaceDetector(64, with_landmarks=True), tmp_path / "model.ckpt"
    config = {"trainer": "faces", "side": 64, "refine_steps": 9}
    save_model(path, Model(earlier, config, RunRecord("python -m trainers.faces before", seed=1)))
    later = replace(QUICK, start=str(path), epochs=1)
    network = start(later)
    assert network.side == SIDE and network.landmarks is None
    state = earlier.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    facts = train(later, photos, tmp_path / "out", resume=False)
    assert facts["before"] == [{"command": "python -m trainers.faces before", "seed": 1}]
    save_model(path, Model(TechnicalNetwork(64), {"trainer": "technical", "side": 64, "dropout": 0.0}))
    with pytest.raises(UsageError, match="is no model of this trainer"):
        start(later)


def test_a_model_with_the_names_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    network, path = FaceDetector(64, with_landmarks=True), tmp_path / "model.ckpt"
    save_model(path, Model(network, {"trainer": "faces", "side": 64, "refine_steps": 9}))
    stored = torch.load(path, weights_only=True)
    stored["weights"] = {
        name.replace("landmarks.", "refiner."): value for name, value in stored["weights"].items()
    }
    assert any(name.startswith("refiner.") for name in stored["weights"])
    torch.save(stored, path)
    same_weights(network, load_model(path).network)


def test_help_needs_neither_torch_nor_lightning() -> None:
    code = (
        "import sys\nfrom trainers.faces.__main__ import command\n"
        "command()(['--help'], standalone_mode=False)\n"
        "assert not {'torch', 'lightning'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "--teacher" in done.stdout


def test_it_learns_a_face_by_heart(photos: FacePhotos) -> None:
    network = start(QUICK)
    canvases, faces = [], []
    for row in photos.rows[:2]:
        canvas, face = serving_view(photos.frames[row], photos.faces[row], SIDE)
        canvases.append(canvas.transpose(2, 0, 1))
        faces.append(face)
    batch, truth = torch.from_numpy(np.stack(canvases)), torch.from_numpy(np.stack(faces))
    adam = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        adam.zero_grad()
        loss = detection_loss(network.train()(batch), truth, network.middles, QUICK)
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]


def test_pictures_are_drawn_of_mistakes(photos: FacePhotos, tmp_path: Path) -> None:
    network = start(QUICK).eval()
    config = replace(QUICK, fold="0")
    training, held = divide(photos, config.folds, config.fold)
    facts = evaluate(network, training, held, config)
    folder = tmp_path / "photos"
    for row in held.rows:
        write_photo(folder / held.names[row], photos.frames[int(row)])
    history = [{"epoch": 0, "loss": 1.0}, {"epoch": 1, "loss": 0.8, "recall": 0.5, "false": 0.1}]
    (tmp_path / "run.json").write_text(json.dumps(facts | {"history": history}))
    from trainers.common.checkpoints import Model

    drawn = draw_all(Model(network, {"trainer": "faces"}), tmp_path / "pictures", tmp_path, folder)
    assert {path.stem for path in drawn} >= {"filters", "curves", "missed"}
    for path in drawn:
        assert np.asarray(Image.open(path).convert("RGB")).std() > 1, path.name


def test_photos_are_read_with_the_teachers_faces(tmp_path: Path) -> None:
    teacher = shared_data("..", "weights", "yunet_n_dynamic.onnx")
    folder = tmp_path / "people"
    for number in range(4):
        write_photo(folder / f"face{number}.jpg", "astronaut", size=(300 + 10 * number, 300))
    for name in ("coffee", "rocket", "china"):
        write_photo(folder / f"{name}.jpg", name, size=(300, 200))
    found = read_photos([folder], [], teacher, tmp_path / "cache")
    by_name = dict(zip(found.names, found.faces, strict=True))
    assert [len(by_name[f"face{number}.jpg"]) for number in range(4)] == [1] * 4
    assert np.abs(by_name["face0.jpg"][0, 4:8] - FACE[0, 4:8]).max() < 0.02
    assert found.without_people().names and not any(
        len(by_name[f"{name}.jpg"]) for name in ("coffee", "china")
    )
    again = read_photos([folder], [], teacher, tmp_path / "cache")
    assert all(np.array_equal(one, other) for one, other in zip(found.faces, again.faces, strict=True))


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", "coffee", size=(64, 64))
    runner = CliRunner()
    for given, words in (
        ([str(tmp_path / "none"), "--teacher", "no.onnx"], "no folder of photos"),
        ([str(tmp_path), "--teacher", "no.onnx"], "too few photos"),
        ([str(tmp_path), "--teacher", "no.onnx", "--side", "100"], "multiple of 32"),
        ([str(tmp_path), "--teacher", "no.onnx", "--fold", "9"], "--fold is none or 0 to 4"),
    ):
        result = runner.invoke(train_command(), given)
        assert result.exit_code == 2
        assert words in result.output
