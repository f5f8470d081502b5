"""Which photos to keep: the best of each group first, never more than asked, series whole."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.bursts import Group
    from photocli.records import Record

    Ranker = Callable[[Sequence[int]], NDArray[np.floating]]

_KEEP = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many photos to pick: at most `keep`, at most this `share` of all, at most `per_group` of a group.

    A series counts with all of its frames, but for `per_group` as one photo. None is no limit.
    """

    keep: int | None = None
    share: float | None = None
    per_group: int | None = None

    def limit(self, photos: int) -> int:
        """The most photos that may be picked, of so many."""
        limits = [photos]
        if self.keep is not None:
            limits.append(self.keep)
        if self.share is not None:
            limits.append(math.floor(self.share * photos + 1e-9))
        return min(limits)


@dataclass(frozen=True, slots=True)
class GroupRank:
    """The rank of a photo: the number of its group and its rank in it, from 1, and whether it is picked."""

    group: int
    rank: int
    picked: bool


def wanted(keep: str, per_group: int) -> Wanted:
    """What the options ask for: `keep` a number, a percentage or empty, `per_group` 0 for no limit.

    Without any limit, one of each group is wanted. Raises `UsageError`.
    """
    limit = per_group or None
    if not keep:
        return Wanted(per_group=limit or 1)
    match = _KEEP.fullmatch(keep.strip())
    if match is not None and match[2] and float(match[1]) <= 100:
        return Wanted(share=float(match[1]) / 100, per_group=limit)
    if match is not None and not match[2] and match[1].isdigit():
        return Wanted(keep=int(match[1]), per_group=limit)
    raise UsageError(f"--keep takes a number of photos or a percentage up to 100%, not '{keep}'")


def rank(groups: Sequence[Group], scores_of: Ranker) -> list[Group]:
    """The groups with their members from the best to the worst; series stay in the order they were taken.

    `scores_of` gives a value for each of some photos of one group, higher is better. Of equals, the earlier
    one comes first.
    """
    ranked = []
    for group in groups:
        if not group.whole and len(group.members) > 1:
            values = scores_of(group.members)
            order = sorted(range(len(values)), key=lambda at: (-float(values[at]), at))
            group = replace(group, members=tuple(group.members[at] for at in order))
        ranked.append(group)
    return ranked


def choose(groups: Sequence[Group], scores: Sequence[float | None], wanted: Wanted) -> dict[int, GroupRank]:
    """Choose the picks: the rank of every photo, by its index, from ranked groups that hold each photo once.

    The best photos of all groups come before any second one: first by their place in the group, then by their
    score. A series is a photo of its best frame's score, and is passed over where not all of it has room.
    """
    candidates: list[tuple[int, float, int, tuple[int, ...]]] = []
    for group in groups:
        units = [group.members] if group.whole else [(member,) for member in group.members]
        for position, unit in enumerate(units[: wanted.per_group]):
            best = max(-math.inf if (score := scores[i]) is None else score for i in unit)
            candidates.append((position, -best, min(unit), unit))
    room = wanted.limit(sum(len(group.members) for group in groups))
    picked: set[int] = set()
    for _, _, _, unit in sorted(candidates):
        if len(unit) <= room:
            picked.update(unit)
            room -= len(unit)
    return {
        index: GroupRank(number, rank, index in picked)
        for number, group in enumerate(groups, start=1)
        for rank, index in enumerate(group.members, start=1)
    }


def with_rank(record: Record, rank: GroupRank, kind: str, *, reject: bool) -> Record:
    """The record with its group, its rank, and whether it is a pick, or with `reject` a reject."""
    mark = "pick" if rank.picked else "reject" if reject else None
    return replace(record, group=rank.group, rank_in_group=rank.rank, group_kind=kind, pick=mark)
