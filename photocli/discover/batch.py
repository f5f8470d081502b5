"""What comes out of one folder: its photos by name, RAW files stacked under the JPEGs of the same stem."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from photocli.decode.signature import RENDERED_SUFFIXES
from photocli.discover.names import is_raw, suffix_of
from photocli.records import Photo, Skipped


class FoundFile(NamedTuple):
    """A file of a folder by its name; a photo, unless `reason` says why it is none.

    `twin` is the name of the RAW file stacked under it, `real` the whole path of what a link leads to. `out`:
    it lies outside of what was given; it is stacked with its like alone, since it is never written.
    """

    name: str
    twin: str | None = None
    reason: str | None = None
    real: str | None = None
    out: bool = False


@dataclass(frozen=True, slots=True)
class FileBatch:
    """What came out of one folder, or of files of one folder that were `named` one after the other.

    `real` is the path of the folder without links; `prefix` and the name of an entry are its path in full.
    """

    prefix: str
    real: str
    entries: list[FoundFile]
    named: bool = False
    out: bool = False

    def items(self) -> Iterator[Photo | Skipped]:
        """The photos, and what is none."""
        for entry in self.entries:
            path = Path(self.prefix + entry.name)
            if entry.reason is not None:
                yield Skipped(path, entry.reason)
            else:
                yield Photo(path, None if entry.twin is None else Path(self.prefix + entry.twin))

    def place(self, entry: FoundFile) -> str:
        """Where the file of an entry really lies."""
        return entry.real or os.path.join(self.real, entry.name)  # noqa: PTH118 - a Path costs more


def stacked(entries: list[FoundFile]) -> list[FoundFile]:
    """The entries in their order, each RAW file under the JPEG (else HEIC) file of the same stem."""
    raws: dict[tuple[bool, str], str] = {}
    for entry in entries:
        if entry.reason is None and is_raw(entry.name):
            raws.setdefault(_stem(entry), entry.name)
    if not raws:
        return entries
    hosts: dict[tuple[bool, str], FoundFile] = {}
    for entry in entries:
        kind = RENDERED_SUFFIXES.get(suffix_of(entry.name)) if entry.reason is None else None
        host = hosts.get(_stem(entry)) if kind in ("jpeg", "heif") else None
        jpeg_before_heif = kind == "jpeg" and host is not None and not _is_jpeg(host)
        if (kind in ("jpeg", "heif") and host is None) or jpeg_before_heif:
            hosts[_stem(entry)] = entry
    twins = {(host.out, host.name): raws[stem] for stem, host in hosts.items() if stem in raws}
    under = {(out, twin) for (out, _), twin in twins.items()}
    return [
        entry._replace(twin=twins.get((entry.out, entry.name)))
        for entry in entries
        if (entry.out, entry.name) not in under
    ]


def _is_jpeg(entry: FoundFile) -> bool:
    return RENDERED_SUFFIXES.get(suffix_of(entry.name)) == "jpeg"


def _stem(entry: FoundFile) -> tuple[bool, str]:
    """What a photo has in common with those that are stacked with it."""
    return entry.out, os.path.splitext(entry.name)[0].casefold()  # noqa: PTH122 - a Path costs more
