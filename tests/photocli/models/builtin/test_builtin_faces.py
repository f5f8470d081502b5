"""The built-in detector of faces, on real photos that it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from photos import sample_pictures, shared_data, write_photo
from PIL import Image
from timing import least_seconds

from photocli import Options, Run
from photocli.decode import decode
from photocli.faces.detectors.detector import Detector, overlaps
from photocli.models import store
from trainers.common.splits import fold_of
from trainers.common.yunet import CLOSE, YuNet
from trainers.faces.augmentation import serving_view
from trainers.faces.detections import NEAR

# By hand, in pixels of the astronaut's picture: both eyes, the nose, and the corners of the mouth.
POINTS = np.array([(203, 101), (247, 103), (226, 127), (205, 140), (244, 142)])


@pytest.fixture(scope="module")
def detector() -> Detector:
    [card] = store.choose(("faces",))
    return Detector(card)


@pytest.fixture(scope="module")
def teacher() -> YuNet:
    return YuNet(shared_data("..", "weights", "yunet_n_dynamic.onnx"))


def held_out(*folder: str, most: int) -> Iterator[np.ndarray]:
    """Photos of a folder that were not trained on, in an order that does not go by their names."""
    paths = [path for path in shared_data(*folder).rglob("*.jpg") if fold_of(path.name, 5) == 0]
    for path in sorted(paths, key=lambda path: fold_of("test " + path.name, 1 << 32))[:most]:
        yield decode(path, 640).pixels


@pytest.mark.parametrize("side", [96, 200, 512, 1600])
def test_a_face_is_found_with_its_points_at_any_size(detector: Detector, side: int) -> None:
    photo = np.asarray(Image.fromarray(sample_pictures()["astronaut"]).resize((side, side)))
    [face] = detector.faces(photo)
    points = face[4:14].reshape(5, 2) * 512
    off = np.linalg.norm(points - POINTS, axis=1)
    assert off[:2].max() < 0.12 * np.linalg.norm(POINTS[1] - POINTS[0])
    assert off.max() < 10
    left, top, right, bottom = face[:4] * 512
    assert (points > (left, top)).all() and (points < (right, bottom)).all()


@pytest.mark.parametrize("name", ["coffee", "rocket", "china", "flower", "chelsea"])
def test_pictures_without_people_show_no_face(detector: Detector, name: str) -> None:
    assert len(detector.faces(sample_pictures()[name])) == 0


@pytest.mark.parametrize("turn", [-30.0, -15.0, 15.0])
def test_a_turned_face_is_found_upright_in_its_turn(detector: Detector, turn: float) -> None:
    [upright] = detector.faces(sample_pictures()["astronaut"])
    label = np.concatenate([upright[:14], [1.0]]).astype(np.float32)[None]
    canvas, [there] = serving_view(sample_pictures()["astronaut"], label, 512, turn)
    [face] = detector.faces(canvas)
    assert overlaps(there[None, :4], face[None, :4] * 512)[0, 0] > 0.6
    line = np.degrees(np.arctan2(face[7] - face[5], face[6] - face[4]))
    assert line == pytest.approx(turn, abs=8)


def test_it_finds_what_its_teacher_finds_in_portraits(detector: Detector, teacher: YuNet) -> None:
    there = right = found = 0
    for pixels in held_out("selfie", most=120):
        wanted, said = teacher.found(pixels).astype(np.float32), detector.faces(pixels)
        shared = overlaps(wanted[:, :4], said[:, :4]) >= 0.5
        there, found = there + len(wanted), found + len(said)
        right += int(shared.any(axis=1).sum()) if len(said) else 0
    assert there >= 120
    assert right / there >= 0.97
    assert right / found >= 0.97


def test_eyes_lie_where_closer_looks_see_them(detector: Detector, teacher: YuNet) -> None:
    close = YuNet(shared_data("..", "weights", "yunet_n_dynamic.onnx"), CLOSE)
    near = []
    for pixels in held_out("selfie", most=60):
        for wanted in teacher.found(pixels)[:1]:
            size = np.array(pixels.shape[1::-1])
            eyes = close.steady(pixels, wanted)[4:8].reshape(2, 2) * size
            for face in detector.faces(pixels)[:1]:
                off = np.linalg.norm(face[4:8].reshape(2, 2) * size - eyes, axis=1)
                near += (off <= NEAR * np.linalg.norm(eyes[1] - eyes[0])).tolist()
    assert len(near) >= 110
    assert np.mean(near) >= 0.9


def test_photos_without_people_hardly_ever_show_a_face(detector: Detector, teacher: YuNet) -> None:
    shown = []
    for folder in ("aesthetics",), ("pool",), ("photos", "native"), ("photos", "extra"):
        for pixels in held_out(*folder, most=60):
            if not len(teacher.found(pixels, 0.3)):
                shown.append(len(detector.faces(pixels)) > 0)
    assert len(shown) > 60
    assert np.mean(shown) <= 0.02


def test_several_faces_are_found_side_by_side(detector: Detector) -> None:
    face = Image.fromarray(sample_pictures()["astronaut"]).crop((100, 20, 356, 276)).resize((200, 200))
    photo = Image.new("RGB", (600, 400), (60, 90, 60))
    for place in range(6):
        photo.paste(face, (200 * (place % 3), 200 * (place // 3)))
    found = detector.faces(np.asarray(photo))
    middles = (found[:, :2] + found[:, 2:4]) / 2 * (3, 2)
    assert len(found) == len({(int(x), int(y)) for x, y in middles}) >= 5


def test_a_photo_takes_a_few_milliseconds(detector: Detector) -> None:
    assert (
        least_seconds(detector.card, tries=30) < 0.012
    )  # 5 ms on an idle core of the machine it was made on


def test_the_pass_counts_faces(tmp_path: Path) -> None:
    write_photo(tmp_path / "one.jpg", "astronaut")
    write_photo(tmp_path / "none.jpg", "coffee")
    records = {
        Path(record.path).name: record for record in Run([tmp_path], Options(cache=False, device="cpu"))
    }
    assert (records["one.jpg"].faces, records["none.jpg"].faces) == (1, 0)
    [face] = records["one.jpg"].each_face
    assert face.confidence > 0.3 and records["none.jpg"].each_face == ()
    assert 0 < records["one.jpg"].face_sharpness <= 1
