"""Every command in a code block of the documents, and in the examples of `--help`, runs as it stands there.

What it reads lies where the command looks for it, in folders of a test's own. Trainers get options that make
a run small, after those that are documented.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from crafted_classes import colours, write_classifier
from grey_shoot import grey_shoot
from networks import write_model
from photos import SHARED_DATA, camera_exif, sample_pictures, write_photo
from rated import make_rated

ROOT = Path(__file__).parents[1]
_BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```", re.M | re.S)

SMALL = {
    "trainers.aesthetics": "--arch squeezenet1_1 --init none --size 48 --batch 8 --epochs 1",
    "trainers.style": "--arch squeezenet1_1 --init none --size 48 --batch 8 --epochs 1",
    "trainers.stylize train": "--steps 2 --size 64",
    "trainers.quantisation": "--calibration 4 --fit 2 --judged 4",
    "export": "--no-float16",
    "benchmarks": "--help",  # it takes ten minutes and 8 GB; `tests/benchmarks` run its parts
}
"""What makes a run small, by the module and its command."""

WEIGHTS = {
    "face_detection_yunet.onnx": "yunet_n_640_640.onnx",
    "squeezenet1_1_imagenet.pt": "squeezenet1_1_imagenet.pt",
}
"""What a reader fetches, by the name that the documents use; commands are left out where it is not there."""

CODES = {"check": (0, 1), "python": (0, 1), "timeout": (124,)}
"""The exit codes that are good, besides 0: photos fall short, a network learns nothing in one epoch, a page
is served until it is ended."""

SERVED_S = 15
"""How long a page is served."""


def documented(document: Path) -> list[str]:
    """The commands of a document, in their order."""
    blocks = _BLOCK.findall(document.read_text())
    return [line for kind, block in blocks if kind in ("", "sh") for line in _commands(block)]


def _commands(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        command = line.strip()
        if command.startswith(("photocli ", "python -m ")) or re.match(r"[a-z]+=\"", command):
            yield command


DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): commands
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
    if (commands := documented(path))
}


@pytest.fixture
def folder(tmp_path: Path, own_folders: Path) -> Path:
    """The current folder of the documents' reader, with all that their commands read."""
    for number, (name, picture) in enumerate(sorted(sample_pictures().items())[:6], start=1):
        exif = camera_exif()
        write_photo(tmp_path / "shoot" / f"IMG_{number}.jpg", picture, size=(900, 600), exif=exif)
        room = "kitchen" if number % 2 else "garden"
        for copy in range(4):
            write_photo(
                tmp_path / "photos" / room / f"{name}_{copy}.jpg", picture, size=(300 + 20 * copy, 200)
            )
    shutil.copytree(tmp_path / "photos", tmp_path / "rooms")
    (tmp_path / "photocli.toml").write_text("[check]\nrequire = ['score >= 2']\n")
    shutil.copytree(tmp_path / "shoot", own_folders / "Pictures" / "shoot")
    shutil.copy(tmp_path / "shoot" / "IMG_1.jpg", tmp_path)
    grey_shoot(own_folders / "Pictures" / "rated", lambda level: 5 - level // 52)
    grey_shoot(tmp_path / "weddings", lambda level: 5 - level // 52)
    make_rated(tmp_path / "FOLDER", 24)
    write_model(tmp_path, "my-model")
    write_classifier(tmp_path, "my-rooms", colours(gain=7.0))
    for name in ("any.jpg", "wave.jpg", "munch.jpg"):
        write_photo(tmp_path / name, "coffee", size=(300, 200))
    return tmp_path


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would: `photocli` is on the path, and `python` has what the trainers need."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    for name, words in (("photocli", "-m photocli"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=600,
        check=False,
    )


def made_small(command: str) -> str:
    """The command with what makes a trainer's run small at its end, and without its comment."""
    command = re.sub(r"\s+#.*$", "", command)
    for words, options in SMALL.items():
        if f"{command} ".startswith(f"python -m {words} "):
            return f"{command} {options}"
    return command


def prepared(command: str, folder: Path, variables: str = "") -> str:
    """The command as it can be run here: what it needs lies there, and no program is missing."""
    for name, weights in WEIGHTS.items():
        if name in variables + command:
            if not (fetched := SHARED_DATA.parent / "weights" / weights).is_file():
                return "true"
            shutil.copy(fetched, folder / name)
    if command.startswith("photocli undo 2"):
        assert shell("photocli score shoot --xmp -q", folder).returncode == 0
        listed = shell("photocli undo --list", folder).stdout
        run = re.search(r"\d{8}-\d{6}\S*", listed)
        assert run is not None, listed
        return f"photocli undo {run[0]}"
    if command.startswith("photocli models use my-model"):
        shell("photocli models add my-model --no-use", folder)  # the page may have added it already
    if command.startswith("python -m trainers.stylize generate"):  # also of a style that is not made there
        again = "python -m trainers.stylize train munch.jpg photos/ $judge --out runs/munch"
        assert shell(variables + made_small(again), folder).returncode == 0
    if command.startswith("photocli review"):
        return f"timeout {SERVED_S} {command}"
    if "content[nude]" in command:
        models = Path(os.environ["PHOTOCLI_MODELS"])
        write_classifier(models, "rooms", colours(("kitchen", "bathroom", "garden")))
        write_classifier(models, "content", colours(("nude", "dressed", "none"), gain=5.0))
    if "| jq" in command and shutil.which("jq") is None:
        return re.sub(r"\| jq [^;|]*", "| cat ", command)
    return command


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_documents_run(document: str, folder: Path) -> None:
    variables = ""
    for command in DOCUMENTS[document]:
        if re.match(r"[a-z]+=", command):
            variables = f"{command}; "
            continue
        command = made_small(prepared(command, folder, variables))
        done = shell(variables + command, folder)
        good = next((codes for word, codes in CODES.items() if word in command.split()[:2]), (0,))
        assert done.returncode in good, (
            f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        assert "Traceback" not in done.stderr, command
        if command.startswith("timeout"):
            assert done.stdout.startswith("http://127.0.0.1:"), command
