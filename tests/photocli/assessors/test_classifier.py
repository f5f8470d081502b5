"""A user's own classifiers: both kinds of labels, calibration, and columns in every output."""

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
from crafted_classes import COLOURS, Group, colours, foretold, write_classifier
from networks import write_model
from photos import picture, write_photo
from rich.cells import cell_len

from photocli import Options, Record, Run
from photocli.assessors import classifier
from photocli.errors import ModelError, UsageError
from photocli.inputs.views import InputSpec, cut
from photocli.models import adding, lineup
from photocli.models.card import read_card
from photocli.records import RECORD_FIELDS, Answer
from photocli.scoring.pipeline import Summary
from photocli.writers.csv import CsvWriter
from photocli.writers.table import TableWriter

SPEC = InputSpec("image", 32, 32)
PHOTOS = ("coffee", "rocket", "china")


@pytest.fixture
def models(own_folders: Path) -> Path:
    """The user's own models, with one of brightness in place of the built-in one of aesthetics."""
    write_model(own_folders / "models")
    return own_folders / "models"


@pytest.fixture
def shoot(tmp_path: Path) -> list[Path]:
    return [write_photo(tmp_path / "shoot" / f"{name}.png", name) for name in PHOTOS]


def records(paths: list[Path], *assess: str, **options: Any) -> list[Record]:
    return list(Run(paths, Options(assess=assess, device="cpu", **{"cache": False, **options})))


def seen(name: str) -> np.ndarray:
    return cut(np.asarray(picture(name)), SPEC)


def test_the_class_of_a_photo_is_the_most_probable_one(models: Path, shoot: list[Path]) -> None:
    write_classifier(models)
    for name, record in zip(PHOTOS, records(shoot, "rooms"), strict=True):
        (answer,) = record.answers
        expected = foretold(colours(), seen(name))
        assert answer.model == "rooms"
        assert [label for label, _ in answer.probabilities] == list(COLOURS)
        assert [chance for _, chance in answer.probabilities] == pytest.approx(expected, abs=1e-3)
        assert answer.label == COLOURS[expected.argmax()]
        assert answer.labels == (answer.label,)
        assert answer.confidence == max(chance for _, chance in answer.probabilities)
        assert (record.models, record.aesthetic, record.style) == (("rooms@1.0",), None, None)
    assert records(shoot, "rooms")[0].answers[0].label == "red"  # a cup of coffee on wood


def test_a_temperature_makes_it_less_sure_and_changes_no_class(models: Path, shoot: list[Path]) -> None:
    write_classifier(models, "plain", colours(gain=6))
    write_classifier(models, "cool", colours(gain=6.001), calibration={"probabilities": {"temperature": 4.0}})
    for record in records(shoot, "plain", "cool"):
        plain, cool = record.answers
        assert plain.label == cool.label
        assert 1 / 3 < cool.confidence < plain.confidence
        said = np.asarray([chance for _, chance in plain.probabilities]) ** 0.25
        quarter = said / said.sum()
        assert [chance for _, chance in cool.probabilities] == pytest.approx(quarter, abs=2e-3)


def test_several_classes_hold_above_their_thresholds(models: Path, shoot: list[Path]) -> None:
    group = Group(COLOURS, [[6.0, 0, 0], [0, 6.0, 0], [0, 0, 6.0]], [-1.0, -1.0, -1.0], several=True)
    calibration = {"green": {"slope": 0.5, "intercept": -0.25}}
    write_classifier(models, "has", group, thresholds={"red": 0.6, "blue": 0.999}, calibration=calibration)
    (record,) = records(shoot[:1], "has")
    (answer,) = record.answers
    raw = foretold(group, seen("coffee"))
    odds = math.log(raw[1] / (1 - raw[1]))
    green = 1 / (1 + math.exp(-(0.5 * odds - 0.25)))
    assert dict(answer.probabilities) == pytest.approx(
        {"red": raw[0], "green": green, "blue": raw[2]}, abs=1e-3
    )
    assert raw[2] > 0.5 and answer.labels == ("red", "green")  # blue is not above its own threshold
    assert answer.label == "red; green"
    assert answer.confidence == dict(answer.probabilities)["red"] > 0.6


