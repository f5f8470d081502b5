"""Which properties say a rating, a label, a flag and keywords, and whether what is there is a person's.

What we write is noted in our own namespace beside it. Whatever differs from the note is a person's, and is
kept unless it may be overwritten; the note is then removed, so that it stays a person's.
"""

from __future__ import annotations

from collections.abc import Iterable

from photocli.xmp.editors import (
    COLORLABELS,
    COLOUR_VALUES,
    COLOURS,
    DM_GOOD,
    DM_PICK,
    FLAG_VALUES,
    HIERARCHICAL,
    LABEL,
    LISTS,
    MICROSOFT_RATINGS,
    MICROSOFT_STARS,
    OWN_KEYWORDS,
    OWN_LABEL,
    OWN_PICK,
    PENDING,
    PICK_LABEL,
    RATING,
    STARS,
    SUBJECT,
    TAGS_LIST,
    UNSET,
    Editor,
    Key,
    meanings,
)
from photocli.xmp.packet import Packet, number, same

ROOT = "photocli"
"""The first word of all our keywords."""


class Marking:
    """Writes ratings, labels, flags and keywords into a packet, in the words of one editor.

    Properties by which other editors say the same are kept in step where they are there. `kept_…` say what
    stands of a person's.
    """

    def __init__(self, packet: Packet, editor: Editor, *, overwrite: bool) -> None:
        self.packet = packet
        self.kept_rating = self.kept_label = self.kept_pick = self.kept_settings = False
        self._editor = editor
        self._overwrite = overwrite

    def mark(self, rating: int | None, label: str | None, pick: str | None) -> None:
        """Write what isn't `None`; a flag may need a rating or a label, where the editor has none."""
        before = self._own(OWN_PICK)
        if pick is not None:
            self.kept_pick = not self._overwrite and self._is_flag_a_persons()
            if self.kept_pick:
                self.packet.drop(OWN_PICK)
                pick = None
            else:
                self._flag(pick)
        said = self._editor.flag_labels or {}
        if label is None and pick is not None:
            ours = self._own(OWN_LABEL)
            label = said.get(pick, "" if ours is not None and ours in said.values() else None)
        if label is not None:
            self._label(label)
        rating = self._rating_with(rating, pick, before)
        if rating is not None:
            self._rate(rating)

    def say(self, rating: int | None, label: str | None, pick: str | None) -> None:
        """Write what a person says, in the place of what anyone said before; without a note, it is theirs.

        A rating of 0 and an empty label are none. A flag is also written as Lightroom does, so that it is
        found again where the editor has none: the label or rating by which that says it is noted as ours.
        """
        if label is not None:
            self._colour(label)
            self.packet.drop(OWN_LABEL)
            if not label and PENDING in self.packet.values(PICK_LABEL):
                self.packet.put(PICK_LABEL, UNSET[PICK_LABEL])
        if pick is not None:
            for key, words in FLAG_VALUES.items():
                self._say(key, words.get(pick), self._editor.flags or (DM_PICK, DM_GOOD))
            self.packet.drop(OWN_PICK)
            ours, said = self._own(OWN_LABEL), self._editor.flag_labels or {}
            derived = said.get(pick, "" if ours is not None and ours in said.values() else None)
            if label is None and derived is not None and not self._is_label_a_persons():
                self._label(derived)
        if pick == "reject" and self._editor.reject_stars:
            rating = -1
        elif pick is not None and rating is None and -1.0 in map(number, self.packet.values(RATING)):
            rating = 0
        if rating or (rating == 0 and any(key in self.packet for key in (RATING, *MICROSOFT_RATINGS))):
            self._put_stars(rating)
        if rating is not None:
            self.packet.drop(STARS)

    def tag(self, keywords: tuple[str, ...]) -> None:
        """Make ours these keywords: others that we wrote go, and those of a person stay."""

        def is_outdated(keyword: str) -> bool:
            return keyword.split("|")[0] == ROOT and keyword not in keywords

        foreign_leaves = set()
        for key, mark in ((HIERARCHICAL, "|"), (TAGS_LIST, "/")):
            present = {item: item.replace(mark, "|") for item in self.packet.items(key)}
            foreign_leaves |= {_leaf(whole) for whole in present.values() if not is_outdated(whole)}
            gone = {item for item, whole in present.items() if is_outdated(whole)}
            self._change(key, [keyword.replace("|", mark) for keyword in keywords], gone)
        noted = [word for word in (self._own(OWN_KEYWORDS) or "").split(";") if word]
        staying = [keyword for keyword in noted if not is_outdated(keyword)]
        wanted = [_leaf(keyword) for keyword in keywords]
        gone = (
            {_leaf(keyword) for keyword in noted} - {_leaf(keyword) for keyword in staying} - foreign_leaves
        )
        subjects = set(self.packet.items(SUBJECT))
        added = [leaf for leaf in wanted if leaf not in subjects]
        if self._change(SUBJECT, wanted, gone - set(wanted)):
            staying += [k for k in keywords if _leaf(k) in added and k not in staying]
        self._note(OWN_KEYWORDS, ";".join(staying))

    def _rating_with(self, rating: int | None, pick: str | None, before: str | None) -> int | None:
        """The rating to write, where a reject is said by one."""
        is_ours = {number(v) for v in self.packet.values(RATING)} == {-1.0} and self._own(STARS) == "-1"
        if self._editor.reject_stars and pick == "reject":
            return -1
        if is_ours and pick is None and before == "reject" and not self.kept_pick:
            return None  # a new score doesn't take a rejection back
        return 0 if is_ours and rating is None and pick is not None else rating

    def _rate(self, rating: int) -> None:
        self.kept_rating = not self._overwrite and self._is_rating_a_persons()
        if self.kept_rating:
            self.packet.drop(STARS)
            return
        self._put_stars(rating)
        self.packet.put(STARS, str(rating))

    def _put_stars(self, rating: int) -> None:
        self.packet.put(RATING, str(rating))
        stars = str(MICROSOFT_STARS[max(rating, 0)])
        there = [key for key in MICROSOFT_RATINGS if key in self.packet]
        for key in there or (MICROSOFT_RATINGS[:1] if self._editor.microsoft else ()):
            self.packet.put(key, stars)

    def _is_rating_a_persons(self) -> bool:
        stars = number(self._own(STARS))
        percent = float(MICROSOFT_STARS[max(int(stars), 0)]) if stars in (-1, 0, 1, 2, 3, 4, 5) else None
        for key, written in ((RATING, stars), *((key, percent) for key in MICROSOFT_RATINGS)):
            for value in self.packet.values(key):
                if value is not None and not value.strip():
                    continue
                if number(value) is None or number(value) not in (0, written):
                    return True
        return False

    def _label(self, colour: str) -> None:
        self.kept_label = not self._overwrite and self._is_label_a_persons()
        if self.kept_label:
            self.packet.drop(OWN_LABEL)
            return
        self._colour(colour)
        self._note(OWN_LABEL, colour)

    def _colour(self, colour: str) -> None:
        if colour:
            self.packet.put(LABEL, self._editor.labels[colour])
        elif any((value or "").strip() for value in self.packet.values(LABEL)):
            self.packet.drop(LABEL)
        for key, words in COLOUR_VALUES.items():
            if key == COLORLABELS:
                others = [number for other, number in words.items() if other != colour]
                self._change(key, [words[colour]] if colour else [], set(others), self._editor.colours)
            else:
                self._say(key, words.get(colour), self._editor.colours)

    def _is_label_a_persons(self) -> bool:
        ours = self._own(OWN_LABEL)
        said = meanings(ours) if ours in COLOURS and ours is not None else {}
        for key in (LABEL, *COLOUR_VALUES):
            values = self.packet.items(key) if key in LISTS else self.packet.values(key)
            if any(_is_set(key, value) and value not in said.get(key, ()) for value in values):
                return True
        return False

    def _flag(self, pick: str) -> None:
        for key, words in FLAG_VALUES.items():
            self._say(key, words.get(pick), self._editor.flags)
        self._note(OWN_PICK, pick if pick != "none" else "")

    def _is_flag_a_persons(self) -> bool:
        ours = self._own(OWN_PICK)
        for key, words in FLAG_VALUES.items():
            for value in self.packet.values(key):
                if _is_set(key, value) and (value is None or not alike(value, words.get(ours or "", ""))):
                    return True
        return False

    def _say(self, key: Key, value: str | None, wanted: Iterable[Key]) -> None:
        """Put a property where the editor wants it, or keep it in step where it is there."""
        if value is not None and (key in wanted or key in self.packet):
            self.packet.put(key, value)
        elif value is None and any(_is_set(key, present) for present in self.packet.values(key)):
            if key in UNSET:
                self.packet.put(key, UNSET[key])
            else:
                self.packet.drop(key)

    def _change(
        self, key: Key, add: list[str], remove: set[str], wanted: Iterable[Key] | None = None
    ) -> bool:
        """Change a list, where the editor wants it or it is there."""
        wanted = self._editor.keywords if wanted is None else wanted
        if key not in wanted and key not in self.packet:
            return False
        return self.packet.change_items(key, LISTS[key], add, remove)

    def _own(self, key: Key) -> str | None:
        """What we noted to have written; several different notes are none."""
        values = set(self.packet.values(key))
        return values.pop() if len(values) == 1 else None

    def _note(self, key: Key, value: str) -> None:
        if value:
            self.packet.put(key, value)
        else:
            self.packet.drop(key)


def alike(value: str, word: str) -> bool:
    """Whether a person's value says this word: capitals and space around it don't count."""
    return same(value.strip().lower(), word.lower())


def _is_set(key: Key, value: str | None) -> bool:
    """Whether a value says anything; one in an unknown form does."""
    if value is None:
        return True
    return bool(value.strip()) and not (key in UNSET and same(value, UNSET[key]))


def _leaf(keyword: str) -> str:
    return keyword.rpartition("|")[2]
