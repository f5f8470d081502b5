"""How unsure the ranking of a group is, by the photos alone, whatever a person said of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photocli.culling.groups import Group
    from photocli.culling.reasons import Reasons, Standings

    Steps = Mapping[int, tuple[int, ...]]

SOFTNESS = 0.5
"""Points of the ranking: who is ahead of one other by so many is the better one with 73%.

To 24 made bursts, with one good frame each, 0.15 fits best; but the frames of real ones differ by less than
faults that were made, and a closer look takes frames for nearly equal up to half a point, too."""

_CLOSER = 0.5  # points that a closer look counts as, where it tells two frames apart
_SAID = 0.1  # points from which on a difference is named
_LITTLE = 0.05


@dataclass(frozen=True, slots=True)
class Doubt:
    """How likely it is, from 0 to 1, that the first photo of a group is not its best one, and why, in words.

    `group` is its number in the records.
    """

    group: int
    doubt: float
    why: str


def by_photos_alone(groups: Sequence[Group], standings: Standings, closer: Steps) -> list[Group]:
    """The groups with their members in the order that they would have if no person had judged any.

    `closer` are the steps of a closer look; it is not made again where judgements had kept photos out of it.
    """
    found = []
    for group in groups:
        rivals = () if group.whole or len(group.members) < 2 else group.members
        if any(standings.lead.get(member) for member in rivals):
            bare = {member: _bare(standings, member) for member in group.members}
            order = sorted(group.members, key=lambda member: (-bare[member], member))
            if order[0] in closer:
                near = sorted((member for member in order if member in closer), key=closer.__getitem__)
                order = [*near, *(member for member in order if member not in closer)]
            group = replace(group, members=tuple(order))
        found.append(group)
    return found


def doubts(groups: Sequence[Group], standings: Standings, reasons: Reasons, closer: Steps) -> list[Doubt]:
    """How unsure each group is that has something to choose from; series are kept whole, and have not.

    `groups` are those that `by_photos_alone` gives.
    """
    return [
        Doubt(number, round(doubt, 3), _why(group, leads, reasons))
        for number, group in enumerate(groups, start=1)
        if not group.whole and len(group.members) > 1
        for leads, doubt in _of(group, standings, closer)
    ]


def _of(group: Group, standings: Standings, closer: Steps) -> Iterator[tuple[list[float], float]]:
    """By how many points the first photo is ahead of each other one, and the doubt that follows."""
    first = group.members[0]
    leads = []
    for member in group.members[1:]:
        lead = _bare(standings, first) - _bare(standings, member)
        if first in closer and member in closer:
            lead = _CLOSER if closer[first] < closer[member] else 0.0
        leads.append(lead)
    against = math.fsum(math.exp(-max(lead, -20.0) / SOFTNESS) for lead in leads)
    yield leads, against / (1 + against)


def _bare(standings: Standings, member: int) -> float:
    return standings.ranking[member] - standings.lead.get(member, 0.0)


def _why(group: Group, leads: Sequence[float], reasons: Reasons) -> str:
    """What speaks for the first photo and what for the second, or that nothing much does."""
    first, second = group.members[:2]
    near = sum(lead < SOFTNESS for lead in leads)
    many = f"{near + 1} of {len(group.members)} are close; " if near > 1 else ""
    ahead = reasons.aspects(first, second)
    best, worst = max(ahead, key=ahead.__getitem__), min(ahead, key=ahead.__getitem__)
    for_first = reasons.praise(best, ahead[best]) if ahead[best] >= _SAID else ""
    for_second = reasons.praise(worst, -ahead[worst]) if -ahead[worst] >= _SAID else ""
    if for_first and for_second:
        return f"{many}the first: {for_first}; the second: {for_second}"
    if abs(leads[0]) < _LITTLE or not (for_first or for_second):
        return f"{many}the first two are nearly equal"
    return f"{many}the first: {for_first}, by little" if for_first else f"{many}the second: {for_second}"
