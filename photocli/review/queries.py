"""Which photos are shown, and in which order: what a person typed, as rules over what is known of them.

A filter is rules and words, parted by spaces or `and`: `score >= 6 label == red noir`. A photo must keep all
of them. A rule compares a field of the record, or one of `OWN`, with a value; words are looked for in names.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photocli.checks.rules import NO_FAULT, NUMBERS, value
from photocli.errors import UsageError
from photocli.records import CONFIDENCE, RECORD_FIELDS

if TYPE_CHECKING:
    from photocli.review.shoot import Shoot, ShootEntry

OWN = ("name", "stars", "proposed", "pick", "proposal", "label", "look", "rank", "kind", "folder")
"""What can be asked for beside the fields of a record; `stars`, `pick` and `label` are a person's."""

LONGEST = 2_000
"""The most characters of a filter."""

_ALIASES = {"rank": "rank_in_group", "kind": "group_kind", "proposed": "stars", "proposal": "pick"}
_LISTS = ("models", "each_face", "answers", "styles", "explained", "path")  # no field of these is one value
_KINDS = frozenset((*NUMBERS, "stars", "pick", "proposed", "rank", "group", "rank_in_group", "taste"))
"""The fields that are numbers."""

_NAMED = {"stars": {"none": 0}, "pick": {"pick": 1, "reject": -1, "rejected": -1, "none": 0, "picked": 1}}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
}
_SIGN = r">=|<=|==|!=|!~|>|<|=|~"
_QUOTED = r'"[^"]*"|\'[^\']*\''
_TERM = re.compile(
    rf"(?P<field>[A-Za-z_][\w-]*(?:\[[^\[\]]*\])?)\s*(?P<sign>{_SIGN})\s*"
    rf"(?P<value>{_QUOTED}|[^\s\"'<>=~!][^\s\"']*)|(?P<word>{_QUOTED}|[^\s\"']+)"
)
_SHAPE = "write rules such as score >= 6, label == red or camera ~ nikon, or a part of the name"


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule of a filter, or a word that a name must have (`field` `name`, `sign` `~`)."""

    field: str
    sign: str
    wanted: str

    def holds(self, entry: ShootEntry) -> bool:
        """Whether a photo keeps it. One without a value keeps none but `!=` and `!~`."""
        found = field_of(entry, self.field)
        each = found if isinstance(found, tuple) else (found,)
        if self.sign in ("!=", "!~"):
            return not any(self._meets(one, "~" if self.sign == "!~" else "==") for one in each)
        return any(self._meets(one, self.sign) for one in each)

    def _meets(self, found: Any, sign: str) -> bool:
        if found is None or found == "":
            return self.wanted.casefold() == "none" and sign in ("==", "=")
        if sign == "~":
            return self.wanted.casefold() in str(found).casefold()
        if isinstance(found, (int, float)) and (number := _number(self.field, self.wanted)) is not None:
            return not math.isnan(found) and _COMPARE[sign](found, number)
        words = self.wanted.split(",") if sign in ("=", "==") else [self.wanted]
        return any(_as_text(self.field, str(found), word, sign) for word in words)


def fields(columns: tuple[str, ...] = ()) -> list[str]:
    """The names of all fields that rules and orders may have. `columns` are those of classifiers."""
    confidences = tuple(name + CONFIDENCE for name in columns)
    found = (*OWN, *(name for name in RECORD_FIELDS if name not in _LISTS), *columns, *confidences)
    return list(dict.fromkeys(found))


def conditions(text: str, columns: tuple[str, ...] = ()) -> list[Condition]:
    """What a filter asks for. `columns` are those of classifiers. Raises `UsageError` in one sentence."""
    if len(text) > LONGEST:
        raise UsageError(f"a filter has {LONGEST:,} characters at most")
    return list(_conditions(text, columns))


def listed(shoot: Shoot, text: str, sort: str, *, down: bool, columns: tuple[str, ...] = ()) -> list[int]:
    """The photos that a filter keeps, sorted by a field; those without a value stand last.

    Raises `UsageError` for what is not understood.
    """
    _check(sort, columns)
    asked = conditions(text, columns)
    entries = [entry for entry in shoot.entries() if all(each.holds(entry) for each in asked)]
    keys = {entry.id: _key(field_of(entry, sort)) for entry in entries}
    known = [id for id, key in keys.items() if key is not None]
    known.sort(key=lambda id: keys[id], reverse=down)  # of equals, the first found stands first, both ways
    return known + [id for id, key in keys.items() if key is None]


def field_of(entry: ShootEntry, field: str) -> Any:
    """What a photo has in a field; several values are a tuple, and none is None."""
    if field in ("stars", "pick", "label"):
        return _said(entry, field)
    if field == "name":
        return entry.name
    if field == "folder":
        return entry.path.parent.name
    record = entry.record
    if field == "status" and record is None:
        return "pending"
    if record is None:
        return None
    if field == "look":
        return tuple(name for name, _ in record.styles)
    return value(record, _ALIASES.get(field, field))


def _said(entry: ShootEntry, field: str) -> Any:
    """What a person said: 0 is no star and no flag, -1 a reject."""
    said = None if entry.judgement is None else entry.judgement.judgement
    if field == "label":
        return None if said is None else said.label
    if field == "pick":
        return 0 if said is None else -1 if said.rejects else int(said.flag == "pick")
    return max(said.rating or 0, 0) if said is not None else 0


def _conditions(text: str, columns: tuple[str, ...]) -> Iterator[Condition]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TERM.match(text, at)
        if match is None:
            raise UsageError(f"the filter cannot be understood from '{text[at : at + 20]}' on; {_SHAPE}")
        at = match.end()
        if (word := match["word"]) is not None:
            if word.casefold() in ("and", "&", "&&"):
                continue
            if re.search(r"[<>=~]", word) and word[0] not in "\"'":
                raise UsageError(f"the filter cannot be understood at '{word}'; {_SHAPE}")
            yield Condition("name", "~", _bare(word))
            continue
        _check(match["field"].partition("[")[0], columns)
        yield _checked(Condition(match["field"], match["sign"], _bare(match["value"])))


def _checked(condition: Condition) -> Condition:
    """The condition; raises `UsageError` where a field that holds numbers is compared with a text."""
    field, wanted = condition.field, condition.wanted
    by_value = condition.sign not in ("~", "!~") and wanted.casefold() != "none"
    if field in _KINDS and by_value and _number(field, wanted) is None:
        raise UsageError(f"{field} is a number, so it cannot be compared with '{wanted}'")
    return condition


def _check(field: str, columns: tuple[str, ...]) -> None:
    known = fields(columns)
    if field in known:
        return
    close = difflib.get_close_matches(field, known, 1)
    hint = f"did you mean {close[0]}?" if close else "such as score, stars, label, camera or captured"
    raise UsageError(f"photos have no field '{field}'; {hint}")


def _key(found: Any) -> Any:
    """What is sorted by: numbers come before texts, and what is no value is None."""
    if isinstance(found, tuple):
        found = len([each for each in found if each != NO_FAULT])
    if found is None or found == "" or (isinstance(found, float) and math.isnan(found)):
        return None
    return (1, found.casefold()) if isinstance(found, str) else (0, found)


def _number(field: str, text: str) -> float | None:
    named = _NAMED.get(field, {}).get(text.casefold())
    if named is not None:
        return named
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _as_text(field: str, found: str, wanted: str, sign: str) -> bool:
    """Compare texts without regard to case; times only as far as the wanted one goes, such as by its day."""
    found, wanted = found.casefold(), wanted.strip().casefold()
    if field == "captured":
        wanted = wanted.replace(" ", "t")
        found = found[: len(wanted)]
    return _COMPARE[sign](found, wanted)


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
