"""Which keywords a photo gets: those sets of an assessor's answers that were asked for, and no others."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.records import Record

LOOKS, MEDIUM, FAULTS, ALL = "looks", "medium", "faults", "all"
SETS = {LOOKS: "style", MEDIUM: "style", FAULTS: "technical"}
"""What may be asked for, and the kind of model that says it; the name of a classifier may be, too."""

_SAYING_NOTHING = ("photograph", "plain")  # which nearly every photo would have
_NOT_IN_KEYWORDS = re.compile(r"[|/;\x00-\x1f]+")


def wanted(
    text: str, kinds: Collection[str] | None = None, classifiers: Collection[str] = ()
) -> tuple[str, ...]:
    """The sets in a text such as `looks,faults`; `all` is every one that the models of a run can say.

    `kinds` are those of the run's models, unless nothing is known of them, and `classifiers` the names of a
    user's own. Raises `UsageError` for a set that there is not, or that no model of the run says.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = [*SETS, *(name for name in classifiers if name not in SETS)]
    if ALL in names:
        return tuple(name for name in known if kinds is None or name not in SETS or SETS[name] in kinds)
    for name in names:
        if name not in known:
            raise UsageError(f"there are no keywords '{name}'; choose of {', '.join((*known, ALL))}")
        if kinds is not None and name in SETS and SETS[name] not in kinds:
            raise UsageError(f"the keywords {name} come from a model of kind {SETS[name]}, and none is used")
    return names


def of_record(record: Record, sets: Collection[str]) -> tuple[str, ...]:
    """The hierarchical keywords of a record, such as `photocli|style|noir`, from these sets."""
    words = (f"photocli|{group}|{clean}" for group, word in _said(record, sets) if (clean := _clean(word)))
    return tuple(dict.fromkeys(words))


def _said(record: Record, sets: Collection[str]) -> Iterator[tuple[str, str]]:
    """What a record says in words, each under the second word of its keyword."""
    if MEDIUM in sets and record.medium not in (None, *_SAYING_NOTHING):
        yield "medium", str(record.medium)
    if LOOKS in sets:
        looks = [name for name, _ in record.styles] or [record.style or ""]
        yield from (("style", name) for name in looks if name not in _SAYING_NOTHING)
    if FAULTS in sets:
        yield from (("faults", name.replace("_", " ")) for name in record.faults)
    for answer in record.answers:
        if answer.model in sets and answer.model not in SETS:
            yield from ((answer.model, name) for name in answer.labels)


def _clean(word: str) -> str:
    return _NOT_IN_KEYWORDS.sub(" ", word).strip()
