"""What a person said of a photo: read from its sidecars, of either name, and from the packets inside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from photocli.errors import SidecarError
from photocli.files.links import Roots, is_link
from photocli.xmp import rawtherapee
from photocli.xmp.containers import embedded
from photocli.xmp.editors import SIDECAR_FOR
from photocli.xmp.encoding import decode
from photocli.xmp.judgement import Judgement, first_of, of_pair, said_in
from photocli.xmp.limits import LARGEST
from photocli.xmp.packet import Packet

__all__ = ["Judgement", "JudgementReader", "embedded", "judge", "opinion", "read"]

REJECTED, PICKED = 0.0, 4.0
"""What a reject counts as, and a pick that has no stars."""

_SUFFIXES = (".xmp", rawtherapee.SUFFIX)
_MARKS = ("Rating", "Label", "label", "pick", "good", "Urgency", "camera-raw-settings", "darktable")


class JudgementReader:
    """Reads what a person said of photos, folder by folder: each is listed once, and each file opened once.

    Sidecars that other programs make after their folder was listed are not seen; a class that finds these,
    too, has a `beside` of its own, and one that keeps what it read an `inside`.
    """

    def __init__(self, roots: Roots | None = None) -> None:
        """Sidecars that are links out of `roots` say nothing."""
        self._roots = roots
        self._folder: Path | None = None
        self._sidecars: dict[str, list[Path]] = {}

    def of(self, photo: Path, twin: Path | None = None) -> Judgement | None:
        """What a person said of a photo, or of the RAW file `twin` under it; None if nobody said anything.

        A sidecar counts more than the packet inside the file, and one with the file's whole name more than
        one with its stem. Of two files that were judged differently, the better judgement counts. What cannot
        be read says nothing.
        """
        said = self._of_file(photo, twin)
        if twin is not None:
            said = of_pair(said, self._of_file(twin, photo))
        return said or None

    def rating(self, photo: Path, twin: Path | None = None) -> float | None:
        """What a person said as a number: 1 to 5 stars, 0 for a reject, 4 for a mere pick, or None."""
        return _as_rating(self.of(photo, twin))

    def _of_file(self, file: Path, other: Path | None) -> Judgement:
        return first_of(self._said(file, other))

    def _said(self, file: Path, other: Path | None) -> Iterator[Judgement]:
        for base in dict.fromkeys((file.name, file.stem)):
            for sidecar in self.beside(file, base):
                with suppress(OSError, SidecarError):
                    yield self._in_sidecar(sidecar, file if base == file.stem else None)
        yield self.inside(file)

    def inside(self, file: Path) -> Judgement:
        """What the packet inside a photo says."""
        with suppress(OSError, ValueError, SidecarError):
            data = embedded(file)
            if data:
                return said_in_packet(data)
        return Judgement()

    def _in_sidecar(self, sidecar: Path, file: Path | None) -> Judgement:
        """What a sidecar says; nothing if it says that it belongs to another file than `file`."""
        roots = self._roots
        if roots is not None and is_link(sidecar) and roots.below(os.path.realpath(sidecar)) is None:
            return Judgement()
        with sidecar.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        if sidecar.suffix.lower() == rawtherapee.SUFFIX:
            return rawtherapee.said_in_profile(data.decode("utf-8", "replace"))
        return said_in_packet(data, file)

    def beside(self, file: Path, base: str) -> list[Path]:
        """The sidecars called like `base`, with a suffix in any case."""
        if file.parent != self._folder:
            self._folder, self._sidecars = file.parent, _listed(file.parent)
        return self._sidecars.get(base, [])


def judge(photo: Path, twin: Path | None = None, roots: Roots | None = None) -> Judgement | None:
    """Read what a person said of one photo; see `JudgementReader.of`."""
    return JudgementReader(roots).of(photo, twin)


def read(photo: Path, twin: Path | None = None, roots: Roots | None = None) -> float | None:
    """A person's rating of a photo, 0 to 5, or None: from its sidecar, else from the packet inside it.

    1 to 5 are stars, 0 is a reject. `twin` is the RAW file stacked under the photo, which may have the
    sidecar. Files that cannot be read say nothing, and neither do sidecars that are links out of `roots`.
    """
    return JudgementReader(roots).rating(photo, twin)


def opinion(packet: Packet) -> float | None:
    """What a person said in a packet, 0 to 5; None if nobody did, or photocli alone."""
    return _as_rating(said_in(packet))


def said_in_packet(data: bytes, file: Path | None = None) -> Judgement:
    """What a person said in an XMP packet, by its bytes; nothing if it is meant for another file than this.

    Raises `SidecarError` if it is no XMP.
    """
    text = decode(data)[0]
    if not any(mark in text for mark in _MARKS):  # most packets of cameras say nothing, and are not parsed
        return Judgement()
    packet = Packet(text)
    return said_in(packet) if file is None or _is_for(packet, file) else Judgement()


def _as_rating(judgement: Judgement | None) -> float | None:
    if judgement is None:
        return None
    if judgement.rejects:
        return REJECTED
    return float(judgement.rating) if judgement.rating else PICKED if judgement.flag == "pick" else None


def _is_for(packet: Packet, file: Path) -> bool:
    """Whether a sidecar that only has the stem of the file's name belongs to it."""
    said = {(value or "").strip().lower() for value in packet.values(SIDECAR_FOR)} - {""}
    return not said or file.suffix[1:].lower() in said


def _listed(folder: Path) -> dict[str, list[Path]]:
    """The sidecars of a folder by their names without `.xmp`, sorted."""
    found: dict[str, list[Path]] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            base, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - for each of 20,000 names
            if suffix.lower() in _SUFFIXES and entry.is_file():
                found.setdefault(base, []).append(folder / entry.name)
    return {base: sorted(paths) for base, paths in found.items()}
