"""How often a person followed the proposals: by kind of photo, with the interval of each figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.xmp.judgement import Judgement


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `n` photos of a kind for which both spoke, `followed` were judged as proposed; a share from `low` to `high`.

    `what` is "picks", "rejects", "best of group", "stars" (the same) or "stars within one". The interval is Wilson's, 95%.
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
        raise NotImplementedError


def agreement(judged: Iterable[tuple[Record, Judgement]]) -> list[Agreement]:
    """Compare records, with their proposals, and what a person said of them; "all" comes first, empty rows are left out."""
    raise NotImplementedError
