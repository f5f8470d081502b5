"""Merges photocli's ratings, labels, flags, keywords and scores into an XMP packet: bytes in, bytes out.

Only the text of what changes is replaced. Everything else, down to quotes, white space, byte order mark and
padding, stays as it was, and the result is checked before it is given out: two parsers must find it
well-formed, as they must what was there before, and it must hold every foreign property unchanged, and need
no further change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from photocli.errors import SidecarError
from photocli.xmp import camera_raw
from photocli.xmp.descriptions import RDF
from photocli.xmp.editors import (
    COLOURS,
    METADATA_DATE,
    MICROSOFT_RATINGS,
    NAMESPACE,
    RATING,
    SIDECAR_FOR,
    STARS,
    XMP,
    editor,
)
from photocli.xmp.encoding import decode
from photocli.xmp.limits import Deadline
from photocli.xmp.marks import Marking
from photocli.xmp.packet import Packet
from photocli.xmp.parsers import foreign, prove

__all__ = [
    "METADATA_DATE", "MICROSOFT_RATINGS", "NAMESPACE", "RATING", "RDF", "SIDECAR_FOR", "STARS", "XMP",
    "MergeResult", "XmpChanges", "merge",
]  # fmt: skip

_KEYWORD = re.compile(r"photocli(\|[^|/;\x00-\x1f]+)+")

_NEW = f"""\
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="photocli">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description
    rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
"""


@dataclass(frozen=True, slots=True)
class XmpChanges:
    """What to write. `None` leaves alone what is there.

    `rating` is -1 to 5; `label` a colour (red, yellow, green, blue, purple), or empty to remove ours; `pick`
    is 'pick', 'reject', or 'none' to remove ours. `keywords` are hierarchical and begin with 'photocli', such
    as 'photocli|style|noir': they replace all that we wrote before, and an empty tuple removes ours. `scores`
    are our own properties by local name. `editor` names the editor in whose words this is said (see
    `editors.EDITORS`). `crop` is written where there are no develop settings yet. `sidecar_for` is the RAW
    file's extension, written where the packet doesn't say yet what it belongs to. `overwrite` replaces a
    person's rating, label and flag, too. `by_person` says that a person says all this: it replaces what
    stands, and is noted nowhere as ours; a rating of 0 is none, and an empty label removes any.
    """

    rating: int | None = None
    scores: Mapping[str, str] = field(default_factory=dict)
    sidecar_for: str | None = None
    overwrite: bool = False
    label: str | None = None
    pick: Literal["pick", "reject", "none"] | None = None
    keywords: tuple[str, ...] | None = None
    editor: str | None = None
    crop: camera_raw.SensorCrop | None = None
    by_person: bool = False

    def __post_init__(self) -> None:
        if self.rating is not None and not -1 <= self.rating <= 5:
            raise ValueError(f"a rating lies between -1 and 5, not at {self.rating}")
        if self.label and self.label not in COLOURS:
            raise ValueError(f"a label is one of {', '.join(COLOURS)}, not {self.label}")
        if self.pick not in (None, "pick", "reject", "none"):
            raise ValueError(f"a flag is pick, reject or none, not {self.pick}")
        for keyword in self.keywords or ():
            if not _KEYWORD.fullmatch(keyword):
                raise ValueError(f"a keyword is like photocli|style|noir, not {keyword!r}")
        editor(self.editor)


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The packet after the merge; whether it differs; what stands of a person's instead of ours.

    `kept_settings` says that develop settings stand instead of our crop.
    """

    packet: bytes
    changed: bool
    kept_rating: bool
    kept_label: bool = False
    kept_pick: bool = False
    kept_settings: bool = False

    @property
    def kept(self) -> bool:
        """Whether anything of a person's stands instead of ours."""
        return self.kept_rating or self.kept_label or self.kept_pick or self.kept_settings


def merge(packet: bytes | None, changes: XmpChanges, *, now: datetime) -> MergeResult:
    """Write `changes` into `packet`, or into a new one for `None`; raises `SidecarError` if it can't be done.

    A rating is a person's if it isn't 0 and isn't the one that `photocli:Stars` beside it says we wrote; -1,
    a rejection, is one too. It is kept, unless `overwrite` says otherwise, and `Stars` is then removed, so
    that the rating stays a person's whatever we would have given. It is the same with labels and flags, and
    `photocli:Label` and `photocli:Pick`. Our scores are written in any case. Ratings, labels and flags that
    are there in other editors' words follow. `xmp:MetadataDate` becomes `now` if anything changes.
    """
    if packet is None:
        text, encoding = _NEW, "utf-8"
    else:
        text, encoding = decode(packet)
    deadline = Deadline()
    target = Packet(text, deadline)
    del text  # it may be large
    prove(target.text)
    marking = _marked(target, changes)
    kept = (marking.kept_rating, marking.kept_label, marking.kept_pick, marking.kept_settings)
    before = foreign(target.text, target.touched, target.changed_items, deadline)
    if packet is not None and not target.changed:
        return MergeResult(packet, False, *kept)
    target.put(METADATA_DATE, now.isoformat(timespec="seconds"))
    merged = target.result()
    touched, changed_items = target.touched, target.changed_items
    del target, marking
    prove(merged)
    needs_more = _marked(Packet(merged, deadline), changes).packet.changed
    if needs_more or foreign(merged, touched, changed_items, deadline) != before:
        raise SidecarError("it is laid out in a way that cannot be merged safely")
    # Only a value of ours can be foreign to an old encoding.
    return MergeResult(merged.encode(encoding, "xmlcharrefreplace"), True, *kept)


def _marked(packet: Packet, changes: XmpChanges) -> Marking:
    """The edits that bring a packet to what the changes ask for."""
    for name, value in changes.scores.items():
        packet.put((NAMESPACE, name), value)
    if changes.sidecar_for is not None and SIDECAR_FOR not in packet:
        packet.put(SIDECAR_FOR, changes.sidecar_for)
    marking = Marking(packet, editor(changes.editor), overwrite=changes.overwrite)
    mark = marking.say if changes.by_person else marking.mark
    mark(changes.rating, changes.label, changes.pick)
    if changes.keywords is not None:
        marking.tag(changes.keywords)
    if changes.crop is not None:
        marking.kept_settings = not camera_raw.put(packet, changes.crop)
    return marking
