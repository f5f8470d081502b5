"""What one key says of a photo, and what has to be written for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from photocli.errors import UsageError
from photocli.xmp.editors import COLOURS, colour_of, editor

if TYPE_CHECKING:
    from photocli.xmp.judgement import Judgement
    from photocli.xmp.merge import XmpChanges

Pick = Literal["pick", "reject", "none"]
_PICKS: dict[int, Pick] = {1: "pick", 0: "none", -1: "reject"}


@dataclass(frozen=True, slots=True)
class Change:
    """What one key says: `stars` 0 to 5, `pick` 1, 0 or -1, `label` a colour or "" for none.

    None is left alone.
    """

    stars: int | None = None
    pick: int | None = None
    label: str | None = None

    @classmethod
    def from_json(cls, change: object) -> Change:
        """Read `{"stars": 4}`, `{"pick": -1}`, `{"label": "Red"}`; null is 0 or no label.

        Raises `UsageError` in a sentence.
        """
        if not isinstance(change, dict) or not change or not {"stars", "pick", "label"}.issuperset(change):
            raise UsageError("a change has stars, pick or label, and nothing else")
        numbers: dict[str, int] = {}
        for name, allowed in (("stars", range(6)), ("pick", range(-1, 2))):
            if name in change:
                value = 0 if change[name] is None else change[name]
                if type(value) is not int or value not in allowed:
                    raise UsageError(f"{name} lie between {allowed[0]} and {allowed[-1]}")
                numbers[name] = value
        label = None
        if "label" in change:
            label = change["label"] or ""
            if not isinstance(label, str) or label.lower() not in ("", *COLOURS):
                raise UsageError(f"a label is one of {', '.join(COLOURS)}")
            label = label.lower()
        return cls(numbers.get("stars"), numbers.get("pick"), label)

    def of(self, said: Judgement, editor_name: str | None) -> XmpChanges:
        """What is to be written, so that it is a person's, where `said` stands.

        Stars and flag go together, as readers take both from the first place that has either.
        """
        from photocli.xmp.merge import XmpChanges

        rating, pick = self.stars, None if self.pick is None else _PICKS[self.pick]
        if self.stars is not None and pick is None:
            # Where a reject is a rating, it goes when there are stars; elsewhere it stays beside them.
            if said.rejects:
                pick = "none" if editor(editor_name).reject_stars else "reject"
            else:
                pick = said.flag
        elif pick is not None and rating is None and said.rating is not None and said.rating > 0:
            rating = said.rating
        return XmpChanges(rating=rating, label=self.label, pick=pick, editor=editor_name, by_person=True)

    def is_in(self, said: Judgement) -> bool:
        """Whether what stands is what this says."""
        rated = max(said.rating or 0, 0)
        flag = -1 if said.rejects else 1 if said.flag == "pick" else 0
        return (
            self.stars in (None, rated)
            and self.pick in (None, flag)
            and self.label in (None, colour_of(said.label or ""))
        )
