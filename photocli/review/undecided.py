"""The groups of which the proposal is unsure, the most doubtful first, and why in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.culling.doubts import Doubt
    from photocli.records import Record
    from photocli.xmp.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Undecided:
    """A group whose proposal is unsure: ids of its photos, best first, a doubt of 0 to 1, and why."""

    group: int
    ids: tuple[int, ...]
    doubt: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        raise NotImplementedError


def undecided(
    records: Mapping[int, Record], doubts: Sequence[Doubt], judgements: Mapping[int, Judgement]
) -> list[Undecided]:
    """The groups that a person has not decided yet and whose proposal is unsure, in order of doubt.

    `records` are those of the culled photos by id, `doubts` is `Culling.doubts` after `finish`, and
    `judgements` what a person said of photos, by id. A group is decided when all its members were judged, or
    one was picked or the rest rejected.
    """
    raise NotImplementedError
