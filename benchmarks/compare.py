"""The comparison: every way takes its turn, round after round, so that disturbances fall on all of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.competitors import environment
from benchmarks.decoding import LIBRARIES, decode_all
from benchmarks.endurance import make_small_photos
from benchmarks.ours import ALL, THREE, Program
from benchmarks.results import Results, Sample, Way
from benchmarks.shoot.making import SETS, PhotoSet, link_photos, make_set, set_named

SCALES = {"quarter": 0.25, "half": 0.5, "whole": 1.0}
CACHED = "aesthetics"
"""The assessor of the cached run: what it found is read again, however long finding it took."""

_STARTS = 3


@dataclass(frozen=True)
class Plan:
    """What is measured: photos of a run, rounds, photos for the slow competitors, sizes of the long runs.

    `folder` keeps the shoot and the competitors' environment; `only` names groups, all if it is empty.
    """

    folder: Path
    photos: int = 200
    few: int = 80
    slow: int = 20
    rounds: int = 3
    competitor_rounds: int = 2
    costs: tuple[int, ...] = (2000,)
    cached: int = 20_000
    only: tuple[str, ...] = ()
    sets: tuple[PhotoSet, ...] = SETS

    def has(self, group: str) -> bool:
        """Whether a group is to be measured."""
        return not self.only or group in self.only


@dataclass
class Turn:
    """A way, what measures it once, and in how many of the rounds it takes its turn."""

    way: Way
    measure: Callable[[], Sample]
    rounds: int


@dataclass
class Comparison:
    """One run of the comparison; `results` fills up while it goes on."""

    plan: Plan
    program: Program
    results: Results
    turns: list[Turn] = field(default_factory=list)

    def run(self) -> Results:
        """Make what is missing, measure all, and return the results."""
        plan = self.plan
        main = self.links("jpeg24", plan.photos)
        self._add_decoding(main)
        self._add_ours(main)
        if plan.has("others"):
            self._add_others()
        for number in range(max((turn.rounds for turn in self.turns), default=0)):
            for turn in self.turns:
                if number < turn.rounds:
                    _say(f"round {number + 1}: {turn.way.title}")
                    turn.way.samples.append(turn.measure())
        self.results.ways = [turn.way for turn in self.turns]
        if plan.has("memory"):
            self.results.facts["peak_mb"] = self._peak(main)
        if plan.has("cost"):
            self.results.facts["cost"] = dict(self._costs(main))
        if plan.has("cached"):
            self.results.facts["cached"] = self._cached()
        return self.results

    def links(self, name: str, count: int) -> Path:
        """A folder of so many names for the photos of a set, which are made if they are missing."""
        photos = make_set(set_named(name, self.plan.sets), self.plan.folder)
        return link_photos(photos, photos[0].parents[1] / "links" / f"{name}-{count}", count)

    def _turn(self, way: Way, measure: Callable[[], Sample], rounds: int | None = None) -> None:
        self.turns.append(Turn(way, measure, self.plan.rounds if rounds is None else rounds))

    def _add_decoding(self, main: Path) -> None:
        if not self.plan.has("decoding"):
            return
        paths = sorted(main.iterdir())[: self.plan.few]
        found = self.program.scales(main)
        own = [found[path.name] for path in paths]
        self.results.facts["scale"] = median(own)
        ways = {name: [scale] * len(paths) for name, scale in SCALES.items()} | {"own": own}
        for library in LIBRARIES:
            for name, scales in ways.items():
                if name == "own" and library != "simplejpeg":
                    continue
                at = "the scale of our run" if name == "own" else name
                way = Way(f"{library.lower()}-{name}", "decoding", f"{library} alone, {at}")
                self._turn(way, _decoding(library, list(zip(paths, scales, strict=True))))

    def _add_ours(self, main: Path) -> None:
        plan = self.plan
        few = self.links("jpeg24", plan.few)
        if plan.has("ours"):
            self._ours("ours-all", "photocli, all six models", main)
            self._ours("ours-three", "photocli, three models", main, "--assess", THREE)
        if plan.has("assessors"):
            for name in ALL:
                self._ours(f"ours-{name}", f"photocli --assess {name}", few, "--assess", name)
        if plan.has("modes"):
            native = ("--detail", "native")
            self._ours("ours-native", "photocli --detail native", main, *native, rounds=min(2, plan.rounds))
            previews = self.links("preview24", plan.few)
            self._ours("ours-previews", "photocli, photos with previews", previews)
            if self.program.knows("--decode"):
                self._ours("ours-fast", "photocli --decode fast, the same", previews, "--decode", "fast")
        if plan.has("formats"):
            for kind in plan.sets[2:]:
                folder = self.links(kind.name, 3 * kind.distinct)
                self._ours(f"ours-{kind.name}", f"photocli, {kind.title}", folder, rounds=1)
        if plan.has("start"):
            one = self.links("jpeg24", 1)
            self._ours("ours-one", "photocli, one photo", one, rounds=_STARTS * plan.rounds)

    def _ours(self, key: str, title: str, folder: Path, *options: str, rounds: int | None = None) -> None:
        self._turn(Way(key, "ours", title), lambda: self.program.score(folder, *options)[0], rounds)

    def _add_others(self) -> None:
        folder = self.links("jpeg24", self.plan.slow)
        python = environment.prepare(self.plan.folder)
        for name, title in environment.TITLES.items():
            self._turn(Way(name, "others", title), _other(python, name, folder), self.plan.competitor_rounds)

    def _peak(self, main: Path) -> float:
        _say("memory")
        return self.program.score(main, every_s=0.1)[1].peak_mb

    def _costs(self, main: Path) -> Iterator[tuple[str, float]]:
        """Seconds for one photo by how many there are."""
        for count in (self.plan.photos, *self.plan.costs):
            _say(f"cost of {count:,} photos")
            folder = main if count == self.plan.photos else self.links("jpeg24", count)
            sample = self.program.score(folder)[0]
            yield str(count), sample.seconds / sample.photos

    def prepare(self) -> None:
        """Make all that is kept: photos, the competitors' environment, the cache of small photos."""
        for kind in self.plan.sets:
            make_set(kind, self.plan.folder)
        if self.plan.has("others"):
            environment.prepare(self.plan.folder)
        if self.plan.has("cached"):
            self._fill()

    def _fill(self) -> Path:
        """A folder of small photos that the cache knows; quick, if it knows them already."""
        count = self.plan.cached
        folder = self.plan.folder / f"small-{count}"
        if not (folder / "made.txt").exists():
            _say(f"making {count:,} small photos")
            make_small_photos(folder, count)
            (folder / "made.txt").touch()
        _say(f"a run over {count:,} small photos, so that the cache knows them")
        self.program.score(folder, "--assess", CACHED, cache=True)
        return folder

    def _cached(self) -> dict[str, float]:
        """A run over small photos of which the cache knows all, beside `os.stat` of each of them."""
        folder = self._fill()
        runs, looks, one = [], [], []
        for _ in range(3):
            runs.append(self.program.score(folder, "--assess", CACHED, cache=True)[0].seconds)
            one.append(
                self.program.score(folder / "000" / "IMG_000000.jpg", "--assess", CACHED, cache=True)[0]
            )
            looks.append(_seconds_to_look(folder))
        return {
            "photos": self.plan.cached,
            "seconds": median(runs),
            "one_s": median(sample.seconds for sample in one),
            "stat_s": median(looks),
        }


def _decoding(library: str, work: list[tuple[Path, float]]) -> Callable[[], Sample]:
    return lambda: decode_all(library, work)


def _other(python: Path, name: str, folder: Path) -> Callable[[], Sample]:
    return lambda: environment.run(python, name, folder)


def _seconds_to_look(folder: Path) -> float:
    """Walk a tree and ask the system about each file, as the least that a second run must do."""
    started = time.perf_counter()
    for parent, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(parent, name))  # noqa: PTH116, PTH118 - what it takes without pathlib
    return time.perf_counter() - started


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {what}", file=sys.stderr, flush=True)
