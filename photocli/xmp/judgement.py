"""What a person said of a photo in an XMP packet: a rating, a flag, a label, and edits of theirs.

What photocli wrote itself is no opinion of a person's: the notes in our own namespace beside it tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Flag = Literal["pick", "reject"]


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
        """Whether the photo is never to be rejected: it has stars, a pick, a label or edits, and no reject."""
        return not self.rejects and (
            bool(self.rating) or self.flag == "pick" or self.label is not None or self.edited
        )

    @property
    def rejects(self) -> bool:
        """Whether the person rejected the photo, so that it is never picked."""
        return self.flag == "reject" or self.rating == -1

    @property
    def standing(self) -> int:
        """Where the photo stands in its group: picks, then stars, labels, edits, the unmarked, and rejects."""
        if self.rejects:
            return -1
        stars = self.rating or 0
        return 100 * (self.flag == "pick") + 10 * stars + 2 * (self.label is not None) + self.edited
