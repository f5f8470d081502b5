"""Reports from Python: one page with the scores of photos. No writer of its own: `html` writes the page."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.picks import Wanted
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.writers.html import HtmlWriter

if TYPE_CHECKING:
    from os import PathLike

    from photocli.records import Record
    from photocli.scoring.pipeline import Summary
    from photocli.scoring.sources import Progress, Sources


def report(
    sources: Sources,
    path: str | PathLike[str],
    *,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Write a page of photos with their scores: one HTML file that holds everything, thumbnails too.

    `sources`, `options` and `progress` are as in `photocli.score`. The page is put in place whole, at the
    end, over an older file of that name. Returns the summary of the run.

    Raises `UsageError`, `DeviceError` and `ModelError` as `photocli.score` does, and `OSError` where the file
    cannot be written.
    """
    options = options or Options()
    run = Run(sources, replace(options, outputs=OUTPUTS), progress)
    writer = HtmlWriter(
        path,
        workers=options.workers,
        deadline_s=options.deadline_s,
        reading=options.reading,
        profile=run.models.profile,
    )
    with writer as page:
        for record in _grouped(run):
            page.write(record)
        page.close(asdict(run.summary))
    return run.summary


def _grouped(run: Run) -> list[Record]:
    """The run's records, those of bursts, look-alikes and series with their group and their rank in it."""
    # Models of a user's own may say nothing of how alike photos are.
    alike = any("embedding" in card.outputs for card in run.models.cards.values())
    culling, records = Culling(), []
    for result in run.results():
        records.append(result.record)
        if alike:
            culling.add(result)
    if alike:
        records = culling.finish(Wanted())
    # Nobody asked for picks here, and a group of one is none.
    alone: dict[str, Any] = {"group": None, "rank_in_group": None, "group_kind": None}
    return [
        replace(record, pick=None, **(alone if record.group_kind == "single" else {})) for record in records
    ]
