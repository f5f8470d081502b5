"""A first look at photos by their previews: which models are asked, and how their answers are kept apart.

A preview says nothing of blur, noise, compression and the traces of a lens, so models that look at details
are not asked; nor is that of styles, which above all explains faults, unless it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.models.card import Card
    from photocli.scoring.cache import Known

WAYS = ("full", "fast")
"""How photos are decoded: all of each, or the embedded preview, where it shows the same."""

_DETAILED = ("sheet", "crop")
_STYLE = "style"
_APART = ":fast"
"""Ends the keys of models in the cache whose answers come of a preview: a full look never asks for them."""

FAST = "fast"
"""The way of a first look, among the details of `Known.looked_at`."""


def asked(cards: Mapping[str, Card], named: Sequence[str]) -> tuple[str, ...]:
    """The keys of the models that a preview is shown to; `named` are those that were asked for by name.

    Raises `UsageError` if there is none.
    """
    keys = tuple(
        key
        for key, card in cards.items()
        if card.input.fit not in _DETAILED and (card.kind != _STYLE or card.name in named)
    )
    if not keys:
        names = " and ".join(sorted({card.name for card in cards.values()}))
        raise UsageError(f"previews say nothing of {names}; leave out --decode fast, or assess more")
    return keys


def wanted(needs: Mapping[str, Sequence[str]], keys: Sequence[str]) -> dict[str, Sequence[str]]:
    """The outputs to look for in the cache, by model: those of a full look, and those of a first one."""
    return {**needs, **{key + _APART: needs[key] for key in keys}}


def split(found: Known | None, keys: Sequence[str]) -> tuple[Known | None, Known | None]:
    """What the cache knows of a photo by a full look, and by a first one if that is complete."""
    if found is None or not keys:
        return found, None
    full = {key: outputs for key, outputs in found.outputs.items() if not key.endswith(_APART)}
    first = {key: found.outputs[key + _APART] for key in keys if key + _APART in found.outputs}
    whole = len(first) == len(keys) and FAST in found.looked_at
    return replace(found, outputs=full), replace(found, outputs=first) if whole else None


def kept(look: Known) -> Known:
    """What of a first look is kept in the cache."""
    return replace(look, outputs={key + _APART: values for key, values in look.outputs.items()})
