"""The store of models: those inside the package, and those that the user added to a folder of their own."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from photocli.errors import ModelError, UsageError
from photocli.models.card import CARD_FILE, Card, read_card

BUILTIN = Path(__file__).parent / "builtin"
MODELS_ENV = "PHOTOCLI_MODELS"

MOST_VARIANTS = 4
"""Each is tried when a model is added, and has the time for it that the model has."""


def user_folder() -> Path:
    """Where the user's own models lie: `$PHOTOCLI_MODELS`, else the platform's folder for user data."""
    if chosen := os.environ.get(MODELS_ENV):
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("photocli", appauthor=False) / "models"


def folders() -> list[Path]:
    """The folders of all models, those that came with the program first, by name.

    Hidden folders are models that are just being added or removed.
    """
    roots = [root for root in (BUILTIN, user_folder()) if root.is_dir()]
    found = [folder for root in roots for folder in sorted(root.iterdir())]
    return [f for f in found if not f.name.startswith(".") and (f / CARD_FILE).is_file()]


def cards() -> list[Card]:
    """The cards of all models, sorted by name; a user's model hides the built-in one of the same name."""
    found = {card.name: card for card in map(read_card, folders())}
    return [found[name] for name in sorted(found)]


def is_built_in(card: Card) -> bool:
    """Whether the model came with the program."""
    return card.folder.parent == BUILTIN


def hides_built_in(card: Card) -> bool:
    """Whether the model is a user's own and has the name of a built-in one, whose place it takes."""
    return not is_built_in(card) and (BUILTIN / card.name / CARD_FILE).is_file()


def choose(names: tuple[str, ...] = ()) -> list[Card]:
    """The cards of the named models, of all if none is named. Raises `UsageError` for an unknown name."""
    known = cards()
    if not names:
        return known
    by_name = {card.name: card for card in known}
    for name in names:
        if name not in by_name:
            raise UsageError(f"there is no model named '{name}'; there are: {', '.join(by_name) or 'none'}")
    return [by_name[name] for name in dict.fromkeys(names)]


def verify(card: Card) -> None:
    """Compare the SHA-256 of the network, and of its variants in other precisions, with the card's.

    Raises `ModelError` if they differ or one is missing.
    """
    content(card)
    for entry in variants(card):
        content(replace(card, file=entry["file"], sha256=entry["sha256"]))


def variants(card: Card) -> list[dict[str, Any]]:
    """The entries of a card for its network in other precisions. Raises `ModelError` for what is none."""
    entries = card.facts.get("variants", [])
    texts = ("precision", "file", "sha256")
    are_entries = isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)
    if not are_entries or not all(isinstance(entry.get(key), str) for entry in entries for key in texts):
        raise ModelError(f"the card of model {card.label} has variants without precision, file or sha256")
    if len(entries) > MOST_VARIANTS:
        raise ModelError(f"the card of model {card.label} has more than {MOST_VARIANTS} variants")
    if any(Path(entry["file"]).name != entry["file"] for entry in entries):
        raise ModelError(f"the card of model {card.label} names a variant outside its folder")
    return [dict(entry) for entry in entries]


def content(card: Card) -> bytes:
    """Read the network, which is what its card describes, and all that will be loaded.

    Raises `ModelError` if its SHA-256 differs, if it is missing, and if it keeps weights in other files.
    """
    try:
        found = card.network.read_bytes()
    except OSError as error:
        raise ModelError(f"the network of model {card.label} cannot be read: {error}") from error
    if hashlib.sha256(found).hexdigest() != card.sha256:
        raise ModelError(f"the network of model {card.label} is not the one its card describes; add it again")
    # A folder that was put here by hand was not looked at, and weights in other files have no checksum.
    if not card.is_sealed and not is_built_in(card) and b"location" in found:
        from photocli.models.graph import verify_graph

        try:
            verify_graph(found)
        except ModelError as error:
            raise ModelError(f"the network of model {card.label} {error}") from error
    return found
