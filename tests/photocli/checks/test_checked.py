"""Checking from Python: the same findings as of the command, for images in memory by their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import photocli as command
from networks import write_model
from photos import write_photo
from PIL import Image

from photocli import Options, Picture, UsageError, check

OPTIONS = Options(assess=("aesthetics",), device="cpu")


@pytest.fixture
def shoot(own_folders: Path, tmp_path: Path) -> Path:
    """A dark and a bright photo, scored by brightness."""
    write_model(own_folders / "models")
    for name, level in (("dark", 20), ("bright", 240)):
        write_photo(tmp_path / "shoot" / f"{name}.png", Image.new("RGB", (60, 40), (level,) * 3))
    return tmp_path / "shoot"


def test_violations_have_reasons(shoot: Path, tmp_path: Path) -> None:
    checked = check(shoot, ["aesthetic >= 5", "width >= 10"], options=OPTIONS)
    assert not checked.passed
    (dark,) = checked.violations
    assert (dark.name, dark.readable) == ("dark.png", True)
    assert [finding.rule for finding in dark.new] == ["aesthetic >= 5"]
    assert [photo.name for photo in checked.report.photos] == ["bright.png", "dark.png"]
    assert check(shoot, "aesthetic >= 5", max_failures=1, options=OPTIONS).passed
    assert check(shoot, "aesthetic >= 1", options=OPTIONS).passed
    checked.save(tmp_path / "ours.xml", "junit")
    rules = ("--require", "aesthetic >= 5", "--require", "width >= 10", "--assess", "aesthetics")
    assert command("check", shoot, *rules, "--junit", tmp_path / "theirs.xml", "-q").code == 1
    assert (tmp_path / "ours.xml").read_bytes() == (tmp_path / "theirs.xml").read_bytes()
    with pytest.raises(UsageError, match="no report of kind 'pdf'; there are json, junit, markdown, sarif"):
        checked.save(tmp_path / "a.pdf", "pdf")


def test_images_in_memory_are_named_as_they_are(shoot: Path) -> None:
    dark = np.zeros((20, 30, 3), np.uint8)
    checked = check(
        [dark, Picture(dark, "http://shop/1.jpg"), None, shoot], "aesthetic >= 5", options=OPTIONS
    )
    assert [photo.name for photo in checked.violations] == [
        "image 1",
        "http://shop/1.jpg",
        "image 3",
        "dark.png",
    ]
    assert [photo.readable for photo in checked.violations] == [True, True, False, True]
    assert not check([None], "aesthetic >= 5", max_failures=9, options=OPTIONS).passed


def test_a_baseline_excuses_what_it_lists(shoot: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    rules = ("--require", "aesthetic >= 5", "--assess", "aesthetics")
    assert command("check", shoot, *rules, "--write-baseline", known, "-q").code == 0
    checked = check(shoot, "aesthetic >= 5", baseline=known, options=OPTIONS)
    assert checked.passed
    assert checked.report.known == 1


def test_what_makes_no_sense_is_refused_before_any_photo_is_read(shoot: Path, tmp_path: Path) -> None:
    def never() -> object:
        yield np.zeros((20, 30, 3), np.uint8)
        raise AssertionError("a second image was taken")

    for rules, reason in (
        ([], "there are no rules"),
        ("beauty > 3", "names no field"),
        ("?", "cannot be under"),
    ):
        with pytest.raises(UsageError, match=reason):
            check(never(), rules, options=OPTIONS)  # type: ignore[arg-type]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no photos to check"):
        check(tmp_path / "empty", "aesthetic >= 5", options=OPTIONS)
    assert check(tmp_path / "empty", "aesthetic >= 5", allow_empty=True, options=OPTIONS).passed
