"""The picks and groups of a cull as data, for the summary of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.records import Record


def overview(records: Iterable[Record]) -> dict[str, Any]:
    """Give the counts of picks, rejects and groups by kind, and a list of the groups.

    Each group has its number (`group`), its `kind`, the paths of its `members` in the order of their ranks,
    and those of its `picks`. Photos that have no group have no part in it.
    """
    culled = [record for record in records if record.group is not None]
    culled.sort(key=lambda record: (record.group or 0, record.rank_in_group or 0))
    groups: dict[int | None, dict[str, Any]] = {}
    for record in culled:
        start: dict[str, Any] = {"group": record.group, "kind": record.group_kind, "members": [], "picks": []}
        group = groups.setdefault(record.group, start)
        group["members"].append(record.path)
        if record.pick == "pick":
            group["picks"].append(record.path)
    return {
        "picked": sum(record.pick == "pick" for record in culled),
        "rejected": sum(record.pick == "reject" for record in culled),
        "kinds": dict(Counter(group["kind"] for group in groups.values())),
        "groups": list(groups.values()),
    }
