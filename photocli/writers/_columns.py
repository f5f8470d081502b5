"""The columns of the table on the terminal: what their cells say, and which of them fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from photocli.display import cells, printable, shorten
from photocli.records import CONFIDENCE, as_columns, as_dict, columns
from photocli.scoring.profiles import FAULTS
from photocli.scoring.ratings import breakdown, summed

if TYPE_CHECKING:
    from rich.text import Text

    from photocli.records import Record
    from photocli.scoring.profiles import Profile
    from photocli.scoring.ratings import Part

_CLASS_STYLE = {"good": "green", "average": "", "bad": "red"}
_OPTIONAL = ("Selfie", "Faults", "Technical", "Faces", "Medium", "Style")  # shown where a photo has something
_SMALL = 0.15  # the share of a deduction below which its fault is not named
_LABEL_CELLS = 24  # the most that the names of classes get
_OWN_COLUMN = (
    *("score", "stars", "aesthetic", "aesthetic_class", "technical", "faults", "path"),
    *("medium", "style", "style_confidence"),
)


def columns_of(
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
        add("Score", formatted(record.score))
        add("Stars", "★" * (record.stars or 0), "yellow")
        add("Aesthetic", f"{formatted(aesthetic)}{spread}")
        add("Selfie", selfie)
        add("Faults", faults, "red" if record.faults else "")
        add("Technical", formatted(record.technical))
        add("Faces", _faces(record))
        answers = as_columns(record, classifiers)
        for name in classifiers:
            add(name, _confident(answers[name], answers[name + CONFIDENCE]))
        add("Style", _confident(record.style, record.style_confidence))
        add("Medium", record.medium or "")
        add("Class", label, _CLASS_STYLE.get(label, ""))
        if sort not in (*_OWN_COLUMN, *columns(classifiers)):
            add(sort, formatted(as_dict(record)[sort]))
    return {name: texts for name, texts in found.items() if name not in _OPTIONAL or any(texts)}


def _changes(record: Record, parts: Sequence[Part]) -> tuple[str, str]:
    """What the selfie score changed, and what the faults did, with the names of the worst two beyond doubt.

    Faults that cost nothing, as with a taste, are named alone. The changes are rounded so that the row adds
    up, and a limited score makes the deduction smaller.
    """
    first = summed([part for part in parts if part.name == "aesthetic"])
    moved = summed([part for part in parts if part.name in ("aesthetic", "selfie")])
    lost = deducted(parts)
    blamed = sorted((part for part in parts if part.name in FAULTS), key=lambda part: part.points)
    worst = [part.name for part in blamed if part.points <= _SMALL * lost and part.name in record.faults]
    worst = worst or list(record.faults)
    names = printable(", ".join(worst[:2]).replace("_", " "))
    change = round(moved, 2) - round(first, 2)
    drop = round(record.score or 0.0, 2) - round(moved, 2) if lost else 0.0
    return _signed(change), f"{_signed(drop)} {names}".strip() if drop or not blamed else ""


def _faces(record: Record) -> str:
    """How many faces there are, and the selfie score of the most prominent one; nothing without any."""
    if not record.faces:
        return ""
    return f"{record.faces}" if record.selfie is None else f"{record.faces}: {record.selfie:.1f}"


def _confident(label: str | None, confidence: float | None) -> str:
    """The name of a class, and how probable it is; `none` where none holds."""
    if confidence is None:
        return ""
    return f"{shorten(printable(label or 'none'), _LABEL_CELLS)} {confidence:.2f}"


def deducted(parts: Sequence[Part]) -> float:
    """The points, 0 or less, that faults take."""
    return sum(part.points for part in parts if part.name in (*FAULTS, "technical"))


def _signed(change: float) -> str:
    text = f"{abs(change):.2f}"
    return "" if text == "0.00" else f"{'−' if change < 0 else '+'}{text}"


def columns_that_fit(
    found: Mapping[str, list[Text]], worth: Sequence[str], width: int, least: int
) -> dict[str, list[Text]]:
    """Those columns which leave `least` cells for the names; what says most, and is first in `worth`, has
    precedence."""
    chosen = {name: texts for name, texts in found.items() if name not in worth}
    for name in (name for name in worth if name in found):
        if cells_left({**chosen, name: found[name]}, width) >= least:
            chosen[name] = found[name]
    return {name: texts for name, texts in found.items() if name in chosen}


def cells_left(found: Mapping[str, list[Text]], width: int) -> int:
    """How many cells the columns leave for the names; each has three of its own beside its text."""
    return width - 4 - sum(3 + max(map(cells, (name, *map(str, texts)))) for name, texts in found.items())


def formatted(value: Any) -> str:
    """Return a value as a cell shows it; nothing for None."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return printable(str(value))
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.1 else f"{value:.2g}"  # 1/250 s is not 0.00 s
