"""Culling a shoot: the results of a pass are gathered, grouped, ranked and picked from, all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.culling.picks import Wanted, choose, rank, with_rank
from photocli.errors import UsageError
from photocli.scoring.profiles import GENERAL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.closeups import Closeups
    from photocli.culling.groups import Group
    from photocli.records import Record
    from photocli.scoring.pipeline import Result
    from photocli.scoring.profiles import Profile
    from photocli.xmp.own_ratings import Judgement

OUTPUTS = ("embedding", "signature")
"""What a run must give beside its records (`Options.outputs`)."""


class Culling:
    """Takes the results of a run, and gives their records back with groups, ranks and picks.

    `judgements` has what a person said of a photo, by `record.path`, for photos that have such a judgement.

    >>> run = Run(["shoot"], Options(outputs=OUTPUTS))  # doctest: +SKIP
    >>> culling = Culling()  # doctest: +SKIP
    >>> for result in run.results():  # doctest: +SKIP
    ...     culling.add(result)
    >>> records = culling.finish(Wanted(per_group=1))  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        apart: Path | None = None,
        closeups: Closeups | None = None,
        profile: Profile = GENERAL,
    ) -> None:
        """Photos in the folder `apart`, where rejects of earlier runs lie, have no part in it.

        `closeups` looks again where frames are nearly equal. `profile` is what the scores follow.
        """
        self._closeups = closeups
        self._profile = profile
        self._records: list[Record] = []
        self._part: list[int] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._signatures: list[NDArray[np.uint8]] = []
        self._apart = None if apart is None else apart.resolve()
        self.groups: list[Group] = []
        self.judgements: dict[str, Judgement] = {}

    def add(self, result: Result) -> None:
        """Take one result. Raises `UsageError` if no model of the run gives embeddings."""
        import numpy as np

        self._records.append(result.record)
        if result.record.status != "ok" or self._lies_apart(result.record):
            return
        found = next((out for out in result.outputs.values() if set(OUTPUTS) <= set(out)), None)
        if found is None:
            raise UsageError("to cull, a model with embeddings is needed; add aesthetics to --assess")
        self._part.append(len(self._records) - 1)
        self._embeddings.append(found["embedding"])
        self._signatures.append(found["signature"].astype(np.uint8))

    def finish(self, wanted: Wanted, *, reject: bool = False) -> list[Record]:
        """All records in the order in which they came, those that were culled with their place.

        With `reject`, every photo that is not picked is a reject.
        """
        if not self._part:
            return self._records
        import numpy as np

        from photocli.culling.groups import group
        from photocli.culling.reasons import Reasons, Standings
        from photocli.culling.similarity import PhotoFeatures

        records = [self._records[at] for at in self._part]
        features = PhotoFeatures(np.stack(self._embeddings), np.stack(self._signatures))
        self._embeddings.clear()
        standings = Standings(records, features)
        self.groups = rank(group(records, features), standings.compare)
        closer: Mapping[int, int] = {}
        if self._closeups is not None:
            self.groups = self._closeups.rerank(self.groups, records, standings.ranking)
            closer = self._closeups.steps
        ranks = choose(self.groups, [record.score for record in records], wanted)
        reasons = Reasons(
            self.groups, standings, closer=closer, judgements=self.judgements, profile=self._profile
        )
        for index, rank_ in ranks.items():
            kind = self.groups[rank_.group - 1].kind
            at = self._part[index]
            marked = with_rank(self._records[at], rank_, kind, reject=reject)
            self._records[at] = replace(marked, pick_reason=reasons.of(index, rank_))
        return self._records

    def kinds(self) -> Counter[str]:
        """How many groups of each kind there are."""
        return Counter(group.kind for group in self.groups)

    def _lies_apart(self, record: Record) -> bool:
        return self._apart is not None and Path(record.path).resolve().is_relative_to(self._apart)
