"""`photocli doctor`: a line per check, what to do, nothing personal, and an exit code for scripts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import Done, photocli
from networks import write_model

from photocli.display import homely
from photocli.models.store import BUILTIN
from photocli.scoring.cache import cache_file

CHECKS = [
    "photocli",
    "libraries",
    "formats",
    "HEIC",
    "AVIF",
    "RAW",
    "ONNX Runtime",
    *(f"model {folder.name}" for folder in sorted(BUILTIN.iterdir()) if (folder / "card.json").is_file()),
    "precision",
    "trial",
    "cache",
    "folder of the cache",
    "folder of models",
    "folder of tastes",
    "folder of settings",
    "folder for undo",
    "temporary files",
    "settings",
]


def statuses(done: Done) -> dict[str, str]:
    return {check["name"]: check["status"] for check in done.document["checks"]}


def found(done: Done, name: str) -> str:
    (check,) = (check for check in done.document["checks"] if check["name"] == name)
    return f"{check['found']} -> {check['advice']}"


def test_a_sound_installation(tmp_path: Path, own_folders: Path) -> None:
    done = photocli("doctor", cwd=tmp_path)
    *lines, verdict = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    lines = [line for line in lines if line[9:].split()[0] != "GPU"]  # a driver without CUDA's libraries
    assert [line[:9].strip() for line in lines] == ["ok"] * len(CHECKS)
    assert [line[9:32].strip() for line in lines] == CHECKS
    assert verdict in ("all is well", "photocli works, with 1 warning")
    assert "a picture was scored by 6 models on " in done.out
    # It changed nothing, not even by making folders or a cache.
    assert list(tmp_path.iterdir()) == []
    assert list(own_folders.iterdir()) == []


def test_it_says_nothing_personal(tmp_path: Path, own_folders: Path) -> None:
    (own_folders / "cache").mkdir()
    cache_file().write_bytes(b"no database")
    done = photocli("doctor", "--json", tmp_path / "doctor.json", cwd=tmp_path)
    said = done.out + done.err + (tmp_path / "doctor.json").read_text(encoding="utf-8")
    assert str(own_folders) not in said
    assert "~/cache/results.sqlite" in said


def test_json_and_its_counts(tmp_path: Path) -> None:
    done = photocli("doctor", "--json", "-", cwd=tmp_path)
    document = done.document
    assert set(statuses(done)) >= set(CHECKS)
    assert sum(document["summary"].values()) == len(document["checks"])
    assert document["summary"]["broken"] == 0


def test_models_that_are_damaged_hidden_or_never_tried(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")  # an aesthetics model that hides the built-in one, by hand
    shutil.copytree(BUILTIN / "style", own_folders / "models" / "style")
    for network in (own_folders / "models" / "style").glob("*.onnx"):  # of whichever precision runs here
        network.write_bytes(network.read_bytes()[:-9])
    done = photocli("doctor", "--json", "-", cwd=tmp_path)
    assert done.code == 4
    models = [check for check in done.document["checks"] if check["name"].startswith("model ")]
    said = [(check["name"], check["status"]) for check in models]
    assert ("model style", "broken") in said
    assert ("model aesthetics", "warning") in said
    built_in = next(check for check in models if check["name"] == "model aesthetics")
    assert built_in["found"].endswith("another model serves in its place")
    assert statuses(done)["trial"] == "broken"
    assert "not the one its card describes" in found(done, "trial")


def test_places_that_cannot_be_used(tmp_path: Path, own_folders: Path) -> None:
    (own_folders / "file").touch()
    (own_folders / "cache").mkdir()
    cache_file().write_bytes(b"no database")
    (tmp_path / "photocli.toml").write_text("[check]\nmax_failures = 'many'\n")
    environment = {"PHOTOCLI_MODELS": str(own_folders / "file" / "models")}
    done = photocli("doctor", "--json", "-", cwd=tmp_path, **environment)
    assert done.code == 4
    assert found(done, "cache").endswith("it was damaged -> the next run begins it anew")
    assert "~/file is no folder -> set $PHOTOCLI_MODELS to another place" in found(done, "folder of models")
    assert found(done, "settings").startswith("photocli.toml: max_failures must be a whole number")
    counted = {status: list(statuses(done).values()).count(status) for status in ("warning", "broken")}
    assert {status: done.document["summary"][status] for status in counted} == counted
    assert cache_file().read_bytes() == b"no database"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_folder_that_everybody_may_write(tmp_path: Path, own_folders: Path) -> None:
    (own_folders / "cache").mkdir()
    (own_folders / "cache").chmod(0o777)
    done = photocli("doctor", cwd=tmp_path)
    assert done.code == 0
    (line,) = (line for line in done.out.splitlines() if "everybody may write" in line)
    assert line.split()[0] == "warning"
    assert line.endswith("chmod o-w ~/cache")
    assert "photocli works, with " in done.out.splitlines()[-1]


@pytest.mark.parametrize("module", ["rawpy", "pillow_heif", "onnxruntime", "PIL", "cv2"])
def test_a_library_that_cannot_be_loaded(module: str, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled"
    spoiled.mkdir()
    (spoiled / f"{module}.py").write_text("raise ImportError('libodd.so.7: no such file')\n")
    assert importlib.util.find_spec(module) is not None
    done = photocli("doctor", "--json", "-", cwd=tmp_path, PYTHONPATH=str(spoiled))
    assert done.code == 4
    name = "ONNX Runtime" if module == "onnxruntime" else "libraries"
    assert "libodd.so.7" in found(done, name)
    assert found(done, name).endswith("install photocli again")
    assert "Traceback" not in done.err


def test_home_is_a_tilde(own_folders: Path) -> None:
    home = str(own_folders)
    assert homely(f"the cache {home}/a.sqlite cannot be read") == "the cache ~/a.sqlite cannot be read"
    assert homely(f"{home}: no") == "~: no"
    assert homely(f"{home}stead/a") == f"{home}stead/a"
    assert homely(os.sep) == os.sep
