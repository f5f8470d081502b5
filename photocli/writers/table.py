"""The table on the terminal: the best and the worst photos, how the scores spread, and what was done."""

from __future__ import annotations

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.display import (
    cells,
    cells_left,
    column_of,
    columns_that_fit,
    common_folder,
    console,
    heading,
    joined,
    printable,
    shorten_name,
    shorten_names,
    table,
)
from photocli.errors import UsageError
from photocli.records import RECORD_FIELDS, as_columns, as_dict, columns
from photocli.scoring.profiles import GENERAL
from photocli.scoring.ratings import breakdown, in_words
from photocli.writers._columns import columns_of, deducted, formatted
from photocli.writers._layouts import layouts
from photocli.writers._summary import print_counts, print_folded, print_summary, score_bins

if TYPE_CHECKING:
    from rich.console import Console
    from typing_extensions import Self

    from photocli.display import Column
    from photocli.records import Record
    from photocli.scoring.profiles import Profile
    from photocli.scoring.results import Summary

_NAME_CELLS = 14  # the least that the name of the example gets
_SUM = ("Aesthetic", "Selfie", "Faults")  # what a score is made of: all of it is shown, or none
_WORTH = ("Technical", "Faces", "Style", "Better half", "Class", "Medium")  # most first, after classifiers
_QUALITIES = (  # fields of which more is better
    *("score", "stars", "aesthetic", "aesthetic_good", "technical", "selfie", "face_sharpness", "taste"),
)
_UNSORTED = ("each_face", "answers", "styles", "explained", "focus_points")


