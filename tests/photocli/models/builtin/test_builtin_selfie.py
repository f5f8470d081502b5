"""The built-in selfie model, on faces that it never saw."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from astronaut import BOX, POINTS, face_of
from photos import sample_pictures, shared_data, write_photo
from PIL import Image, ImageFilter
from scipy.stats import pearsonr
from timing import least_seconds

from photocli import Options, Run
from photocli.faces.alignment import Place, align
from photocli.models import store
from photocli.models.card import Card
from photocli.models.session import Session
from trainers.common.corruptions import expose
from trainers.common.yunet import YuNet
from trainers.selfie.alignment import largest_face


@pytest.fixture(scope="module")
def card() -> Card:
    [card] = store.choose(("selfie",))
    return card


@pytest.fixture(scope="module")
def session(card: Card) -> Session:
    return Session(card, "cpu")


@pytest.fixture(scope="module")
def astronaut() -> tuple[np.ndarray, np.ndarray]:
    """The portrait, and its face."""
    return np.asarray(sample_pictures()["astronaut"]), face_of(BOX, POINTS, (512, 512))


def scores(card: Card, session: Session, some: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The scores of faces in their pictures."""
    place = Place(*card.input.place)
    squares = [align(picture, face, card.input.width, place).transpose(2, 0, 1) for picture, face in some]
    return session.run(np.ascontiguousarray(squares))["scores"][:, 0]


def test_the_card_says_what_it_saw_and_where_it_fails(card: Card) -> None:
    facts = card.facts
    figures = facts["metrics"]
    assert figures["pearson"] > 0.65 and figures["mae"] < figures["mae_constant"]
    assert figures["craft"]["ordered_right"] >= 0.95
    assert all(check["passed"] for check in figures["checks"])
    assert {"sex: female", "sex: male", "group: black", "group: asian"} <= set(facts["groups"])
    assert all({"mae", "bias", "photos"} <= set(group) for group in facts["groups"].values())
    names = [row["variant"] for row in facts["ablation"]["variants"]]
    assert {"scratch", "imagenet", "siamese", "siamese + net2net"} <= set(names)
    assert all(len(row["runs"]) == 3 for row in facts["ablation"]["variants"])
    assert all(entry["terms"] != "not stated" for entry in facts["data"])
    assert any("not of a person" in limit for limit in facts["limits"])
    assert "+changes" not in facts["trainer"]["commit"] and facts["bytes"] < 9e6
    assert facts["input"]["place"]["eyes_apart"] > 0.2


def test_spoiled_faces_score_lower(
    card: Card, session: Session, astronaut: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, face = astronaut
    soft = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(4)))
    bright = expose(picture, 2.5)
    cut = np.ascontiguousarray(picture[:, 215:])  # the edge of the photo runs through the face
    near = face.copy()
    near[0:14:2] = (face[0:14:2] * 512 - 215) / cut.shape[1]
    clean, *spoiled = scores(card, session, [(picture, face), (soft, face), (bright, face), (cut, near)])
    assert min(spoiled) >= 1 and clean <= 10
    assert max(spoiled) < clean - 0.3


def test_a_mirrored_face_scores_the_same(
    card: Card, session: Session, astronaut: tuple[np.ndarray, np.ndarray]
) -> None:
    picture, face = astronaut
    place, side = Place(*card.input.place), card.input.width
    square = align(picture, face, side, place).transpose(2, 0, 1)
    said = session.run(np.ascontiguousarray([square, square[:, :, ::-1]]))["scores"]
    assert said[0] == pytest.approx(said[1], abs=1e-3)


def test_it_takes_a_few_milliseconds_for_a_face(card: Card) -> None:
    assert least_seconds(card, tries=30) < 0.030


def test_records_have_the_score(tmp_path: Path) -> None:
    picture = sample_pictures()["astronaut"]
    write_photo(tmp_path / "a.jpg", picture)
    write_photo(tmp_path / "b.jpg", sample_pictures()["coffee"])
    face, none = Run([tmp_path], Options(device="cpu", cache=False))
    assert face.faces == 1 and face.selfie is not None and 1 <= face.selfie <= 10
    assert not none.faces and none.selfie is None


def test_it_agrees_with_people_on_held_out_faces(card: Card, session: Session) -> None:
    listed = shared_data("selfie", "val.csv")
    teacher = YuNet(shared_data("..", "weights", "yunet_n_dynamic.onnx"))
    with listed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    some, truth = [], []
    for row in rows:
        picture = np.asarray(Image.open(listed.parent / row["file"]).convert("RGB"))
        face = largest_face(teacher, picture)
        if face is not None:
            some.append((picture, face))
            truth.append(float(row["score"]))
    said = scores(card, session, some)
    assert len(said) > 200
    agreement = pearsonr(said, truth)[0]
    assert agreement == pytest.approx(card.facts["metrics"]["pearson"], abs=0.01)
    assert np.abs(said - truth).mean() == pytest.approx(card.facts["metrics"]["mae"], abs=0.02)
