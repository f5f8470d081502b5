"""Style: the medium, the looks and the painting styles as bars, and what in the photo speaks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.assessors import classifier, style
from photocli.explaining import canvas, chances, evidence
from photocli.explaining.canvas import Canvas, paragraph

if TYPE_CHECKING:
    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import View

NEEDS = ("medium", "looks", "paintings")

_LOOKS, _PAINTINGS = 8, 5  # so many have a bar


def find(view: View) -> Heat:
    """What speaks for the style, or for the medium where it has none; in log odds."""
    group, name = _chosen(view)
    known = style.classes(view.card)
    start = sum(len(known[other]) for other in NEEDS[: NEEDS.index(group)])
    rivals = None if group == "looks" else slice(start, start + len(known[group]))
    place = start + known[group].index(name)
    return evidence.find(view, place, rivals, lambda outputs: style.chances(view.card, outputs)[group][name])


def draw(view: View, found: Heat, width: float) -> Canvas:
    """The map on the left, the three answers on the right."""
    record, probabilities = view.record, style.chances(view.card, view.outputs)
    group, name = _chosen(view)
    left = evidence.draw(view, found, name, rivals=group != "looks")
    right = width - left.width - canvas.BESIDE
    held = {*(name for name, _ in record.styles), str(record.medium)}
    limits = {look: classifier.threshold(view.card, look) for look in probabilities["looks"]}
    if not held & probabilities["paintings"].keys():
        held.add(style.NONE)
    parts = [
        chances.titled(f"Medium: {record.medium}", right, chances.draw(probabilities["medium"], held, right)),
        chances.titled(
            f"Style: {record.style if record.styles else 'no look'}",
            right,
            chances.draw(probabilities["looks"], held, right, limits=limits, most=_LOOKS),
        ),
    ]
    if len(probabilities["paintings"]) > 1:
        bars = chances.draw(probabilities["paintings"], held, right, most=_PAINTINGS)
        parts.append(chances.titled("In the style of a painting", right, bars))
    note = "Several looks may hold: those that reach beyond their mark. Where none does, records say plain."
    if not style.may_have_looks(view.card, probabilities["medium"]):
        note = f"A {record.medium} has no photographic looks; the bars say what it has as a photograph."
    parts.append(paragraph(note, right, canvas.SMALL, canvas.FAINT))
    return canvas.row([left, canvas.column(parts, 22)], canvas.BESIDE)


def _chosen(view: View) -> tuple[str, str]:
    """The group and the class that the map is of."""
    if not view.record.styles:
        return "medium", str(view.record.medium)
    name = view.record.styles[0][0]
    return ("looks" if name in style.classes(view.card)["looks"] else "paintings"), name
