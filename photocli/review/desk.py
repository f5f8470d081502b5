"""The parts of a review that its page works with, in one place."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from photocli.review.rows import row

if TYPE_CHECKING:
    from photocli.review.drops import Drops
    from photocli.review.judging import Judge
    from photocli.review.overlays import Overlays
    from photocli.review.pictures import Pictures
    from photocli.review.proposals import Proposals
    from photocli.review.shoot import Shoot
    from photocli.scoring.pipeline import Run

_GONE = "gone"  # what the version of a picture is whose file is not there

_MOST_LOOKED_AT = 400


@dataclass(slots=True)
class Desk:
    """What lies on it: the run and its shoot, and who judges, draws, proposes and takes what is dropped.

    `propose` has proposals made anew, soon.
    """

    run: Run
    shoot: Shoot
    judge: Judge
    pictures: Pictures
    overlays: Overlays
    proposals: Proposals
    drops: Drops
    propose: Callable[[], object]
    _seen: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of some photos; what stands of each was read. Raises `UnknownPhoto`."""
        self._look_at(ids)
        for id in ids:
            self.stand(id)
        versions = [self.pictures.version(id) for id in ids]
        there = [None if version == _GONE else version for version in versions]
        return [row(self.shoot.entry(id), version) for id, version in zip(ids, there, strict=True)]

    def is_gone(self, id: int) -> bool:
        """Whether the file of a photo is no longer there."""
        return self.pictures.version(id) == _GONE

    def stand(self, id: int) -> None:
        """Have the shoot know what stands of a photo. Raises `UnknownPhoto`."""
        if self.shoot.entry(id).judgement is None:
            self.shoot.set_judgement(id, self.judge.standing(id))

    @property
    def looked_at(self) -> list[int]:
        """The photos whose rows were asked for last."""
        with self._lock:
            return list(self._seen)

    def _look_at(self, ids: Sequence[int]) -> None:
        with self._lock:
            for id in ids:
                self._seen.pop(id, None)
                self._seen[id] = None
            while len(self._seen) > _MOST_LOOKED_AT:
                self._seen.popitem(last=False)
