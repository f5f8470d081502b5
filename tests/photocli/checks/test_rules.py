from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photocli.checks.rules import NUMBERS, TEXTS, parse
from photocli.config import CheckConfig, read_check
from photocli.errors import UsageError
from photocli.records import Record


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("aesthetic >= 4.5", "aesthetic >= 4.5"),
        ("  blur<.5 ", "blur < 0.5"),
        ("faces != 0", "faces != 0"),
        ("iso? <= 3200", "iso? <= 3200"),
        ("aesthetic_class != 'bad'", 'aesthetic_class != "bad"'),
        ('camera == "Canon EOS R5"', 'camera == "Canon EOS R5"'),
        ("""lens == '24" macro'""", """lens == '24" macro'"""),
        ("rotate == +0", "rotate == 0"),
        ("width > -1.25", "width > -1.25"),
        ("faults != 'blur','noise'", 'faults != "blur", "noise"'),
    ],
)
def test_a_rule_has_one_spelling(text: str, spelling: str) -> None:
    assert str(parse(text)) == spelling
    assert parse(spelling) == parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be understood"),
        ("aesthetic", "cannot be understood"),
        ("aesthetic = 4", "cannot be understood"),
        ("aesthetic >= nan", "cannot be understood"),
        ("aesthetic >= 1e999", "cannot be understood"),
        ("aesthetic >= 4 and blur < 1", "cannot be understood"),
        ("aesthetic >= __import__('os')", "cannot be understood"),
        ("aesthetic.real >= 4", "cannot be understood"),
        ("aesthetic_class == good", "cannot be understood"),
        ("beauty >= 4", "names no field that can be checked .*aesthetic, .*style"),
        ("path != 'a.jpg'", "names no field that can be checked"),
        ("__class__ != 'a'", "names no field that can be checked"),
        ("aesthetic >= '4'", "compares aesthetic, which is a number"),
        ("style == 4", "compares style, which is a quoted text"),
        ("style > 'noir'", "only be done with == and !="),
        ("group == 1", "photocli cull fills, and check never"),
        ("blur not in faults", "write faults != 'blur', 'noise' for photos with none of these"),
        ("faults does not contain blur", "or faults == 'none'"),
        ("faults != 'blurr'", "asks for 'blurr', which faults never is; it may be: blur, motion_blur"),
        ("faults < 3", "compares faults, which is a quoted text"),
    ],
)
def test_what_is_no_rule_is_explained(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_a_usage_error(text: str) -> None:
    try:
        rule = parse(text)
    except UsageError:
        return
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("rule", "record", "reason"),
    [
        ("aesthetic >= 4.5", Record("a", aesthetic=4.5), None),
        ("aesthetic >= 4.5", Record("a", aesthetic=4.4999), "aesthetic is 4.4999, not >= 4.5"),
        ("aesthetic >= 4.5", Record("a"), "aesthetic: no value"),
        ("aesthetic >= 4.5", Record("a", aesthetic=float("nan")), "aesthetic: no value"),
        ("aesthetic? >= 4.5", Record("a"), None),
        ("aesthetic? >= 4.5", Record("a", aesthetic=1.0), "aesthetic is 1, not >= 4.5"),
        ("faces == 0", Record("a", faces=0), None),
        ("style != 'noir'", Record("a", style="noir"), 'style is noir, not != "noir"'),
        ("style != 'noir'", Record("a", style="pop"), None),
        ("camera == 'X'", Record("a", camera=""), "camera: no value"),
        (
            "faults != 'blur'",
            Record("a", blur=0.9, faults=("blur", "noise")),
            'faults is blur; noise, not != "blur"',
        ),
        ("faults != 'blur', 'noise'", Record("a", blur=0.0, faults=("compression",)), None),
        ("faults == 'blur', 'noise'", Record("a", blur=0.9, faults=("noise",)), None),
        ("faults == 'none'", Record("a", blur=0.0), None),
        ("faults == 'none'", Record("a", blur=0.9, faults=("blur",)), 'faults is blur, not == "none"'),
        ("faults != 'none'", Record("a", blur=0.0), 'faults is none, not != "none"'),
        ("faults != 'blur'", Record("a"), "faults: no value"),
        ("faults? != 'blur'", Record("a"), None),
    ],
)
def test_a_photo_keeps_a_rule_or_says_why_not(rule: str, record: Record, reason: str | None) -> None:
    assert parse(rule).broken(record) == reason


def test_scores_and_labels_can_be_checked() -> None:
    assert {"score", "stars", "aesthetic", "blur", "iso", "exposure_s"} <= set(NUMBERS)
    assert {"aesthetic_class", "style", "medium", "camera", "captured"} <= set(TEXTS)
    assert not {"path", "status", "error", "models", "group", "pick"} & {*NUMBERS, *TEXTS}


def test_settings_come_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_check() == CheckConfig()
    Path("photocli.toml").write_text(
        "[check]\nrequire = ['aesthetic >= 4', 'blur? < 0.5']\nmax_failures = 2\nbaseline = 'known.json'\n"
    )
    expected = CheckConfig(("aesthetic >= 4", "blur? < 0.5"), 2, Path("known.json"))
    assert read_check() == expected
    assert read_check(tmp_path / "photocli.toml").baseline == tmp_path / "known.json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("check = 3", "must be a table"),
        ("[check]\nrequired = []", r"required in \[check\] is unknown; did you mean require\?"),
        ("score = 3", "must be a table"),
        ("[score]\nstarts = 3", "starts in"),
        ("[cheque]", r"\[cheque\] is unknown"),
        ("[check]\nrequire = 'a > 1'", "must be a list"),
        ("[check]\nmax_failures = true", "whole number"),
        ("[check]\nmax_failures = -1", "whole number"),
        ("[check]\nbaseline = 3", "name of a file"),
        ("[check", "not valid TOML"),
    ],
)
def test_settings_that_are_not_understood_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "other.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=reason):
        read_check(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_check(tmp_path / "missing.toml")
