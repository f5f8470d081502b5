"""What is proposed: groups, the best of each, and the picks, anew whenever more is known of the shoot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.culling.closeups import closeups_of
from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.picks import Wanted
from photocli.scoring.ratings import relative
from photocli.scoring.results import Result

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photocli.culling.doubts import Doubt
    from photocli.culling.picks import GroupRank
    from photocli.records import Record
    from photocli.review.shoot import Shoot
    from photocli.scoring.pipeline import Run
    from photocli.xmp.judgement import Judgement

FIRST_S = 8.0
"""Seconds until proposals are made of the photos that were scored by then."""

_NO_PLACE: dict[str, Any] = dict.fromkeys(("group", "rank_in_group", "group_kind", "pick", "pick_reason"))
_SHARE = 10  # proposals take a tenth of the time at most: the rest is for scoring


class Proposals:
    """Gathers what photos are compared by, and proposes groups, ranks and picks.

    What a person said leads, as in `photocli cull`. `doubts` and `proposed` are those of `Culling`. It is for
    one thread.
    """

    def __init__(self, run: Run, shoot: Shoot, *, relative_stars: bool = False) -> None:
        self._run, self._shoot = run, shoot
        self._relative = relative_stars
        # Models of a user's own may say nothing of how alike photos are.
        self._alike = any("embedding" in card.outputs for card in run.models.cards.values())
        self._ids: list[int] = []
        self._outputs: list[tuple[NDArray[Any], NDArray[Any]]] = []
        self._proposed = 0
        self._next = time.monotonic() + FIRST_S
        self.doubts: list[Doubt] = []
        self.proposed: dict[str, GroupRank] = {}

    def add(self, id: int, result: Result) -> None:
        """Take what a photo is compared by."""
        import numpy as np

        if result.record.status != "ok" or not self._alike:
            return
        found = next((out for out in result.outputs.values() if set(OUTPUTS) <= set(out)), None)
        if found is not None:
            self._ids.append(id)
            # As the cache keeps them; in half the memory.
            self._outputs.append((found["embedding"].astype(np.float16), found["signature"].astype(np.uint8)))

    @property
    def are_due(self) -> bool:
        """Whether it is time to propose something while photos are still being scored."""
        is_time = time.monotonic() > self._next and not self._shoot.is_filling
        return is_time and len(self._ids) > self._proposed

    def propose(self, watch: Callable[[Run, int], Iterable[Record]] | None = None) -> None:
        """Propose anew, for all photos so far; with `watch`, look closer at those that are nearly equal.

        `watch` goes over the records of that closer run, and of so many of them.
        """
        began = time.monotonic()
        self._proposed = len(self._ids)
        if self._relative:
            self._shoot.rescore({record.path: record for record in relative(self._records())})
        if self._alike and self._ids:
            self._cull(watch)
        now = time.monotonic()
        self._next = now + max(FIRST_S, _SHARE * (now - began))

    def _records(self) -> list[Record]:
        return [record for record in self._shoot.records() if record is not None]

    def _cull(self, watch: Callable[[Run, int], Iterable[Record]] | None) -> None:
        ids, records = list(self._ids), self._shoot.records()
        closeups = None if watch is None else closeups_of(self._run, watch)
        if watch is not None and closeups is None:
            return
        known = _Known({self._shoot.path(id): self._said(id) for id in ids})
        culling = Culling(closeups=closeups, reader=known, profile=self._run.models.profile)
        for id, (embedding, signature) in zip(ids, self._outputs, strict=False):
            record = records[id]
            assert record is not None
            if record.pick is not None or record.pick_reason is not None:
                record = replace(record, **_NO_PLACE)
            culling.add(Result(record, {"": {"embedding": embedding, "signature": signature}}))
        self._shoot.place(ids, culling.finish(Wanted(per_group=1)))
        self.doubts, self.proposed = culling.doubts, culling.proposed

    def _said(self, id: int) -> Judgement | None:
        standing = self._shoot.judgement(id)
        return None if standing is None else standing.judgement or None


class _Known:
    """What a person said, as the shoot knows it: files need not be read again."""

    def __init__(self, said: Mapping[str, Judgement | None]) -> None:
        self._said = said

    def of(self, photo: Path, twin: Path | None = None) -> Judgement | None:
        return self._said.get(str(photo))
