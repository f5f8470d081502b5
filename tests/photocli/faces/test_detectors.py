"""Detectors of faces: reading outputs, candidates that are one face, and real faces found by YuNet."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from photos import sample_pictures, shared_data
from PIL import Image

from photocli.errors import ModelError
from photocli.faces import detectors
from photocli.faces.detectors import faces, yunet
from photocli.faces.detectors.detector import Detector, contain, distinct, overlaps
from photocli.inputs.views import InputSpec
from photocli.models.card import Card

SIDE = 320
EYES = ((203, 101), (247, 103))
"""Where the astronaut's eyes are in the picture of 512 pixels."""


def card_of(network: Path, kind: str, outputs: tuple[str, ...], side: int = SIDE, **facts: Any) -> Card:
    """A card as a model folder has it."""
    return Card(
        folder=network.parent,
        name="detector",
        kind=kind,
        version="1",
        sha256=hashlib.sha256(network.read_bytes()).hexdigest(),
        file=network.name,
        input=InputSpec("input" if kind == "yunet" else "image", side, side, "contain"),
        outputs=outputs,
        facts={"thresholds": {"score": 0.8, "overlap": 0.3}} | facts,
    )


@pytest.fixture(scope="module")
def teacher() -> Detector:
    network = shared_data("..", "weights", "yunet_n_dynamic.onnx")
    return Detector(card_of(network, "yunet", yunet.OUTPUTS))


def test_kinds_are_the_modules_of_the_folder() -> None:
    assert detectors.names() == ("faces", "yunet")
    for name in detectors.names():
        kind = detectors.load(name)
        canvas = np.full((64, 64, 3), kind.PADDING, np.uint8)
        assert kind.OUTPUTS and kind.prepare(canvas).shape == (1, 3, 64, 64)
    with pytest.raises(ModelError, match="faces, yunet"):
        detectors.load("detector")


def test_a_photo_keeps_its_aspect_ratio_on_the_canvas() -> None:
    for shape in ((300, 600), (600, 300), (40, 20), (500, 3)):
        canvas, width, height = contain(np.full((*shape, 3), 200, np.uint8), 128, 7)
        assert canvas.shape == (128, 128, 3) and max(width, height) == 128
        assert min(width, height) == max(1, round(128 * min(shape) / max(shape)))
        assert (canvas[:height, :width] == 200).all()
        assert (canvas[height:] == 7).all() and (canvas[:, width:] == 7).all()


def test_large_photos_are_reduced_without_a_shift() -> None:
    astronaut = Image.fromarray(sample_pictures()["astronaut"])
    small = np.asarray(astronaut.resize((128, 128), Image.Resampling.BOX)).astype(int)
    for side in (512, 1100, 2048):
        canvas, _, _ = contain(np.asarray(astronaut.resize((side, side), Image.Resampling.LANCZOS)), 128, 0)
        apart = [
            np.abs(np.roll(canvas.astype(int), (down, across), (0, 1)) - small)[4:-4, 4:-4].mean()
            for down in (-1, 0, 1)
            for across in (-1, 0, 1)
        ]
        assert np.argmin(apart) == 4 and apart[4] < 5


def test_overlap_is_intersection_over_union() -> None:
    one = np.array([[0, 0, 2, 2], [0, 0, 0, 0]], np.float32)
    other = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 2]], np.float32)
    assert overlaps(one, other) == pytest.approx(np.array([[1, 1 / 7, 0], [0, 0, 0]]))


def test_the_surest_of_overlapping_candidates_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [40, 0, 50, 10]], np.float32)
    scores = np.array([0.8, 0.9, 0.95, 0.3], np.float32)
    assert distinct(scores, boxes, 0.5, 0.3).tolist() == [2, 1]
    assert distinct(scores, boxes, 0.5, 0.9).tolist() == [2, 1, 0]
    assert distinct(scores, boxes, 0.99, 0.3).tolist() == []


