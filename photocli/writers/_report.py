"""Reports from Python, and what the command has in common with them. The writer of the page is `html`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.picks import Wanted
from photocli.files.links import Roots
from photocli.inputs import thumbnails
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.scoring.sources import Given
from photocli.writers.html import HtmlWriter, title_of

if TYPE_CHECKING:
    from os import PathLike

    from photocli.records import Record
    from photocli.scoring.results import Result, Summary
    from photocli.scoring.sources import Progress, Sources

MANY = 3_000
"""From so many files on, thumbnails are smaller, so that a browser can hold the page."""

SMALL = 288
"""The long side in pixels of the thumbnails of many photos."""


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

    Raises `UsageError`, `DeviceError` and `ModelError` as `photocli.score` does, and a `PhotocliError` where
    the file cannot be written.
    """
    given, options = Given(sources), options or Options()
    run = Run(given, page_options(options, many=given.reaches(MANY, options)), progress)
    in_memory: set[str] = set()

    def results() -> Iterable[Result]:
        for result in run.results():
            if result.in_memory:
                in_memory.add(result.record.path)
            yield result

    with HtmlWriter(path, title=title_of(run.paths), profile=run.models.profile) as page:
        for record in grouped(results(), run, page):
            page.write(record, in_memory=record.path in in_memory)
        page.close(asdict(run.summary))
    return run.summary


def page_options(options: Options, *, many: bool) -> Options:
    """The options of the run for a page: it gives thumbnails, smaller ones where there are many photos."""
    outputs = (*OUTPUTS, "thumbnail")
    return replace(options, outputs=outputs, thumbnail_side=SMALL if many else thumbnails.SIDE)


def grouped(results: Iterable[Result], run: Run, page: HtmlWriter) -> list[Record]:
    """The records of a run, those of bursts, look-alikes and series with their group, rank and pick.

    The thumbnails are in the page by then. Sidecars that are links out of what was given say nothing.
    """
    # Models of a user's own may say nothing of how alike photos are.
    alike = any("embedding" in card.outputs for card in run.models.cards.values())
    roots = None if run.options.follow_links else Roots(run.paths)
    culling, records = Culling(roots=roots, profile=run.models.profile), []
    for result in results:
        page.show(result.record.path, result.thumbnail)
        records.append(result.record)
        if alike:
            culling.add(result)
    if alike:
        records = culling.finish(Wanted(per_group=1))
    # A group of one is none.
    fields = ("group", "rank_in_group", "group_kind", "pick", "pick_reason")
    alone: dict[str, Any] = dict.fromkeys(fields)
    return [replace(record, **alone) if record.group_kind == "single" else record for record in records]
