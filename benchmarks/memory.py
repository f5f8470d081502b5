"""Peak memory of `photocli score` over 200 and 2,000 photos of 24 megapixels, and the time of a second run.

Run `python -m benchmarks.memory`. The many photos are hard links to some distinct ones: to the pass, which
goes by path, each is another photo. The memory is that of all processes together, looked at 20 times a
second: PSS, where pages that processes share are counted once, and beside it the sum of RSS, where such pages
are counted in every process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.photos import cores, link_photos, make_photos
from benchmarks.tree import Measured, run_measured

GOAL_MB = 700
GOAL_SECOND_RUN_S = 2.0


def main() -> None:
    """Make the photos, run over few and over many, run again, print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        os.environ["PHOTOCLI_CACHE"] = str(home / "cache")
        store = options.folder or home / "photos"
        distinct = make_photos(store, options.distinct)
        beside = Path(tempfile.mkdtemp(dir=store.parent, prefix="links-"))  # links need the same disk
        try:
            rows = []
            for count in (options.few, options.many):
                folder = link_photos(distinct, beside / str(count), count)
                rows.append((count, run_measured(_command(folder, options.score_options))))
            again = [_timed(_command(folder, options.score_options)) for _ in range(3)]
        finally:
            shutil.rmtree(beside)
    _print_table(rows, min(again), options.distinct)


def _command(folder: Path, extra: str) -> list[str]:
    return [sys.executable, "-m", "photocli", "score", str(folder), *extra.split()]


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def _print_table(rows: list[tuple[int, Measured]], again: float, distinct: int) -> None:
    print(f"24-megapixel JPEGs, {distinct} distinct ones under many names (hard links); {cores()} cores\n")
    print("  photos   exit   seconds   photos/s   processes   peak PSS, MB   peak RSS, MB")
    for count, run in rows:
        print(
            f"{count:8,} {run.code:6} {run.seconds:9.1f} {count / run.seconds:10.1f} {run.processes:11}"
            f" {run.peak_mb:14.0f} {run.peak_rss_mb:14.0f}"
        )
    peak = max(run.peak_rss_mb for _, run in rows)
    print(f"\npeak below {GOAL_MB} MB, shared pages counted in every process: {_said(peak < GOAL_MB)}")
    fast = again < GOAL_SECOND_RUN_S
    print(f"second run over {rows[-1][0]:,} unchanged photos: {again:.2f} s, below 2 s: {_said(fast)}")


def _said(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--few", type=int, default=200, help="photos of the small run (200)")
    parser.add_argument("--many", type=int, default=2000, help="photos of the large run (2000)")
    parser.add_argument("--distinct", type=int, default=40, help="distinct photos behind them (40)")
    parser.add_argument("--folder", type=Path, help="keep the distinct photos here, for the next time")
    parser.add_argument(
        "--score-options", default="", help='more options for photocli score, as "--workers 4"'
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
