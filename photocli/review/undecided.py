"""The groups of which the proposal is unsure, the most doubtful first, and why in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.culling.doubts import Doubt
    from photocli.records import Record
    from photocli.xmp.judgement import Judgement

UNSURE = 0.25
"""The doubt from which on a group is asked about: its first photo is ahead by half a point, or less."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """A group whose proposal is unsure: ids of its photos, best first, a doubt of 0 to 1, and why."""

    group: int
    ids: tuple[int, ...]
    doubt: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ids": list(self.ids)}


def undecided(
    records: Mapping[int, Record], doubts: Sequence[Doubt], judgements: Mapping[int, Judgement]
) -> list[Undecided]:
    """The groups that a person has not decided yet and whose proposal is unsure, in order of doubt.

    `records` are those of the culled photos by id, `doubts` is `Culling.doubts` after `finish`, and
    `judgements` what a person said of photos, by id. A group is decided when one of its photos has a pick or
    stars, or all but one are rejected.
    """
    members = defaultdict(list)
    for id, record in records.items():
        if record.group is not None:
            members[record.group].append((record.rank_in_group or 0, id))
    found = []
    for each in doubts:
        ids = tuple(id for _, id in sorted(members[each.group]))
        if each.doubt >= UNSURE and len(ids) > 1 and not _is_decided([judgements.get(id) for id in ids]):
            found.append(Undecided(each.group, ids, each.doubt, each.why))
    return sorted(found, key=lambda one: (-one.doubt, one.group))


def _is_decided(said: Sequence[Judgement | None]) -> bool:
    chosen = any(each is not None and (each.flag == "pick" or (each.rating or 0) > 0) for each in said)
    return chosen or sum(each is None or not each.rejects for each in said) < 2
