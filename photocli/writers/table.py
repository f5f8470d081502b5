"""The table on the terminal: the best and the worst photos, how the scores spread, and what was done."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.display import bar, cells, common_folder, printable, shorten
from photocli.errors import UsageError
from photocli.profiles import FAULTS, GENERAL
from photocli.ratings import breakdown, in_words, summed
from photocli.records import CONFIDENCE, RECORD_FIELDS, as_columns, as_dict, columns

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text
    from typing_extensions import Self

    from photocli.pipeline import Summary
    from photocli.profiles import Profile
    from photocli.ratings import Part
    from photocli.records import Record

_PROVIDERS = {
    "CPUExecutionProvider": "CPU",
    "CUDAExecutionProvider": "CUDA",
    "TensorrtExecutionProvider": "TensorRT",
}
_CLASS_STYLE = {"good": "green", "average": "", "bad": "red"}
_NAME_CELLS = 20  # the least that the names of the photos get
_LEFT = ("Stars", "Faults", "Style", "Medium", "Class")  # the columns that begin at their left
_WORTH = ("Stars", "Faults", "Aesthetic", "Selfie", "Technical", "Faces", "Style", "Medium", "Class")
_AFTER = 1  # of these come classifiers, which somebody added; all in this order, as far as there is room
_OPTIONAL = ("Selfie", "Faults", "Technical", "Faces", "Medium", "Style")  # shown where a photo has something
_SMALL = 0.15  # the share of a deduction below which its fault is not named
_OWN_COLUMN = (
    *("score", "stars", "aesthetic", "aesthetic_class", "technical", "faults", "path"),
    *("medium", "style", "style_confidence"),
)
_UNSORTED = ("each_face", "answers", "styles")
_LABEL_CELLS = 24  # the most that the names of classes get
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
        everything = _columns(best + worst, self._sort, self._profile, self._classifiers)
        worth = (*_WORTH[:_AFTER], *self._classifiers, *_WORTH[_AFTER:])
        fitting = _fitting(everything, worth, console.width, least)
        room = max(1, _room(fitting, console.width))
        table.add_column("Photo", no_wrap=True)
        for name in fitting:
            left = name in (*_LEFT, *self._classifiers)
            table.add_column(Text(name), no_wrap=True, justify="left" if left else "right")
        for row, name in enumerate(names):
            beside = (texts[row] for texts in fitting.values())
            table.add_row(Text(shorten(name, room)), *beside, end_section=row == len(best) - 1)
        console.print(table)
        self._print_example(console, best + worst, folder)

    def _print_example(self, console: Console, records: list[Record], folder: str) -> None:
        """How the score of that photo came about which lost most by its faults."""
        parts = {record.path: breakdown(record, self._profile) for record in records}
        # A score at the end of its scale would need another word.
        plain = [record for record in records if not any(part.name == "limit" for part in parts[record.path])]
        most = min(plain or records, key=lambda record: _lost(parts[record.path]))
        if not _lost(parts[most.path]):
            return
        name = printable(most.path[len(folder) :])
        for named in (3, 2, 1):
            said = f": {_value(most.score)} = {in_words(parts[most.path], most=named)}"
            if (room := console.width - cells(said)) >= min(_NAME_CELLS // 2, cells(name)):
                console.print(f"{shorten(name, room)}{said}\n", markup=False)
                return


def _columns(
    records: list[Record], sort: str, profile: Profile, classifiers: Sequence[str] = ()
) -> dict[str, list[Text]]:
    """The cells beside the names, by column: Score = Aesthetic + Selfie + Faults."""
    from rich.text import Text

    found: dict[str, list[Text]] = {}

    def add(column: str, text: str, style: str = "") -> None:
        found.setdefault(column, []).append(Text(text, style=style))

    for record in records:
        spread = f" ±{record.aesthetic_std:.1f}" if record.aesthetic_std is not None else ""
        label = record.aesthetic_class or ""
        parts = breakdown(record, profile)
        selfie, faults = _changes(record, parts)
        # With the decimals that a score is made of, lest a value at the edge be rounded otherwise than it.
        aesthetic = next((part.value for part in parts if part.name == "aesthetic"), record.aesthetic)
        add("Score", _value(record.score))
        add("Stars", "★" * (record.stars or 0), "yellow")
        add("Aesthetic", f"{_value(aesthetic)}{spread}")
        add("Selfie", selfie)
        add("Faults", faults, "red" if record.faults else "")
        add("Technical", _value(record.technical))
        add("Faces", _faces(record))
        answers = as_columns(record, classifiers)
        for name in classifiers:
            add(name, _sure(answers[name], answers[name + CONFIDENCE]))
        add("Style", _sure(record.style, record.style_confidence))
        add("Medium", record.medium or "")
        add("Class", label, _CLASS_STYLE.get(label, ""))
        if sort not in (*_OWN_COLUMN, *columns(classifiers)):
            add(sort, _value(as_dict(record)[sort]))
    return {name: texts for name, texts in found.items() if name not in _OPTIONAL or any(texts)}


def _changes(record: Record, parts: Sequence[Part]) -> tuple[str, str]:
    """What the selfie score changed, and what the faults did, with the names of the worst two.

    Faults that cost nothing, as with a taste, are named alone. The changes are rounded so that the row adds
    up, and a limited score makes the deduction smaller.
    """
    first = summed([part for part in parts if part.name == "aesthetic"])
    moved = summed([part for part in parts if part.name in ("aesthetic", "selfie")])
    lost = _lost(parts)
    blamed = sorted((part for part in parts if part.name in FAULTS), key=lambda part: part.points)
    worst = [part.name for part in blamed if part.points <= _SMALL * lost] or list(record.faults)
    names = printable(", ".join(worst[:2]).replace("_", " "))
    change = round(moved, 2) - round(first, 2)
    drop = round(record.score or 0.0, 2) - round(moved, 2) if lost else 0.0
    return _signed(change), f"{_signed(drop)} {names}".strip() if drop or not blamed else ""


def _faces(record: Record) -> str:
    """How many faces there are, and the selfie score of the most prominent one; nothing without any."""
    if not record.faces:
        return ""
    return f"{record.faces}" if record.selfie is None else f"{record.faces}: {record.selfie:.1f}"


def _sure(label: str | None, confidence: float | None) -> str:
    """The name of a class, and how probable it is; `none` where none holds."""
    if confidence is None:
        return ""
    return f"{shorten(printable(label or 'none'), _LABEL_CELLS)} {confidence:.2f}"


def _lost(parts: Sequence[Part]) -> float:
    """The points, 0 or less, that faults take."""
    return sum(part.points for part in parts if part.name in (*FAULTS, "technical"))


def _signed(change: float) -> str:
    text = f"{abs(change):.2f}"
    return "" if text == "0.00" else f"{'−' if change < 0 else '+'}{text}"


def _fitting(
    found: Mapping[str, list[Text]], worth: Sequence[str], width: int, least: int
) -> dict[str, list[Text]]:
    """Those columns which leave `least` cells for the names; what says most, and is first in `worth`, has
    precedence."""
    chosen = {name: texts for name, texts in found.items() if name not in worth}
    for name in (name for name in worth if name in found):
        if _room({**chosen, name: found[name]}, width) >= least:
            chosen[name] = found[name]
    return {name: texts for name, texts in found.items() if name in chosen}


def _room(found: Mapping[str, list[Text]], width: int) -> int:
    """How many cells the columns leave for the names; each has three of its own beside its text."""
    return width - 4 - sum(3 + max(map(cells, (name, *map(str, texts)))) for name, texts in found.items())


def _value(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return printable(str(value))
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.1 else f"{value:.2g}"  # 1/250 s is not 0.00 s


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
        said = others or f"{summary.skipped:,} other files were no photos"
        console.print(f"{said} (listed in CSV and JSON)", markup=False)
    if sidecars:
        said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(sidecars.items()))
        console.print(f"sidecars: {said}" + _explained(sidecars), markup=False)


def _explained(sidecars: Mapping[Any, int]) -> str:
    said = ["kept: your own rating stands"] if sidecars.get("kept") else []
    said += (
        ["linked: behind a link out of the folders given, never written"] if sidecars.get("linked") else []
    )
    return f" ({'; '.join(said)})" if said else ""


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
