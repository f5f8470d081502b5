"""How much of the machine's speed at decoding alone `photocli score` reaches, on 24-megapixel JPEGs.

Run `python -m benchmarks.throughput` on a machine with nothing else to do. The ways take turns, so that what
else happens on the machine falls on all of them; the medians of their speeds are compared. Each photo is
there under several names (hard links), so that starting the program weighs as little as in a real shoot.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image

from benchmarks.photos import cores, link_photos, make_photos
from photocli.decode import decode
from photocli.models.store import cards

GOAL = 0.60
"""The share of the speed of decoding alone that a whole run must reach."""


def decode_bare(side: int, path: Path) -> None:
    """Decode with Pillow alone, at the smallest scale that is large enough."""
    with Image.open(path) as image:
        image.draft("RGB", (side, 1))
        image.load()


def decode_frame(side: int, path: Path) -> None:
    """Decode as photocli does: checked, converted to sRGB, reduced to the side, turned upright."""
    decode(path, side)


def in_processes(work: Callable[[Path], None], paths: list[Path]) -> float:
    """Seconds for all paths in one process per core, without the time that the processes need to start."""
    with ProcessPoolExecutor(cores()) as pool:
        list(pool.map(work, paths[: 4 * cores()]))
        started = time.perf_counter()
        list(pool.map(work, paths, chunksize=1))
        return time.perf_counter() - started


def score(folder: Path, extra: list[str], paths: list[Path]) -> float:
    """Seconds for `photocli score` over the folder, from start to end, start-up included."""
    del paths
    command = [
        sys.executable,
        "-m",
        "photocli",
        "score",
        str(folder),
        "--no-cache",
        "--device",
        "cpu",
        *extra,
    ]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Make the photos, measure in turns, print the table."""
    options = _options()
    side = max(card.input.frame_side for card in cards())
    with tempfile.TemporaryDirectory() as temporary:
        store = options.folder or Path(temporary) / "photos"
        distinct = make_photos(store, options.photos)
        size = sum(path.stat().st_size for path in distinct) / len(distinct) / 1e6
        folder = link_photos(
            distinct, Path(tempfile.mkdtemp(dir=store.parent)), options.times * len(distinct)
        )
        paths = sorted(folder.iterdir())
        extra = [word for word in options.score_options.split() if word]
        ways: dict[str, Callable[[list[Path]], float]] = {
            f"Pillow alone, to at least {side} px": partial(in_processes, partial(decode_bare, side)),
            f"photocli.decode, to {side} px": partial(in_processes, partial(decode_frame, side)),
            "photocli score --no-cache, end to end": partial(score, folder, extra),
        }
        speeds: dict[str, list[float]] = {name: [] for name in ways}
        try:
            for _ in range(options.rounds):
                for name, way in ways.items():
                    speeds[name].append(len(paths) / way(paths))
        finally:
            shutil.rmtree(folder)
    print(f"{len(paths)} JPEGs of 24 megapixels ({len(distinct)} distinct), {size:.1f} MB each;")
    print(f"{cores()} cores; {options.rounds} rounds\n")
    _print_table(speeds)


def _print_table(speeds: dict[str, list[float]]) -> None:
    whole = median(list(speeds.values())[-1])
    print(f"{'':42} photos/s (lowest-highest)   whole run / this")
    for name, values in speeds.items():
        middle = median(values)
        print(f"{name:42} {middle:8.1f} ({min(values):.1f}-{max(values):.1f}) {whole / middle:18.2f}")
    reached = whole / median(next(iter(speeds.values())))
    print(f"\ngoal: at least {GOAL:.2f} of Pillow alone: {'reached' if reached >= GOAL else 'MISSED'}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=60, help="how many distinct photos (60)")
    parser.add_argument("--times", type=int, default=4, help="under how many names each is there (4)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each way is measured (5)")
    parser.add_argument("--folder", type=Path, help="keep the photos here, for the next time")
    parser.add_argument("--score-options", default="", help='more options for photocli score, as "--batch 8"')
    return parser.parse_args()


if __name__ == "__main__":
    main()
