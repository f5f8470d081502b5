"""What the cache knows of the photos of a folder: finished records in one piece, or outputs in one query."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from photocli.decode.signature import RAW_SUFFIXES
from photocli.discover.names import suffix_of
from photocli.records import Record
from photocli.scoring import first_look
from photocli.scoring.basis import basis
from photocli.scoring.cache import identity
from photocli.scoring.finished import MOST, SIZE, FinishedPhoto, record_of, values_of
from photocli.scoring.pending import PendingPhoto, of_image
from photocli.scoring.sources import LoadedImage

if TYPE_CHECKING:
    from photocli.discover.batch import FileBatch, FoundFile
    from photocli.scoring.assessment import Models
    from photocli.scoring.cache import Cache, Known
    from photocli.scoring.options import Options
    from photocli.scoring.sources import Given

AHEAD = 128
"""So many photos are looked up together."""

_FEW = 64  # where fewer files were named, no finished records are kept: there might be many such runs
_NOTHING = b"\xff" * 1024  # comes after every name


class Lookup:
    """Goes over what was given, and finds what the cache knows of it."""

    def __init__(
        self, cache: Cache | None, models: Models, options: Options, decoder: int, first: Sequence[str]
    ) -> None:
        """`decoder` is the version of the decoder, `first` names the models of a first look, if it is one."""
        self._cache = cache
        self._models = models
        self._options = options
        self._decoder = decoder
        self._first = first
        self._needs = first_look.wanted(models.needs, first)
        self._asked = models.asked_needs
        # By a first look a record depends on whether there was a full one, too.
        self._basis = basis(models, options.detail) if cache is not None and not first else None
        self._shelf = _Shelf(cache, self._basis, models.labels)

    def entries(self, given: Given) -> Iterator[PendingPhoto]:
        """All of it in order, those with a record that need nothing else."""
        for batch in given.batches(self._options):
            if isinstance(batch, LoadedImage):
                yield of_image(batch)
                continue
            ordered = self._basis is not None and _is_ordered(batch.entries)
            for start in range(0, len(batch.entries), AHEAD):
                files = batch.entries[start : start + AHEAD]
                yield from self._found(batch, files, ordered=ordered)

    def note(self, entry: PendingPhoto) -> None:
        """Take notice of a photo that leaves the pass, in order, so that its record is kept."""
        self._shelf.add(entry)

    def close(self) -> None:
        """Keep the records that were not kept yet."""
        self._shelf.flush()

    def _found(self, batch: FileBatch, files: Sequence[FoundFile], *, ordered: bool) -> list[PendingPhoto]:
        entries = []
        folder = os.fsencode(batch.real) if ordered else None
        shelved = ordered and not (batch.named and len(batch.entries) < _FEW)
        for file in files:
            path = batch.prefix + file.name
            if file.reason is not None:
                entries.append(PendingPhoto(path, path, record=Record(path, "skipped", file.reason)))
                continue
            entry = PendingPhoto(path, path, None if file.twin is None else batch.prefix + file.twin)
            entries.append(entry)
            if self._cache is None or not self._identify(entry):
                continue
            if folder is not None and file.real is None:
                if shelved:
                    entry.folder, entry.base = folder, file.name
                self._finish(entry, folder, file.name, many=len(files) >= _FEW)
            if entry.finished is None or self._asked:
                entry.place = os.fsencode(batch.place(file))
        self._look_up(entries)
        return entries

    def _identify(self, entry: PendingPhoto) -> bool:
        assert entry.file is not None
        try:
            entry.identity = identity(entry.file, self._decoder) + self._manner(entry.file)
        except OSError:  # the decoder will say why it cannot be read
            return False
        return True

    def _manner(self, file: str) -> str:
        """What tells results apart that come of the same file read in another way."""
        raw = self._options.raw
        return f":{raw}" if raw != "preview" and suffix_of(os.path.basename(file)) in RAW_SUFFIXES else ""  # noqa: PTH119

    def _finish(self, entry: PendingPhoto, folder: bytes, name: str, *, many: bool) -> None:
        """Give the photo its record, where it is finished, and of the same version of the file."""
        kept = self._shelf.find(folder, name)
        if kept is None or kept[0] != entry.identity:
            return
        values = kept[1]
        if values[SIZE[0]] * values[SIZE[1]] <= self._options.max_pixels:  # else it is refused anew
            entry.finished = record_of(entry.name, values, many=many)
            if entry.twin is not None:
                entry.finished = _with_twin(entry.finished, entry.twin)

    def _look_up(self, entries: Sequence[PendingPhoto]) -> None:
        """Find the outputs of those that need them, in one query for all."""
        if self._cache is None:
            return
        if self._asked:
            finished = {e.place: e for e in entries if e.finished is not None}
            found = self._cache.find_all(_identities(finished.values()), self._asked)
            for place, entry in finished.items():
                if place in found and found[place].outputs.keys() >= self._asked.keys():
                    entry.outputs = self._models.asked(found[place].outputs)
                else:
                    entry.finished = None
        unknown = [e for e in entries if e.identity is not None and e.finished is None]
        known = self._cache.find_all(_identities(unknown), self._needs)
        for entry in unknown:
            if entry.identity is not None and (one := self._within(known.get(entry.place))) is not None:
                entry.known = one

    def _within(self, known: Known | None) -> Known | None:
        """What is known, but of a photo that is above the limit now: it is for the decoder to refuse."""
        most = self._options.max_pixels
        return None if known is None or known.width * known.height > most else known


class _Shelf:
    """The finished records of the folder that the pass is in: those that are there, and those to be kept."""

    def __init__(self, cache: Cache | None, basis_: str | None, labels: tuple[str, ...]) -> None:
        self._cache, self._basis, self._labels = cache, basis_, labels
        self._folder, self._first, self._last = b"", b"", b""
        self._photos: Any = None
        self._kept_folder = b""
        self._group: list[PendingPhoto] = []
        self._is_new = self._goes_on = False

    def find(self, folder: bytes, name: str) -> Any:
        """The identity and the values of a photo; names are asked for in their order."""
        key = os.fsencode(name)
        if folder != self._folder or key > self._last or (self._photos is None and key >= self._first):
            self._load(folder, key)
        return None if self._photos is None else self._photos.get(name)

    def _load(self, folder: bytes, key: bytes) -> None:
        assert self._cache is not None
        assert self._basis is not None
        piece = self._cache.find_finished(folder, self._basis, key, self._labels)
        self._folder = folder
        self._first, self._last = (_NOTHING, _NOTHING) if piece is None else (piece.first, piece.last)
        self._photos = None if piece is None else piece.photos

    def add(self, entry: PendingPhoto) -> None:
        """Take a photo that has its record, if that may be kept."""
        if entry.folder is None:
            return
        record = entry.record
        if record is None or record.status != "ok" or record.error is not None:
            return
        if entry.folder != self._kept_folder:
            self.flush()
            self._kept_folder, self._goes_on = entry.folder, False
        self._group.append(entry)
        self._is_new = self._is_new or entry.finished is None
        if len(self._group) >= MOST:
            self.flush()

    def flush(self) -> None:
        """Keep the records that came together; if one of them is new, or moved the bounds of the pieces."""
        if self._group and self._cache is not None and self._basis is not None:
            if self._is_new or self._goes_on:
                photos = [
                    FinishedPhoto(entry.base, entry.identity, values_of(entry.record))
                    for entry in self._group
                    if entry.identity is not None and entry.record is not None
                ]
                self._cache.keep_finished(self._kept_folder, self._basis, photos)
            self._goes_on = self._goes_on or self._is_new
        self._group.clear()
        self._is_new = False


def _identities(entries: Any) -> dict[bytes, str]:
    return {entry.place: entry.identity for entry in entries}


def _is_ordered(files: Sequence[FoundFile]) -> bool:
    names = [file.name for file in files]
    return names == sorted(names)


def _with_twin(record: Record, twin: str) -> Record:
    from dataclasses import replace

    return replace(record, twin=twin)
