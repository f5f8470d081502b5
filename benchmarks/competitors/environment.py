"""The environment of the programs that photocli is compared with, and running them in it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import Sample
from benchmarks.tree import run_measured

SCRIPTS = Path(__file__).parent
REQUIREMENTS = SCRIPTS.parent / "competitors.txt"

TITLES = {
    "cleanvision_issues": "CleanVision, all of its checks",
    "imagededup_phash": "imagededup, PHash",
    "imagededup_cnn": "imagededup, CNN",
    "pyiqa_nima": "pyiqa, NIMA",
    "torchvision_loop": "Pillow + torchvision MobileNetV2, a plain loop",
}


def prepare(folder: Path) -> Path:
    """Make the environment in `folder`, unless it is there with these requirements; its Python.

    Raises `subprocess.CalledProcessError` where pip cannot install them.
    """
    home = folder / "competitors"
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = home / "installed.txt"
    if not done.exists() or done.read_bytes() != REQUIREMENTS.read_bytes():
        print("installing the programs to compare with, some 7 GB", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        done.write_bytes(REQUIREMENTS.read_bytes())
    return python


def run(python: Path, name: str, folder: Path) -> Sample:
    """Run one of `TITLES` over a folder, from start to end. Raises `RuntimeError` if it fails."""
    with tempfile.TemporaryFile() as printed:
        script = str(SCRIPTS / f"{name}.py")
        ended = run_measured([str(python), script, str(folder)], output=printed, every_s=None)
        printed.seek(0)
        lines = printed.read().decode(errors="replace").splitlines()
    if ended.code or not lines:
        raise RuntimeError(f"{name} ended with exit code {ended.code}")
    found = json.loads(lines[-1])
    return Sample(found["photos"], ended.seconds, ended.cpu_s, ended.seconds - found["work_s"])
