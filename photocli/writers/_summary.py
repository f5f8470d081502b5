"""Below the table on the terminal: how the photos spread, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from photocli.display import bar, cells, counted, folded, joined, printable, shorten

if TYPE_CHECKING:
    from rich.console import Console

    from photocli.scoring.pipeline import Summary

BINS: tuple[str, ...] = tuple(f"{low}–{low + 1}" for low in range(1, 10))
"""The bins of histograms of scores; each holds its lower end, the last one both."""

FACE_COUNTS = ("no face", "1 face", "2 faces", "3 or more")
CROPS = ("whole", "cropped")

_ORDERED: tuple[tuple[str, ...], ...] = (BINS, FACE_COUNTS, CROPS)
_MOST_GROUPS = 12
_GROUP_CELLS = 24
_BAR_CELLS = 50
_PROVIDERS = {
    "CPUExecutionProvider": "CPU",
    "CUDAExecutionProvider": "CUDA",
    "TensorrtExecutionProvider": "TensorRT",
    "OpenVINOExecutionProvider": "OpenVINO",
    "CoreMLExecutionProvider": "Core ML",
    "DmlExecutionProvider": "DirectML",
}
_EXPLAINED = {
    "kept": "your own rating, flag or label stays",
    "linked": "behind a link out of the folders given, never written",
}


def score_bins(value: float | None) -> list[str]:
    """The bin of the histogram that a score of 1 to 10 belongs to; none for None."""
    return [] if value is None else [BINS[min(max(int(value), 1), len(BINS)) - 1]]


def print_counts(out: Console, name: str, counts: Mapping[str, int]) -> None:
    """Print how many photos each group has, as bars: groups that have an order in it, with the empty ones."""
    known = next((groups for groups in _ORDERED if set(counts) <= set(groups)), None)
    ranked = sorted(counts, key=lambda group: (-counts[group], group))
    shown = list(known or ranked[:_MOST_GROUPS])
    labels = [shorten(printable(group), _GROUP_CELLS) for group in shown]
    wide = max(map(cells, (name, *labels)))
    most = max(counts.values())
    length = max(1, min(_BAR_CELLS, out.width - wide - 3 - len(f"{most:,}")))
    out.print(f"{_right(name, wide)}  Photos", markup=False, style="bold")
    for label, group in zip(labels, shown, strict=True):
        count = counts.get(group, 0)
        line = f"{_right(label, wide)}  {bar(count, most, length)} {f'{count:,}' if count else ''}"
        out.print(line.rstrip(), markup=False)
    if more := len(ranked) - len(shown) if known is None else 0:
        out.print(f"{_right('', wide)}  {more:,} more", markup=False)
    out.print()


def print_summary(out: Console, summary: Summary, sidecars: str = "", taste: str | None = None) -> None:
    """Print what was done: the photos, where the models ran, what `sidecars` says of those."""
    for line in joined(_parts(summary, taste), out.width):
        out.print(line, markup=False, style="bold")
    if summary.skipped:
        others = "1 other file was no photo" if summary.skipped == 1 else None
        line = others or f"{summary.skipped:,} other files were no photos"
        print_folded(out, f"{line} (listed in CSV and JSON)")
    if sidecars:
        print_folded(out, sidecars)


def print_folded(out: Console, text: str, indent: int = 4) -> None:
    """Print a sentence in lines that fit, with a hanging indent."""
    for line in folded(text, out.width, indent):
        out.print(line, markup=False)


def _parts(summary: Summary, taste: str | None) -> list[str]:
    device = _PROVIDERS.get(summary.provider or "", summary.provider)
    return [
        counted(summary.photos, "photo"),
        f"{summary.failed:,} failed",
        f"{summary.cached:,} from the cache",
        *([f"{summary.previews:,} from embedded previews"] if summary.previews else []),
        *([f"your taste {printable(taste)!r}"] if taste is not None else []),
        *([f"on {device}"] if device else []),
        f"{summary.rate:,.1f} photos/s",
        f"{summary.seconds:,.1f} s",
    ]


def outcomes_in_words(sidecars: Mapping[Any, int], what: str = "sidecars") -> str:
    """Say what became of the sidecars, or `what` was written, by the kinds of outcomes; empty for none."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(sidecars.items()) if count)
    notes = "; ".join(f"{kind}: {why}" for kind, why in _EXPLAINED.items() if sidecars.get(kind))
    return f"{what}: {kinds}" + (f" ({notes})" if notes else "") if kinds else ""


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text
