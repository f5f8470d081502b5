"""Settings in files: every option has one, files are asked in order, and slips are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from commands import photocli, start
from networks import write_model
from photos import write_photo

from photocli.cli import app
from photocli.cli.settings import LIBRARYS, Defaults
from photocli.config import CONFIG_FILE, OPTIONS, user_file


@pytest.fixture
def folder(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a photo in it and a tiny model for its aesthetics."""
    write_model(own_folders / "models")
    write_photo(tmp_path / "shoot" / "a.jpg", size=(300, 200))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(text: str, file: Path | None = None) -> None:
    file = file or Path(CONFIG_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_every_option_can_be_set_but_the_file_itself() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    offered = {name: getattr(command.callback, "offered", None) for name, command in commands.items()}
    found = {name: set(one.keys()) - {"config"} for name, one in offered.items() if one is not None}
    del found["doctor"]
    assert found == {name: set(options) for name, options in OPTIONS.items()}
    assert {"score", "cull", "crop", "explain", "check", "learn", "report"} <= set(found)


def test_options_get_their_defaults_from_the_folder_then_from_the_user(folder: Path) -> None:
    settings("[score]\njson = 'a.json'\ntop = 3\n[defaults]\nassess = 'aesthetics'\n")
    settings("[defaults]\nassess = 'nothing'\nbatch = 2\n[score]\ncsv = 'own.csv'\ntop = 9\n", user_file())
    done = photocli("score", "shoot", "--csv", "line.csv")
    assert done.code == 0, done.err
    assert "photocli.toml sets assess, json, top" in done.err
    assert f"~/{user_file().relative_to(Path.home())} sets batch" in done.err
    assert Path("line.csv").is_file() and Path("a.json").is_file()  # the line comes first
    assert not user_file().with_name("own.csv").exists()
    assert photocli("score", "shoot", "-q").err == ""
    assert user_file().with_name("own.csv").is_file()  # beside the file that names it


def test_what_files_set_is_found_as_click_itself_seeks_it(folder: Path) -> None:
    settings("[score]\ntop = 3\n")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    defaults = Defaults({"score": commands["score"].callback.offered}).get("score")
    assert "top" in defaults and "sort" not in defaults  # as of 8.5, before it gets the value
    assert defaults["top"] == 3
    assert defaults.lines() == ["photocli.toml sets top"]


def test_a_table_of_a_command_wins_over_that_of_all(folder: Path) -> None:
    settings("[defaults]\njson = 'all.json'\nprofile = 'none'\n[score]\njson = '-'\nprofile = 'general'\n")
    done = photocli("score", "shoot", "-q")
    assert json.loads(done.out)["summary"]["photos"] == 1
    assert not Path("all.json").exists()


def test_check_takes_the_settings_of_the_file_that_it_is_given(folder: Path) -> None:
    settings("[check]\nrequire = ['score >= 11']\nmarkdown = 'wrong.md'\n")
    settings("[check]\nrequire = ['score >= 1']\nmarkdown = 'right.md'\n", Path("ci/settings.toml"))
    assert photocli("check", "shoot", "--config", "ci/settings.toml").code == 0
    assert Path("ci/right.md").is_file() and not Path("wrong.md").exists()
    assert photocli("check", "shoot").code == 1  # rules are the library's to read
    assert {("check", name) for name in ("require", "max_failures", "baseline")} == LIBRARYS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[score]\ntopp = 3", "topp in [score] is unknown; did you mean top?"),
        ("[score]\nzebra = 3", "zebra in [score] is unknown; photocli config --all shows"),
        ("[defaults]\nrequire = ['a']", "require in [defaults] is unknown"),
        ("[scores]", "[scores] is unknown; there may be [defaults], [score], [cull]"),
        ("[score]\ntop = '3'", "top in [score] must be a whole number, not '3'"),
        ("[score]\ntop = true", "must be a whole number"),
        ("[score]\ntimeout = 'x'", "must be a number"),
        ("[score]\nxmp = 1", "must be true or false"),
        ("[score]\nstars = 'most'", "must be fixed or relative"),
        ("[score]\njson = 3", "must be the name of a file"),
        ("[score", "not valid TOML"),
        ("[cull]\nper-groups = 1", "did you mean per_group?"),
    ],
)
def test_what_is_not_understood_is_refused_and_named(folder: Path, text: str, reason: str) -> None:
    settings(text)
    for command in (("config",), ("score", "shoot")):
        done = photocli(*command)
        if "[cull]" in text and command != ("config",):
            continue
        assert done.code == 2
        assert done.err.startswith("photocli: photocli.toml")
        assert reason in done.err
        assert len(done.err.splitlines()) == 1
    assert photocli("score", "--help").code == 0


def test_config_shows_what_holds_and_where_from(folder: Path) -> None:
    empty = photocli("config").out
    assert "photocli.toml  (not there)" in empty
    assert empty.endswith("what is built in holds; see photocli config --all\n")
    assert photocli("config", "cull").out.endswith("see photocli config cull --all\n")
    settings("[cull]\nkeep = 20\nper-group = 2\n")
    settings("[defaults]\nraw = 'develop'\n", user_file())
    lines = photocli("config", "cull").out.splitlines()
    own = f"~/{user_file().relative_to(Path.home())}"
    assert [line.split() for line in lines[-4:]] == [
        ["[cull]"],
        ["keep", "=", "20", "#", CONFIG_FILE],
        ["per_group", "=", "2", "#", CONFIG_FILE],
        ["raw", "=", '"develop"', "#", own],
    ] or sorted(line.split()[0] for line in lines[-3:]) == ["keep", "per_group", "raw"]
    every = json.loads(photocli("config", "--json").out)
    assert every["cull"]["keep"] == {"value": "20", "from": CONFIG_FILE}
    assert every["score"]["raw"] == {"value": "develop", "from": own}
    assert every["score"]["stars"] == {"value": "fixed", "from": "built in"}
    assert set(every["check"]) == set(OPTIONS["check"])
    done = photocli("config", "nothing")
    assert done.code == 2 and "nothing has no settings" in done.err


def test_the_example_is_a_file_that_is_taken_once_its_lines_are_uncommented(folder: Path) -> None:
    example = photocli("config", "--example").out
    settings(example)
    assert "no file sets anything" in photocli("config").out
    lines = [line[1:] if line.startswith("#") and line[1] != " " else line for line in example.splitlines()]
    settings("\n".join(line for line in lines if line != 'max_failures = "N"'))
    done = photocli("config", "--json")
    assert done.code == 0, done.err
    held = json.loads(done.out)
    built_in = [
        key for options in held.values() for key, value in options.items() if value["from"] != CONFIG_FILE
    ]
    assert built_in == ["max_failures"]


def test_lines_of_json_come_while_photos_are_still_being_scored(folder: Path) -> None:
    """The first is read from the pipe before the program is let to end."""
    for number in range(8):
        write_photo(folder / "shoot" / f"b{number}.jpg", size=(300, 200))
    process = start("score", "shoot", "--jsonl", "-", "-q", "--no-cache", "--batch", "1")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["status"] == "ok" and process.poll() is None
    rest = process.stdout.read().splitlines()
    assert process.wait() == 0
    assert len({json.loads(line)["path"] for line in rest} | {first["path"]}) == 9


def test_config_names_the_models_that_were_chosen(folder: Path, own_folders: Path) -> None:
    write_model(own_folders / "models", "bright")
    assert photocli("models", "use", "bright").code == 0
    assert "bright serves for aesthetics" in photocli("config").out
