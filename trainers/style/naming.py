"""`python -m trainers.thresholds MODEL FOLDER...`: what a model of styles needs to name a look, set anew.

Only the card changes: curves and thresholds of the looks, the gate for drawings, and the figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photocli.errors import UsageError
from trainers.common.options import make_app, reported_errors

if TYPE_CHECKING:
    from trainers.style.hands import Answers


def run(
    model: Annotated[Path, typer.Argument(help="Folder of a model of styles, of which the card is changed.")],
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos that it was trained on.")],
    media: Annotated[Path, typer.Option(help="Folder with photo, art_painting, cartoon and sketch.")],
    version: Annotated[str, typer.Option(help="Version of the changed model.")],
    most_plain: Annotated[
        float, typer.Option(help="Share of photos without a look that may be named.")
    ] = 0.075,
    most_drawn: Annotated[float, typer.Option(help="Share of drawings that may have a look.")] = 0.02,
    per_photo: Annotated[int, typer.Option(help="Looks that each hand makes of a held-out photo.")] = 4,
    cache: Annotated[Path | None, typer.Option(help="Folder for decoded pictures.")] = None,
    answers: Annotated[
        Path | None, typer.Option(help="File of what the network said; made where there is none.")
    ] = None,
) -> None:
    """Set thresholds for looks of several hands, and say in the card how well each is named.

    Looks are made of photos that the network did not learn from, by the hand that it learned from and by
    another. The figures are of each hand, named by what was fitted to the other one and to other photos.

    \b
    Examples:
      python -m trainers.thresholds MODEL photos --media MEDIA --version 1.1.0

    \b
    Exit codes: 0 all good, 2 wrong use.
    """
    import json

    from photocli.models.card import CARD_FILE, SEAL
    from trainers.common.runs import write_json
    from trainers.style.hands import keep, kept

    with reported_errors("trainers.thresholds"):
        facts = json.loads((model / CARD_FILE).read_text(encoding="utf-8"))
        if facts.get("kind") != "style" or SEAL in facts:
            raise UsageError(f"{model} is no model of styles, or was added already")
        if answers is not None and answers.is_file():
            said = kept(answers)
        else:
            said = _asked(facts, model, folders, media, per_photo, cache)
            if answers is not None:
                keep(said, answers)
        changed = _set_anew(facts, said, most_plain, most_drawn)
        write_json(model / CARD_FILE, {**changed, "version": version})
    for hand, found in changed["metrics"]["hands"].items():
        shares = (
            f"{key.replace('_', ' ')} {value['share']:.3f}" for key, value in found.items() if key in SAID
        )
        typer.echo(f"{hand}: {', '.join(shares)}")


SAID = ("named", "plain_with_a_look", "plain_with_a_look_where_all_is_known", "drawings_with_a_look")
"""Shares of the figures that are printed."""


def _asked(
    facts: dict[str, Any], model: Path, folders: list[Path], media: Path, per_photo: int, cache: Path | None
) -> Answers:
    """Returns what the network says of all pictures, and of looks of those that it did not learn from."""
    from trainers.style.data import divide, read_pictures
    from trainers.style.hands import ask, session_of

    pictures, config = read_pictures(folders, media, None, cache), facts["trainer"]["config"]
    _, held = divide(pictures, config["folds"], config["fold"])
    return ask(session_of(model / facts["file"]), pictures, held.photos(), config["side"], per_photo)


def _set_anew(facts: dict[str, Any], said: Answers, most_plain: float, most_drawn: float) -> dict[str, Any]:
    """Returns the card with what is found."""
    from trainers.common.runs import command_line, commit
    from trainers.style.thresholds import across_hands, fit, in_card

    temperature = facts["calibration"]["medium"]["temperature"]
    found = in_card(fit(said, most_plain, most_drawn, temperature))
    set_by = {"command": command_line("trainers.thresholds"), "commit": commit()}
    return {
        **facts,
        "calibration": {**facts["calibration"], **found["calibration"]},
        "thresholds": found["thresholds"],
        "gate": found["gate"],
        "metrics": {
            **facts["metrics"],
            "hands": across_hands(said, most_plain, most_drawn, temperature),
            "hands_set_by": set_by,
        },
    }


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
