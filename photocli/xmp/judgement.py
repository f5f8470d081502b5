"""What a person said of a photo: a rating, a flag, a label, and edits of theirs; read from an XMP packet.

What photocli wrote itself is no opinion of a person's: the notes in our own namespace beside it tell it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from photocli.xmp.editors import (
    COLORLABELS,
    COLOUR_VALUES,
    COLOURS,
    FLAG_VALUES,
    LABEL,
    LISTS,
    MICROSOFT_RATINGS,
    MICROSOFT_STARS,
    OWN_LABEL,
    OWN_PICK,
    PENDING,
    PICK_LABEL,
    RATING,
    STARS,
    URGENCY,
    Key,
    meanings,
)
from photocli.xmp.edits import is_edited
from photocli.xmp.marks import alike
from photocli.xmp.packet import number, same

if TYPE_CHECKING:
    from photocli.xmp.packet import Packet

Flag = Literal["pick", "reject"]

# digiKam has more colours than those that all editors know.
_MORE_COLOURS = {"2": "orange", "7": "grey", "8": "black", "9": "white"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a photo, in whatever editor; nothing of it is photocli's own.

    `rating` is -1 (a reject) or 1 to 5 stars, None for none. `label` is a colour (red, yellow, green, blue,
    purple ...) or the person's own word for it. `edited`: the person cropped or developed the photo.
    """

    rating: int | None = None
    flag: Flag | None = None
    label: str | None = None
    edited: bool = False

    @property
    def keeps(self) -> bool:
        """Whether it is never to be rejected: it has stars, a pick, a label or edits, and no reject."""
        return not self.rejects and bool(self)

    @property
    def rejects(self) -> bool:
        """Whether the person rejected the photo, so that it is never picked."""
        return self.flag == "reject" or self.rating == -1

    @property
    def standing(self) -> int:
        """Where it stands in its group: picks, then stars, labels, edits, the unmarked, and rejects."""
        if self.rejects:
            return -1
        stars = self.rating or 0
        return 100 * (self.flag == "pick") + 10 * stars + 2 * (self.label is not None) + self.edited

    @property
    def words(self) -> str:
        """What was said, as a phrase, such as "4 stars, label red"."""
        stars = {None: "", -1: "rejected", 1: "1 star"}.get(self.rating, f"{self.rating} stars")
        flag = {None: "", "pick": "picked", "reject": "rejected"}[self.flag]
        label = f"label {self.label}" if self.label is not None else ""
        parts = (flag, stars, label, "edited" if self.edited else "")
        return ", ".join(dict.fromkeys(part for part in parts if part))

    def __bool__(self) -> bool:
        """Whether anything was said at all."""
        return self.rating is not None or self.flag is not None or self.label is not None or self.edited


def said_in(packet: Packet) -> Judgement:
    """What a person said in a packet; an empty judgement if nobody did, or photocli alone."""
    return Judgement(_stars(packet), _flag(packet), _label(packet), is_edited(packet))


def first_of(judgements: Iterable[Judgement]) -> Judgement:
    """One judgement of several about one file, the one that counts most first.

    Stars and flag come from the first that has either, the label from the first that has one.
    """
    found = [judgement for judgement in judgements if judgement]
    verdict = next((each for each in found if each.rating is not None or each.flag), Judgement())
    label = next((each.label for each in found if each.label is not None), None)
    return Judgement(verdict.rating, verdict.flag, label, any(each.edited for each in found))


def of_pair(photo: Judgement, twin: Judgement) -> Judgement:
    """One judgement of a JPEG and its RAW file, which stay together: the better one counts."""
    better, other = (twin, photo) if _verdict(twin) > _verdict(photo) else (photo, twin)
    label = better.label if better.label is not None else other.label
    return Judgement(better.rating, better.flag, label, photo.edited or twin.edited)


def _verdict(judgement: Judgement) -> tuple[bool, int]:
    """How well a file was judged; a reject says more than nothing, and less than anything else."""
    return judgement.keeps, -judgement.standing if judgement.rejects else judgement.standing


def _stars(packet: Packet) -> int | None:
    """The stars, -1 or 1 to 5, that a person gave; 0 is "unrated"."""
    ours = {number(value) for value in packet.values(STARS)}
    for value in packet.values(RATING):
        stars = number(value)
        if stars and -1 <= stars <= 5 and stars not in ours:
            return -1 if stars < 0 else max(round(stars), 1)
    for key in MICROSOFT_RATINGS:
        for value in packet.values(key):
            percent = number(value)
            if percent in MICROSOFT_STARS[1:]:
                rating = MICROSOFT_STARS.index(int(percent or 0))
                if rating not in ours:
                    return rating
    return None


def _flag(packet: Packet) -> Flag | None:
    ours = packet.values(OWN_PICK)
    meant: tuple[Flag, ...] = ("reject", "pick")
    for key, words in FLAG_VALUES.items():
        for value in packet.values(key):
            for meaning in meant:
                # Programs differ in how they write a boolean.
                if value is not None and meaning not in ours and alike(value, words[meaning]):
                    return meaning
    return None


def _label(packet: Packet) -> str | None:
    """The colour, or the word that is no colour's name, that a person chose."""
    words = packet.values(OWN_LABEL)
    ours = meanings(words[0]) if len(words) == 1 and words[0] in COLOURS else {}
    for key in (LABEL, *COLOUR_VALUES):
        for value in _values(packet, key):
            if value and value not in ours.get(key, ()) and (label := _named(key, value)):
                return label
    flags = {(value or "").strip() for value in packet.values(PICK_LABEL)}
    return "pending" if PENDING in flags else None


def _values(packet: Packet, key: Key) -> Iterator[str]:
    values = packet.items(key) if key in LISTS else packet.values(key)
    yield from ((value or "").strip() for value in values)


def _named(key: Key, value: str) -> str | None:
    """What a value says, as a colour where it is one's."""
    if key == LABEL:
        return value.lower() if value.lower() in COLOURS else value
    colour = next((name for name, said in COLOUR_VALUES[key].items() if same(value.lower(), said)), None)
    if colour is not None or key == COLORLABELS or value.lower() in ("0", "none"):
        return colour
    return f"urgency {value}" if key == URGENCY else _MORE_COLOURS.get(value, value)
