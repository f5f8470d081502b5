"""The built-in model of crops, on real photos that it never saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from photos import shared_data, write_photo
from timing import least_seconds

from photocli import Options, Run
from photocli.assessors import crop
from photocli.models import store
from photocli.models.card import Card
from photocli.models.session import Session
from trainers.common.metrics import auc
from trainers.crop.camera_photos import divide, prepare, read_photos
from trainers.crop.config import SelectionRules
from trainers.crop.data import SampleSettings, held_out_samples


@pytest.fixture(scope="module")
def card() -> Card:
    [card] = store.choose(("crop",))
    return card


def test_the_card_tells_real_traces_from_simulated_ones(card: Card) -> None:
    real, simulated = (card.facts["metrics"][kind] for kind in ("real", "simulated_lens"))
    for figures in (real, simulated):
        assert figures["auc"] > 0.7
        assert figures["factor_error"] < figures["factor_error_of_constant"]
    assert simulated["iou_on_crops"] > 0.7 > real["iou_on_crops"]
    assert simulated["cells_right"] > 0.3
    assert any("simulated" in limit for limit in card.facts["limits"])


def test_a_record_has_a_probability_and_no_place_without_evidence(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", "coffee", size=(600, 400))
    [record] = Run([path], Options(assess=("crop",), cache=False, device="cpu"))
    assert record.cropped is not None
    assert 0 < record.cropped < 1
    assert (record.crop_left, record.crop_right, record.crop_factor) == (None, None, None)


def test_it_takes_about_ten_milliseconds(card: Card) -> None:
    assert least_seconds(card, tries=20) < 0.020  # twice what it takes: machines that run tests are not alike


@pytest.mark.slow
@pytest.mark.parametrize(("lens", "least"), [(0.0, 0.7), (1.0, 0.9)])
def test_crops_are_told_from_whole_photos(tmp_path: Path, card: Card, lens: float, least: float) -> None:
    prepare([shared_data() / "photos" / "native"], tmp_path / "camera.csv", SelectionRules())
    held = divide(read_photos(tmp_path / "camera.csv", [], None), "both", 5)[1]
    session, said, true = Session(card, "cpu"), [], []
    for sample in held_out_samples(held, SampleSettings("before", lens), 4):
        [row] = zip(*session.run(sample.sheet[None]).values(), strict=True)
        said.append(crop.assess(card, dict(zip(card.outputs, row, strict=True)))["cropped"])
        true.append(sample.cropped > 0.5)
    chances, cropped = np.array(said), np.array(true)
    assert auc(chances[~cropped], chances[cropped]) >= least
    assert abs(chances.mean() - 0.5) < 0.15 or lens  # calibrated on what cameras leave
