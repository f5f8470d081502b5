"""Contact sheet of every look of a photo: `python -m trainers.looks PHOTO --out sheet.png`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from photocli.decode import decode
from trainers.common.options import make_app, reported_errors
from trainers.style.looks import LOOKS


def run(
    photo: Annotated[Path, typer.Argument(help="A photo.")],
    out: Annotated[Path, typer.Option(help="The sheet, a PNG file.")],
    side: Annotated[int, typer.Option(help="Long side at which looks are made, pixels.")] = 320,
    seed: Annotated[int, typer.Option(help="Seed of what is drawn within a look.")] = 0,
) -> None:
    """Draw a contact sheet of all looks of a photo."""
    from trainers.common.plots import grid

    with reported_errors("trainers.looks"):
        picture = decode(photo, side).pixels
    tiles, captions = [picture, picture], ["plain", ""]
    for place, (name, look) in enumerate(LOOKS.items()):
        for strength in (0.0, 1.0):
            tiles.append(look(picture, strength, np.random.default_rng([seed, place, int(strength)])))
            captions.append(f"{name} {strength:g}")
    typer.echo(f"drew {grid(tiles, captions, 6, out, photo.name)}")


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