def test_where_none_holds_it_is_as_sure_as_the_best_is_not(models: Path, shoot: list[Path]) -> None:
    write_classifier(models, "has", colours(several=True), thresholds=dict.fromkeys(COLOURS, 0.99999))
    (record,) = records(shoot[1:2], "has")
    (answer,) = record.answers
    assert (answer.label, answer.labels) == (None, ())
    assert answer.confidence == pytest.approx(1 - max(chance for _, chance in answer.probabilities))


def test_two_classifiers_run_beside_the_other_models_and_the_cache_says_the_same(
    models: Path, shoot: list[Path]
) -> None:
    write_classifier(models, "rooms")
    write_classifier(models, "content", colours(("nude", "suggestive", "safe"), several=True))
    run = Run(shoot, Options(device="cpu", assess=("aesthetics", "rooms", "content")))
    assert run.models.classifiers == ("rooms", "content")
    assert run.models.classes == {"rooms": COLOURS, "content": ("nude", "suggestive", "safe")}
    fresh = list(run)
    assert [answer.model for answer in fresh[0].answers] == ["rooms", "content"]
    assert all(record.aesthetic is not None for record in fresh)
    assert (list(run), run.summary.cached) == (fresh, 3)
    for options in ({"batch": 1}, {"batch": 3}):
        assert records(shoot, "aesthetics", "rooms", "content", **options) == fresh
    alone = records(shoot, "content", cache=True)
    assert [record.answers[0] for record in alone] == [record.answers[1] for record in fresh]
    without = records(shoot, "aesthetics")
    assert [(record.answers, record.score) for record in without] == [((), record.score) for record in fresh]


def test_maps_are_not_kept(models: Path, shoot: list[Path], own_folders: Path) -> None:
    many = [f"class {number}" for number in range(400)]
    weights = np.random.default_rng(0).normal(size=(400, 3)).tolist()
    write_classifier(models, "many", Group(many, weights, [0.0] * 400))
    fresh = records(shoot, "many", cache=True)
    run = Run(shoot, Options(assess=("many",), device="cpu"))
    assert (list(run), run.summary.cached) == (fresh, 3)
    kept = sum(file.stat().st_size for file in (own_folders / "cache").iterdir())
    assert kept < 60_000 < 3 * 400 * 16 * 4  # what the maps alone would be


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["a", "a"], "two are the same"),
        (["a", "b; c"], "'b; c' cannot be one"),
        (["a", " "], "' ' cannot be one"),
        (["a", "b\n"], "cannot be one"),
        ([], "there is none"),
    ],
)
def test_classes_that_cannot_be_told_apart_are_refused(
    classes: list[str], reason: str, tmp_path: Path, own_folders: Path
) -> None:
    folder = write_classifier(tmp_path, "mine", classes=classes)
    with pytest.raises(ModelError, match=rf"classes of mine@1\.0 need names.*{reason}"):
        adding.add(folder)
    assert not list((own_folders / "models").iterdir())


def test_a_card_with_another_number_of_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"probabilities has the shape \[3\], not \[2\]"):
        adding.add(write_classifier(tmp_path, "mine", classes=["a", "b"]))


@pytest.mark.parametrize("name", ["style", "Medium", "score", "answers", "details", "aesthetic", "class"])
def test_a_name_that_is_a_column_already_is_refused(name: str, models: Path, tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, name)
    with pytest.raises(
        UsageError, match=rf"classifier cannot be named {name}: its column {name} .*every record"
    ):
        adding.add(folder)
    assert not (models / name).exists()
    done = photocli("models", "add", folder)
    assert (done.code, done.out) == (2, "")
    assert f"cannot be named {name}" in done.err and "Traceback" not in done.err
    write_classifier(models, name)  # put there by hand
    with pytest.raises(UsageError, match=f"cannot be named {name}"):
        lineup.choose((name,))


def test_columns_of_two_classifiers_cannot_be_the_same(models: Path, tmp_path: Path) -> None:
    write_classifier(models, "rooms")
    other = write_classifier(tmp_path, "Rooms_Confidence", colours(gain=2))
    with pytest.raises(UsageError, match="its column Rooms_Confidence would be one that rooms has already"):
        adding.add(other)
    with pytest.raises(UsageError, match="rooms and copy are one network under two names"):
        adding.add(write_classifier(tmp_path, "copy"))
    with pytest.raises(UsageError, match="you have a model named rooms already"):
        adding.add(write_classifier(tmp_path, "rooms", colours(gain=3)))


