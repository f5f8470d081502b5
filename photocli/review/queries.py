"""Which photos are shown, and in which order: what a person typed, as rules over records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photocli.errors import UsageError
from photocli.records import RECORD_FIELDS

if TYPE_CHECKING:
    from photocli.review.shoot import Shoot


def listed(shoot: Shoot, filter: str, sort: str, *, down: bool) -> list[int]:
    """The photos that a filter keeps, in order. Raises `UsageError` for what is not understood."""
    if sort not in RECORD_FIELDS:
        raise UsageError(f"photos have no field '{sort}' to be sorted by")
    words = filter.lower().split()
    kept = [id for id in range(len(shoot)) if all(word in shoot.path(id).lower() for word in words)]
    records = shoot.records()

    def value(id: int) -> Any:
        record = records[id]
        return None if record is None else getattr(record, sort)

    known = [id for id in kept if value(id) is not None]
    known.sort(key=value, reverse=down)
    return known + [id for id in kept if value(id) is None]
