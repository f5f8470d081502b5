"""Memory, handles and threads of one `photocli score` over 50,000 small photos: none of them may grow.

Run `python -m benchmarks.endurance`. Each photo is a JPEG of 64 x 48 pixels with bytes of its own. All
processes of the run are looked at each time another 500 photos are done: the memory that they add (PSS on
Linux, USS elsewhere), their open handles and their threads.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

EVERY = 500
"""Photos between two looks."""

SETTLED = 5000
"""Photos after which memory, handles and threads are compared with those at the end."""

GOAL_MB = 50
_DISTINCT = 300
_PER_FOLDER = 1000


@dataclass(frozen=True)
class Look:
    """What all processes of a run took when so many photos were done; memory in MB (10**6 bytes)."""

    photos: int
    seconds: float
    memory_mb: float
    handles: int
    threads: int
    processes: int


@dataclass(frozen=True)
class Endurance:
    """A run that has ended: its exit code, the looks at it, and the rows that it wrote."""

    code: int
    looks: tuple[Look, ...]
    rows: int

    def settled(self, after: int = SETTLED) -> tuple[Look, Look]:
        """The medians of three looks from `after` photos on, and of the last three."""
        later = [look for look in self.looks if look.photos >= after]
        return _median(later[:3]), _median(later[-3:])


def main() -> None:
    """Make the photos, run over them, print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        home = Path(temporary)
        folder = make_small_photos(home / "photos", options.photos)
        command = [sys.executable, "-m", "photocli", "score", str(folder), "--csv", "-", "--quiet"]
        extra = options.score_options.split()
        for title in ("first run", "second run, from the cache"):
            print(f"{title}\n  photos   seconds   memory, MB   handles   threads   processes")
            ended = watch([*command, *extra], cache=home / "cache", say=_print_look)
            _print(ended, min(SETTLED, options.photos // 4))


def make_small_photos(folder: Path, count: int) -> Path:
    """Fill a folder with so many small JPEGs, no two of which have the same bytes, and return it."""
    rng = np.random.default_rng(1)
    heads = []
    for _ in range(_DISTINCT):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize((64, 48))
        buffer = io.BytesIO()
        coarse.save(buffer, "JPEG", quality=80, comment="00000000")
        heads.append(buffer.getvalue())
    for number in range(count):
        place = folder / f"{number // _PER_FOLDER:03}" / f"IMG_{number:06}.jpg"
        if number % _PER_FOLDER == 0:
            place.parent.mkdir(parents=True)
        place.write_bytes(heads[number % _DISTINCT].replace(b"00000000", b"%08d" % number, 1))
    return folder


def watch(
    command: Sequence[str],
    *,
    cache: Path,
    every: int = EVERY,
    say: Callable[[Look], None] = lambda look: None,
) -> Endurance:
    """Run a command that writes a row of CSV per photo to stdout, and look at its processes on the way.

    `say` is called with each look.
    """
    started = time.monotonic()
    environment = {**os.environ, "PHOTOCLI_CACHE": str(cache), "ORT_DISABLE_TELEMETRY": "1"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment)
        assert process.stdout is not None
        root = psutil.Process(process.pid)
        looks = []
        rows = -1  # the first line holds the names of the columns
        for _ in process.stdout:
            rows += 1
            if rows and rows % every == 0:
                looks.append(_look(root, rows, time.monotonic() - started))
                say(looks[-1])
        return Endurance(process.wait(), tuple(looks), rows)


def _look(root: psutil.Process, photos: int, seconds: float) -> Look:
    memory, handles, threads, processes = 0, 0, 0, 0
    for process in _tree(root):
        try:
            full = process.memory_full_info()
            opened = process.num_handles() if sys.platform == "win32" else process.num_fds()
            running = process.num_threads()
        except psutil.Error:  # it has just ended
            continue
        memory += full.pss if sys.platform == "linux" else full.uss
        handles, threads, processes = handles + opened, threads + running, processes + 1
    return Look(photos, seconds, memory / 1e6, handles, threads, processes)


def _tree(root: psutil.Process) -> Iterator[psutil.Process]:
    try:
        yield root
        yield from root.children(recursive=True)
    except psutil.NoSuchProcess:
        return


def _median(looks: Sequence[Look]) -> Look:
    middle = looks[len(looks) // 2]
    return Look(
        middle.photos,
        middle.seconds,
        statistics.median(look.memory_mb for look in looks),
        round(statistics.median(look.handles for look in looks)),
        round(statistics.median(look.threads for look in looks)),
        round(statistics.median(look.processes for look in looks)),
    )


def _print_look(look: Look) -> None:
    if look.photos % 2500 == 0:
        print(
            f"{look.photos:8,} {look.seconds:9.1f} {look.memory_mb:12.1f} {look.handles:9} {look.threads:9}"
            f" {look.processes:11}",
            flush=True,
        )


def _print(ended: Endurance, after: int) -> None:
    print(f"{ended.rows:,} photos, exit {ended.code}")
    first, last = ended.settled(after)
    grown = last.memory_mb - first.memory_mb
    flat = abs(grown) <= GOAL_MB
    same = (first.handles, first.threads) == (last.handles, last.threads)
    print(f"memory {grown:+.1f} MB from {first.photos:,} photos on, within {GOAL_MB}: {_said(flat)}")
    print(f"handles and threads constant: {_said(same)}\n", flush=True)


def _said(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=50_000, help="how many photos (50000)")
    parser.add_argument("--folder", type=Path, help="make the photos in here; else in the system's place")
    parser.add_argument(
        "--score-options", default="", help='more options for photocli score, as "--assess technical"'
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
