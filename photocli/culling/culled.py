"""Culling from Python: the groups of a shoot, the best of each, and what is picked; no file is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from photocli.culling.closeups import closeups_of
from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.picks import wanted
from photocli.errors import UsageError
from photocli.files.links import Roots
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from photocli.culling.closeups import Closeups
    from photocli.records import Record
    from photocli.scoring.results import Summary
    from photocli.scoring.sources import Progress, Sources


@dataclass(frozen=True, slots=True)
class CulledGroup:
    """Photos that belong together: the number of the group, its kind, and its records, the best first.

    The kind is `single`, `burst`, `look-alikes`, `bracket`, `panorama` or `focus stack`; the last three are
    series, which are kept whole and stay in the order in which they were taken.
    """

    number: int
    kind: str
    records: tuple[Record, ...]

    @property
    def best(self) -> Record:
        """The best photo of the group; of a series the first."""
        return self.records[0]


@dataclass(frozen=True, slots=True, repr=False)
class Culled:
    """What came of a cull. `records` has all photos in the order in which they were found, failed ones too.

    Those that were culled have `group`, `rank_in_group`, `group_kind`, `pick` and `pick_reason`.
    """

    records: tuple[Record, ...]
    summary: Summary

    def __repr__(self) -> str:
        counts = f"{len(self.groups)} groups, {len(self.picks)} picks, {len(self.rejects)} rejects"
        return f"<Culled: {len(self.records)} photos, {counts}>"

    @property
    def groups(self) -> tuple[CulledGroup, ...]:
        """The groups, in the order of their first photos."""
        members: dict[int, list[Record]] = {}
        for record in self.records:
            if record.group is not None:
                members.setdefault(record.group, []).append(record)
        return tuple(
            CulledGroup(number, some[0].group_kind or "single", tuple(sorted(some, key=_rank)))
            for number, some in sorted(members.items())
        )

    @property
    def picks(self) -> tuple[Record, ...]:
        """The photos that are picked."""
        return tuple(record for record in self.records if record.pick == "pick")

    @property
    def rejects(self) -> tuple[Record, ...]:
        """The photos that are rejected; none unless that was asked for."""
        return tuple(record for record in self.records if record.pick == "reject")


def cull(
    sources: Sources,
    *,
    keep: int | str | None = None,
    per_group: int | None = None,
    reject: bool = False,
    overwrite: bool = False,
    look_closer: bool = True,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Culled:
    """Group photos of a shoot, rank them within their groups, and pick the best.

    `sources`, `options` and `progress` are as in `photocli.score`. `keep` is how many photos to pick at most,
    or a share of all of them such as `"20%"`; `per_group` how many of each group, 1 if neither is given. With
    `reject`, every photo that is not picked is a reject. What a person said of a photo in its sidecar or in
    its packet leads: no photo is rejected that has a rating, pick, label or edits of a person's, unless
    `overwrite`. Where the best frames of a group are nearly equal, files are looked at again at the camera's
    own resolution, unless `look_closer` is off; images in memory, which are not kept, are not.

    Nothing is written, marked or moved: what to do with picks and rejects is up to the caller.

    Raises `UsageError` for limits and options that make no sense, and where no model gives the embeddings
    that photos are compared by, `DeviceError` and `ModelError`.
    """
    if per_group is not None and per_group < 1:
        raise UsageError("per_group must be at least 1; leave it out for no limit beside keep")
    limits = wanted("" if keep is None else str(keep), per_group or 0)
    options = options or Options()
    outputs = tuple(dict.fromkeys((*options.outputs, *OUTPUTS)))
    run = Run(sources, replace(options, outputs=outputs), progress)
    closeups = _closeups(run, progress) if look_closer else None
    roots = None if options.follow_links else Roots(run.paths)
    culling = Culling(closeups=closeups, roots=roots, profile=run.models.profile)
    for result in run.results():
        culling.add(result)
        if closeups is not None and result.in_memory:
            closeups.passed_over.add(result.record.path)
    return Culled(tuple(culling.finish(limits, reject=reject, overwrite=overwrite)), run.summary)


def _closeups(run: Run, progress: Progress | None) -> Closeups | None:
    """What looks closer where frames are nearly equal; None where no model can."""

    def watch(again: Run, total: int) -> Iterator[Record]:
        done = run.summary.photos + run.summary.skipped
        for number, record in enumerate(again, start=1):
            if progress is not None:
                progress(done + number, done + total)
            yield record

    return closeups_of(run, watch)


def _rank(record: Record) -> int:
    return record.rank_in_group or 0
