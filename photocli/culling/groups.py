"""Which photos belong together: bursts, look-alikes of any time, and series that are kept whole."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from photocli.culling import series
from photocli.culling.series import Captures
from photocli.culling.similarity import PhotoFeatures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.records import Record

GroupKind = Literal["single", "burst", "look-alikes", "bracket", "panorama", "focus stack"]

SERIES: frozenset[str] = frozenset(("bracket", "panorama", "focus stack"))
"""The kinds whose frames are one picture together."""

SIMILARITY_WITHIN: tuple[tuple[float, float], ...] = ((2.0, 0.60), (10.0, 0.70), (60.0, 0.78))
"""How alike two photos of one camera must be, by the seconds between them: of frames in quick succession it
is likely that they show the same, and a blurred or tilted one is less like its neighbours."""

SIMILARITY_ANYTIME = 0.86
"""How alike two photos must be if they are further apart, of two cameras, or of an unknown time."""

_NEIGHBOURS = 12  # with how many of the following photos each one is compared
_BURST_GAP_S = 10.0


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that belong together, by their places in the input, in the order in which they were taken."""

    kind: GroupKind
    members: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether it is a series, which is kept or dropped as a whole."""
        return self.kind in SERIES


def group(records: Sequence[Record], features: PhotoFeatures) -> list[Group]:
    """Put each photo into exactly one group; the groups are ordered by their first photos in the input.

    `features` are those of the records, in their order. Time is compared within a camera alone, as clocks
    differ; across cameras, and for photos without a time, only they count.
    """
    import numpy as np

    captures = _captures(records)
    runs = _runs(records, captures)
    found = [(kind, members) for run in runs for kind, members in series.find(run, captures, features)]
    in_series = {index for _, members in found for index in members}
    sets = _DisjointSets(len(records))
    for run in runs:
        _link_in_time([index for index in run if index not in in_series], captures, features, sets)
    whole = np.zeros(len(records), np.bool_)
    whole[list(in_series)] = True
    for first, second in features.similar_pairs(SIMILARITY_ANYTIME, sets.numbers(), sets.numbers, whole):
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            if a not in in_series and b not in in_series:
                sets.join(a, b)
    groups = [Group(kind, tuple(members)) for kind, members in found]
    for members in sets.members():
        if members[0] not in in_series:
            groups.append(_as_group(members, records, captures))
    return sorted(groups, key=lambda item: min(item.members))


def _runs(records: Sequence[Record], captures: Captures) -> list[list[int]]:
    """The photos of each camera in the order in which they were taken, where that is known."""
    cameras: defaultdict[object, list[int]] = defaultdict(list)
    for index, record in enumerate(records):
        if not math.isnan(captures.time[index]):
            cameras[_clock(record)].append(index)
    return [sorted(run, key=lambda index: float(captures.time[index])) for run in cameras.values()]


def _clock(record: Record) -> tuple[str | None, bool]:
    """What two photos share whose times can be compared: the camera, and whether it knew its time zone."""
    captured = record.captured or ""
    return record.camera, "+" in captured or captured.count("-") > 2


def _captures(records: Sequence[Record]) -> Captures:
    import numpy as np

    def column(values: list[float | None]) -> NDArray[np.float64]:
        return np.array([math.nan if value is None else value for value in values], np.float64)

    exposure = column([record.exposure_s for record in records])
    iso = column([record.iso or 100 for record in records])
    aperture = column([record.f_number or 1 for record in records])
    return Captures(
        time=column([_seconds(record.captured) for record in records]),
        level=np.log2(exposure * iso / 100 / aperture**2),
        focal=column([record.focal_mm for record in records]),
        bias=column([record.exposure_bias for record in records]),
        exposure=exposure,
    )


def _seconds(captured: str | None) -> float | None:
    try:
        time = datetime.fromisoformat(captured or "")
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()


def _link_in_time(run: list[int], captures: Captures, features: PhotoFeatures, sets: _DisjointSets) -> None:
    import numpy as np

    order, own = np.asarray(run, np.intp), _DisjointSets(len(run))
    time = captures.time[order]
    needed = np.asarray([least for _, least in SIMILARITY_WITHIN])
    seconds = np.asarray([most for most, _ in SIMILARITY_WITHIN])
    for step in range(1, min(_NEIGHBOURS, len(run) - 1) + 1):
        gap = time[step:] - time[:-step]
        near = np.flatnonzero(gap <= seconds[-1])
        if not len(near):  # those that are further apart in the run are so in time, too
            break
        number = own.numbers()
        near = near[number[near] != number[near + step]]  # what is linked already need not be compared
        least = needed[np.searchsorted(seconds, gap[near])]
        linked = near[features.are_similar(order[near], order[near + step], least)]
        for at in linked.tolist():
            own.join(at, at + step)
    for at, top in enumerate(own.numbers().tolist()):
        sets.join(run[at], run[top])


def _as_group(members: list[int], records: Sequence[Record], captures: Captures) -> Group:
    """A group of photos that are no series: a burst if one camera took them in succession."""
    known = [index for index in members if not math.isnan(captures.time[index])]
    ordered = sorted(known, key=lambda index: float(captures.time[index]))
    gaps = [captures.time[b] - captures.time[a] for a, b in pairwise(ordered)]
    one_camera = len({_clock(records[index]) for index in members}) == 1
    kind: GroupKind = "look-alikes"
    if len(members) == 1:
        kind = "single"
    elif len(known) == len(members) and one_camera and max(gaps) <= _BURST_GAP_S:
        kind = "burst"
    return Group(kind, tuple(ordered if one_camera and len(known) == len(members) else members))


class _DisjointSets:
    """Disjoint sets of the numbers from 0 to n - 1."""

    def __init__(self, n: int) -> None:
        self._above = list(range(n))

    def join(self, a: int, b: int) -> None:
        """Make one set of those that hold a and b."""
        a, b = self._top(a), self._top(b)
        self._above[max(a, b)] = min(a, b)

    def members(self) -> list[list[int]]:
        """The sets, each in ascending order."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for item in range(len(self._above)):
            found[self._top(item)].append(item)
        return list(found.values())

    def numbers(self) -> NDArray[np.intp]:
        """The number of the set that each is in."""
        import numpy as np

        above = np.array(self._above, np.intp)
        while (higher := above[above]).tobytes() != above.tobytes():
            above = higher
        self._above = above.tolist()
        return above

    def _top(self, item: int) -> int:
        while self._above[item] != item:
            self._above[item] = item = self._above[self._above[item]]
        return item
