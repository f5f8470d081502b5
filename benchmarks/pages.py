"""Puts the newest results into the pages, between their marks: `python -m benchmarks.pages`.

docs/speed.md gets all tables, docs/speed.svg the chart, and the README the chart and the main figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import chart, report, results
from benchmarks.results import Results

ROOT = Path(__file__).parents[1]
START, END = "<!-- speed -->\n", "<!-- /speed -->\n"

_OTHERS = (
    ("cleanvision_issues", "CleanVision"),
    ("imagededup_phash", "imagededup's PHash"),
    ("torchvision_loop", "a plain loop of Pillow and torchvision"),
    ("pyiqa_nima", "pyiqa's NIMA"),
)


def publish(found: Results, root: Path = ROOT) -> None:
    """Write the chart, and both pages between their marks. Raises `ValueError` for a page without marks."""
    (root / "docs" / "speed.svg").write_text(chart.draw(found), encoding="utf-8")
    _replace(root / "docs" / "speed.md", "![Photos a second](speed.svg)\n\n" + report.text(found))
    _replace(root / "README.md", readme(found))


def readme(found: Results) -> str:
    """The README's paragraph of the results: whole sentences, each only where its figure was measured."""
    machine, facts = found.machine, found.facts
    whole = found.way("ours-all")
    if whole is None:
        raise ValueError("the results have no run of all models")
    place = f"On {machine['cores']} cores of an {machine['processor']} without a GPU"
    said = [
        f"{place}, photocli looks at {whole.rate(found.photos):.1f} JPEGs of 24 megapixels a second with all "
        f"six models{_share(found, 'ours-all')}{_three(found)}."
    ]
    times = [
        f"{ratio:.0f} times {title}" for key, title in _OTHERS if (ratio := found.ratio("ours-all", key))
    ]
    if times:
        said.append(f"Over the same photos that is {_listed(times)}.")
    if "peak_mb" in facts:
        said.append(f"All processes together take {facts['peak_mb']:.0f} MB.")
    if (cached := facts.get("cached")) is not None:
        said.append(
            f"A second run over {cached['photos']:,} unchanged photos takes {cached['seconds']:.1f} s."
        )
    if (ratio := found.ratio("ours-fast", "ours-previews")) is not None:
        said.append(f"`--decode fast` is {ratio:.1f} times as fast, where photos have previews.")
    said.append(
        "[docs/speed.md](docs/speed.md) has all figures, says where each millisecond goes and what others "
        "do and don't do; `python -m benchmarks` measures it on your machine."
    )
    return "![Photos a second, beside other programs](docs/speed.svg)\n\n" + _wrapped(" ".join(said))


def _share(found: Results, key: str) -> str:
    share = found.ratio(key, "simplejpeg-own")
    return "" if share is None else f", {share:.0%} of what the cores reach by only decoding them"


def _three(found: Results) -> str:
    share = found.ratio("ours-three", "simplejpeg-own")
    return "" if share is None else f" ({share:.0%} with three models)"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def _replace(page: Path, text: str) -> None:
    before, start, rest = page.read_text(encoding="utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{page.name} lacks the marks between which the figures stand")
    page.write_text(f"{before}{START}\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Publish the results of the highest version."""
    path = results.newest()
    if path is None:
        sys.exit("there are no results yet; run python -m benchmarks")
    publish(results.read(path))


if __name__ == "__main__":
    main()
