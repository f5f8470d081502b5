"""Why a photo is picked, or is not, in a few plain words: what weighed most in the ranking of its group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from photocli.culling.ranking import light, points_of_groups
from photocli.display import printable
from photocli.scoring.profiles import FAULTS, GENERAL
from photocli.scoring.ratings import HIGHEST, LOWEST, breakdown, summed
from photocli.xmp.own_ratings import Judgement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.groups import Group
    from photocli.culling.picks import GroupRank
    from photocli.culling.similarity import PhotoFeatures
    from photocli.records import Record
    from photocli.scoring.profiles import Profile
    from photocli.scoring.ratings import Part

_ASPECTS: Mapping[str, tuple[str, ...]] = {
    "sharpness": ("sharpness", "blur", "motion_blur"),
    "exposure": ("exposure", "stops", "highlights", "overexposed", "underexposed"),
    "level": ("level", "upright"),
    "face": ("face",),
    "selfie": ("selfie",),
    "noise": ("noise",),
    "compression": ("compression",),
    "technical": ("technical",),
    "aesthetic": ("aesthetic",),
    "taste": ("taste",),
    "score": ("score",),
}
"""What a person would call by one word, and the points of the ranking and of the score that it stands for."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "sharpness": ("sharper", "less sharp"),
    "exposure": ("better exposed", "less well exposed"),
    "level": ("straighter", "tilted"),
    "face": ("sharper face", "softer face"),
    "selfie": ("better portrait by {:.1f}", "weaker portrait by {:.1f}"),
    "noise": ("less noise", "more noise"),
    "compression": ("less compression", "more compression"),
    "technical": ("fewer faults", "more faults"),
    "aesthetic": ("looks better by {:.1f}", "looks worse by {:.1f}"),
    "taste": ("more to your taste", "less to your taste"),
    "score": ("higher score by {:.1f}", "lower score by {:.1f}"),
}
"""What is said of the better photo, and of the other one."""

_EQUAL = 0.005
"""Photos whose points differ by less are equal: the score is shown with two decimals."""

_NEARLY = 0.05
"""By so little nobody sees a photo to be sharper or better exposed."""

_LOST = 1e-6  # what the worst fault leaves, as in the score
_LABEL = 12  # the most characters of a label
_PLAINLY_EV = 0.4  # as in the ranking, from where frames are exposed otherwise than the others


@dataclass(slots=True)
class Standings:
    """How the photos of a shoot compare with the others of their groups, by their index in `records`.

    `points` are what `ranking_points` found, and `ranking` their sum; `light` is that against the group's
    mean, in EV. Photos that were not compared with any are in none of them. `lead` are points that come
    before all others, for what a person said.
    """

    records: Sequence[Record]
    features: PhotoFeatures
    lead: Mapping[int, float] = field(default_factory=dict)
    points: dict[int, dict[str, float]] = field(default_factory=dict)
    ranking: dict[int, float] = field(default_factory=dict)
    light: dict[int, float] = field(default_factory=dict)

    def measure(self, groups: Iterable[Sequence[int]]) -> None:
        """Score the photos of many groups at once, as `compare` does for those of one that isn't known."""
        import numpy as np

        for members, found in points_of_groups(self.records, self.features, groups):
            lead = np.array([self.lead.get(member, 0.0) for member in members])
            values = np.sum([*found.values(), lead], axis=0)
            level = light(self.features.thumbnails[np.asarray(members, np.intp)])
            self.ranking.update(zip(members, values.tolist(), strict=True))
            self.light.update(zip(members, (level - level.mean()).tolist(), strict=True))
            each = zip(*(points.tolist() for points in found.values()), strict=True)
            for member, points in zip(members, each, strict=True):
                self.points[member] = dict(zip(found, points, strict=True))

    def compare(self, members: Sequence[int]) -> NDArray[np.floating]:
        """Score the photos of one group, as `ranking_scores` and `lead` do, and note how that came about."""
        import numpy as np

        if any(member not in self.ranking for member in members):
            self.measure([members])
        return np.array([self.ranking[member] for member in members])


