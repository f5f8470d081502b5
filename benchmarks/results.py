"""What a benchmark measured, as values and as a JSON file; it names the machine's parts, and no machine."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.shoot.making import cores

FOLDER = Path(__file__).parent / "results"

_LIBRARIES = ("numpy", "pillow", "simplejpeg", "opencv-python-headless", "onnxruntime-gpu", "onnxruntime")
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm")


@dataclass(frozen=True)
class Sample:
    """One measurement: so many photos, in seconds of wall time and of all processors together.

    `start_s` is the part of `seconds` that passed before the first photo, where that is known.
    """

    photos: int
    seconds: float
    cpu_s: float
    start_s: float | None = None

    def rate(self, photos: int) -> float:
        """Photos a second as it would be over so many, where starting takes as long as it did."""
        if self.start_s is None:
            return self.photos / self.seconds
        return photos / (self.start_s + (self.seconds - self.start_s) * photos / self.photos)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of all processors for one photo."""
        return 1000 * self.cpu_s / self.photos


@dataclass
class Way:
    """One way to go through photos: its key, its group, what people call it, and what was measured."""

    key: str
    group: str
    title: str
    note: str = ""
    samples: list[Sample] = field(default_factory=list)

    def rates(self, photos: int) -> list[float]:
        """Photos a second of each sample, as over so many photos."""
        return [sample.rate(photos) for sample in self.samples]

    def rate(self, photos: int) -> float:
        """The median of the rates."""
        return median(self.rates(photos))

    @property
    def cpu_ms(self) -> float:
        """The median of the milliseconds of all processors for one photo."""
        return median(sample.cpu_ms for sample in self.samples)


@dataclass
class Results:
    """All that one run measured. `photos` is the number of photos for which rates hold.

    `facts` has what is measured once: `scale`, `peak_mb`, `cost` (seconds a photo by the number of photos)
    and `cached`. `stages` has milliseconds by stage, `paired` what `benchmarks.paired` found.
    """

    version: str
    photos: int
    rounds: int
    machine: dict[str, Any]
    shoot: dict[str, Any]
    ways: list[Way] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    stages: list[dict[str, Any]] = field(default_factory=list)
    paired: dict[str, Any] = field(default_factory=dict)
    day: str = field(default_factory=lambda: date.today().isoformat())

    def way(self, key: str) -> Way | None:
        """The way of that key, if it was measured."""
        return next((way for way in self.ways if way.key == key and way.samples), None)

    def ratio(self, key: str, other: str) -> float | None:
        """How many times as fast one way is as another; None where either was left out."""
        one, two = self.way(key), self.way(other)
        return None if one is None or two is None else one.rate(self.photos) / two.rate(self.photos)


def write(results: Results, folder: Path = FOLDER) -> Path:
    """Write `<version>.json`, rounded to what was measured, and return its path.

    Stages and pairs that an earlier run of the same version measured stay, where this one has none.
    """
    path = folder / f"{results.version}.json"
    if path.exists():
        before = read(path)
        results.stages = results.stages or before.stages
        results.paired = results.paired or before.paired
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(asdict(results)), indent=1) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> Results:
    """Read a file of results."""
    document = json.loads(path.read_text(encoding="utf-8"))
    ways = [
        Way(**{**way, "samples": [Sample(**sample) for sample in way["samples"]]})
        for way in document.pop("ways")
    ]
    known = {each.name for each in fields(Results)}
    return Results(ways=ways, **{name: value for name, value in document.items() if name in known})


def newest(folder: Path = FOLDER) -> Path | None:
    """The results of the highest version, if there are any."""
    return max(folder.glob("*.json"), key=_version, default=None)


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.stem.split(".") if part.isdigit())


def machine() -> dict[str, Any]:
    """What the figures depend on: processor, cores, flags that networks use, system, Python, libraries."""
    name, flags = _processor()
    return {
        "processor": name or platform.processor() or platform.machine(),
        "cores": cores(),
        "flags": [flag for flag in _FLAGS if flag in flags],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": dict(_versions(_LIBRARIES)),
    }


def _versions(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _processor() -> tuple[str, set[str]]:
    if sys.platform != "linux":
        return "", set()
    lines = [line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line]
    facts = {name.strip(): value.strip() for name, value in lines}
    return facts.get("model name", ""), set(facts.get("flags", facts.get("Features", "")).split())


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value
