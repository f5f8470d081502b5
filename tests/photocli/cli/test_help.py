"""The help of commands and what is said of wrong values: for people, without Python's words."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from commands import photocli

from photocli.cli import app


def commands() -> dict[str, Any]:
    """All commands by their words."""
    root: Any = typer.main.get_command(app)
    found = dict(root.commands)
    for name in ("models", "cache"):
        found |= {
            f"{name} {child}": command for name in (name,) for child, command in found[name].commands.items()
        }
    return found


@pytest.mark.parametrize("words", sorted(commands()))
def test_usage_and_arguments_are_written_as_in_manuals(words: str) -> None:
    shown = photocli(*words.split(), "--help").out
    usage = shown.partition("\n\n")[0]
    assert not re.search(r"[{}<>]|\[\[", usage), usage
    assert not re.search(r"<(list|str|path)", shown)


def test_what_must_and_may_be_given_is_seen() -> None:
    for words, usage in (
        ("score", "PATH..."), ("learn", "[PATH...]"), ("undo", "[RUN]"), ("models add", "FILE|FOLDER")
    ):  # fmt: skip
        assert f"photocli {words} [OPTIONS] {usage}\n" in photocli(*words.split(), "--help").out


@pytest.mark.parametrize("words", [(), ("models",), ("cache",)])
def test_lists_of_commands_have_whole_sentences(words: tuple[str, ...]) -> None:
    lines = photocli(*words, "--help", COLUMNS="80").out.partition("Commands:\n")[2].split("\n\n")[0]
    for line in lines.strip().splitlines():
        assert line.endswith(".") and not line.endswith("..") and len(line) <= 80, line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--stars", "five"), "Invalid value for '--stars': 'five' is not one of 'fixed', 'relative'."),
        (("--top", "x"), "Invalid value for '--top': it takes a whole number"),
        (("--timeout", "x"), "Invalid value for '--timeout': it takes a number"),
        (("--batch", "-1"), "Invalid value for '--batch': it must be at least 0"),
    ],
)
def test_a_wrong_value_is_told_in_words(given: tuple[str, ...], said: str) -> None:
    done = photocli("score", "shoot", *given)
    assert done.code == 2 and said in done.err
