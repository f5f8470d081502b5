"""The program beside an earlier commit of itself: both take turns over the same photos.

Run `python -m benchmarks.paired COMMIT`. The commit is checked out beside, for as long as it takes, and runs
with the libraries of this environment, so that the two differ by nothing else; `--own-environment` installs
those that it asks for instead.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import results
from benchmarks.ours import ROOT, Program
from benchmarks.results import Sample
from benchmarks.shoot.making import default_folder, link_photos, make_set, set_named


def compare(
    now: Program, before: Program, folder: Path, rounds: int, *options: str
) -> list[tuple[Sample, Sample]]:
    """Score the folder with both, in turns, each round beginning with the other one."""
    pairs = []
    for number in range(-1, rounds):  # the first is to warm up
        order = (now, before) if number % 2 else (before, now)
        taken = {id(program): program.score(folder, *options)[0] for program in order}
        if number >= 0:
            pairs.append((taken[id(now)], taken[id(before)]))
            print(f"{_rate(pairs[-1][0]):.1f} photos/s, before {_rate(pairs[-1][1]):.1f}", file=sys.stderr)
    return pairs


def summary(commit: str, pairs: list[tuple[Sample, Sample]]) -> dict[str, Any]:
    """The ratios of the rates of each pair: median, lowest, highest; and of CPU time, where known."""
    ratios = [_rate(now) / _rate(before) for now, before in pairs]
    cpu = [before.cpu_ms / now.cpu_ms for now, before in pairs if now.cpu_ms]
    return {
        "commit": commit,
        "photos": pairs[0][0].photos,
        "rounds": len(pairs),
        "rate": median(_rate(now) for now, _ in pairs),
        "before": median(_rate(before) for _, before in pairs),
        "ratio": median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "cpu_ratio": median(cpu) if cpu else None,
        "cpu_ms": median(now.cpu_ms for now, _ in pairs),
        "cpu_ms_before": median(before.cpu_ms for _, before in pairs),
    }


def _rate(sample: Sample) -> float:
    return sample.photos / sample.seconds


@contextmanager
def checked_out(commit: str, home: Path) -> Iterator[Path]:
    """A work tree of the commit, which is gone afterwards."""
    tree = home / "tree"
    subprocess.run(["git", "worktree", "add", "-q", "--detach", tree, commit], cwd=ROOT, check=True)  # noqa: S607
    try:
        yield tree
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)  # noqa: S607


def _environment(home: Path, tree: Path) -> str:
    """An environment with what the commit asks for; its Python."""
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    python = home / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", tree], check=True)
    return str(python)


def main() -> None:
    """Measure, print the ratios, and put them into the results of this version if there are any."""
    options = _options()
    photos = make_set(set_named("jpeg24"), options.folder)
    folder = link_photos(photos, photos[0].parents[1] / "links" / f"jpeg24-{options.photos}", options.photos)
    with tempfile.TemporaryDirectory() as temporary, checked_out(options.commit, Path(temporary)) as tree:
        home = Path(temporary)
        python = _environment(home, tree) if options.own_environment else sys.executable
        before = Program(home / "before", tree, python)
        pairs = compare(Program(home / "now"), before, folder, options.rounds, *options.score_options.split())
    found = summary(options.commit, pairs)
    print(
        f"{found['rate']:.1f} photos/s, before {found['before']:.1f}: {found['ratio']:.2f} times "
        f"({found['lowest']:.2f}–{found['highest']:.2f}); CPU ms a photo {found['cpu_ms']:.0f}, before "
        f"{found['cpu_ms_before']:.0f}"
    )
    path = results.newest(options.results)
    if path is not None and not options.score_options:
        kept = results.read(path)
        kept.paired = found
        results.write(kept, options.results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.paired", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("commit", help="the commit to compare with")
    parser.add_argument("--folder", type=Path, default=default_folder(), help="where photos are kept")
    parser.add_argument("--photos", type=int, default=120, help="photos of each run (120)")
    parser.add_argument("--rounds", type=int, default=5, help="how many pairs (5)")
    parser.add_argument("--own-environment", action="store_true", help="install what the commit asks for")
    parser.add_argument(
        "--score-options", default="", help='more options for photocli score, as "--assess faces"'
    )
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="where results are kept")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    return options


if __name__ == "__main__":
    main()
