"""Running photocli as people do, by its command, with settings and a cache of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.results import Sample
from benchmarks.tree import Measured, run_measured

ROOT = Path(__file__).parents[1]
THREE = "aesthetics,technical,faces"
ALL = ("aesthetics", "technical", "faces", "selfie", "style", "crop")


class Program:
    """photocli from one checkout, on this Python or another; `home` keeps its cache and nothing else."""

    def __init__(self, home: Path, root: Path = ROOT, python: str = sys.executable) -> None:
        self.home, self.python = home, python
        home.mkdir(parents=True, exist_ok=True)
        places = {
            f"PHOTOCLI_{name}": str(home / name.lower()) for name in ("CACHE", "MODELS", "TASTES", "STATE")
        }
        self.environment = {
            **os.environ,
            **places,
            "PHOTOCLI_CONFIG": str(home / "none.toml"),
            "PYTHONPATH": str(root),
            "ORT_DISABLE_TELEMETRY": "1",
        }

    def command(self, *words: str | Path) -> list[str]:
        """The words that run `photocli`."""
        return [self.python, "-m", "photocli", *map(str, words)]

    def knows(self, option: str) -> bool:
        """Whether `score` has an option of that name."""
        done = subprocess.run(
            self.command("score", "--help"),
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
        )
        return option in done.stdout

    def score(
        self, folder: Path, *options: str, cache: bool = False, every_s: float | None = None
    ) -> tuple[Sample, Measured]:
        """Score a folder on the CPU, from start to end. Raises `RuntimeError` if that fails."""
        table = self.home / "scores.csv"
        words = ["--device", "cpu", "--csv", str(table), "-q", *([] if cache else ["--no-cache"]), *options]
        run = run_measured(
            self.command("score", folder, *words),
            every_s=every_s,
            environment=self.environment,
            folder=self.home,
        )
        if run.code:
            raise RuntimeError(f"photocli score {' '.join(words)} ended with exit code {run.code}")
        photos = sum(row["status"] == "ok" for row in rows(table))
        if photos == 0:
            raise RuntimeError("photocli scored no photo")
        return Sample(photos, run.seconds, run.cpu_s), run

    def scales(self, folder: Path) -> dict[str, float]:
        """At which scale each photo is decoded, by its name, as the table says; else a quarter."""
        self.score(folder)
        return {
            Path(row["path"]).name: float(row.get("scale") or 0.25) for row in rows(self.home / "scores.csv")
        }


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV table."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
