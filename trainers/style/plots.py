"""Pictures of a model of styles: its filters, what it sees in a photo, how it learned, and where it errs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.records import Photo
from trainers.common.augmentation import plain_view
from trainers.common.checkpoints import Model
from trainers.common.frames import Picture
from trainers.common.plots import (
    Reliability,
    activations,
    common_plots,
    contact_sheet,
    grid,
    reliability_diagrams,
)
from trainers.style.looks import NAMES
from trainers.style.network import GROUPS, Styler
from trainers.style.samples import Samples

if TYPE_CHECKING:
    from trainers.style.predictions import Judged

_CURVES = (("training loss", ("loss",)), ("held-out pictures", ("medium", "paintings", "looks_ap")))
_MOST = 36  # pictures on a sheet


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files; see `pictures.draw_all`."""
    assert isinstance(model.network, Styler)
    drawn, document = common_plots(model.network.backbone, _CURVES, folder, run)
    figures = document.get("figures")
    if figures:
        parts = [(name, figures["reliability"][name]) for name in GROUPS]
        found = [
            Reliability(f"{name}: error {one['error']:.3f}", one["stated"], one["seen"], one["pictures"])
            for name, one in parts
        ]
        drawn.append(reliability_diagrams(found, folder / "reliability.png"))
    if photos is None:
        return drawn
    paths = {found.path.name: found.path for found in discover([photos]) if isinstance(found, Photo)}
    picture = next((picture for path in paths.values() if (picture := _read(path)) is not None), None)
    if picture is not None:
        view = plain_view(picture, model.config["side"], "squash")
        drawn.append(activations(model.network, view, folder / "activations.png"))
        drawn.append(maps(model.network, view, folder / "maps.png"))
    if figures:
        rows = [
            (paths.get(row["file"]), f"{row['said']} {row['chance']:.2f}")
            for row in figures["plain"]["mistakes"]
        ]
        sheet = contact_sheet(rows, folder / "plain.png", "plain photos called styled")
        drawn += [sheet] if sheet else []
    return drawn


def maps(network: Styler, view: Picture, to: Path) -> Path:
    """What each place of a view (3, side, side) adds to each class, and the view."""
    with torch.inference_mode():
        found = network.eval().maps(network.features(torch.from_numpy(view)[None]))[0].cpu().numpy()
    names = [name for group in GROUPS for name in network.classes[group]]
    tiles: list[Any] = [view.transpose(1, 2, 0), *found]
    return grid(tiles, ["input", *names], 6, to, "class activation maps, each on its own scale")


def sheets_of_mistakes(said: Judged, samples: Samples, out: Path) -> list[Path]:
    """Held-out pictures that were taken for something else, as the network saw them; the files."""
    seen = said.seen
    missed = np.flatnonzero(seen.made & (said.holds != (seen.true_looks == 1)).any(1))
    media, paintings = seen.classes["medium"], seen.classes["paintings"]

    def between(classes: tuple[str, ...], truth: Any, chances: Any) -> Callable[[int], str]:
        return lambda row: f"{classes[truth[row]]} >\n{classes[int(chances[row].argmax())]}"

    kinds: tuple[tuple[str, Any, Callable[[int], str], str], ...] = (
        (
            "plain",
            np.flatnonzero(seen.plain & said.styled),
            lambda row: said.style(row)[0],
            "plain photos called styled",
        ),
        (
            "looks",
            missed[:: -(-len(missed) // _MOST) or 1],
            lambda row: _looks(said, row),
            "looks: true > said",
        ),
        (
            "medium",
            np.flatnonzero(seen.judged & (said.medium.argmax(1) != seen.true_medium)),
            between(media, seen.true_medium, said.medium),
            "media: true > said",
        ),
        (
            "paintings",
            np.flatnonzero(said.paintings.argmax(1) != seen.true_painting),
            between(paintings, seen.true_painting, said.paintings),
            "paintings: true > said",
        ),
    )
    made = []
    for name, rows, caption, title in kinds:
        if len(rows):
            tiles = [samples[seen.draws[row]].view.transpose(1, 2, 0) for row in rows[:_MOST]]
            captions = [caption(int(row)) for row in rows[:_MOST]]
            made.append(grid(tiles, captions, 6, out / f"mistakes-{name}.png", title))
    return made


def _looks(said: Judged, row: int) -> str:
    """What a photo has and what was said of it, each look by the first letters of its words."""
    true = [NAMES[look] for look in np.flatnonzero(said.seen.true_looks[row] == 1)]
    told = [NAMES[look] for look in np.flatnonzero(said.holds[row])]
    return f"{', '.join(true)[:24] or 'plain'} >\n{', '.join(told)[:28] or 'plain'}"


def _read(path: Path) -> Picture | None:
    """A photo, or None if it cannot be read."""
    try:
        return decode(path, 640).pixels
    except DecodeError:
        return None
