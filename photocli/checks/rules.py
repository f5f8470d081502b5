"""Rules that photos must keep, such as `aesthetic >= 4.5`: parsed here, never evaluated as code."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from photocli.errors import UsageError
from photocli.records import CONFIDENCE, RECORD_FIELDS, Capture, Record, columns
from photocli.scoring.profiles import FAULTS

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_FOR_TEXT = ("==", "!=")
_NOT_CHECKED = frozenset(
    (
        *("path", "status", "error", "models", "twin", "each_face", "answers", "styles", "explained"),
        "focus_points",
    )
)

ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("group", "rank_in_group", "group_kind", "pick", "pick_reason"), "photocli cull"),
    "sidecar": "photocli score --xmp",
    "taste": "photocli score --taste",
}
"""Fields of a record that no check fills, and what does."""

NO_FAULT = "none"
"""What `faults` is in rules of a photo on which no fault is beyond doubt."""

OF_FILES: frozenset[str] = frozenset(("width", "height", *(f.name for f in fields(Capture))))
"""The fields that follow from the file, whatever models run."""

NUMBERS: tuple[str, ...] = tuple(
    f.name
    for f in fields(Record)
    if f.name not in (*_NOT_CHECKED, *ELSEWHERE) and ("float" in f.type or "int" in f.type)
)
"""The fields of a record that a rule compares with a number."""

TEXTS: tuple[str, ...] = tuple(
    f.name for f in fields(Record) if f.name not in (*_NOT_CHECKED, *ELSEWHERE, *NUMBERS)
)
"""The fields of a record that a rule compares with a quoted text; `faults` with the names of faults."""

_TEXT = r"""(?:"[^"]*"|'[^']*')"""
_REST = rf"""(?:\[(?P<label>[^\[\]]*)\])?(?P<optional>\?)?
        \s*(?P<operator>>=|<=|==|!=|>|<)
        \s*(?:(?P<number>[+-]?(?:\d{{1,15}}(?:\.\d{{0,15}})?|\.\d{{1,15}}))
             |(?P<texts>{_TEXT}(?:\s*,\s*{_TEXT})*))\s*"""
_SHAPE = "write a field, one of >= <= > < == !=, and a number or a quoted text, like: aesthetic >= 4.5"
_FAULTS_SHAPE = "write faults != 'blur', 'noise' for photos with none of these, or faults == 'none'"

Classes = Mapping[str, Sequence[str]]
"""The texts that may stand in fields and in columns of classifiers, by their names."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison that every photo must keep. `str(rule)` is its one spelling, whatever the user's was.

    A photo without a value breaks the rule, unless it is `optional` (`blur? < 0.5`). Several texts are joined
    by commas: `==` wants one of them, `!=` none. `field` may be a column of a classifier, or the probability
    that it gives to a class, `rooms[kitchen]`.
    """

    field: str
    operator: str
    value: float | str | tuple[str, ...]
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.field}{'?' if self.optional else ''} {self.operator} {self._wanted}"

    @property
    def _wanted(self) -> str:
        if isinstance(self.value, float):
            return f"{self.value:.15g}"
        return ", ".join(map(_quoted, _each(self.value)))

    def broken(self, record: Record) -> str | None:
        """Why the photo breaks the rule, in a few words; None where it keeps it."""
        found = value(record, self.field)
        if found is None or found == "" or (isinstance(found, float) and math.isnan(found)):
            return None if self.optional else f"{self.field}: no value"
        if self._holds(found):
            return None
        shown = f"{found:.6g}" if isinstance(found, float) else "; ".join(map(str, _each(found))) or "none"
        return f"{self.field} is {shown}, not {self.operator} {self._wanted}"

    def _holds(self, found: Any) -> bool:
        if isinstance(self.value, float):
            return _OPERATORS[self.operator](found, self.value)
        return set(_each(found)).isdisjoint(_each(self.value)) == (self.operator == "!=")


