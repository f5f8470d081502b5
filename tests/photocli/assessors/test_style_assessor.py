"""The assessor of styles: medium, looks and paintings, calibrated, in the record and every output."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import photocli
from crafted_classes import LOOKS, PAINTINGS, STYLE, Group, foretold, write_style
from networks import write_model
from photos import picture, write_photo

from photocli import Options, Record, Run
from photocli.assessors import style
from photocli.checks.rules import parse
from photocli.errors import ModelError, UsageError
from photocli.inputs.views import InputSpec, cut
from photocli.models.card import read_card
from photocli.records import RECORD_FIELDS
from photocli.scoring.pipeline import Summary
from photocli.writers.table import TableWriter

SPEC = InputSpec("image", 32, 32)
PHOTOS = ("coffee", "rocket", "china")
SURE = Group(LOOKS, [[0.0] * 3] * 3, [2.0, 1.0, -1.0], several=True)
"""Probabilities of .88, .73 and .27, whatever the photo."""


@pytest.fixture
def models(own_folders: Path) -> Path:
    return own_folders / "models"


@pytest.fixture
def shoot(tmp_path: Path) -> list[Path]:
    return [write_photo(tmp_path / "shoot" / f"{name}.png", name) for name in PHOTOS]


UNPAINTED = Group(PAINTINGS, [[0.0] * 3] * 3, [3.0, 0.0, 0.0])
"""No photo is styled after a painting."""


def records(paths: list[Path], **options: Any) -> list[Record]:
    return list(Run(paths, Options(assess=("style",), device="cpu", **{"cache": False, **options})))


def test_a_photo_has_a_medium_and_the_styles_that_hold(models: Path, shoot: list[Path]) -> None:
    write_style(models)
    for name, record in zip(PHOTOS, records(shoot), strict=True):
        seen = cut(np.asarray(picture(name)), SPEC)
        medium, looks, paintings = (foretold(STYLE[key], seen) for key in ("medium", "looks", "paintings"))
        assert record.medium == STYLE["medium"].names[medium.argmax()]
        held = {look: chance for look, chance in zip(LOOKS, looks, strict=True) if chance > 0.5}
        if paintings.argmax():
            held[PAINTINGS[paintings.argmax()]] = paintings.max()
        assert dict(record.styles) == pytest.approx(held, abs=1e-3)
        assert [name for name, _ in record.styles] == sorted(held, key=held.__getitem__, reverse=True)
        best = max(held, key=held.__getitem__, default="plain")
        assert record.style == best
        sure = held[best] if held else 1 - max(*looks, *paintings[1:])
        assert record.style_confidence == pytest.approx(sure, abs=1e-3)
        assert record.answers == ()
    coffee, rocket, _ = records(shoot)
    assert (coffee.style, [name for name, _ in coffee.styles]) == ("sepia", ["sepia", "scream"])
    assert rocket.style == "wave"  # the blue one


def test_a_photo_without_a_style_is_plain_as_far_as_the_best_is_not(models: Path, shoot: list[Path]) -> None:
    write_style(models, groups={"looks": SURE, "paintings": UNPAINTED}, thresholds=dict.fromkeys(LOOKS, 0.95))
    rocket = records(shoot)[1]
    assert (rocket.style, rocket.styles) == ("plain", ())
    highest = 1 / (1 + math.exp(-2))
    assert rocket.style_confidence == pytest.approx(1 - highest, abs=1e-3)


def test_each_look_has_its_own_threshold_and_curve(models: Path, shoot: list[Path]) -> None:
    curves = {"sepia": {"slope": 2.0, "intercept": 0.5}, "medium": {"temperature": 3.0}}
    limits = {"noir": 0.9, "sepia": 0.8, "vivid": 0.2}
    write_style(models, groups={"looks": SURE, "paintings": UNPAINTED}, thresholds=limits, calibration=curves)
    record = records(shoot)[1]
    sepia, vivid = (1 / (1 + math.exp(-odds)) for odds in (2.5, -1.0))
    assert dict(record.styles) == pytest.approx({"sepia": sepia, "vivid": vivid}, abs=1e-3)
    assert record.style == "sepia"
    card = read_card(models / "style")
    said = {"medium": [0.7, 0.1, 0.1, 0.1], "looks": [0.1] * 3, "paintings": [0.2, 0.5, 0.3]}
    outputs = {name: np.asarray(values, np.float32) for name, values in said.items()}
    cooler = style.chances(card, outputs)["medium"]["photograph"]
    assert cooler == pytest.approx(0.7 ** (1 / 3) / (0.7 ** (1 / 3) + 3 * 0.1 ** (1 / 3)), abs=1e-6)
    fields = style.assess(card, outputs)
    assert tuple(fields) == style.FIELDS
    assert (fields["style"], fields["styles"]) == ("scream", (("scream", 0.5),))


def test_what_no_camera_made_has_no_looks_where_the_card_has_a_gate(models: Path, shoot: list[Path]) -> None:
    drawn = Group(STYLE["medium"].names, [[0.0] * 3] * 4, [1.0, 0.0, 3.0, 0.0])  # 11% photograph, 81% cartoon
    groups = {"medium": drawn, "looks": SURE, "paintings": UNPAINTED}
    said = {}
    for least in (None, 0.05, 0.5):
        gate = {} if least is None else {"gate": {"medium": "photograph", "least": least}}
        write_style(models, groups=groups, **gate)
        said[least] = records(shoot)[1]
    assert [name for name, _ in said[None].styles] == ["noir", "sepia"]
    assert said[0.05] == said[None], "probable enough"
    shut = said[0.5]
    assert (shut.medium, shut.style, shut.styles) == ("cartoon", "plain", ())
    unpainted = math.exp(3) / (math.exp(3) + 2)
    assert shut.style_confidence == pytest.approx(1 - (1 - unpainted) / 2, abs=1e-3), "by the paintings alone"
    # A painting's style is no photographic look, and stays.
    write_style(models, groups={**groups, "paintings": STYLE["paintings"]}, **gate)
    assert dict(records(shoot)[0].styles).keys() == {"scream"}


@pytest.mark.parametrize(
    "gate", [{"medium": "photo", "least": 0.5}, {"medium": "cartoon"}, "shut", {"least": 1}]
)
def test_a_gate_that_cannot_be_understood_is_refused(models: Path, shoot: list[Path], gate: Any) -> None:
    write_style(models, gate=gate)
    with pytest.raises(ModelError, match="gate of style"):
        records(shoot)


def test_a_second_run_says_the_same_from_the_cache(models: Path, shoot: list[Path]) -> None:
    write_style(models)
    run = Run(shoot, Options(assess=("style",), device="cpu"))
    fresh = list(run)
    assert (list(run), run.summary.cached) == (fresh, 3)
    assert records(shoot, batch=1) == fresh
    # Other thresholds need no other look at the photos.
    write_style(models, thresholds=dict.fromkeys(LOOKS, 0.999))
    run = Run(shoot, Options(assess=("style",), device="cpu"))
    changed = list(run)
    assert run.summary.cached == 3
    assert changed[0].styles != fresh[0].styles


def test_tables_and_documents_have_the_styles(models: Path, shoot: list[Path], tmp_path: Path) -> None:
    write_style(models)
    file, page = tmp_path / "a.csv", tmp_path / "a.json"
    done = photocli("score", shoot[0].parent, "--assess", "style", "--csv", file, "--json", page)
    assert done.code == 0, done.err
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    entries = json.loads(page.read_text())["records"]
    assert tuple(rows[0]) == tuple(entries[0]) == RECORD_FIELDS
    (row, entry) = next(pair for pair in zip(rows, entries, strict=True) if "coffee" in pair[0]["path"])
    assert list(entry["styles"]) == ["sepia", "scream"]
    assert json.loads(row["styles"]) == entry["styles"]
    assert (row["medium"], row["style"]) == (entry["medium"], entry["style"])
    assert float(row["style_confidence"]) == entry["styles"]["sepia"]


def test_the_table_shows_them_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    styled = Record(
        "a.jpg",
        score=7.0,
        stars=4,
        aesthetic=7.0,
        medium="photograph",
        style="film grain",
        style_confidence=0.814,
    )
    for width, shown in ((120, (True, True)), (52, (True, False)), (30, (False, False))):
        monkeypatch.setenv("COLUMNS", str(width))
        for sort in ("score", "style"):
            with TableWriter(sort=sort) as writer:
                writer.write(styled)
                writer.write(Record("b.jpg", score=6.0, stars=3, aesthetic=6.0))
            writer.show(Summary(photos=2, seconds=1.0))
            text = re.sub(" +", " ", capsys.readouterr().out)
            assert ("film grain 81%" in text, "photograph" in text) == shown, (width, sort)
    with TableWriter() as writer:
        writer.write(Record("b.jpg", score=6.0, stars=3))
    writer.show(Summary(photos=1, seconds=1.0))
    assert "Style" not in capsys.readouterr().out


def test_rules_know_the_styles_of_the_model(models: Path) -> None:
    write_style(models)
    run = Run([], Options(assess=("style",)))
    assert run.models.classes == {
        "medium": ("photograph", "painting", "cartoon", "sketch"),
        "style": (*LOOKS, "scream", "wave", "plain"),
    }
    rule = parse("style != 'noir', 'sepia'", run.models.classes)
    assert rule.broken(Record("a", style="sepia")) == 'style is sepia, not != "noir", "sepia"'
    assert rule.broken(Record("a", style="plain")) is None
    assert (
        parse("medium == 'photograph'", run.models.classes).broken(Record("a", medium="photograph")) is None
    )
    with pytest.raises(UsageError, match="asks for 'nior', which style never is"):
        parse("style != 'nior'", run.models.classes)


def test_without_a_style_model_nothing_is_said(own_folders: Path, shoot: list[Path]) -> None:
    write_model(own_folders / "models")
    for record in Run(shoot, Options(assess=("aesthetics",), cache=False, device="cpu")):
        assert (record.medium, record.style, record.style_confidence, record.styles) == (None, None, None, ())