def test_cells_of_yunet_are_read_at_their_places() -> None:
    side = 64
    outputs = {}
    for stride in yunet.STRIDES:
        cells = (side // stride) ** 2
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            outputs[f"{name}_{stride}"] = np.zeros((1, cells, width), np.float32)
    # The cell in row 1, column 2 of the level of 16 pixels: middle half a cell to the right, 32 x 16 pixels.
    row = 1 * 4 + 2
    outputs["cls_16"][0, row], outputs["obj_16"][0, row] = 0.81, 1.0
    outputs["bbox_16"][0, row] = (0.5, 0.0, np.log(2), 0.0)
    outputs["kps_16"][0, row] = np.arange(10) / 10
    scores, boxes, points = yunet.read(outputs, side)
    assert scores.shape == (64 + 16 + 4,) and boxes.shape == (84, 4) and points.shape == (84, 10)
    assert scores[64 + row] == pytest.approx(0.9) and np.count_nonzero(scores) == 1
    assert boxes[64 + row] == pytest.approx([40 - 16, 16 - 8, 40 + 16, 16 + 8])
    assert points[64 + row].reshape(5, 2) == pytest.approx(
        np.array([[32, 16]]) + 1.6 * np.arange(10).reshape(5, 2)
    )


def test_yunet_sees_blue_first() -> None:
    canvas = np.zeros((32, 32, 3), np.uint8)
    canvas[3, 5] = (10, 20, 30)
    batch = yunet.prepare(canvas)
    assert batch.dtype == np.float32 and batch[0, :, 3, 5].tolist() == [30, 20, 10]
    assert faces.prepare(canvas)[0, :, 3, 5].tolist() == [10, 20, 30]


def constant_network(path: Path, side: int, values: dict[str, np.ndarray]) -> Path:
    """A network of kind `faces` that says the same of every photo."""
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
        for name, value in values.items()
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape)
            for name, value in values.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return path


def test_places_are_fractions_of_the_photo(tmp_path: Path) -> None:
    boxes = np.array([[[0, 0, 50, 25], [1, 0, 50, 25], [50, 0, 110, 20]]], np.float32)
    points = np.tile(np.array([10, 20], np.float32), (1, 3, 5))
    values = {"scores": np.array([[0.9, 0.85, 0.95]], np.float32), "boxes": boxes, "points": points}
    network = constant_network(tmp_path / "model.onnx", 100, values)
    detector = Detector(card_of(network, "faces", faces.OUTPUTS, 100))
    found = detector.faces(np.zeros((200, 400, 3), np.uint8))  # 100 x 50 on the canvas
    assert found.dtype == np.float32 and found.shape == (2, 15)
    assert found[0] == pytest.approx([0.5, 0, 1.1, 0.4, *[0.1, 0.4] * 5, 0.95])
    assert found[1, :4] == pytest.approx([0, 0, 0.5, 0.5])
    assert Detector(
        card_of(network, "faces", faces.OUTPUTS, 100, thresholds={"score": 0.99, "overlap": 0.3})
    ).faces(np.zeros((200, 400, 3), np.uint8)).shape == (0, 15)


def test_a_card_that_is_no_detectors_is_refused(tmp_path: Path) -> None:
    network = tmp_path / "model.onnx"
    network.write_bytes(b"none")
    for card, words in (
        (card_of(network, "technical", faces.OUTPUTS), "technical"),
        (card_of(network, "faces", ("scores", "boxes")), "lacks the outputs points"),
        (card_of(network, "faces", faces.OUTPUTS, thresholds={"score": 0.5}), "no thresholds"),
    ):
        with pytest.raises(ModelError, match=words):
            Detector(card)
    with pytest.raises(ModelError):  # found out when it is first used
        Detector(card_of(network, "faces", faces.OUTPUTS)).faces(np.zeros((8, 8, 3), np.uint8))


@pytest.mark.parametrize("shape", [(512, 512), (300, 300), (1024, 1024), (512, 700), (700, 512)])
def test_a_face_is_found_where_it_is_at_any_size(teacher: Detector, shape: tuple[int, int]) -> None:
    photo = Image.new("RGB", (shape[1], shape[0]), (90, 120, 90))
    side = min(shape)
    photo.paste(Image.fromarray(sample_pictures()["astronaut"]).resize((side, side)), (0, 0))
    [face] = teacher.faces(np.asarray(photo))
    size = np.array([shape[1], shape[0]]) * 512 / side
    points = face[4:14].reshape(5, 2) * size
    assert np.abs(points[:2] - EYES).max() < 7
    assert points[0, 0] < points[2, 0] < points[1, 0] and points[:2, 1].max() < points[2, 1]
    assert points[2, 1] < points[3:, 1].min() and points[3, 0] < points[4, 0]
    left, top, right, bottom = face[:4] * np.tile(size, 2)
    assert left < EYES[0][0] and EYES[1][0] < right and top < EYES[0][1] < bottom
    assert 0.8 <= face[14] <= 1


def test_photos_without_people_show_no_face(teacher: Detector) -> None:
    for name in ("coffee", "rocket", "china", "flower"):
        assert teacher.faces(sample_pictures()[name]).shape == (0, 15), name
