"""Rules about a user's own classes: what they can ask for, and that a misspelt one lets nothing pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import photocli
from crafted_classes import colours, write_classifier
from photos import write_photo

from photocli import Record
from photocli.checks.rules import parse
from photocli.errors import UsageError
from photocli.records import Answer

CLASSES = {"rooms": ("kitchen", "living room"), "my-1.0": ("nude", "beach", "city")}
PLACES = Record(
    "a",
    camera="Canon",
    answers=(
        Answer("rooms", "living room", 0.8, (("kitchen", 0.2), ("living room", 0.8))),
        Answer("my-1.0", "beach; city", 0.9, (("nude", 0.125), ("beach", 0.9), ("city", 0.7))),
    ),
)
NOTHING = Record("a", answers=(Answer("my-1.0", None, 0.7, (("nude", 0.3), ("beach", 0.1), ("city", 0.2))),))


@pytest.mark.parametrize(
    ("rule", "record", "reason"),
    [
        ("rooms == 'living room'", PLACES, None),
        ("rooms == 'kitchen' , 'living room'", PLACES, None),
        ("rooms == 'kitchen'", PLACES, 'rooms is living room, not == "kitchen"'),
        ("rooms != 'kitchen'", PLACES, None),
        ("rooms_confidence >= 0.9", PLACES, "rooms_confidence is 0.8, not >= 0.9"),
        ("rooms[living room] > 0.5", PLACES, None),
        ("my-1.0 == 'city'", PLACES, None),
        ("my-1.0 != 'nude'", PLACES, None),
        ("my-1.0 != 'nude', 'city'", PLACES, 'my-1.0 is beach; city, not != "nude", "city"'),
        ("my-1.0[nude] < 0.1", PLACES, "my-1.0[nude] is 0.125, not < 0.1"),
        ("my-1.0[nude]? < 0.2", PLACES, None),
        ("my-1.0 != 'nude'", NOTHING, None),
        ("my-1.0 == 'beach'", NOTHING, 'my-1.0 is none, not == "beach"'),
        ("rooms == 'kitchen'", NOTHING, "rooms: no value"),
        ("rooms? == 'kitchen'", NOTHING, None),
        ("rooms[kitchen] < 1", NOTHING, "rooms[kitchen]: no value"),
        ("camera == 'Nikon', 'Canon'", PLACES, None),
        ("camera != 'Nikon', 'Canon'", PLACES, 'camera is Canon, not != "Nikon", "Canon"'),
    ],
)
def test_rules_ask_for_classes_and_their_probabilities(rule: str, record: Record, reason: str | None) -> None:
    parsed = parse(rule, CLASSES)
    assert parsed.broken(record) == reason
    assert parse(str(parsed), CLASSES) == parsed


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("rooms != 'kitchn'", "asks for 'kitchn', which rooms never is; it may be: kitchen, living room"),
        ("rooms == 'kitchen', 'bath'", "asks for 'bath'"),
        ("rooms[bath] < 1", "asks for 'bath', which rooms never is"),
        ("rooms[kitchen] == 'x'", r"rooms, which is a number"),
        ("rooms > 'kitchen'", "only be done with == and !="),
        ("rooms > 3", "rooms, which is a quoted text"),
        ("rooms_confidence == 'x'", "which is a number"),
        ("camera[Canon] > 1", "names no field that can be checked"),
        ("places == 'x'", "names no field .*rooms, my-1.0"),
        ("rooms == 'kitchen' 'living room'", "cannot be understood"),
    ],
)
def test_a_misspelt_filter_lets_nothing_pass(rule: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse(rule, CLASSES)


def test_photos_are_checked_by_a_users_own_classes(own_folders: Path, tmp_path: Path) -> None:
    write_classifier(own_folders / "models", "content", colours(("warm", "leafy", "cold"), several=True))
    for name in ("coffee", "rocket", "china"):
        write_photo(tmp_path / "shoot" / f"{name}.png", name)
    folder, only = tmp_path / "shoot", ("--assess", "content", "--device", "cpu")
    done = photocli("check", folder, *only, "--require", "content != 'warm'")
    assert done.code == 1, done.err
    assert re.search(r"coffee\.png: content is warm, not != \"warm\"", done.out)
    assert "3 photos checked · 2 fall short" in done.out
    assert photocli("check", folder, *only, "--require", "content[warm] <= 1").code == 0
    settings = tmp_path / "own.toml"
    settings.write_text(
        "[check]\nrequire = [\"content != 'warm'\", 'content_confidence >= 0.1']\nmax_failures = 2\n"
    )
    assert photocli("check", folder, *only, "--config", settings).code == 0
    wrong = photocli("check", folder, *only, "--require", "content != 'worm'")
    assert wrong.code == 2 and "it may be: warm, leafy, cold" in wrong.err
