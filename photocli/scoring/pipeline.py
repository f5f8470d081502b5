"""The one pass: discover -> decode -> assess -> record, bounded, in the order in which photos are found."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.decode import DECODE_VERSION
from photocli.decode.signature import RAW_SUFFIXES
from photocli.discover import REJECTS
from photocli.errors import ModelError
from photocli.inputs.views import thumbnail
from photocli.records import Photo, Record, Skipped
from photocli.scoring import first_look
from photocli.scoring.assessment import Models
from photocli.scoring.cache import Cache, Known, cache_file, identity
from photocli.scoring.options import Options
from photocli.scoring.pending import PendingPhoto, pending
from photocli.scoring.pool import Workers, default_workers
from photocli.scoring.process import Prepared, Task
from photocli.scoring.ratings import DIGITS
from photocli.scoring.results import Result as Result
from photocli.scoring.results import Summary as Summary
from photocli.scoring.sources import Given, LoadedImage

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
        return (result.record for result in self.results())

    def results(self) -> Iterator[Result]:
        """Like iterating over the run, with the outputs that `Options.outputs` asks for."""
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
                assert entry.record is not None
                if self.progress is not None:
                    self.progress(done, self.given.total if total is None else total)
                yield Result(entry.record, entry.outputs, entry.thumbnail, entry.path is None)
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
    first: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        options = self.run.options
        if "thumbnail" in options.outputs:
            self.shown = (thumbnail(options.thumbnail_side),)
        if options.decode == "fast":
            self.first = first_look.asked(self.run.models.cards, options.assess)

    def entries(self) -> Iterator[PendingPhoto]:
        """Every path that is discovered, with its record, in order."""
        found, more = self.run.given.discover(self.run.options), True
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
                self._count(entry)
                yield entry

    def _feed(self, found: Iterator[Photo | LoadedImage | Skipped]) -> bool:
        """Begin as many paths as there is room for; whether there may be more."""
        for _ in range(WINDOW):
            if self.workers.room <= 0 or len(self.queue) >= WINDOW:
                return True
            item = next(found, None)
            if item is None:
                return False
            self._begin(item)
        return True

    def _begin(self, item: Photo | LoadedImage | Skipped) -> None:
        entry, look = pending(item), None
        self.queue.append(entry)
        if entry.record is not None:
            return
        models = self.run.models
        if self.cache is not None and entry.path is not None:  # nothing is kept of images in memory
            try:
                entry.identity = identity(entry.path, DECODE_VERSION) + self._manner(entry.path)
            except OSError:  # the decoder will say why it cannot be read
                pass
            else:
                wanted = first_look.wanted(models.needs, self.first)
                found = self._within(self.cache.find(entry.path, entry.identity, wanted))
                entry.known, look = first_look.split(found, self.first)
                entry.full = entry.known
        entry.missing = tuple(
            key for key in models.cards if not entry.known or key not in entry.known.outputs
        )
        if entry.missing and look is not None:  # a full look is taken where there is one, as it says more
            entry.known, entry.missing, entry.is_first = look, (), True
        if not entry.missing:
            self.run.summary.cached += 1
            if not self.shown:
                self._finish(entry, entry.known)
                return
        self.number += 1
        self.decoding[self.number] = entry
        keys = dict.fromkeys((*entry.missing, *(self.first if entry.missing else ())))
        specs, image = (*models.specs(keys), *self.shown), getattr(item, "image", None)
        first = tuple(spec.key for spec in (*models.specs(self.first), *self.shown))
        self.workers.submit(Task(self.number, entry.path or Path(), specs, image, first))
        self.asked |= dict.fromkeys(self.first or entry.missing)

    def _manner(self, path: Path) -> str:
        """What tells results apart that come of the same file read in another way."""
        raw = self.run.options.raw
        return f":{raw}" if raw != "preview" and path.suffix.lower() in RAW_SUFFIXES else ""

    def _way(self, entry: PendingPhoto) -> str:
        """By which way of looking a photo's results are kept: the detail, or the first look."""
        return first_look.FAST if entry.is_first else self.run.options.detail

    def _within(self, known: Known | None) -> Known | None:
        """What is known, but of a photo that is above the limit now: it is for the decoder to refuse."""
        most = self.run.options.max_pixels
        return None if known is None or known.width * known.height > most else known

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
            entry.record = Record(entry.name, "failed", prepared.failed, twin=_text(entry.twin))
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
                entry.record = Record(entry.name, "failed", str(error), twin=_text(entry.twin))
                entry.prepared = entry.known = None
                continue
            before = entry.full.looked_at if entry.full else {}
            looked_at = {**before, self._way(entry): (prepared.decoded, prepared.scale)}
            known = Known(prepared.width, prepared.height, prepared.capture, outputs[id(entry)], looked_at)
            # What a hanging reader of metadata left out is asked for again next time.
            if self.cache and entry.path and entry.identity is not None and prepared.warning is None:
                kept = first_look.kept(known) if entry.is_first else known
                self.cache.keep(entry.path, entry.identity, kept)
            self._finish(entry, known, prepared.warning)
        self.ready.clear()

    def _finish(self, entry: PendingPhoto, known: Known | None, warning: str | None = None) -> None:
        assert known is not None
        decoded, scale = known.looked_at[self._way(entry)]
        entry.record = Record(
            entry.name,
            error=warning,
            width=known.width,
            height=known.height,
            **asdict(known.capture),
            **self.run.models.fields(known.outputs),
            twin=_text(entry.twin),
            decoded=decoded,
            scale=round(scale, DIGITS),
        )
        entry.outputs = self.run.models.asked(known.outputs)
        entry.prepared = entry.known = None

    def _count(self, entry: PendingPhoto) -> None:
        summary, record = self.run.summary, entry.record
        assert record is not None
        summary.photos += record.status != "skipped"
        summary.skipped += record.status == "skipped" and record.error != REJECTS
        summary.failed += record.status == "failed"
        summary.previews += bool(self.first) and record.decoded == "preview"
        summary.provider = self.run.models.provider


def _input(entry: PendingPhoto, key: str) -> NDArray[np.uint8]:
    assert entry.prepared is not None
    return entry.prepared.inputs[key]


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
