"""Rules that photos must keep, such as `aesthetic >= 4.5`: parsed here, never evaluated as code."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from photocli.errors import UsageError
from photocli.records import Record

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_FOR_TEXT = ("==", "!=")
_NOT_CHECKED = frozenset(("path", "status", "error", "models", "twin", "faults", "each_face"))

NUMBERS: tuple[str, ...] = tuple(
    f.name for f in fields(Record) if f.name not in _NOT_CHECKED and ("float" in f.type or "int" in f.type)
)
"""The fields of a record that a rule compares with a number."""

TEXTS: tuple[str, ...] = tuple(f.name for f in fields(Record) if f.name not in (*_NOT_CHECKED, *NUMBERS))
"""The fields of a record that a rule compares with a quoted text."""

_RULE = re.compile(
    r"""\s*(?P<field>[A-Za-z_]+)(?P<optional>\?)?
        \s*(?P<operator>>=|<=|==|!=|>|<)
        \s*(?:(?P<number>[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}))
             |"(?P<double>[^"]*)"|'(?P<single>[^']*)')\s*""",
    re.VERBOSE,
)
_SHAPE = "write a field, one of >= <= > < == !=, and a number or a quoted text, like: aesthetic >= 4.5"


@dataclass(frozen=True, slots=True)
class Rule:
    """One comparison that every photo must keep. `str(rule)` is its one spelling, whatever the user's was.

    A photo without a value breaks the rule, unless it is `optional` (`blur? < 0.5`).
    """

    field: str
    operator: str
    value: float | str
    optional: bool = False

    def __str__(self) -> str:
        value = f"{self.value:.15g}" if isinstance(self.value, float) else _quoted(self.value)
        return f"{self.field}{'?' if self.optional else ''} {self.operator} {value}"

    def broken(self, record: Record) -> str | None:
        """Why the photo breaks the rule, in a few words; None where it keeps it."""
        value = getattr(record, self.field)
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return None if self.optional else f"{self.field}: no value"
        if _OPERATORS[self.operator](value, self.value):
            return None
        said = f"{value:.6g}" if isinstance(value, float) else str(value)
        asked = str(self).partition(" ")[2]
        return f"{self.field} is {said}, not {asked}"


def parse(text: str) -> Rule:
    """The rule that a text says. Raises `UsageError` with what is wrong and what can be written instead."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise UsageError(f"the rule '{text}' cannot be understood; {_SHAPE}")
    field, sign, number = match["field"], match["operator"], match["number"]
    optional = match["optional"] is not None
    if field not in NUMBERS and field not in TEXTS:
        known = f"numbers: {', '.join(NUMBERS)}; texts: {', '.join(TEXTS)}"
        raise UsageError(f"the rule '{text}' names no field that can be checked ({known})")
    if (number is not None) != (field in NUMBERS):
        kind = "a number" if field in NUMBERS else "a quoted text"
        raise UsageError(f"the rule '{text}' compares {field}, which is {kind}, with something else")
    if number is not None:
        return Rule(field, sign, float(number), optional)
    if sign not in _FOR_TEXT:
        raise UsageError(f"the rule '{text}' compares a text, which can only be done with == and !=")
    words = match["double"] if match["double"] is not None else match["single"]
    return Rule(field, sign, words, optional)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
