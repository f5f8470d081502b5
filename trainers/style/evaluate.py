"""Figures of a model of styles on pictures that it never saw, each beside its trivial baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.calibration import reliability, sharpened
from trainers.common.metrics import Check, agreement, average_precision, f1
from trainers.style.data import MEDIA, Pictures
from trainers.style.looks import NAMES
from trainers.style.network import Styler
from trainers.style.predictions import Fitted, Judged, Seen, known_of, look_at
from trainers.style.samples import Samples

if TYPE_CHECKING:
    from trainers.style.train import Config

BY_THEMSELVES = ("black and white", "sepia", "low key", "high key")
"""Looks that the rules of `looks.natural` find in photos as they are."""


def quick_figures(seen: Seen) -> dict[str, float]:
    """A few figures for the history, with thresholds of one half, chosen on the very same pictures."""
    precisions = [
        average_precision(seen.looks[known, look], seen.true_looks[known, look] == 1)
        for look in range(len(NAMES))
        if (known := known_of(seen, look)).any()
    ]
    right = (seen.paintings.argmax(1) == seen.true_painting).mean()
    told = seen.medium[seen.judged].argmax(1) == seen.true_medium[seen.judged]
    return {"medium": float(told.mean()), "looks_ap": float(np.mean(precisions)), "paintings": float(right)}


def judge(network: Styler, held: Pictures, config: Config, out: Path) -> dict[str, Any]:
    """All figures, the thresholds and the calibration of a card, and sheets of mistakes in `out`.

    Whatever is fitted for a figure is fitted on the other half of the photos; what the card gets is fitted on
    all of them.
    """
    from trainers.style.plots import sheets_of_mistakes

    seen = look_at(network, held, config)
    chances, held_looks = np.zeros_like(seen.looks), np.zeros(seen.looks.shape, bool)
    medium, paintings = np.zeros_like(seen.medium), np.zeros_like(seen.paintings)
    for half in (0, 1):
        mine = seen.half == half
        fitted = Fitted.on(seen, ~mine, config.most_styled)
        chances[mine], medium[mine] = (
            fitted.looks(seen.looks[mine]),
            sharpened(seen.medium[mine], fitted.heat[0]),
        )
        paintings[mine] = sharpened(seen.paintings[mine], fitted.heat[1])
        held_looks[mine] = chances[mine] > fitted.thresholds
    said = Judged(seen, chances, held_looks, medium, paintings)
    figures = {
        "medium": _of_medium(said),
        "paintings": _of_paintings(said),
        "looks": _of_looks(said),
        "plain": _of_plain(said),
        "by_themselves": _by_themselves(said),
        "reliability": _reliabilities(said),
    }
    card = Fitted.on(seen, np.ones(len(seen.names), bool), config.most_styled)
    drawn = sheets_of_mistakes(said, Samples(held, config.side, config.seed), out)
    return {
        "figures": figures,
        "checks": [vars(check) | {"passed": check.passed} for check in _checks(figures)],
        "thresholds": dict(zip(NAMES, card.thresholds.tolist(), strict=True)),
        "calibration": card.curves(),
        "drawn": [path.name for path in drawn],
    }


def _of_medium(said: Judged) -> dict[str, Any]:
    """Of the pictures of media; and which share of photos with looks, of any folder, is called a photo."""
    seen = said.seen
    truth, guess = seen.true_medium[seen.judged], said.medium[seen.judged].argmax(1)
    styled = seen.photos & seen.made
    return {
        **agreement(truth, guess, len(MEDIA)),
        "classes": list(MEDIA),
        "confusion": confusion(truth, guess, len(MEDIA)),
        "photos_with_looks_called_photograph": float((said.medium[styled].argmax(1) == 0).mean()),
        "photos_as_taken_called_photograph": float((said.medium[seen.as_taken].argmax(1) == 0).mean()),
        "mistakes": [
            {
                "file": f"{list(MEDIA.values())[seen.true_medium[row]]}/{seen.names[row]}",
                "said": list(MEDIA)[int(said.medium[row].argmax())],
                "chance": float(said.medium[row].max()),
            }
            for row in np.flatnonzero(seen.judged)
            if said.medium[row].argmax() != seen.true_medium[row]
        ][:36],
    }


def _of_paintings(said: Judged) -> dict[str, Any]:
    """Of repainted photos and of photos as they were taken; and of the repainted ones alone."""
    seen, classes = said.seen, said.seen.classes["paintings"]
    rows = (seen.true_painting > 0) | seen.as_taken
    truth, guess = seen.true_painting[rows], said.paintings[rows].argmax(1)
    other = said.paintings[seen.made | (seen.true_medium > 0)].argmax(1)
    painted = truth > 0
    return {
        **agreement(truth, guess, len(classes)),
        "repainted": agreement(truth[painted], guess[painted], len(classes)),
        "classes": list(classes),
        "confusion": confusion(truth, guess, len(classes)),
        "looks_and_drawings_called_none": float((other == 0).mean()) if len(other) else None,
    }


def _of_looks(said: Judged) -> dict[str, Any]:
    """Average precision and F1 of each look where it is known, and their means."""
    seen = said.seen
    each: dict[str, Any] = {}
    for look, name in enumerate(NAMES):
        known = known_of(seen, look)
        truth = seen.true_looks[known, look] == 1
        share = float(truth.mean()) if known.any() else 0.0
        each[name] = {
            "photos": int(known.sum()),
            "having_it": int(truth.sum()),
            "ap": average_precision(seen.looks[known, look], truth),
            "ap_chance": share,
            "f1": f1(said.holds[known, look], truth),
            "f1_always_yes": 2 * share / (1 + share),
        }
    judged = [one for one in each.values() if one["having_it"]]
    means = {f"macro_{key}": float(np.mean([one[key] for one in judged])) for key in list(each[NAMES[0]])[2:]}
    return {**means, "each": each}


def _of_plain(said: Judged) -> dict[str, Any]:
    """The share of plain photos that are called styled, and of all that have looks; which ones."""
    seen = said.seen
    plain, styled = seen.plain, seen.made & seen.photos
    rows = np.flatnonzero(plain & said.styled)
    rows = rows[np.argsort([-said.style(row)[1] for row in rows], kind="stable")] if len(rows) else rows
    called: dict[str, int] = {}
    for row in rows:
        called[said.style(row)[0]] = called.get(said.style(row)[0], 0) + 1
    sure = plain & np.isfinite(seen.true_looks).all(1)
    return {
        "photos": int(plain.sum()),
        "called_styled": float(said.styled[plain].mean()) if plain.any() else 0.0,
        "called_styled_where_all_is_known": float(said.styled[sure].mean()) if sure.any() else 0.0,
        "with_looks_called_styled": float(said.styled[styled].mean()) if styled.any() else 0.0,
        "share_with_looks": float(styled.sum() / max(1, (plain | styled).sum())),
        "called": called,
        "mistakes": [
            {"file": seen.names[row], "said": said.style(row)[0], "chance": said.style(row)[1]}
            for row in rows
        ][:36],
    }


def _by_themselves(said: Judged) -> dict[str, Any]:
    """Of photos that have a look that nobody made: how often it is among the styles, and the first one."""
    found = {}
    for name in BY_THEMSELVES:
        look = NAMES.index(name)
        rows = np.flatnonzero(said.seen.as_taken & (said.seen.true_looks[:, look] == 1))
        if len(rows):
            found[name] = {
                "photos": len(rows),
                "among": float(said.holds[rows, look].mean()),
                "first": float(np.mean([said.style(row)[0] == name for row in rows])),
            }
    return found


def _reliabilities(said: Judged) -> dict[str, Any]:
    """Stated probability against what is true: the surest medium and painting, and all looks together."""
    seen = said.seen
    rows = seen.judged
    parts = {
        "medium": (said.medium[rows].max(1), said.medium[rows].argmax(1) == seen.true_medium[rows]),
        "paintings": (said.paintings.max(1), said.paintings.argmax(1) == seen.true_painting),
    }
    known = np.isfinite(seen.true_looks) & seen.photos[:, None]
    parts["looks"] = (said.looks[known], seen.true_looks[known] == 1)
    result = {}
    for name, (chance, right) in parts.items():
        stated, found, count, error = reliability(chance, right.astype(np.float64))
        result[name] = {
            "stated": stated.tolist(),
            "seen": found.tolist(),
            "pictures": count.tolist(),
            "error": error,
        }
    return result


def confusion(truth: NDArray[np.intp], guess: NDArray[np.intp], count: int) -> list[list[int]]:
    """How many of each class (rows) were taken for each class (columns)."""
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, guess), 1)
    return table.tolist()


def _checks(figures: dict[str, Any]) -> Iterator[Check]:
    """The comparisons that a model must win to be worth anything."""
    for name in ("medium", "paintings"):
        found = figures[name]
        yield Check(f"accuracy, {name}", found["accuracy"], found["majority"], "majority")
        yield Check(f"balanced accuracy, {name}", found["balanced_accuracy"], found["chance"], "chance")
    looks, plain = figures["looks"], figures["plain"]
    yield Check("looks, mean average precision", looks["macro_ap"], looks["macro_ap_chance"], "chance")
    yield Check("looks, macro F1", looks["macro_f1"], looks["macro_f1_always_yes"], "always yes")
    share, lot = plain["called_styled"], plain["share_with_looks"]
    yield Check("plain called styled", share, lot, "by lot", higher=False)


def others(facts: dict[str, Any]) -> Iterator[str]:
    """What the report says beside the checks."""
    figures = facts["figures"]
    for name, found in figures["looks"]["each"].items():
        yield f"{name}: F1 {found['f1']:.3f}, AP {found['ap']:.3f}, {found['having_it']} of {found['photos']}"
    for name in ("medium", "paintings"):
        yield f"{name}, rows are true: {', '.join(figures[name]['classes'])}"
        yield from (" ".join(f"{count:5d}" for count in row) for row in figures[name]["confusion"])
    plain = {key: value for key, value in figures["plain"].items() if key != "mistakes"}
    yield f"plain: {plain}"
    yield f"by themselves: {figures['by_themselves']}"
    errors = {name: round(one["error"], 4) for name, one in figures["reliability"].items()}
    yield f"calibration error: {errors}"
