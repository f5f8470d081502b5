"""Which models make a run: those that were chosen, and what finds the faces for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from photocli.errors import UsageError
from photocli.faces import detectors
from photocli.models import store
from photocli.models.card import FLOAT
from photocli.models.serving import SEVERAL, serving
from photocli.records import RECORD_FIELDS, columns

if TYPE_CHECKING:
    from photocli.models.card import Card

_TAKEN = frozenset((*RECORD_FIELDS, "class", "details", "photo"))  # the last by tables and documents


def choose(names: tuple[str, ...], detail: str = "frame", precision: str = FLOAT) -> list[Card]:
    """The cards of the named models, or of all that serve, and of a detector where one judges faces.

    With `detail` `native`, all look at a photo that is decoded at its own resolution. Models that have a
    network of the `precision` run that one. Raises `UsageError` for unknown names, for models that fill the
    same fields, and where there is none that is needed.
    """
    chosen = store.choose(names) if names else serving(store.cards())
    judges = next((card for card in chosen if card.input.fit == "faces"), None)
    face_detector = detector(chosen)
    if judges is not None and face_detector is None:
        face_detector = detector(serving(store.cards()))
        if face_detector is None:
            raise UsageError(
                f"{judges.name} judges faces, and there is no model that finds them; "
                "add one with photocli models add"
            )
        chosen = [face_detector, *chosen]
    chosen = [card for card in chosen if card == face_detector or card.kind not in detectors.names()]
    _check_kinds(chosen)
    check_columns(chosen)
    chosen = [_precise(card, precision) for card in chosen]
    face_detector = None if face_detector is None else _precise(face_detector, precision)
    if detail == "native":
        chosen = _closer(chosen)
    return chosen if face_detector is None else [_bound(card, face_detector) for card in chosen]


def detector(cards: Iterable[Card]) -> Card | None:
    """The one among them that finds faces; None without any. Raises `UsageError` for several."""
    found = [card for card in cards if card.kind in detectors.names()]
    if len(found) > 1:
        raise UsageError(
            f"{found[0].name} and {found[1].name} both find faces; name one of them with --assess"
        )
    return found[0] if found else None


def _precise(card: Card, precision: str) -> Card:
    """The card of the model in a precision, or as it is where it has no such network."""
    return card.as_variant(precision) if precision in card.precisions else card


def _bound(card: Card, face_detector: Card) -> Card:
    """The card of a model that finds or judges faces, its input bound to what finds them."""
    if card.input.fit not in ("contain", "faces"):
        return card
    facts = [
        face_detector.sha256,
        face_detector.kind,
        face_detector.facts.get("thresholds"),
        face_detector.input.width,
        card.input.place,
    ]
    version = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return replace(card, input=replace(card.input, detector=face_detector.reference, version=version))


def _closer(cards: Sequence[Card]) -> list[Card]:
    """The cards, for photos that are decoded at their own resolution; by other keys, as answers differ.

    Sheets are cut from the photo as it is, all else from a frame that is made from it, which has other pixels
    than one that is made from a JPEG at half its size, by a level or two. Raises `UsageError` if none of them
    looks at a sheet.
    """
    if not any(card.input.fit == "sheet" for card in cards):
        raise UsageError("--detail native needs a model of technical quality, and none is used")
    return [replace(card, input=replace(card.input, detail="native")) for card in cards]


def _check_kinds(cards: Sequence[Card]) -> None:
    """Raise `UsageError` where two models would fill the same fields of the record."""
    names: dict[str, str] = {}
    for card in cards:
        if card.kind in names and card.kind not in SEVERAL:
            raise UsageError(
                f"{names[card.kind]} and {card.name} are both models of kind {card.kind}; "
                "name one of them with --assess"
            )
        names[card.kind] = card.name


def check_columns(cards: Iterable[Card]) -> None:
    """Raise `UsageError` where the columns of a classifier have the name of others, or two of them are one.

    Capitals make no difference, since they make none to spreadsheets and databases.
    """
    taken = dict.fromkeys(_TAKEN, "every record")
    networks: dict[str, str] = {}
    for card in cards:
        if card.kind not in SEVERAL:
            continue
        for column in columns([card.name]):
            owner = taken.setdefault(column.lower(), card.name)
            if owner != card.name:
                raise UsageError(
                    f"a classifier cannot be named {card.name}: its column {column} would be one that "
                    f"{owner} has already; give it another name"
                )
        twin = networks.setdefault(card.cache_key, card.name)
        if twin != card.name:
            raise UsageError(
                f"{twin} and {card.name} are one network under two names; choose one of them with --assess, "
                "or remove one with photocli models remove"
            )
