"""What every test gets: folders of its own in place of the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from photocli.models.runtime import SILENCE

os.environ.update(SILENCE)  # before any test imports ONNX Runtime, which would report that it was


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's cache, models and settings out of the tests, and the tests out of them.

    Processes that a test starts inherit it. Returns the folder that holds them all.
    """
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("PHOTOCLI_CACHE", str(home / "cache"))
    monkeypatch.setenv("PHOTOCLI_MODELS", str(home / "models"))
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / "xdg" / name.lower()))
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    return home
