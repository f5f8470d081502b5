"""Makes docs/models.md from the cards of the built-in models: `python docs/models_page.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photocli.display import minus
from photocli.inputs.views import described

DOCS = Path(__file__).parent
BUILTIN = DOCS.parent / "photocli" / "models" / "builtin"

_NAMES = {"plain called styled": "photos without a look called styled"}
"""Figures that older cards name by a word of the trainer."""

HEAD = """# The built-in models

Made by `python docs/models_page.py` from the cards of the models (see `photocli models list`). Every
figure comes from photos that the model did not learn from; beside it stands what needs no photo to reach.

These models serve, unless you add one of your own and choose it with `photocli models use NAME`;
`photocli models use --builtin` goes back ([several models of one kind](guide.md#models)).
"""


def cards() -> list[dict[str, Any]]:
    """Returns the cards of the built-in models, in the order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(BUILTIN.glob("*/card.json"))]


def page() -> str:
    """Returns the page: a table of all models, and a section for each."""
    found = cards()
    lines = [HEAD, "| model | what it says | size | in 8 bits |", "| --- | --- | --- | --- |"]
    for card in found:
        sizes = f"{_megabytes(card)} | {' '.join(map(_megabytes, card.get('variants', [])))}"
        lines.append(f"| [{card['name']}](#{card['name']}) | {card['description']} | {sizes} |")
    return "\n".join(lines) + "\n" + "".join("\n" + "\n".join(_section(card)) + "\n" for card in found)


def _megabytes(card: dict[str, Any]) -> str:
    return f"{card['bytes'] / 1e6:.1f} MB"


def _section(card: dict[str, Any]) -> Iterator[str]:
    height, width = card["input"]["size"]
    yield f"## {card['name']}\n"
    yield f"{card['description']} Version {card['version']}, {_megabytes(card)}."
    licence = card["licence"].removesuffix(", see data")  # it stands below
    yield f"It sees {described(card['input']['fit'], width, height)}. Licence: {licence}.\n"
    yield from _checks(card)
    yield from _groups(card.get("groups", {}))
    yield from _hands(card["metrics"].get("hands", {}))
    yield from _variants(card.get("variants", []))
    yield "\n**Learned from**\n"
    for source in {json.dumps(entry, sort_keys=True): entry for entry in card["data"]}.values():
        what = f"{source['name']}, {source['photos']} photos ({source['role']})"
        yield f"- {what}: {source['origin']}; terms: {source['terms']}."
    yield "\n**Limits**\n"
    yield from (f"- {limit}" for limit in card["limits"])
    yield f"\nMade by `{card['trainer']['command']}`, commit `{card['trainer']['commit'][:12]}`."


def _checks(card: dict[str, Any]) -> Iterator[str]:
    """Yields the figures beside their baselines, and how the photos were split."""
    yield "| figure | model | beside it |"
    yield "| --- | --- | --- |"
    for check in card["metrics"].get("checks", []):
        name = _NAMES.get(check["name"], check["name"])
        yield f"| {name} | {check['value']:.3f} | {check['baseline_name']} {check['baseline']:.3f} |"
    yield f"\nSplit: {card['metrics'].get('split', 'not stated')}."


def _groups(groups: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yields the figures of each group of photos or people, where the card has them."""
    if not groups:
        return
    keys = list(next(iter(groups.values())))
    yield f"\n| group | {' | '.join(key.replace('_', ' ') for key in keys)} |"
    yield "| --- " * (len(keys) + 1) + "|"
    for name, row in groups.items():
        yield f"| {name} | {' | '.join(_number(row.get(key)) for key in keys)} |"


_HANDS = """
**Looks of other hands.** Beside each look is the share of photos in which it is named (recall, with an
interval of 95%), and the share of those named that have it (precision, where all looks and plain photos are
as frequent). `trainer` made what the network learned from, `editor` makes the same looks otherwise; each is
judged by what was fitted to the other, and to other photos. Nothing was fitted to `third`, which the card's
thresholds judge.
"""


def _hands(hands: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yields how often each look is named that a hand made, where the card has it."""
    if not hands:
        return
    yield _HANDS
    yield f"| look | {' | '.join(f'{hand}: recall | precision' for hand in hands)} |"
    yield "| --- " * (2 * len(hands) + 1) + "|"
    for look in next(iter(hands.values()))["each"]:
        cells = (found["each"][look] for found in hands.values())
        said = (f"{_ranged(one['recall'], one['recall_interval'])} | {one['precision']:.2f}" for one in cells)
        yield f"| {look} | {' | '.join(said)} |"
    for name, key in _SHARES.items():
        shares = (_ranged(found[key]["share"], found[key]["interval"]) for found in hands.values())
        yield f"| **{name}** | {' | | '.join(shares)} | |"


_SHARES = {
    "all looks": "named",
    "plain photos with a look": "plain_with_a_look",
    "… where rules know all": "plain_with_a_look_where_all_is_known",
    "drawings with a look": "drawings_with_a_look",
}


def _ranged(share: float, interval: list[float]) -> str:
    """A share with its interval."""
    return f"{share:.2f} ({interval[0]:.2f}–{interval[1]:.2f})"


def _variants(variants: list[dict[str, Any]]) -> Iterator[str]:
    """Yields for each other precision how well it agrees with the network in floating point."""
    for entry in variants:
        found = entry["agreement"]
        yield (
            f"\n**{entry['precision']}** ({_megabytes(entry)}), on {found['views']} views of held-out "
            f"photos: rank correlation {found['rank_correlation']:.4f} with the network in floating point, "
            f"mean difference {found['mean_difference']:.4f}, largest shift of a mean "
            f"{found['largest_shift']:.4f}. Made by `{entry['trainer']['command']}`."
        )


def _number(value: Any) -> str:
    return minus(f"{value:.3f}" if isinstance(value, float) else str(value))


if __name__ == "__main__":
    (DOCS / "models.md").write_text(page(), encoding="utf-8")
