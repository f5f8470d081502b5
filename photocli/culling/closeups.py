"""A closer look at the frames that lead a group by next to nothing: their own pixels decide among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.decode.levels import shows_more
from photocli.inputs import detail
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.taste.store import OFF

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.groups import Group
    from photocli.models.card import Card
    from photocli.records import Record

    Values = NDArray[np.float32]
    Watch = Callable[[Run, int], Iterable[Record]]

_WEIGHTS = "weights"  # the output that says how much each tile counts for each fault, blur first

MARGIN = 0.5
"""Frames whose `ranking_scores` are within so many points of the best one's are nearly equal: it is half a
doubling of detail."""

MOST = 6
"""How many frames of a group are looked at closely, at most, the best ones: it bounds the cost."""

SHARPER = 1 / 16
"""Doublings of detail are told apart in steps of this; a blur of 0.7 pixels takes three of them."""

STEP = 0.05
"""Severities are told apart in steps of this; where they are the same, the ranking goes on deciding."""

_EVENLY = 0.5  # the share of the weight that all tiles have alike; the rest is where the network looked
_FAINT = 0.02  # squared grey levels, lest nothing be compared with nothing


def model_of(cards: Iterable[Card]) -> str | None:
    """The name of the model that can look closer, None without one."""
    return next((card.name for card in cards if card.kind == "technical" and card.input.fit == "sheet"), None)


def closeups_of(run: Run, watch: Watch) -> Closeups | None:
    """What looks closer at the photos of a run where they are nearly equal; None where no model can."""
    model = model_of(run.models.cards.values())
    return None if model is None else Closeups(model, run.options, watch)


def contenders(group: Group, records: Sequence[Record], ranking: Mapping[int, float]) -> tuple[int, ...]:
    """The frames of a ranked group that a closer look is to decide among, the best first; none or several.

    They are of one camera and size, as the pixels of different ones are not equally sharp, and larger than
    what they were judged by.
    """
    if group.whole or len(group.members) < 2:
        return ()
    least = ranking[group.members[0]] - MARGIN
    near = tuple(member for member in group.members[:MOST] if ranking[member] >= least)
    makes = {_make(records[member]) for member in near}
    first = records[near[0]]
    more = shows_more((first.width or 0, first.height or 0), first.scale or 1.0)
    return near if len(near) > 1 and len(makes) == 1 and more else ()


@dataclass(slots=True)
class Closeups:
    """Looks closer with the model `model`; a run's `options` say where and how.

    `watch` is given the run and the number of its photos, and gives its records. What is `passed_over`, by
    `Record.path`, is not looked at: images in memory. The other fields say what was done: how many `frames`
    of how many `groups` were looked at, how many groups have another best frame now (`changed`), the
    `seconds` it took, and what each frame that it decided about was ordered by, by the index of its record,
    the lowest first (`steps`): the steps of its blur, then those of its noise.
    """

    model: str
    options: Options
    watch: Watch = field(default=lambda run, total: run)
    passed_over: set[str] = field(default_factory=set)
    frames: int = 0
    groups: int = 0
    changed: int = 0
    seconds: float = 0.0
    steps: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def rerank(
        self, groups: Sequence[Group], records: Sequence[Record], ranking: Mapping[int, float]
    ) -> list[Group]:
        """The ranked groups, those frames that are nearly equal ordered by their own pixels' sharpness.

        It is the detail of their tiles beyond noise; of frames that are equally sharp, that with less noise.
        The network's own blur decides only where tiles were not measured: noise hides blur from it.

        `ranking` is by the index of a record, higher is better. Where a frame cannot be read any more, its
        group stays as it is. Raises what a run raises.
        """
        found = {number: contenders(group, records, ranking) for number, group in enumerate(groups)}
        close = {number: members for number, members in found.items() if members}
        settled = list(groups)
        seen = self._look([records[member].path for members in close.values() for member in members])
        for number, members in close.items():
            looks = [seen[path] for path in (records[member].path for member in members) if path in seen]
            if len(looks) < len(members):
                continue
            keys = _keys(looks)
            self.steps.update(zip(members, keys, strict=True))
            order = sorted(range(len(members)), key=lambda at: (keys[at], at))
            first = tuple(members[at] for at in order)
            rest = groups[number].members[len(members) :]
            self.groups += 1
            self.changed += first[0] != members[0]
            settled[number] = replace(groups[number], members=(*first, *rest))
        return settled

    def _look(self, paths: list[str]) -> dict[str, _Look]:
        """What is seen of each photo that can be read, by its path."""
        still = [path for path in paths if path not in self.passed_over and Path(path).exists()]
        if not still:
            return {}
        outputs = (detail.NAME, _WEIGHTS)
        asked = replace(self.options, assess=(self.model,), outputs=outputs, taste=OFF)
        options = replace(asked, detail="native", decode="full")
        run = _Measured(still, options)
        records = list(self.watch(run, len(still)))
        self.frames += run.summary.photos - run.summary.failed
        self.seconds += run.summary.seconds
        return {
            record.path: _Look(record, **run.measures.get(record.path, {}))
            for record in records
            if record.status == "ok"
        }


class _Measured(Run):
    """A run that keeps what was measured of each photo, by its path."""

    def __init__(self, paths: Iterable[Path | str], options: Options) -> None:
        super().__init__(paths, options)
        self.measures: dict[str, dict[str, Values]] = {}

    def __iter__(self) -> Iterator[Record]:
        for result in self.results():
            measured = next(iter(result.outputs.values()), {})
            self.measures[result.record.path] = dict(measured)
            yield result.record


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame, seen closely: the detail of its tiles (t,), and their weights for each fault (t, faults)."""

    record: Record
    detail: Values | None = None
    weights: Values | None = None


def _keys(looks: Sequence[_Look]) -> list[tuple[int, ...]]:
    """What the frames of one group are ordered by, the lowest first."""
    import numpy as np

    details = [look.detail for look in looks if look.detail is not None]
    if len(details) < len(looks):
        return [(round(_lost(look.record) / STEP),) for look in looks]
    weights = np.full(len(details[0]), 1 / len(details[0]))
    if seen := [look.weights[:, 0] for look in looks if look.weights is not None]:
        # The same weights for all frames: they show the same, and what is noise must not choose.
        where = np.mean(seen, axis=0)
        weights = _EVENLY * weights + (1 - _EVENLY) * where / max(float(where.sum()), 1e-9)
    doublings = [0.5 * math.log2(float(weights @ detail) + _FAINT) for detail in details]
    return [
        (-round(sharp / SHARPER), round((look.record.noise or 0.0) / STEP))
        for sharp, look in zip(doublings, looks, strict=True)
    ]


def _make(record: Record) -> tuple[object, ...]:
    sides = (record.width or 0, record.height or 0)
    return record.camera, min(sides), max(sides)


def _lost(record: Record) -> float:
    """What blur and motion blur leave nothing of, together, as in the technical quality."""
    return 1 - (1 - (record.blur or 0.0)) * (1 - (record.motion_blur or 0.0))
