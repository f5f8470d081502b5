"""Profiles: what is built in, and what a file of one's own may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from photocli.errors import UsageError
from photocli.records import RECORD_FIELDS
from photocli.scoring.profiles import BUILTIN, FAULTS, GENERAL, load


def test_the_faults_are_fields_of_the_record() -> None:
    assert set(FAULTS) <= set(RECORD_FIELDS)


@pytest.mark.parametrize("name", ["general", "portrait", "landscape", "action"])
def test_a_built_in_profile_has_every_weight(name: str) -> None:
    profile = load(name)
    assert profile == BUILTIN[name]
    assert profile.name == name
    assert tuple(profile.faults) == FAULTS
    assert all(0 <= weight <= 1 for weight in (profile.selfie, profile.technical, *profile.faults.values()))


def test_the_guide_has_the_weights() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guide.md").read_text(encoding="utf-8")
    for profile in BUILTIN.values():
        weights = (profile.selfie, profile.technical, *profile.faults.values())
        assert f"| `{profile.name}` | {' | '.join(f'{weight:g}' for weight in weights)} |" in guide


def test_without_a_choice_it_is_the_general_one() -> None:
    assert load() is load("general") is GENERAL


def test_a_file_says_what_differs_from_the_general_one(tmp_path: Path) -> None:
    file = tmp_path / "weddings.toml"
    file.write_text("selfie = 0.5\ntechnical = 1\n[faults]\nnoise = 0\n")
    profile = load(str(file))
    assert (profile.name, profile.selfie, profile.technical) == ("weddings", 0.5, 1.0)
    assert profile.faults == {**GENERAL.faults, "noise": 0.0}
    file.write_text("")
    assert load(str(file)).faults == GENERAL.faults


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("selfi = 0.5", "selfi is unknown; there may be selfie, technical, [faults]"),
        ("[faults]\nblurr = 0.5", "blurr is unknown; there may be blur, motion_blur"),
        ("faults = 1", "faults must be a table"),
        ("selfie = 1.01", "selfie must be a number from 0 to 1"),
        ("technical = -0.1", "technical must be a number from 0 to 1"),
        ("technical = nan", "technical must be a number from 0 to 1"),
        ("technical = true", "technical must be a number from 0 to 1"),
        ("[faults]\nblur = 'much'", "blur must be a number from 0 to 1"),
        ("selfie", "not valid TOML"),
    ],
)
def test_what_is_not_understood_is_wrong_use(text: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(str(file))
    assert reason in str(caught.value)
    assert str(file) in str(caught.value)


def test_an_unknown_name_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no profile 'weddings'; choose one of general, portrait, landscape"):
        load("weddings")
    with pytest.raises(UsageError, match=r"nowhere\.toml cannot be read: No such file"):
        load(str(tmp_path / "nowhere.toml"))
