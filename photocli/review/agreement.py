"""How often a person followed the proposals: by kind of photo, with the interval of each figure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from photocli.culling.groups import SERIES

if TYPE_CHECKING:
    from photocli.culling.picks import GroupRank
    from photocli.records import Record
    from photocli.xmp.judgement import Judgement

    Judgements = Iterable[tuple[Record, Judgement]]

ALL = "all"
KINDS = (ALL, "single", "burst", "look-alikes", "series", "portraits")
WHAT = ("picks", "not picked", "best of group", "stars", "stars within one")

_Z = 1.959964  # standard errors of an interval of 95%


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of `n` photos of a kind were judged as proposed: a share that lies from `low` to `high`.

    Only those count of which a person said something of that sort. `what` is one of `WHAT`: "picks" are those
    that were proposed as picks and then flagged, "not picked" others that were flagged, "best of group" the
    photo that the person put first. The interval is Wilson's, of 95%.
    """

    kind: str
    what: str
    n: int
    followed: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """How often the proposal was followed."""
        return self.followed / self.n

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "share": self.share}


def agreement(judged: Judgements, proposed: Mapping[str, GroupRank] | None = None) -> list[Agreement]:
    """Compare what was proposed of photos with what a person said; what nobody spoke of is left out.

    `proposed` is `Culling.proposed`, by path: places by the photos alone. A record's own place follows what
    the person said, and counts only where there is no other.
    """
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for record, what, followed in _compared(list(judged), proposed or {}):
        for kind in _kinds(record):
            count = counts[kind, what]
            count[0] += 1
            count[1] += followed
    return [
        Agreement(kind, what, n, followed, *interval(followed, n))
        for kind in KINDS
        for what in WHAT
        if (kind, what) in counts
        for n, followed in [counts[kind, what]]
    ]


def interval(followed: int, n: int) -> tuple[float, float]:
    """The Wilson interval of 95% of a share."""
    share, room = followed / n, _Z**2 / n
    middle, half = share + room / 2, _Z * math.sqrt(share * (1 - share) / n + room / n / 4)
    return max(0.0, (middle - half) / (1 + room)), min(1.0, (middle + half) / (1 + room))


def _compared(
    judged: list[tuple[Record, Judgement]], proposed: Mapping[str, GroupRank]
) -> Iterator[tuple[Record, str, bool]]:
    """Each comparison: a photo, what is compared, and whether the proposal was followed."""
    groups: defaultdict[int, list[tuple[int, int, Record]]] = defaultdict(list)
    for record, said in judged:
        place = proposed.get(record.path)
        picked = record.pick == "pick" if place is None else place.picked
        rank = record.rank_in_group if place is None else place.rank
        if said.rejects or said.flag:
            yield (record, "picks", not said.rejects) if picked else (record, "not picked", said.rejects)
        if record.stars is not None and said.rating is not None and said.rating > 0:
            yield record, "stars", said.rating == record.stars
            yield record, "stars within one", abs(said.rating - record.stars) <= 1
        if record.group is not None and rank is not None:
            groups[record.group].append((said.standing, rank, record))
    for members in groups.values():
        best = max(standing for standing, _, _ in members)
        first = [(rank, record) for standing, rank, record in members if standing == best]
        if best > 0 and len(first) == 1 and first[0][1].group_kind not in (*SERIES, "single"):
            yield first[0][1], "best of group", first[0][0] == 1


def _kinds(record: Record) -> Iterator[str]:
    kind = record.group_kind or "single"
    yield ALL
    yield "series" if kind in SERIES else kind
    if record.selfie is not None:
        yield "portraits"
