"""What a cull would change in files, as a person reads it: counts of sidecars and moves, or every line."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from photocli.display import counted, printable
from photocli.xmp.sidecar_plan import Planned

if TYPE_CHECKING:
    from photocli.culling.moves import Move
    from photocli.xmp.packet import Packet
    from photocli.xmp.sidecar_plan import Outcome

_MOST_LINES = 20_000  # of a sidecar whose differences are shown
_FLAGS = ("pick", "reject", "")
_FAILED = {"failed": "can't be written", "linked": "behind links that lead out of the folders given"}


@dataclass(slots=True)
class FileChanges:
    """Counts what would become of sidecars, and of JPEGs with their packets inside.

    `files` has their numbers by what happens; `stars`, by their number, and `flags`, `pick`, `reject` or none
    (``""``), those of the files that would get other ones than they have. `reasons` say why files can't be
    written.
    """

    files: Counter[str] = field(default_factory=Counter)
    stars: Counter[int] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)

    def add(self, planned: Planned | Outcome) -> None:
        """Count one file."""
        if not isinstance(planned, Planned):
            self.files[planned.kind] += 1
            self.reasons.append(printable(f"{planned.photo}: {planned.reason}"))
            return
        inside = str(planned.path) == planned.photo
        kind = "unchanged" if not planned.changed else "new" if planned.before is None else "changed"
        self.files["embedded" if inside and planned.changed else kind] += 1
        self.files["kept"] += planned.kind == "kept"
        if planned.changed:
            (stars, flag), (stars_then, flag_then) = _said(planned.before), _said(planned.after)
            if stars_then is not None and stars_then != stars:
                self.stars[stars_then] += 1
            if flag_then != flag:
                self.flags[flag_then] += 1

    def lines(self) -> Iterator[str]:
        """Yield the counts in words, a line for files, one for stars and one for flags."""
        kinds = {"new": "new", "changed": "changed", "unchanged": "as they are", **_FAILED}
        counted = [f"{self.files[kind]:,} {words}" for kind, words in kinds.items() if self.files[kind]]
        if counted:
            yield f"sidecars: {', '.join(counted)}"
        if self.files["embedded"]:
            yield f"JPEGs that change inside: {self.files['embedded']:,}"
        if self.files["kept"]:
            yield f"your own rating, flag or label stays in {self.files['kept']:,}"
        if self.stars:
            by_stars = sorted(self.stars.items(), reverse=True)
            yield f"stars: {', '.join(f'{count:,} get {_in_stars(stars)}' for stars, count in by_stars)}"
        if self.flags:
            words = {"pick": "picks", "reject": "rejects", "": "lose theirs"}
            found = [f"{self.flags[flag]:,} {words[flag]}" for flag in _FLAGS if self.flags[flag]]
            yield f"flags: {', '.join(found)}"


def _in_stars(stars: int) -> str:
    return "★" * stars if stars > 0 else "−1 (rejected)" if stars < 0 else "none"


def _said(data: bytes | None) -> tuple[int | None, str]:
    """The stars and the flag that a packet says, whoever gave them."""
    from photocli.errors import SidecarError
    from photocli.xmp.editors import RATING
    from photocli.xmp.encoding import decode
    from photocli.xmp.packet import Packet, number

    if data is None:
        return None, ""
    try:
        packet = Packet(decode(data)[0])
    except SidecarError:
        return None, ""
    numbers = (number(value) for value in packet.values(RATING))
    found = next((round(value) for value in numbers if value is not None and -1 <= value <= 5), None)
    return found, _flag(packet)


def _flag(packet: Packet) -> str:
    """The flag that a packet says: by a property of an editor's, or by what was noted for one without."""
    from photocli.xmp.editors import FLAG_VALUES, OWN_PICK
    from photocli.xmp.packet import same

    for key, words in FLAG_VALUES.items():
        for value in packet.values(key):
            for flag in ("pick", "reject"):
                if value is not None and same(value.strip(), words[flag]):
                    return flag
    noted = {value or "" for value in packet.values(OWN_PICK)}
    return noted.pop() if len(noted) == 1 and noted <= set(_FLAGS) else ""


def difference(planned: Planned) -> Iterator[str]:
    """What will change in a sidecar, or in the packet inside a JPEG, as the lines of a unified diff.

    Of very long ones only the names are given: finding the differences could take for ever.
    """
    path = printable(str(planned.path))
    before, after = _lines(planned.before), _lines(planned.after)
    old = f"a/{path}" if planned.before is not None else "/dev/null"
    if max(len(before), len(after)) > _MOST_LINES:
        yield from (f"--- {old}", f"+++ b/{path}", f"(more than {_MOST_LINES:,} lines: not shown)")
        return
    for line in difflib.unified_diff(before, after, old, f"b/{path}", lineterm=""):
        yield printable(line)


def _lines(packet: bytes | None) -> list[str]:
    from photocli.xmp.encoding import decode

    return [] if packet is None else decode(packet)[0].splitlines()


def moves(planned: Iterable[Move]) -> Iterator[str]:
    """What moves where, a line for each file, and whether it is renamed for a name that is taken."""
    for move in planned:
        for source, target in move.files:
            note = "  (renamed: the name is taken)" if move.renamed else ""
            yield printable(f"{source} -> {target}{note}")


def moves_in_short(planned: Sequence[Move]) -> Iterator[str]:
    """How many photos would move where, with how many other files, and how many would be renamed."""
    if not planned:
        return
    others = sum(len(move.files) - 1 for move in planned)
    beside = f", with {counted(others, 'file')} of theirs" if others else ""
    renamed = sum(move.renamed for move in planned)
    clash = f"; {renamed:,} with a number because their names are taken" if renamed else ""
    count = counted(len(planned), "photo")
    yield printable(f"would move to {planned[0].into}: {count}{beside}{clash}")
