"""The one pass: discover -> decode -> assess -> record, bounded, in the order in which photos are found."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.decode import DECODE_VERSION
from photocli.discover import REJECTS
from photocli.errors import ModelError
from photocli.inputs.views import thumbnail
from photocli.models.precision import MANY
from photocli.records import Record
from photocli.scoring import first_look
from photocli.scoring.assessment import Models
from photocli.scoring.cache import Cache, Known, cache_file
from photocli.scoring.lookup import Lookup
from photocli.scoring.options import NEW_THUMBNAIL, Options
from photocli.scoring.pending import PendingPhoto
from photocli.scoring.pool import Workers, default_workers
from photocli.scoring.process import Prepared, Task
from photocli.scoring.ratings import DIGITS
from photocli.scoring.results import Result as Result
from photocli.scoring.results import Summary as Summary
from photocli.scoring.sources import Given

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.views import InputSpec
    from photocli.scoring.sources import Progress, Sources

WINDOW = 512
"""How many paths wait at most for one before them, so that a slow photo does not stop the workers."""


class Run:
    """One pass over a path or several. Iterate over it for a `Record` of every path; `summary` counts along.

    >>> run = Run("shoot")  # doctest: +SKIP
    >>> best = max(run, key=lambda record: record.score or 0)  # doctest: +SKIP
    """

    def __init__(
        self, sources: Sources | Given, options: Options | None = None, progress: Progress | None = None
    ) -> None:
        """Read the models' cards; no photo is touched yet. Raises `UsageError` and `ModelError`.

        `sources` is a path or an image, or several (see `photocli.score`); `progress` is told of each record.
        """
        self.given = sources if isinstance(sources, Given) else Given(sources)
        self.progress = progress
        self.options = options or Options()
        chosen = self.options
        self.models = Models(
            chosen.assess,
            chosen.device,
            chosen.batch,
            chosen.outputs,
            chosen.taste,
            chosen.profile,
            chosen.detail,
            chosen.precision,
            lambda: self.given.holds(MANY, chosen),
        )
        self.summary = Summary()
        self.kept = 0
        """How many photos of the last pass the cache holds, once that has ended or was stopped."""
        self.forks, self.when_begun = False, list[Callable[[], object]]()
        """Whether workers may be forked (see `forked`); and what waits for that, as it starts threads."""

    def __repr__(self) -> str:
        return f"<Run: {self.summary.photos} photos so far; iterate over it for their records>"

    @property
    def paths(self) -> list[Path]:
        """The files and folders that were given."""
        return self.given.paths

    def __iter__(self) -> Iterator[Record]:
        """Do the pass. Raises `UsageError` for a path that does not exist, `DeviceError`, `ModelError`."""
        for entry in self._entries():
            assert entry.record is not None
            yield entry.record

    def results(self) -> Generator[Result, None, None]:
        """Like iterating over the run, with the outputs that `Options.outputs` asks for."""
        for entry in self._entries():
            assert entry.record is not None
            yield Result(entry.record, entry.outputs or {}, entry.thumbnail, entry.file is None)

    def _entries(self) -> Iterator[PendingPhoto]:
        started, self.summary, self.kept = time.monotonic(), Summary(), 0
        total = self.given.count(self.options) if self.progress is not None else None
        with ExitStack() as stack:
            cache = Cache(cache_file()) if self.options.cache else None
            if cache is not None:
                stack.callback(self._count_kept, cache)  # after it was closed
                stack.enter_context(cache)
            options = self.options
            count = options.workers or default_workers()
            workers = Workers(count, options.deadline_s, options.reading, fork=self.forks)
            entries = _Pass(self, cache, stack.enter_context(workers)).entries()
            for done, entry in enumerate(entries, start=1):
                self.summary.seconds = time.monotonic() - started
                self.summary.warning = cache.warning if cache is not None else None
                if self.progress is not None:
                    self.progress(done, self.given.total if total is None else total)
                yield entry
        self.summary.seconds = time.monotonic() - started
        self.summary.warning = cache.warning if cache is not None else None
        self.summary.provider = self.models.provider

    def _count_kept(self, cache: Cache) -> None:
        self.kept = self.summary.cached + cache.kept


@dataclass(slots=True)
class _Pass:
    """The state of a pass: what waits for its turn, what is being decoded, what is ready for the models."""

    run: Run
    cache: Cache | None
    workers: Workers
    queue: deque[PendingPhoto] = field(default_factory=deque)
    decoding: dict[int, PendingPhoto] = field(default_factory=dict)
    ready: list[PendingPhoto] = field(default_factory=list)
    number: int = 0
    asked: dict[str, None] = field(default_factory=dict)
    shown: tuple[InputSpec, ...] = ()
    shows_all: bool = False
    first: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        options = self.run.options
        self.shows_all = "thumbnail" in options.outputs
        if self.shows_all or NEW_THUMBNAIL in options.outputs:
            self.shown = (thumbnail(options.thumbnail_side),)
        if options.decode == "fast":
            self.first = first_look.asked(self.run.models.cards, options.assess)

    def entries(self) -> Iterator[PendingPhoto]:
        """Every path that is discovered, with its record, in order."""
        decoder = DECODE_VERSION
        lookup = Lookup(self.cache, self.run.models, self.run.options, decoder, self.first)
        found, more = lookup.entries(self.run.given), True
        while more or self.queue:
            more = more and self._feed(found)
            while self.run.when_begun:
                self.run.when_begun.pop()()
            self.run.models.open(self.asked)  # while the first photos are being decoded
            wait = self._nothing_to_do()
            arrived = list(self.workers.results(wait=wait))
            for prepared in arrived:
                self._accept(prepared)
            # A batch that does not fill up is not kept waiting by a slow photo, nor by the last one.
            if len(self.ready) >= self.run.models.batch or (self.ready and wait and not arrived):
                self._assess()
            while self.queue and self.queue[0].record is not None:
                entry = self.queue.popleft()
                lookup.note(entry)
                self._count(entry)
                yield entry
        lookup.close()

    def _feed(self, found: Iterator[PendingPhoto]) -> bool:
        """Begin as many paths as there is room for; whether there may be more."""
        room = self.workers.room
        while room > 0 and len(self.queue) < WINDOW:
            entry = next(found, None)
            if entry is None:
                return False
            self.queue.append(entry)
            if entry.finished is not None and not self.shows_all:
                entry.record = entry.finished
                self.run.summary.cached += 1
            elif entry.record is None:
                self._begin(entry)
                room = self.workers.room
        return True

    def _begin(self, entry: PendingPhoto) -> None:
        models, look = self.run.models, None
        if entry.finished is None:
            entry.known, look = first_look.split(entry.known, self.first)
            entry.full = entry.known
            known = entry.known.outputs if entry.known else {}
            entry.missing = tuple(key for key in models.cards if key not in known)
            if entry.missing and look is not None:  # a full look is taken where there is one: it says more
                entry.known, entry.missing, entry.is_first = look, (), True
        if not entry.missing:
            self.run.summary.cached += 1
            if not self.shows_all:
                self._finish(entry, entry.known)
                return
        self.number += 1
        self.decoding[self.number] = entry
        keys = dict.fromkeys((*entry.missing, *(self.first if entry.missing else ())))
        specs = (*models.specs(keys), *self.shown)
        first = tuple(spec.key for spec in (*models.specs(self.first), *self.shown))
        self.asked |= dict.fromkeys(self.first or entry.missing)
        self.workers.submit(Task(self.number, entry.path, specs, entry.image, first))

    def _way(self, entry: PendingPhoto) -> str:
        """By which way of looking a photo's results are kept: the detail, or the first look."""
        return first_look.FAST if entry.is_first else self.run.options.detail

    def _nothing_to_do(self) -> bool:
        emits = bool(self.queue) and self.queue[0].record is not None
        return not emits and len(self.ready) < self.run.models.batch

    def _accept(self, prepared: Prepared) -> None:
        entry = self.decoding.pop(prepared.number)
        for spec in self.shown if prepared.failed is None else ():
            entry.thumbnail = prepared.inputs.pop(spec.key).tobytes()
        if not entry.missing:  # all is known of it, and only its thumbnail was asked for
            self._finish(entry, entry.known)
            return
        if prepared.failed is not None:
            entry.record = Record(entry.name, "failed", prepared.failed, twin=entry.twin)
            return
        if self.first and prepared.decoded == "preview":
            entry.known, entry.missing, entry.is_first = None, self.first, True
        entry.prepared = prepared
        self.ready.append(entry)

    def _assess(self) -> None:
        """Run every model over the ready photos that it has not seen, and make their records."""
        models = self.run.models
        outputs = {id(entry): dict(entry.known.outputs) if entry.known else {} for entry in self.ready}
        for key, card in models.cards.items():
            lacking = [entry for entry in self.ready if key in entry.missing]
            if not lacking:  # its session need not be loaded
                continue
            results = models.run(key, [_input(entry, card.input.key) for entry in lacking])
            for entry, result in zip(lacking, results, strict=True):
                assert entry.prepared is not None
                outputs[id(entry)][key] = {**result, **models.beside(key, entry.prepared.inputs)}
        for entry in self.ready:
            prepared = entry.prepared
            assert prepared is not None
            try:
                models.check(outputs[id(entry)])
            except ModelError as error:  # of this photo; others may be judged all the same
                entry.record = Record(entry.name, "failed", str(error), twin=entry.twin)
                entry.prepared = entry.known = None
                continue
            before = entry.full.looked_at if entry.full else {}
            looked_at = {**before, self._way(entry): (prepared.decoded, prepared.scale)}
            known = Known(prepared.width, prepared.height, prepared.capture, outputs[id(entry)], looked_at)
            # What a hanging reader of metadata left out is asked for again next time.
            if self.cache and entry.identity is not None and prepared.warning is None:
                kept = first_look.kept(known) if entry.is_first else known
                self.cache.keep(entry.place, entry.identity, kept)
            self._finish(entry, known, prepared.warning)
        self.ready.clear()
        self.run.summary.provider = models.provider

    def _finish(self, entry: PendingPhoto, known: Known | None, warning: str | None = None) -> None:
        if entry.finished is not None:
            entry.record = entry.finished
            return
        assert known is not None
        decoded, scale = known.looked_at[self._way(entry)]
        entry.record = Record(
            entry.name,
            error=warning,
            width=known.width,
            height=known.height,
            **asdict(known.capture),
            **self.run.models.fields(known.outputs),
            twin=entry.twin,
            decoded=decoded,
            scale=round(scale, DIGITS),
        )
        entry.outputs = self.run.models.asked(known.outputs)
        entry.prepared = entry.known = None

    def _count(self, entry: PendingPhoto) -> None:
        summary, record = self.run.summary, entry.record
        assert record is not None
        if record.status == "skipped":
            summary.skipped += record.error != REJECTS
            return
        summary.photos += 1
        summary.failed += record.status == "failed"
        if self.first:
            summary.previews += record.decoded == "preview"


def _input(entry: PendingPhoto, key: str) -> NDArray[np.uint8]:
    assert entry.prepared is not None
    return entry.prepared.inputs[key]
