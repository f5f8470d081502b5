"""Completion by real shells, from scripts that the program makes for the shell that asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import photocli

SHELLS = ("bash", "zsh", "fish")

ASKED = {
    "bash": "COMP_WORDS=(photocli {words}); COMP_CWORD={at}; _photocli_completion photocli; "
    'echo "${{COMPREPLY[@]}}"',
    "fish": 'complete --do-complete "photocli {words}"',
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the command `photocli`, as pip would install it."""
    file = tmp_path / "bin" / "photocli"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m photocli "$@"\n')
    file.chmod(0o755)
    return file.parent


def ask(shell: str, script: str, program: Path) -> str:
    """What a shell prints for a script in which `photocli` is the command in the folder."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {
        **os.environ,
        "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
        "SHELL": f"/bin/{shell}",
    }
    done = subprocess.run(
        [shell, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_for_the_shell_that_asks(shell: str, program: Path) -> None:
    script = ask(shell, "photocli --show-completion; true", program)
    assert f"_PHOTOCLI_COMPLETE=complete_{shell}" in script


@pytest.mark.parametrize("shell", ASKED)
@pytest.mark.parametrize(
    ("words", "at", "expected"),
    [
        ("sc", 1, {"score"}),
        ("score --js", 2, {"--json", "--jsonl"}),
        ("models ver", 2, {"verify"}),
        ("cull --for d", 3, {"darktable", "digikam"}),
        ("score --profile po", 3, {"portrait"}),
        ("score --device c", 3, {"cpu", "cuda", "coreml"}),
        ("score --assess faces,s", 3, {"faces,selfie", "faces,style"}),
        ("config c", 2, {"cull", "crop", "check"}),
        ("models use te", 3, {"technical"}),
    ],
)
def test_commands_and_options_are_completed(
    shell: str, words: str, at: int, expected: set[str], program: Path
) -> None:
    source = (
        "source (photocli --show-completion | psub)"
        if shell == "fish"
        else 'eval "$(photocli --show-completion)"'
    )
    said = ask(shell, f"{source}\n{ASKED[shell].format(words=words, at=at)}", program)
    found = {line.split("\t")[0] for line in said.splitlines()} if shell == "fish" else set(said.split())
    assert found == expected


def test_zsh_takes_what_it_is_told(program: Path) -> None:
    asked = '_TYPER_COMPLETE_ARGS="photocli sc" _PHOTOCLI_COMPLETE=complete_zsh photocli'
    assert '"score"' in ask("zsh", asked, program)


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_installed_in_the_users_own_folder(shell: str, program: Path, own_folders: Path) -> None:
    said = ask(shell, "photocli --install-completion; true", program)
    assert f"{shell} completes photocli from now on" in said
    assert str(own_folders) in said
    texts = [path.read_text(errors="replace") for path in own_folders.rglob("*") if path.is_file()]
    assert any(f"_PHOTOCLI_COMPLETE=complete_{shell}" in text for text in texts)


def test_a_shell_that_is_unknown_is_named(tmp_path: Path) -> None:
    done = photocli("--show-completion", SHELL="/bin/ed", PATH="")
    assert done.code in (0, 2)  # where a shell runs the tests it is found above them
    if done.code:
        assert "no completion for the shell 'ed'" in done.err
