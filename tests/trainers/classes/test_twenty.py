"""The twenty classes on which fine-tuning and training from scratch are compared."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from photos import shared_data, write_photo
from typer.testing import CliRunner

from trainers.classes.comparison import GROUPS, PHOTOS_PER_CLASS, command, list_photos
from trainers.classes.data import read_labelled


def test_photos_go_to_the_group_of_their_kind(tmp_path: Path) -> None:
    for name in (
        "n02085782_Japanese_spaniel",
        "n01440764_tench",
        "n02951358_canoe",
        "n15075141_toilet_tissue",
    ):
        write_photo(tmp_path / "pool" / f"{name}.jpg", size=(40, 30))
    for name in ("Dog_12", "Lake 3", "Gun_1"):
        write_photo(tmp_path / "aesthetics" / "images" / f"{name}.jpg", "coffee", size=(40, 30))
    found = {row.path.stem: row.classes[0] for row in list_photos(tmp_path)}
    assert found == {
        "n01440764_tench": "fish",
        "n02085782_Japanese_spaniel": "dogs",
        "Dog_12": "dogs",
        "n02951358_canoe": "boats and ships",
        "Lake 3": "lakes, coasts and mountains",
    }
    result = CliRunner().invoke(command(), ["list", str(tmp_path), "--to", str(tmp_path / "list.txt")])
    assert result.exit_code == 0 and "5 photos" in result.output
    assert len((tmp_path / "list.txt").read_text().splitlines()) == 5
    result = CliRunner().invoke(command(), ["list", str(tmp_path / "pool"), "--to", str(tmp_path / "no.txt")])
    assert result.exit_code == 2 and "has no folders" in result.output


def test_groups_do_not_overlap() -> None:
    ranges = sorted(span for group in GROUPS.values() for span in group.ranges)
    assert all(low <= high for low, high in ranges)
    assert all(before[1] < after[0] for before, after in pairwise(ranges))
    for words in ("names", "contents"):
        every = [word for group in GROUPS.values() for word in getattr(group, words).split()]
        assert len(every) == len(set(every))
    assert len(GROUPS) == 20


def test_the_shared_photos_fill_every_class() -> None:
    rows = list_photos(shared_data("pool").parent)
    counts = [sum(row.classes == (name,) for row in rows) for name in GROUPS]
    assert min(counts) >= 15 and max(counts) <= PHOTOS_PER_CLASS
    assert len({row.path for row in rows}) == len(rows)


def test_the_table_has_every_run_and_the_baselines(tmp_path: Path) -> None:
    figures = {
        "accuracy": 0.75,
        "mAP": 0.8,
        "macro_f1": 0.7,
        "majority": 0.1,
        "chance": 0.05,
        "mAP_chance": 0.06,
    }
    config = {"arch": "alexnet", "init": "none", "epochs": 9}
    facts = {"figures": figures, "config": config, "history": [{"seconds": 3.0}, {"seconds": 4.0}]}
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "run.json").write_text(json.dumps(facts))
    result = CliRunner().invoke(command(), ["table", str(tmp_path / "one")])
    assert result.exit_code == 0
    for text in ("one", "alexnet", "scratch", "0.750", "majority", "0.100", "chance", "0.050"):
        assert text in result.output
    assert CliRunner().invoke(command(), ["table", str(tmp_path)]).exit_code == 2


def test_the_trainer_reads_the_list(tmp_path: Path) -> None:
    data = shared_data("pool").parent
    path = tmp_path / "twenty.txt"
    assert CliRunner().invoke(command(), ["list", str(data), "--to", str(path)]).exit_code == 0
    assert sorted(read_labelled([path]).classes) == sorted(GROUPS)
    assert pytest.approx(len(list_photos(data)), abs=5) == len(read_labelled([path]))
