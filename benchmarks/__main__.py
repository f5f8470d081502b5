"""Measures photocli beside decoding alone and beside other programs, over a shoot that it makes.

Run `python -m benchmarks` on a machine with nothing else to do. The first run makes the photos (0.9 GB) and
an environment for the programs to compare with (7 GB), in the cache folder or in --folder; `--prepare` does
that and no more. Rates of whole programs include their start, as it weighs over --photos photos.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import report, results, stages
from benchmarks.compare import Comparison, Plan
from benchmarks.ours import Program
from benchmarks.shoot.making import default_folder, make_set, set_named

GROUPS = (
    "decoding",
    "ours",
    "assessors",
    "modes",
    "formats",
    "start",
    "others",
    "memory",
    "cost",
    "cached",
    "stages",
)


def main() -> None:
    """Measure, print the tables, write the results."""
    options = _options()
    plan = _plan(options)
    comparison = Comparison(plan, Program(options.folder / "home"), _empty(plan))
    if options.prepare:
        comparison.prepare()
        return
    found = comparison.run()
    if plan.has("stages"):
        found.stages = stages.measure(make_set(set_named("jpeg24"), options.folder)[: stages.PHOTOS])
    print(report.text(found))
    print(f"written: {results.write(found, options.results).name}", file=sys.stderr)


def _empty(plan: Plan) -> results.Results:
    from photocli import __version__

    photos = make_set(set_named("jpeg24"), plan.folder)
    size = sum(path.stat().st_size for path in photos) / len(photos) / 1e6
    shoot = {"distinct": len(photos), "mean_mb": size, "few": plan.few, "slow": plan.slow}
    return results.Results(__version__, plan.photos, plan.rounds, results.machine(), shoot)


def _plan(options: argparse.Namespace) -> Plan:
    only = tuple(options.only.split(",")) if options.only else tuple(GROUPS)
    left = set(options.without.split(","))
    unknown = {*only, *left} - {*GROUPS, ""}
    if unknown:
        sys.exit(f"there are no groups {', '.join(sorted(unknown))}; choose of {', '.join(GROUPS)}")
    return Plan(
        options.folder,
        options.photos,
        min(options.few, options.photos),
        options.slow,
        options.rounds,
        min(2, options.rounds),
        (options.many, 20_000) if options.long else (options.many,),
        options.cached,
        tuple(group for group in only if group not in left),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=default_folder(), help="where photos and environments are kept"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="make photos and environments, measure nothing"
    )
    parser.add_argument("--photos", type=int, default=200, help="photos of the main runs (200)")
    parser.add_argument(
        "--few", type=int, default=80, help="photos of decoding alone, and of single models (80)"
    )
    parser.add_argument("--slow", type=int, default=20, help="photos of the programs to compare with (20)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way takes its turn (3)")
    parser.add_argument("--cached", type=int, default=20_000, help="photos of the cached run (20000)")
    parser.add_argument("--many", type=int, default=2000, help="photos of the run that tells the cost (2000)")
    parser.add_argument("--long", action="store_true", help="the cost of 20,000 photos, too")
    parser.add_argument("--only", default="", help=f"only these groups: {', '.join(GROUPS)}")
    parser.add_argument("--without", default="", help="without these groups")
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="where the results are written")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    return options


if __name__ == "__main__":
    main()
