"""The columns of the table on the terminal: what their cells say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from photocli.display import BAD, GOOD, STARS, Column, percent, printable, shorten, signed
from photocli.records import CONFIDENCE, as_columns, as_dict, columns
from photocli.scoring.profiles import FAULTS
from photocli.scoring.ratings import breakdown, summed

if TYPE_CHECKING:
    from rich.text import Text

    from photocli.records import Record
    from photocli.scoring.profiles import Profile
    from photocli.scoring.ratings import Part

_CLASS_STYLE = {"good": GOOD, "average": "", "bad": BAD}
_OPTIONAL = ("Selfie", "Faults", "Technical", "Faces", "Medium", "Style", "Better half")  # if a photo has it
_SMALL = 0.15  # the share of a deduction below which its fault is not named
_LABEL_CELLS = 24  # the most that the names of classes get
_PLAIN = "plain"  # the style of a photo without any, which is no news
_OWN_COLUMN = (
    *("score", "stars", "aesthetic", "aesthetic_good", "aesthetic_class", "technical", "faults", "path"),
    *("medium", "style", "style_confidence"),
)


def columns_of(
    records: list[Record], sort: str, profile: Profile, classifiers: Sequence[str] = ()
) -> dict[str, Column]:
    """The columns beside the names: Score = Aesthetic + Selfie + Faults, and what else is known."""
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
        add("Stars", "★" * (record.stars or 0), STARS)
        add("Aesthetic", f"{formatted(aesthetic)}{spread}")
        add("Selfie", selfie)
        add("Faults", faults, BAD if record.faults else "")
        add("Technical", formatted(record.technical))
        add("Better half", "" if record.aesthetic_good is None else percent(record.aesthetic_good))
        add("Faces", _faces(record))
        answers = as_columns(record, classifiers)
        for name in classifiers:
            add(name, confident(answers[name], answers[name + CONFIDENCE]))
        add("Style", "" if record.style == _PLAIN else confident(record.style, record.style_confidence))
        add("Medium", record.medium or "")
        add("Class", label, _CLASS_STYLE.get(label, ""))
        if sort not in (*_OWN_COLUMN, *columns(classifiers)):
            add(sort, for_people(sort, as_dict(record)[sort]))
    left = ("Stars", "Faults", "Style", "Medium", "Class", *classifiers)
    kept = {name: said for name, said in found.items() if name not in _OPTIONAL or any(said)}
    return {name: _column(name, said, left=name in left) for name, said in kept.items()}


def _column(name: str, said: list[Text], *, left: bool) -> Column:
    """A column as it is, or without what is in some of its cells beside a number."""
    forms = [said]
    if name == "Faults":
        forms += [[_before(text, ",") for text in said], [_before(text, " ") for text in said]]
        if not any(forms[-1]):  # they are named, and cost nothing
            del forms[-1]
    elif name == "Aesthetic":
        forms.append([_before(text, " ") for text in said])
    return Column(tuple((name, form) for form in forms), left)


def _before(text: Text, mark: str) -> Text:
    from rich.text import Text

    said, _, rest = str(text).partition(mark)
    if mark == ",":
        said += " …" if rest else ""
    elif said.isalpha():
        said = ""
    return Text(said, style=text.style)


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


def confident(label: str | None, confidence: float | None) -> str:
    """The name of a class, and how probable it is; `none` where none holds."""
    if confidence is None:
        return ""
    if label is None:
        return "none"
    return f"{shorten(printable(label), _LABEL_CELLS)} {percent(confidence)}"


def deducted(parts: Sequence[Part]) -> float:
    """The points, 0 or less, that faults take."""
    return sum(part.points for part in parts if part.name in (*FAULTS, "technical"))


def _signed(change: float) -> str:
    return "" if abs(change) < 0.005 else signed(change)


def for_people(field: str, value: Any) -> str:
    """Return the value of a field as a cell shows it: times without their T, fractions and zone."""
    return formatted(value)[:19].replace("T", " ") if field == "captured" else formatted(value)


def formatted(value: Any) -> str:
    """Return a value as a cell shows it; nothing for None."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return printable(str(value))
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.1 else f"{value:.2g}"  # 1/250 s is not 0.00 s