class TableWriter:
    """Keeps the best and the worst records, and counts the rest; `show` prints. Memory does not grow."""

    def __init__(
        self,
        *,
        sort: str = "",
        top: int = 10,
        profile: Profile = GENERAL,
        classifiers: Sequence[str] = (),
        kinds: Sequence[str] = (),
        taste: str | None = None,
    ) -> None:
        """`sort` is the field that ranks, `top` how many photos each end shows, `profile` what scores follow.

        `classifiers` are the names of those that have columns, `kinds` those of the models that are run (all
        without any), and `taste` the name of the one in use. Without `sort`, the score ranks, or what the
        models say. Raises `UsageError`.
        """
        self._classifiers = tuple(classifiers)
        known = (*RECORD_FIELDS, *columns(self._classifiers))
        if sort and (sort not in known or sort in _UNSORTED):
            raise UsageError(f"there is no field '{sort}' to sort by; try score, aesthetic, captured or path")
        self._layouts = layouts(kinds, classifiers) if kinds else []
        self._sort = sort or ("" if self._layouts else "score")
        self._asked = sort
        self._top = top
        self._profile = profile
        self._taste = taste
        self._best: list[tuple[Any, int, Record]] = []
        self._worst: list[tuple[Any, int, Record]] = []
        self._counts: Counter[str] = Counter()
        self._number = 0

    def write(self, record: Record) -> None:
        """Take one record."""
        if record.status != "ok":
            return
        first = self._layouts[0] if self._layouts else None
        self._counts.update(first.tally(record) if first else score_bins(record.score))
        value = self._rank(record)
        if value is None or not self._top:
            return
        self._number += 1  # of equal photos the earlier one comes first
        key = _Reversed(value) if isinstance(value, str) else value
        _keep(self._best, (key, -self._number, record), self._top)
        if self._sort or (first and first.ends):
            _keep(self._worst, (_Reversed(key), self._number, record), self._top)

    def _rank(self, record: Record) -> Any:
        if not self._sort:
            return self._layouts[0].rank(record)
        if self._sort in RECORD_FIELDS:
            return getattr(record, self._sort)
        return {**as_dict(record), **as_columns(record, self._classifiers)}[self._sort]

    def close(self) -> None:
        """Nothing to do: `show` prints."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(self, summary: Summary, sidecars: str = "", *, stderr: bool = False) -> None:
        """Print the table, the histogram and the summary; to stderr where stdout carries data.

        `sidecars` says what became of them (`XmpWriter.in_words`).
        """
        out = console(stderr=stderr)
        best = [item[2] for item in sorted(self._best, reverse=True)]
        shown = {record.path for record in best}
        worst = [item[2] for item in sorted(self._worst) if item[2].path not in shown]
        if best:
            self._print_ranked(out, best, worst)
        elif self._asked and self._top and summary.photos > summary.failed:
            print_folded(out, f"no photo has a value for {self._asked}")
        if self._counts and self._top:
            print_counts(out, self._layouts[0].counted if self._layouts else "Score", self._counts)
        print_summary(out, summary, sidecars, self._taste)

    def _print_ranked(self, out: Console, best: list[Record], worst: list[Record]) -> None:
        from rich.text import Text

        shown = best + worst
        folder = common_folder([record.path for record in shown])
        before, after = self._title(both=bool(worst))
        out.print(Text(heading(before, printable(folder) or "the photos", after, out.width)))
        names = [printable(record.path[len(folder) :]) for record in shown]
        longest = max(map(cells, names))
        everything, worth = self._columns(shown)
        beside = columns_that_fit(everything, worth, out.width, longest, self._essential)
        rows = table(beside)
        room = min(longest, max(1, cells_left(beside, out.width)))
        for row, name in enumerate(shorten_names(names, room)):
            texts = (column.forms[0][1][row] for column in beside.values())
            rows.add_row(Text(name), *texts, end_section=row == len(best) - 1 and bool(worst))
        out.print(rows)
        out.print()
        if self._layouts:
            self._print_notes(out, [name.lower() for name in everything if name not in beside])
        else:
            self._print_example(out, shown, folder)

    def _title(self, *, both: bool) -> tuple[str, str]:
        """What stands in the title before the folder, and after it."""
        if self._sort == "score" and self._taste is not None:
            after = f", by your taste {printable(self._taste)!r}"
        else:
            after = f", {f'by {self._sort}'.replace('_', ' ') if self._sort else self._layouts[0].order}"
        if self._sort:
            return ("Best and worst of " if self._sort in _QUALITIES else "First and last of ", after)
        return ("Best and worst of " if self._layouts[0].best and both else "Photos of ", after)

    def _columns(self, records: list[Record]) -> tuple[dict[str, Column], list[tuple[str, ...]]]:
        """The columns that there could be, and which are worth most."""
        if not self._layouts:
            found = columns_of(records, self._sort, self._profile, self._classifiers)
            # A taste gives the score outright, so the aesthetic one is no part of it.
            first = [_SUM, ("Stars",)] if self._taste is None else [("Stars",), ("Faults",)]
            last = [] if self._taste is None else [("Aesthetic",)]
            others = (*self._classifiers, *_WORTH)
            return found, [*first, *((name,) for name in others), *last]
        said = [each.columns(records) for each in self._layouts]
        found = {name: column for each in said for name, column in each.items()}
        # The first column of each model comes first, then the second of each, and so on.
        turns = itertools.zip_longest(*said)
        worth: list[tuple[str, ...]] = [(name,) for names in turns for name in names if name is not None]
        if self._sort and self._sort != "path" and self._sort.capitalize() not in found:
            values = ({**as_dict(record), **as_columns(record, self._classifiers)} for record in records)
            found[self._sort] = column_of(self._sort, [formatted(each[self._sort]) for each in values])
        return found, worth

    @property
    def _essential(self) -> int:
        """How many of the columns that are worth most may leave less room for the names."""
        return len(RECORD_FIELDS) if self._layouts else 2

    def _print_notes(self, out: Console, left_out: Sequence[str]) -> None:
        """What the columns mean, and which ones there is no room for."""
        if left_out:
            print_folded(
                out, f"no room for {', '.join(left_out)}: a wider window shows all, and so does --csv"
            )
        for note in dict.fromkeys(each.note for each in self._layouts if each.note):
            print_folded(out, note, 0)
        if left_out or any(each.note for each in self._layouts):
            out.print()

    def _print_example(self, out: Console, records: list[Record], folder: str) -> None:
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
            if (room := out.width - cells(sum_)) >= min(_NAME_CELLS, cells(name)):
                out.print(f"{shorten_name(name, room)}{sum_}\n", markup=False)
                return
        summands = re.split(r" (?=[+−] )", in_words(parts[most.path], most=3, named=most.faults))
        start = f"{shorten_name(name, out.width - 8)}: {formatted(most.score)}"
        for line in joined([start, "=", *summands], out.width, " "):
            out.print(line, markup=False)
        out.print()


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
