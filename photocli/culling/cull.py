"""Culling a shoot: the results of a pass are gathered, grouped, ranked and picked from, all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from photocli.culling.picks import Wanted, beyond, choose, protected, rank, with_rank
from photocli.errors import UsageError
from photocli.scoring.profiles import GENERAL
from photocli.xmp.own_ratings import Judgement, JudgementReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.closeups import Closeups
    from photocli.culling.doubts import Doubt
    from photocli.culling.groups import Group
    from photocli.culling.picks import GroupRank
    from photocli.culling.reasons import Reasons
    from photocli.files.links import Roots
    from photocli.records import Record
    from photocli.scoring.profiles import Profile
    from photocli.scoring.results import Result

OUTPUTS = ("embedding", "signature")
"""What a run must give beside its records (`Options.outputs`)."""

_LEAD = 1000.0
"""Points of the ranking for each step of a person's judgement: more than the scores can differ by."""


class Reader(Protocol):
    """Tells what a person said of a photo, or of the RAW file under it; None if nobody said anything."""

    def of(self, photo: Path, twin: Path | None = None) -> Judgement | None: ...


class Culling:
    """Takes the results of a run, and gives their records back with groups, ranks and picks.

    `judgements` has what a person said of a photo, by `record.path`, for photos that have such a judgement.
    It leads in each group and decides the flag; what photocli wrote itself is none. After `finish`, `kept`
    has the paths of photos that are no rejects for that reason alone, `overruled` those of rejects that the
    person had marked (with `overwrite`), and `beyond` says how many picks of theirs exceed what was wanted;
    `doubts` says how unsure each group is, and `proposed` has the places by `record.path`, both by the photos
    alone, as if no person had judged any.

    >>> run = Run("shoot", Options(outputs=OUTPUTS))  # doctest: +SKIP
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
        roots: Roots | None = None,
        profile: Profile = GENERAL,
        reader: Reader | None = None,
    ) -> None:
        """Photos in the folder `apart`, where rejects of earlier runs lie, have no part in it.

        `closeups` looks again where frames are nearly equal. Sidecars that are links out of `roots` say
        nothing. `profile` is what the scores follow. `reader` tells what a person said, where that is known
        already.
        """
        self._profile = profile
        self._reader: Reader = reader or JudgementReader(roots)
        self._closeups = closeups
        self._records: list[Record] = []
        self._part: list[int] = []
        self._embeddings: list[NDArray[np.float32]] = []
        self._signatures: list[NDArray[np.uint8]] = []
        self._apart = None if apart is None else apart.resolve()
        self.groups: list[Group] = []
        self.judgements: dict[str, Judgement] = {}
        self.kept: list[str] = []
        self.overruled: list[str] = []
        self.beyond = 0
        self.doubts: list[Doubt] = []
        self.proposed: dict[str, GroupRank] = {}

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
        if result.in_memory:  # its name is no path, where a sidecar could lie
            return
        photo, twin = Path(result.record.path), result.record.twin
        if (judgement := self._reader.of(photo, Path(twin) if twin else None)) is not None:
            self.judgements[result.record.path] = judgement

    def finish(self, wanted: Wanted, *, reject: bool = False, overwrite: bool = False) -> list[Record]:
        """All records in the order in which they came, those that were culled with their place.

        With `reject`, every photo that is not picked is a reject, but for those with ratings, picks, labels
        or edits of a person's; with `overwrite`, these, too.
        """
        if not self._part:
            return self._records
        records = [self._records[at] for at in self._part]
        said = {
            index: self.judgements[record.path]
            for index, record in enumerate(records)
            if record.path in self.judgements
        }
        self.groups, alone, reasons = self._ranked(records, said)
        scores = [record.score for record in records]
        self.proposed = {records[at].path: rank_ for at, rank_ in choose(alone, scores, wanted).items()}
        ranks = choose(self.groups, scores, wanted, said, overwrite=overwrite)
        self.beyond = beyond(self.groups, ranks, wanted)
        marked = protected(self.groups, said) if reject else set()
        for index, rank_ in ranks.items():
            kind = self.groups[rank_.group - 1].kind
            stays = index in marked and not rank_.picked
            if stays and not overwrite:
                self.kept.append(records[index].path)
            elif stays and index in said:
                self.overruled.append(records[index].path)
            at = self._part[index]
            rejected = reject and (overwrite or not stays)
            placed = with_rank(self._records[at], rank_, kind, reject=rejected)
            self._records[at] = replace(placed, pick_reason=reasons.of(index, ranks))
        return self._records

    def _ranked(
        self, records: list[Record], said: Mapping[int, Judgement]
    ) -> tuple[list[Group], list[Group], Reasons]:
        """The groups, the best of each first, by what the person said and then by how the frames compare; by
        that alone; and the reasons for it.
        """
        import numpy as np

        from photocli.culling.doubts import by_photos_alone, doubts
        from photocli.culling.groups import group
        from photocli.culling.reasons import Reasons, Standings
        from photocli.culling.similarity import PhotoFeatures

        features = PhotoFeatures(
            np.stack(self._embeddings, dtype=np.float32), np.stack(self._signatures), own=True
        )
        self._embeddings.clear()
        # So far apart, frames of which the person thinks differently are no contenders of a closer look.
        lead = {index: _LEAD * judgement.standing for index, judgement in said.items()}
        standings = Standings(records, features, lead)
        found = group(records, features)
        standings.measure(one.members for one in found if not one.whole and len(one.members) > 1)
        groups = rank(found, standings.compare)
        closer: Mapping[int, tuple[int, ...]] = {}
        if self._closeups is not None:
            groups = self._closeups.rerank(groups, records, standings.ranking)
            closer = self._closeups.steps
        reasons = Reasons(groups, standings, closer=closer, judgements=said, profile=self._profile)
        alone = by_photos_alone(groups, standings, closer)
        self.doubts = doubts(alone, standings, reasons, closer)
        return groups, alone, reasons

    def kinds(self) -> Counter[str]:
        """How many groups of each kind there are."""
        return Counter(group.kind for group in self.groups)

    def _lies_apart(self, record: Record) -> bool:
        return self._apart is not None and Path(record.path).resolve().is_relative_to(self._apart)
