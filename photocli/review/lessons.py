"""What a person's ratings say: what can be learned of them, how often they agree, and what is undecided."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from photocli.errors import UsageError
from photocli.review.agreement import agreement
from photocli.review.learning import learn
from photocli.review.undecided import undecided

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.review.desk import Desk
    from photocli.xmp.judgement import Judgement


class Lessons:
    """Works over the photos of a desk that were scored by now. For several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._learning = threading.Lock()

    def learn(self) -> dict[str, Any]:
        """Learn from the ratings, and put the photos into the order that follows; what came of it.

        Raises `UsageError` while photos are being scored, or learned from.
        """
        shoot = self._desk.shoot
        progress = shoot.progress
        if not progress.listed or progress.done < progress.total:
            raise UsageError("wait until all photos are scored, then learn from your ratings")
        if not self._learning.acquire(blocking=False):
            raise UsageError("your ratings are being learned from already; wait until that is done")
        try:
            run = self._desk.run
            learned = learn(run.paths, run.options)
            if learned.records:
                shoot.rescore({record.path: record for record in learned.records})
                self._desk.propose()
        finally:
            self._learning.release()
        return {
            "message": learned.message,
            "kept": learned.kept,
            "ratings": learned.ratings,
            "held_out": learned.held_out,
            "general": learned.general,
            "version": shoot.version,
        }

    def agreement(self) -> list[dict[str, Any]]:
        """How often what a person said is what was proposed, by kind of photo."""
        proposed = self._desk.proposals.proposed
        return [each.as_dict() for each in agreement(self._judged(), proposed)]

    def undecided(self) -> list[dict[str, Any]]:
        """The groups of which the proposal is unsure, the most doubtful first."""
        records = {id: record for id, record in enumerate(self._desk.shoot.records()) if record is not None}
        said = {id: judgement for id in records if (judgement := self._said(id))}
        return [each.as_dict() for each in undecided(records, self._desk.proposals.doubts, said)]

    def _judged(self) -> list[tuple[Record, Judgement]]:
        found = []
        for id, record in enumerate(self._desk.shoot.records()):
            if record is not None and (judgement := self._said(id)):
                found.append((record, judgement))
        return found

    def _said(self, id: int) -> Judgement | None:
        standing = self._desk.shoot.judgement(id)
        return None if standing is None else standing.judgement
