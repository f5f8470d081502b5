"""Which photos to keep: the best of each group first, never more than asked, series whole."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.groups import Group
    from photocli.records import Record
    from photocli.xmp.judgement import Judgement

    Judgements = Mapping[int, Judgement]
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


def choose(
    groups: Sequence[Group],
    scores: Sequence[float | None],
    wanted: Wanted,
    judgements: Judgements | None = None,
    *,
    overwrite: bool = False,
) -> dict[int, GroupRank]:
    """Choose the picks: the rank of every photo, by its index, from ranked groups that hold each photo once.

    The best photos of all groups come before any second one: first by their place in the group, then by what
    the person said, then by their score. A series is a photo of its best frame's score and standing, and is
    passed over where not all of it has room. Of photos with `judgements`, by index, those that the person
    rejected are never picked, and the person's picks come before all others, whatever is wanted; with
    `overwrite` only as far as there is room.
    """
    said = judgements or {}
    candidates: list[tuple[bool, int, int, float, int, tuple[int, ...]]] = []
    for group in groups:
        for position, unit in enumerate(_units(group, said)):
            is_own = any(index in said and said[index].flag == "pick" for index in unit)
            if wanted.per_group is not None and position >= wanted.per_group and (overwrite or not is_own):
                continue
            best = max(-math.inf if (score := scores[i]) is None else score for i in unit)
            standing = max(said[i].standing if i in said else 0 for i in unit)
            candidates.append((not is_own, position, -standing, -best, min(unit), unit))
    room = wanted.limit(sum(len(group.members) for group in groups))
    picked: set[int] = set()
    for not_own, _, _, _, _, unit in sorted(candidates):
        if len(unit) <= room or not (not_own or overwrite):
            picked.update(unit)
            room -= len(unit)
    return {
        index: GroupRank(number, rank, index in picked)
        for number, group in enumerate(groups, start=1)
        for rank, index in enumerate(group.members, start=1)
    }


def _units(group: Group, judgements: Judgements) -> list[tuple[int, ...]]:
    """What can be picked of a group: its photos, or the series as one, less what the person rejected."""
    members = tuple(i for i in group.members if i not in judgements or not judgements[i].rejects)
    if group.whole:
        return [members] if members else []
    return [(member,) for member in members]


def beyond(groups: Sequence[Group], ranks: Mapping[int, GroupRank], wanted: Wanted) -> int:
    """How many photos are picked beyond what is wanted, since the person had picked them."""
    over = sum(rank.picked for rank in ranks.values()) - wanted.limit(len(ranks))
    in_groups = 0
    for group in groups if wanted.per_group is not None else ():
        picked = sum(ranks[index].picked for index in group.members)
        in_groups += max(0, (picked > 0 if group.whole else picked) - (wanted.per_group or 0))
    return max(over, in_groups, 0)


def protected(groups: Sequence[Group], judgements: Judgements) -> set[int]:
    """The photos that are never rejected: what the person marked, and series with such a frame as a whole.

    What the person rejected is not among them, be it in a series.
    """
    safe: set[int] = set()
    for group in groups:
        kept = {i for i in group.members if i in judgements and judgements[i].keeps}
        if kept and group.whole:
            kept = {i for i in group.members if i not in judgements or not judgements[i].rejects}
        safe |= kept
    return safe


def with_rank(record: Record, rank: GroupRank, kind: str, *, reject: bool) -> Record:
    """The record with its group, its rank, and whether it is a pick, or with `reject` a reject."""
    mark = "pick" if rank.picked else "reject" if reject else None
    return replace(record, group=rank.group, rank_in_group=rank.rank, group_kind=kind, pick=mark)