def value(record: Record, field: str) -> Any:
    """What a record says in a field or for a classifier; None where there is nothing.

    A classifier's column gives the classes that hold as a tuple, which is empty where none does. `faults`
    are a tuple, too: `NO_FAULT` alone where there is none, None where nothing looked for them.
    """
    if field == "faults":
        judged = any(getattr(record, fault) is not None for fault in FAULTS)
        return (record.faults or (NO_FAULT,)) if judged or record.faults else None
    if field in RECORD_FIELDS:
        return getattr(record, field)
    for answer in record.answers:
        if field == answer.model:
            return answer.labels
        if field == answer.model + CONFIDENCE:
            return answer.confidence
        if field.startswith(f"{answer.model}["):
            return dict(answer.probabilities).get(field[len(answer.model) + 1 : -1])
    return None


def parse(text: str, classes: Classes | None = None, filled: Collection[str] | None = None) -> Rule:
    """The rule that a text says. Raises `UsageError` with what is wrong and what can be written instead.

    `classes` are those of the models of the run: the classifiers among them can be checked, too, and a text
    that none of their photos can have is refused, since a misspelt filter would let everything pass. So is a
    field that is none of those `filled` by the models of the run (`Models.filled`), where that is known.
    """
    classes = {"faults": (*FAULTS, NO_FAULT), **(classes or {})}
    own = [name for name in classes if name not in RECORD_FIELDS]
    names = "|".join(map(re.escape, columns(own)))
    match = re.fullmatch(rf"\s*(?P<field>{names + '|' if names else ''}[A-Za-z_]+){_REST}", text, re.VERBOSE)
    if match is None:
        shape = _FAULTS_SHAPE if "faults" in text else _SHAPE
        raise UsageError(f"the rule '{text}' cannot be understood; {shape}")
    field, sign, number, label = match["field"], match["operator"], match["number"], match["label"]
    is_number = _is_number(text, field, label, own)
    _check_filled(text, field, None if filled is None else {*filled, *columns(own)})
    if (number is not None) != is_number:
        kind = "a number" if is_number else "a quoted text"
        raise UsageError(f"the rule '{text}' compares {field}, which is {kind}, with something else")
    if label is not None:
        _check_known(text, field, [label], classes)
        field = f"{field}[{label}]"
    optional = match["optional"] is not None
    if number is not None:
        return Rule(field, sign, float(number), optional)
    if sign not in _FOR_TEXT:
        raise UsageError(f"the rule '{text}' compares a text, which can only be done with == and !=")
    words = tuple(found[1:-1] for found in re.findall(_TEXT, match["texts"]))
    _check_known(text, field, words, classes)
    return Rule(field, sign, words[0] if len(words) == 1 else words, optional)


def _is_number(text: str, field: str, label: str | None, own: Sequence[str]) -> bool:
    """Whether a field is compared with a number. Raises `UsageError` if it cannot be checked at all."""
    if field in ELSEWHERE:
        raise UsageError(
            f"the rule '{text}' asks for {field}, which {ELSEWHERE[field]} fills, and check never does"
        )
    numbers, texts = (*NUMBERS, *(name + CONFIDENCE for name in own)), (*TEXTS, *own)
    if field not in (*numbers, *texts) or (label is not None and field not in own):
        known = f"numbers: {', '.join(numbers)}; texts: {', '.join(texts)}"
        raise UsageError(f"the rule '{text}' names no field that can be checked ({known})")
    return field in numbers or label is not None


def _check_filled(text: str, field: str, filled: Collection[str] | None) -> None:
    """Raise `UsageError` for a field that nothing in this run fills: no photo could keep the rule."""
    if filled is None or field in filled or field in OF_FILES:
        return
    from photocli.scoring.assessment import kind_that_fills

    raise UsageError(
        f"the rule '{text}' asks for {field}, which a model of kind {kind_that_fills(field)} fills, and none "
        "of that kind was chosen; name one in --assess, or leave --assess out"
    )


def _check_known(text: str, field: str, words: Sequence[str], classes: Classes) -> None:
    odd = next((word for word in words if field in classes and word not in classes[field]), None)
    if odd is not None:
        known = ", ".join(classes[field])
        raise UsageError(f"the rule '{text}' asks for '{odd}', which {field} never is; it may be: {known}")


def _each(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
