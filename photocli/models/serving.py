"""Which model serves where there are several of one kind: the one that was chosen, or the built-in one.

The choices are a small TOML file among the user's models. What is named with `--assess` needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.errors import UsageError
from photocli.faces import detectors
from photocli.models import store

if TYPE_CHECKING:
    from photocli.models.card import Card

FILE = "serving.toml"
SEVERAL = ("classifier",)
"""The kinds of which several models may run at once, as each has columns of its own."""

_FACES = "faces"
_HEAD = "# Which of several models of one kind serves; written by photocli models use.\n"


def task(card: Card) -> str:
    """What one model at a time does: that of its kind; every kind of detector finds `faces`."""
    return _FACES if card.kind in detectors.names() else card.kind


def serving(cards: Iterable[Card]) -> list[Card]:
    """Of some models those that serve, in their order: one for each task, and all classifiers.

    Without a choice it is the built-in one, but a user's own finds faces instead of the built-in detector.
    Raises `UsageError` if the file of the choices cannot be read.
    """
    found = list(cards)
    chosen = choices()
    serves = {name: _first(rivals, chosen.get(name)) for name, rivals in _by_task(found).items()}
    return [card for card in found if card.kind in SEVERAL or card == serves[task(card)]]


def server(name: str, cards: Iterable[Card] | None = None) -> Card | None:
    """The model that serves for a task, of all models or of these; None if there is none."""
    found = serving(store.cards() if cards is None else cards)
    return next((card for card in found if task(card) == name), None)


def use(name: str) -> Card:
    """Have a model serve for its kind from now on.

    Raises `UsageError` for one that there is not, or of a kind whose models serve side by side.
    """
    (card,) = store.choose((name,))
    if card.kind in SEVERAL:
        raise UsageError(
            f"{name} is a {card.kind}, and all of those serve side by side; none is to be chosen"
        )
    _keep(_needed({**choices(), task(card): name}))
    return card


def use_builtin(name: str | None = None) -> list[Card]:
    """Have the built-in models serve again: for the kind of this model, or of this name, or for all.

    Returns them. Raises `UsageError` where there is none, or where a user's own has its name.
    """
    known = store.cards()
    built_in = {task(card): card for card in known if store.is_built_in(card)}
    tasks = list(built_in) if name is None else [task(card) for card in known if card.name == name] or [name]
    if tasks[0] not in built_in:
        raise UsageError(
            f"no built-in model can serve for {tasks[0]}; there are some for {', '.join(built_in)}, and a "
            "model of yours with the name of a built-in one takes its place until you remove it"
        )
    _keep(_needed({**choices(), **{each: built_in[each].name for each in tasks}}))
    return [built_in[each] for each in tasks]


def forget(name: str) -> None:
    """Drop the choice of a model that is no more."""
    chosen = choices()
    left = {each: model for each, model in chosen.items() if model != name}
    if left != chosen:
        _keep(left)


def choices() -> dict[str, str]:
    """The names of the models that were chosen, by their tasks. Raises `UsageError` for a damaged file."""
    from photocli.config import load

    file = file_of_choices()
    if not file.is_file():
        return {}
    try:
        found = load(file)
    except UsageError as error:
        raise UsageError(f"{error}; delete it, and the built-in models serve") from None
    if not all(isinstance(model, str) for model in found.values()):
        raise UsageError(f"{file} must name a model for each kind; delete it, and the built-in models serve")
    return found


def file_of_choices() -> Path:
    """Where the choices are kept."""
    return store.user_folder() / FILE


def _by_task(cards: Iterable[Card]) -> dict[str, list[Card]]:
    tasks: dict[str, list[Card]] = {}
    for card in cards:
        tasks.setdefault(task(card), []).append(card)
    return tasks


def _first(rivals: Sequence[Card], chosen: str | None = None) -> Card:
    """The one among models for one task that serves: the chosen one, or by origin, or by name."""

    def place(card: Card) -> tuple[bool, bool, str]:
        is_second = store.is_built_in(card) is (task(card) == _FACES)
        return card.name != chosen, is_second, card.name

    return min(rivals, key=place)


def _needed(chosen: dict[str, str]) -> dict[str, str]:
    """The choices without those of models that would serve anyway, or are no more."""
    tasks = _by_task(store.cards())
    return {
        each: model
        for each, model in sorted(chosen.items())
        if each in tasks and _first(tasks[each], model).name == model != _first(tasks[each]).name
    }


def _keep(chosen: dict[str, str]) -> None:
    """Write the choices; without any there is no file."""
    import json

    from photocli.files.atomic import atomic_write

    file = file_of_choices()
    lines = "".join(f"{name} = {json.dumps(model, ensure_ascii=False)}\n" for name, model in chosen.items())
    try:
        if not chosen:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as output:
            output.write((_HEAD + lines).encode())
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}") from error