class Reasons:
    """Says for each photo of ranked groups why it is picked, or why not."""

    def __init__(
        self,
        groups: Sequence[Group],
        standings: Standings,
        *,
        closer: Mapping[int, tuple[int, ...]] | None = None,
        judgements: Mapping[int, Judgement] | None = None,
        profile: Profile = GENERAL,
    ) -> None:
        """`closer` are the steps of blur and noise that a closer look found, `judgements` what a person said
        of photos, and `profile` what the scores follow.
        """
        self._groups = groups
        self._standings = standings
        self._closer = closer or {}
        self._judgements = judgements or {}
        self._profile = profile

    def of(self, index: int, ranks: Mapping[int, GroupRank]) -> str:
        """Say why the photo with this index is picked, against the next one of its group, or why it is not,
        against the first one, or the first pick that the person judged alike. `ranks` are those of all."""
        rank = ranks[index]
        group = self._groups[rank.group - 1]
        count = len(group.members)
        own = self._judgements.get(index)
        if own is not None and own.rejects and not rank.picked:
            return "you rejected it"
        if group.whole:
            return f"{group.kind} of {count}" if rank.picked else f"no room for all {count}"
        if not rank.picked:
            return (
                "no room within --keep"
                if rank.rank == 1
                else self._between(self._rival(index, group.members, ranks), index, lead=False)
            )
        if rank.rank < count:
            return self._between(index, group.members[rank.rank], lead=True)
        if own is not None and own.keeps:
            return _of_person(own)
        return "only one" if count == 1 else "all of the group"

    def _rival(self, index: int, members: Sequence[int], ranks: Mapping[int, GroupRank]) -> int:
        """What a photo that is not picked is compared with: the first one of its group.

        If that leads by what the person said alone, it is the first pick of which they said as much.
        """
        standing = self._standing(index)
        alike = (each for each in members if ranks[each].picked and self._standing(each) == standing)
        return next(alike, members[0])

    def _standing(self, index: int) -> int:
        own = self._judgements.get(index)
        return own.standing if own else 0

    def _between(self, better: int, other: int, *, lead: bool) -> str:
        """What one photo has over another one of its group: said of the better one, or of the other."""
        own, others_own = self._judgements.get(better), self._judgements.get(other)
        if self._standing(better) > self._standing(other):
            if own is None or not own.keeps:
                return "you rejected the next" if lead else "you rejected it"
            return _of_person(own, others_own) if lead else f"first: {_of_person(own, others_own)}"
        steps, others_steps = self._closer.get(better), self._closer.get(other)
        if steps is not None and others_steps is not None and steps != others_steps:
            seen = "sharpness" if steps[0] != others_steps[0] else "noise"
            return f"closer look: {_WORDS[seen][not lead]}"
        ahead = self.aspects(better, other)
        most = max(ahead, key=ahead.__getitem__)
        by = self._standings.ranking[better] - self._standings.ranking[other]
        if ahead[most] < _EQUAL or by == 0:
            return "equal, comes first" if lead else "equal, comes later"
        if by < _NEARLY and "{" not in _WORDS[most][0]:
            return "nearly equal, comes first" if lead else "nearly equal, comes later"
        if most == "exposure" and not lead:
            return self._exposed(other)
        return _with(_WORDS[most][not lead], ahead[most])

    def aspects(self, better: int, other: int) -> dict[str, float]:
        """By how many points one photo of a group is ahead of another one, by what a person would call it."""
        points = self._ahead(better, other)
        return {aspect: sum(points.get(name, 0.0) for name in names) for aspect, names in _ASPECTS.items()}

    @staticmethod
    def praise(aspect: str, points: float) -> str:
        """What is said of the photo that is ahead by so many points in an aspect."""
        return _with(_WORDS[aspect][0], points)

    def _exposed(self, index: int) -> str:
        """How a photo that is exposed worse differs from the others of its group."""
        difference = self._standings.light[index]
        if abs(difference) < _PLAINLY_EV:
            return _WORDS["exposure"][1]
        return "darker than the rest" if difference < 0 else "brighter than the rest"

    def _ahead(self, better: int, other: int) -> dict[str, float]:
        """By how many points a photo is ahead of another one, by what for: parts of the score among them."""
        points, others = self._standings.points[better], self._standings.points[other]
        ahead = {name: points[name] - others[name] for name in points}
        records = self._standings.records[better], self._standings.records[other]
        ours, theirs = (breakdown(record, self._profile) for record in records)
        if not ours or not theirs or (summed(ours), summed(theirs)) != (records[0].score, records[1].score):
            return ahead  # a score by other weights
        score = ahead.pop("score")
        parts = {part.name: part.points for part in ours if part.name not in FAULTS}
        for part in theirs:
            if part.name not in FAULTS:
                parts[part.name] = parts.get(part.name, 0.0) - part.points
        parts.update(_faults_ahead(records, (ours, theirs), self._profile))
        if parts.pop("limit", 0.0):  # at the end of the scale, parts weigh only what is left of them
            whole = sum(parts.values())
            kept = score / whole if whole and score / whole > 0 else 0.0
            parts = {name: value * kept for name, value in parts.items()}
        return {**ahead, **parts}


def _faults_ahead(
    records: tuple[Record, Record], parts: tuple[tuple[Part, ...], ...], profile: Profile
) -> dict[str, float]:
    """Share out the points by which the faults of a record cost less than another one's, by fault.

    Each has a share by how much less of the quality it takes, so that no fault speaks for the record in which
    it is worse: what a fault costs also depends on the other faults of its record.
    """
    costs = [-math.fsum(part.points for part in of if part.name in FAULTS) for of in parts]
    left = [
        {
            name: max(1 - weight * (getattr(record, name) or 0.0), _LOST)
            for name, weight in profile.faults.items()
        }
        for record in records
    ]
    less = {name: math.log(left[0][name] / left[1][name]) for name in profile.faults}
    whole = math.fsum(less.values())
    if abs(whole) > _LOST:
        each = max(0.0, (costs[1] - costs[0]) / whole)
    else:
        each = profile.technical * (HIGHEST - LOWEST) * math.prod(left[0].values())
    return {name: each * share for name, share in less.items()}


def _of_person(own: Judgement, other: Judgement | None = None) -> str:
    """What a person said of a photo, in words: what counts most of that which the other one doesn't have."""
    other = other or Judgement()
    if own.flag == "pick" and other.flag != "pick":
        return "your pick"
    if own.rating and own.rating != other.rating:
        return "your 1 star" if own.rating == 1 else f"your {own.rating} stars"
    if own.label is not None and other.label is None:
        return f"your {printable(own.label)[:_LABEL].strip().lower()} label"
    return "you edited it" if own.edited else "your rating"


def _with(words: str, points: float) -> str:
    """The words with the points, where they name them; with two decimals where one would show nothing."""
    return words.replace(".1f", ".2f").format(points) if points < 0.05 else words.format(points)
