"""The table on the terminal: the best and the worst photos, how the scores spread, and what was done."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.display import bar, cells, common_folder, printable, shorten
from photocli.errors import UsageError
from photocli.records import RECORD_FIELDS, as_columns, as_dict, columns
from photocli.scoring.profiles import GENERAL
from photocli.scoring.ratings import breakdown, in_words
from photocli.writers._columns import cells_left, columns_of, columns_that_fit, deducted, formatted

if TYPE_CHECKING:
    from rich.console import Console
    from typing_extensions import Self

    from photocli.records import Record
    from photocli.scoring.pipeline import Summary
    from photocli.scoring.profiles import Profile

_PROVIDERS = {
    "CPUExecutionProvider": "CPU",
    "CUDAExecutionProvider": "CUDA",
    "TensorrtExecutionProvider": "TensorRT",
}
_NAME_CELLS = 20  # the least that the names of the photos get
_LEFT = ("Stars", "Faults", "Style", "Medium", "Class")  # the columns that begin at their left
_WORTH = ("Stars", "Faults", "Aesthetic", "Selfie", "Technical", "Faces", "Style", "Medium", "Class")
_AFTER = 1  # of these come classifiers, which somebody added; all in this order, as far as there is room
_UNSORTED = ("each_face", "answers", "styles", "explained")
_LOWEST, _HIGHEST = 1, 10  # the scale of the overall score


class TableWriter:
    """Keeps the best and the worst records, and counts the rest; `show` prints. Memory does not grow."""

    def __init__(
        self,
        *,
        sort: str = "score",
        top: int = 10,
        profile: Profile = GENERAL,
        classifiers: Sequence[str] = (),
    ) -> None:
        """`sort` is the field that ranks, `top` how many photos each end shows, `profile` what scores follow.

        `classifiers` are the names of those that have columns. Raises `UsageError`.
        """
        self._classifiers = tuple(classifiers)
        if sort not in (*RECORD_FIELDS, *columns(self._classifiers)) or sort in _UNSORTED:
            raise UsageError(f"there is no field '{sort}' to sort by; try score, aesthetic, captured or path")
        self._sort = sort
        self._top = top
        self._profile = profile
        self._best: list[tuple[Any, int, Record]] = []
        self._worst: list[tuple[Any, int, Record]] = []
        self._spread = [0] * (_HIGHEST - _LOWEST + 1)
        self._number = 0

    def write(self, record: Record) -> None:
        """Take one record."""
        if record.status != "ok":
            return
        if record.score is not None:
            self._spread[min(max(round(record.score), _LOWEST), _HIGHEST) - _LOWEST] += 1
        value = {**as_dict(record), **as_columns(record, self._classifiers)}[self._sort]
        if value is None or not self._top:
            return
        self._number += 1  # of equal photos the earlier one comes first
        key = _Reversed(value) if isinstance(value, str) else value
        _keep(self._best, (key, -self._number, record), self._top)
        down = _Reversed(key)
        _keep(self._worst, (down, -self._number, record), self._top)

    def close(self) -> None:
        """Nothing to do: `show` prints."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(
        self, summary: Summary, sidecars: Mapping[Any, int] | None = None, *, stderr: bool = False
    ) -> None:
        """Print the table, the histogram and the summary; to stderr where stdout carries data."""
        from rich.console import Console

        console = Console(stderr=stderr, highlight=False)
        best = [item[2] for item in sorted(self._best, reverse=True)]
        shown = {record.path for record in best}
        worst = [item[2] for item in sorted(self._worst) if item[2].path not in shown]
        if best:
            self._print_ranked(console, best, worst)
        if any(self._spread) and self._top:
            _print_spread(console, self._spread)
        _print_summary(console, summary, sidecars or {})

    def _print_ranked(self, console: Console, best: list[Record], worst: list[Record]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        folder = common_folder([record.path for record in best + worst])
        title = f"Best and worst of {printable(folder) or 'the photos'}, by {self._sort}"
        table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False)
        names = [printable(record.path[len(folder) :]) for record in best + worst]
        least = min(_NAME_CELLS, max(map(cells, names)))
        everything = columns_of(best + worst, self._sort, self._profile, self._classifiers)
        worth = (*_WORTH[:_AFTER], *self._classifiers, *_WORTH[_AFTER:])
        beside = columns_that_fit(everything, worth, console.width, least)
        room = max(1, cells_left(beside, console.width))
        table.add_column("Photo", no_wrap=True)
        for name in beside:
            left = name in (*_LEFT, *self._classifiers)
            table.add_column(Text(name), no_wrap=True, justify="left" if left else "right")
        for row, name in enumerate(names):
            texts = (column[row] for column in beside.values())
            table.add_row(Text(shorten(name, room)), *texts, end_section=row == len(best) - 1)
        console.print(table)
        self._print_example(console, best + worst, folder)

    def _print_example(self, console: Console, records: list[Record], folder: str) -> None:
        """How the score of that photo came about which lost most by its faults."""
        parts = {record.path: breakdown(record, self._profile) for record in records}
        # A score at the end of its scale would need another word.
        plain = [record for record in records if not any(part.name == "limit" for part in parts[record.path])]
        most = min(plain or records, key=lambda record: deducted(parts[record.path]))
        if not deducted(parts[most.path]):
            return
        name = printable(most.path[len(folder) :])
        for named in (3, 2, 1):
            sum_ = f": {formatted(most.score)} = {in_words(parts[most.path], most=named, named=most.faults)}"
            if (room := console.width - cells(sum_)) >= min(_NAME_CELLS // 2, cells(name)):
                console.print(f"{shorten(name, room)}{sum_}\n", markup=False)
                return


def _print_spread(console: Console, spread: list[int]) -> None:
    width = max(10, min(50, console.width - 20))
    for score, count in enumerate(spread, start=_LOWEST):
        console.print(f"{score:>5}  {bar(count, max(spread), width):<{width}} {count or ''}", markup=False)
    console.print()


def _print_summary(console: Console, summary: Summary, sidecars: Mapping[Any, int]) -> None:
    device = _PROVIDERS.get(summary.provider or "", summary.provider) or "the cache alone"
    parts = [
        f"{summary.photos:,} {'photo' if summary.photos == 1 else 'photos'}",
        f"{summary.failed:,} failed",
        f"{summary.cached:,} from the cache",
        f"on {device}" if summary.provider else "no model needed",
        f"{summary.rate:,.1f} photos/s",
        f"{summary.seconds:,.1f} s",
    ]
    console.print(" · ".join(parts), markup=False, style="bold")
    if summary.skipped:
        others = "1 other file was no photo" if summary.skipped == 1 else None
        line = others or f"{summary.skipped:,} other files were no photos"
        console.print(f"{line} (listed in CSV and JSON)", markup=False)
    if sidecars:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(sidecars.items()))
        console.print(f"sidecars: {kinds}" + _explained(sidecars), markup=False)


def _explained(sidecars: Mapping[Any, int]) -> str:
    notes = ["kept: your own rating stands"] if sidecars.get("kept") else []
    notes += (
        ["linked: behind a link out of the folders given, never written"] if sidecars.get("linked") else []
    )
    return f" ({'; '.join(notes)})" if notes else ""


def _keep(heap: list[tuple[Any, int, Record]], item: tuple[Any, int, Record], most: int) -> None:
    if len(heap) < most:
        heapq.heappush(heap, item)
    else:
        heapq.heappushpop(heap, item)


class _Reversed:
    """Orders the other way round: text from A to Z counts as best first."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)
