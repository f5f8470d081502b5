"""The overall score on the command line: profiles, and stars relative to the shoot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import photocli
from exposure import write_exposure
from networks import write_model
from photos import write_photo

from photocli import Options, Run
from photocli.errors import UsageError
from photocli.scoring.profiles import BUILTIN, FAULTS
from photocli.scoring.ratings import breakdown, technical

PICTURES = ("chelsea", "coffee", "rocket", "china")


@pytest.fixture(autouse=True)
def models(own_folders: Path) -> Path:
    """Have photos judged by models that are known: brighter is better, and more overexposed."""
    write_exposure(own_folders / "models")
    return write_model(own_folders / "models")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of four photos, in a folder of its own for settings."""
    folder = tmp_path / "work" / "shoot"
    for name in PICTURES:
        write_photo(folder / f"{name}.jpg", name, size=(90, 60))
    return folder


def records(shoot: Path, *arguments: str | Path, command: str = "score") -> dict[str, dict[str, Any]]:
    """The records that a command writes, by the photo's name."""
    done = photocli(command, "shoot", *arguments, "--json", "-", "-q", cwd=shoot.parent)
    assert (done.code, done.err) == (0, "")
    return {Path(record["path"]).stem: record for record in done.document["records"]}


def test_every_record_adds_up_from_the_cache_and_without_it(shoot: Path) -> None:
    fresh = list(Run([shoot]))
    assert fresh == list(Run([shoot]))
    for record in fresh:
        severities = {fault: getattr(record, fault) for fault in FAULTS}
        assert record.technical == round(technical(severities, BUILTIN["general"].faults), 4)
        parts = breakdown(record)
        assert [part.name for part in parts][:3] == ["aesthetic", "overexposed", "noise"]
        assert record.score == pytest.approx(sum(part.points for part in parts), abs=1e-9)
        assert record.faults == (("overexposed",) if record.overexposed > 0.3 else ())
        assert (record.rotate, record.rotate_confidence) == (0, 0.97)


def test_a_profile_weighs_anew_without_scoring_again(shoot: Path) -> None:
    (shoot.parent / "mine.toml").write_text("technical = 0\n")
    general = records(shoot)
    done = photocli("score", "shoot", "--profile", "landscape", cwd=shoot.parent)
    assert "4 from the cache · " in done.out
    assert " · on CPU" not in done.out
    landscape, mine = (records(shoot, "--profile", name) for name in ("landscape", "mine.toml"))
    for name, record in general.items():
        assert record["technical"] > landscape[name]["technical"]
        assert record["score"] > landscape[name]["score"] or record["score"] == 1
        assert mine[name]["score"] == mine[name]["aesthetic"] == record["aesthetic"]


def test_the_settings_of_the_folder_name_a_profile_and_options_win(shoot: Path) -> None:
    general = records(shoot)
    (shoot.parent / "profiles").mkdir()
    (shoot.parent / "profiles" / "mine.toml").write_text("technical = 0\n")
    (shoot.parent / "photocli.toml").write_text("[score]\nprofile = 'profiles/mine.toml'\n")
    assert all(record["score"] == record["aesthetic"] for record in records(shoot).values())
    assert records(shoot, "--profile", "general") == general
    assert all(record["score"] == record["aesthetic"] for record in records(shoot, command="cull").values())
    rule = ("--require", "score >= 5")
    config = shoot.parent / "photocli.toml"
    strict, lenient = (
        photocli("check", "shoot", *rule, *more, cwd=folder)
        for folder, more in ((shoot.parent, ("--profile", "landscape")), (shoot.parent, ("--config", config)))
    )
    assert strict.out.count("score is") > lenient.out.count("score is")


@pytest.mark.parametrize("command", ["score", "cull", "check", "report"])
def test_an_unknown_profile_is_wrong_use(command: str, shoot: Path) -> None:
    more = {"check": ["--require", "score > 1"], "report": ["--html", "-"]}.get(command, [])
    done = photocli(command, shoot, "--profile", "weddings", *more)
    assert (done.code, done.out) == (2, "")
    assert done.lines == [
        "photocli: there is no profile 'weddings'; choose one of general, portrait, landscape, action, "
        "or a file NAME.toml"
    ]


def test_the_library_refuses_an_unknown_profile_before_the_pass(shoot: Path) -> None:
    with pytest.raises(UsageError, match="no profile 'weddings'"):
        Run([shoot], Options(profile="weddings"))


@pytest.mark.parametrize("command", ["score", "cull"])
def test_relative_stars_are_by_the_place_in_the_shoot(command: str, shoot: Path) -> None:
    fixed = records(shoot, command=command)
    found = records(shoot, "--stars", "relative", command=command)
    in_order = sorted(found.values(), key=lambda record: -record["score"])
    assert [record["stars"] for record in in_order] == [4, 3, 3, 2]
    assert list(found) == list(fixed)
    for name, record in found.items():
        assert {**record, "stars": fixed[name]["stars"]} == fixed[name]


def test_relative_stars_go_into_sidecars(shoot: Path) -> None:
    assert photocli("score", shoot, "--stars", "relative", "--xmp", "-q").code == 0
    written = sorted(path.read_text().partition("Rating")[2][:4] for path in shoot.glob("*.xmp"))
    assert [int(next(filter(str.isdigit, text))) for text in written] == [2, 3, 3, 4]


def test_unknown_stars_are_wrong_use(shoot: Path) -> None:
    done = photocli("score", shoot, "--stars", "many")
    assert (done.code, done.out) == (2, "")
    assert "'many' is not one of 'fixed', 'relative'" in done.err
