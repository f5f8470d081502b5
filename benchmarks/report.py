"""Results as text: tables in Markdown, for a terminal and for the pages of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.results import Results, Way
from benchmarks.stages import table as stages_table


@dataclass(frozen=True)
class Target:
    """What is to be reached: a value, and what it must be at least, or at most."""

    title: str
    value: float | None
    limit: float
    most: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether it is; None where it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.limit if self.most else self.value >= self.limit

    def __str__(self) -> str:
        """A row of a table."""
        said = {True: "reached", False: "missed", None: "not measured"}[self.reached]
        value = "–" if self.value is None else f"{self.value:.3g}"
        return f"| {self.title} | {'≤' if self.most else '≥'} {self.limit:g} | {value} | {said} |"


def text(results: Results) -> str:
    """All tables of the results."""
    parts = [
        machine_line(results),
        rates_table(results),
        "\n".join(_facts(results)),
        targets_table(results),
        stages_table(results.stages) if results.stages else "",
    ]
    return "\n\n".join(part for part in parts if part)


def machine_line(results: Results) -> str:
    """On what and over what it was measured, in a sentence or two."""
    machine, shoot = results.machine, results.shoot
    flags = f" ({', '.join(machine['flags'])})" if machine["flags"] else ""
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"photocli {results.version}, {results.day}: {machine['processor']}{flags}, "
        f"{machine['cores']} cores, no GPU; "
        f"{machine['system']}, Python {machine['python']}, {libraries}. "
        f"{results.photos} JPEGs of 24 megapixels ({shoot['mean_mb']:.1f} MB each, "
        f"{shoot['distinct']} distinct), {results.rounds} rounds."
    )


def rates_table(results: Results) -> str:
    """A row for each way: photos a second with the lowest and the highest, CPU time, and beside ours."""
    whole = results.way("ours-all")
    lines = [
        "| way | photos/s | lowest–highest | CPU ms a photo | ours / this |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for way in results.ways:
        if not way.samples or way.key == "ours-one":
            continue
        rates = way.rates(results.photos)
        ratio = f"{whole.rate(results.photos) / way.rate(results.photos):.2f}" if whole else "–"
        lines.append(
            f"| {way.title} | {way.rate(results.photos):.1f} | {min(rates):.1f}–{max(rates):.1f}"
            f" | {_cpu(way)} | {ratio} |"
        )
    return "\n".join(lines)


def _cpu(way: Way) -> str:
    return f"{way.cpu_ms:.0f}" if way.cpu_ms else "–"


def _facts(results: Results) -> Iterator[str]:
    facts = results.facts
    if (one := results.way("ours-one")) is not None:
        seconds = median(sample.seconds for sample in one.samples)
        cpu = one.cpu_ms / 1000
        yield f"- One photo, from start to end: {cpu:.2f} s of CPU time, {seconds:.2f} s in all."
    if "scale" in facts:
        yield f"- A run decodes at {facts['scale']:.3g} of a photo's sides."
    if "peak_mb" in facts:
        yield f"- Peak memory of all processes over {results.photos} photos: {facts['peak_mb']:.0f} MB (PSS)."
    for count, seconds in facts.get("cost", {}).items():
        yield f"- {int(count):,} photos: {1000 * seconds:.1f} ms a photo."
    if (cached := facts.get("cached")) is not None:
        yield (
            f"- {cached['photos']:,} unchanged photos again: {cached['seconds']:.2f} s from start to end "
            f"({cached['one_s']:.2f} s of it is the start), `os.stat` of each {cached['stat_s']:.2f} s."
        )
    if results.paired:
        pair = results.paired
        yield (
            f"- Beside commit {pair['commit']}, in turns: {pair['ratio']:.2f} times the rate "
            f"({pair['lowest']:.2f}–{pair['highest']:.2f}), {pair['cpu_ratio']:.2f} times by CPU time."
        )


COMPARED = (
    ("all models / simplejpeg alone, at the run's scale", "ours-all", "simplejpeg-own", 0.65),
    ("three models / simplejpeg alone, at the run's scale", "ours-three", "simplejpeg-own", 0.80),
    ("`--decode fast` / normal, photos with previews", "ours-fast", "ours-previews", 4),
    ("all models / CleanVision", "ours-all", "cleanvision_issues", 18),
    ("all models / imagededup's PHash", "ours-all", "imagededup_phash", 7),
    ("all models / a plain loop", "ours-all", "torchvision_loop", 7),
    ("all models / pyiqa's NIMA", "ours-all", "pyiqa_nima", 8),
)
"""Rates that are compared: what it is called, which way by which, and what is to be reached."""


def targets(results: Results) -> list[Target]:
    """What this release set out to reach."""
    facts = results.facts
    costs = list(facts.get("cost", {}).values())
    cost = costs[-1] / costs[0] if len(costs) > 1 else None
    one, cached = results.way("ours-one"), facts.get("cached")
    start = None if one is None else one.cpu_ms / 1000
    again = None if cached is None else cached["seconds"] / cached["stat_s"]
    return [
        *(Target(title, results.ratio(key, other), limit) for title, key, other, limit in COMPARED),
        Target("rate / that of commit a477492", results.paired.get("ratio"), 1.6),
        Target("CPU time of `--detail native` / normal", _native(results), 1.7, most=True),
        Target("cost of a photo of most / of fewest", cost, 1.05, most=True),
        Target("peak memory, MB", facts.get("peak_mb"), 900, most=True),
        Target("one photo, s of CPU time", start, 0.7, most=True),
        Target("run from the cache / `os.stat`", again, 5, most=True),
    ]


def _native(results: Results) -> float | None:
    """By CPU time, which says more than the few rounds of the slow one do by the clock."""
    native, normal = results.way("ours-native"), results.way("ours-all")
    return None if native is None or normal is None or not normal.cpu_ms else native.cpu_ms / normal.cpu_ms


def targets_table(results: Results) -> str:
    """What was to be reached, and what was."""
    return "\n".join(["| target | | measured | |", "| --- | --- | ---: | --- |", *_rows(targets(results))])


def _rows(found: Iterable[Target]) -> Iterator[str]:
    return (str(target) for target in found if target.value is not None)
