"""A closer look at the frames that lead a group by next to nothing: their own pixels decide among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.inputs.views import shows_more
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.taste.store import OFF

if TYPE_CHECKING:
    from photocli.culling.groups import Group
    from photocli.models.card import Card
    from photocli.records import Record

    Watch = Callable[[Run, int], Iterable[Record]]

MARGIN = 0.5
"""Frames whose `ranking_scores` are within so many points of the best one's are nearly equal: it is half a
doubling of detail."""

MOST = 6
"""How many frames of a group are looked at closely, at most, the best ones: it bounds the cost."""

STEP = 0.05
"""Severities are told apart in steps of this; where they are the same, the ranking goes on deciding."""


def model_of(cards: Iterable[Card]) -> str | None:
    """The name of the model that can look closer, None without one."""
    return next((card.name for card in cards if card.kind == "technical" and card.input.fit == "sheet"), None)


def contenders(group: Group, records: Sequence[Record], ranking: Mapping[int, float]) -> tuple[int, ...]:
    """The frames of a ranked group that a closer look is to decide among, the best first; none or several.

    They are of one camera and size, as the pixels of different ones are not equally sharp, and larger than
    the frames that they were judged by.
    """
    if group.whole or len(group.members) < 2:
        return ()
    least = ranking[group.members[0]] - MARGIN
    near = tuple(member for member in group.members[:MOST] if ranking[member] >= least)
    makes = {_make(records[member]) for member in near}
    width, height = records[near[0]].width or 0, records[near[0]].height or 0
    return near if len(near) > 1 and len(makes) == 1 and shows_more(width, height) else ()


@dataclass(slots=True)
class Closeups:
    """Looks closer with the model `model`; a run's `options` say where and how.

    `watch` is given the run and the number of its photos, and gives its records. What is `passed_over`, by
    `Record.path`, is not looked at: images in memory. The other fields say what was done: how many `frames`
    of how many `groups` were looked at, how many groups have another best frame now (`changed`), the
    `seconds` it took, and by how many `STEP`s each frame that it decided about, by the index of its record,
    is blurred (`steps`).
    """

    model: str
    options: Options
    watch: Watch = field(default=lambda run, total: run)
    passed_over: set[str] = field(default_factory=set)
    frames: int = 0
    groups: int = 0
    changed: int = 0
    seconds: float = 0.0
    steps: dict[int, int] = field(default_factory=dict)

    def rerank(
        self, groups: Sequence[Group], records: Sequence[Record], ranking: Mapping[int, float]
    ) -> list[Group]:
        """The ranked groups, those frames that are nearly equal ordered by blur at the camera's resolution.

        `ranking` is by the index of a record, higher is better. Where a frame cannot be read any more, its
        group stays as it is. Raises what a run raises.
        """
        found = {number: contenders(group, records, ranking) for number, group in enumerate(groups)}
        close = {number: members for number, members in found.items() if members}
        settled = list(groups)
        lost = self._blur_of([records[member].path for members in close.values() for member in members])
        for number, members in close.items():
            blurs = [lost.get(records[member].path) for member in members]
            known = [blur for blur in blurs if blur is not None]
            if len(known) < len(members):
                continue
            steps = [round(blur / STEP) for blur in known]
            self.steps.update(zip(members, steps, strict=True))
            order = sorted(range(len(members)), key=lambda at: (steps[at], at))
            first = tuple(members[at] for at in order)
            rest = groups[number].members[len(members) :]
            self.groups += 1
            self.changed += first[0] != members[0]
            settled[number] = replace(groups[number], members=(*first, *rest))
        return settled

    def _blur_of(self, paths: list[str]) -> dict[str, float]:
        """How much each photo that can be read lost to blur of any kind, 0 to 1, by its path."""
        still = [path for path in paths if path not in self.passed_over and Path(path).exists()]
        if not still:
            return {}
        options = replace(self.options, assess=(self.model,), outputs=(), taste=OFF, detail="native")
        run = Run(still, options)
        records = list(self.watch(run, len(still)))
        self.frames += run.summary.photos - run.summary.failed
        self.seconds += run.summary.seconds
        return {record.path: _lost(record) for record in records if record.status == "ok"}


def _make(record: Record) -> tuple[object, ...]:
    sides = (record.width or 0, record.height or 0)
    return record.camera, min(sides), max(sides)


def _lost(record: Record) -> float:
    """What blur and motion blur leave nothing of, together, as in the technical quality."""
    return 1 - (1 - (record.blur or 0.0)) * (1 - (record.motion_blur or 0.0))
