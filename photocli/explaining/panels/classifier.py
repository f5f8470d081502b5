"""A user's own classes: how probable each one is, and what in the photo speaks for the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.assessors import classifier
from photocli.explaining import canvas, chances, evidence
from photocli.explaining.canvas import Canvas, paragraph

if TYPE_CHECKING:
    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import View
    from photocli.records import Answer

NEEDS = ("probabilities",)


def find(view: View) -> Heat:
    """What speaks for the most probable class, in log odds."""
    several = view.card.facts.get("several", False)
    place = classifier.classes(view.card).index(_first(view))
    rivals = None if several else slice(None)
    return evidence.find(view, place, rivals, lambda outputs: classifier.chances(view.card, outputs)[place])


def draw(view: View, found: Heat, width: float) -> Canvas:
    """The map on the left, the classes on the right."""
    several, answer = view.card.facts.get("several", False), _answer(view)
    left = evidence.draw(view, found, _first(view), rivals=not several)
    right = width - left.width - canvas.BESIDE
    probabilities = dict(answer.probabilities)
    limits = {name: classifier.threshold(view.card, name) for name in probabilities} if several else None
    bars = chances.draw(probabilities, answer.labels, right, limits=limits)
    tuned = ", put right on photos that it had not learned from" if view.card.facts.get("calibration") else ""
    note = f"How probable the network finds each class{tuned}."
    if several:
        note += " Several may hold: those that reach beyond their mark."
    text = paragraph(note, right, canvas.SMALL, canvas.FAINT)
    return canvas.row(
        [left, chances.titled(f"{view.card.name}: {answer.label or 'none'}", right, bars, text)],
        canvas.BESIDE,
    )


def _answer(view: View) -> Answer:
    return next(answer for answer in view.record.answers if answer.model == view.card.name)


def _first(view: View) -> str:
    """The most probable class, whether it holds or not."""
    return max(_answer(view).probabilities, key=lambda pair: pair[1])[0]