def test_the_command_says_where_the_answers_stand(models: Path, tmp_path: Path, shoot: list[Path]) -> None:
    done = photocli("models", "add", write_classifier(tmp_path, "my-rooms"))
    assert done.code == 0, done.err
    assert "added my-rooms@1.0 (classifier)" in done.out
    assert done.out.endswith("stands in the columns my-rooms and my-rooms_confidence\n")
    more = photocli("models", "add", write_classifier(tmp_path, "second", colours(gain=2)))
    assert "choose one of them" not in more.out
    file, page = tmp_path / "a.csv", tmp_path / "a.json"
    assert photocli("score", shoot[0].parent, "--csv", file, "--json", page, "--sort", "second").code == 0
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    own = ("my-rooms", "my-rooms_confidence", "second", "second_confidence")
    assert tuple(rows[0]) == (*RECORD_FIELDS, *own)
    entries = json.loads(page.read_text())["records"]
    assert tuple(entries[0]) == (*RECORD_FIELDS, *own)
    for row, entry in zip(rows, entries, strict=True):
        assert row["my-rooms"] == entry["my-rooms"] in COLOURS
        assert float(row["second_confidence"]) == entry["second_confidence"]
        (first, second) = entry["answers"]
        assert (first["model"], second["model"]) == ("my-rooms", "second")
        assert first["label"] == entry["my-rooms"]
        assert first["probabilities"][first["label"]] == first["confidence"] == entry["my-rooms_confidence"]
        assert json.loads(row["answers"]) == entry["answers"]


def answer(label: str | None, confidence: float, model: str = "rooms") -> Answer:
    return Answer(model, label, confidence, (("kitchen", confidence), ("bath", 1 - confidence)))


def test_cells_of_photos_without_an_answer_are_empty(tmp_path: Path) -> None:
    with CsvWriter(tmp_path / "a.csv", ["rooms"]) as writer:
        writer.write(Record("a.jpg", answers=(answer("kitchen", 0.9),)))
        writer.write(Record("b.jpg", answers=(answer(None, 0.75),)))
        writer.write(Record("c.jpg", status="failed", error="it is cut short"))
    rows = [line.rsplit(",", 2)[1:] for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert rows == [["rooms", "rooms_confidence"], ["kitchen", "0.9"], ["", "0.75"], ["", ""]]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_the_table_has_a_column_where_there_is_room(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    long = "a class with a name that nobody would call short \x1b[31m[red]"
    with TableWriter(classifiers=["rooms", "[b]x"]) as writer:
        for number, label in enumerate(("kitchen", None, "日本語の台所" * 9, long)):
            own = (answer(label, 0.934), answer(label, 0.5, "[b]x"))
            writer.write(Record(f"{number}.jpg", score=5.0 + number, aesthetic=5.0, stars=3, answers=own))
        writer.write(Record("9.jpg", score=2.0, stars=1))
    writer.show(Summary(photos=5, seconds=1.0))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= width
    assert all(line.isprintable() for line in lines)
    shown = re.sub(" +", " ", "\n".join(lines))
    assert ("rooms" in shown, "[b]x" in shown) == (width >= 60, width >= 100)
    if width >= 60:
        assert "kitchen 93%" in shown and " none" in shown


def test_the_table_can_be_sorted_by_a_classifier(capsys: pytest.CaptureFixture[str]) -> None:
    with TableWriter(sort="rooms_confidence", classifiers=["rooms"]) as writer:
        for number in (3, 9, 5):
            writer.write(Record(f"{number}.jpg", answers=(answer("kitchen", number / 10),)))
    writer.show(Summary(photos=3, seconds=1.0))
    assert re.findall(r"(\d)\.jpg", capsys.readouterr().out) == ["9", "5", "3"]
    for name in ("rooms", "answers", "styles"):
        with pytest.raises(UsageError, match=f"no field '{name}' to sort by"):
            TableWriter(sort=name)


def test_the_assessor_keeps_its_contract(tmp_path: Path) -> None:
    card = read_card(write_classifier(tmp_path))
    outputs = {"probabilities": np.asarray([0.2, 0.7, 0.1], np.float32)}
    fields = classifier.assess(card, outputs)
    assert tuple(fields) == classifier.FIELDS
    assert classifier.labels(card) == {"rooms": COLOURS}
