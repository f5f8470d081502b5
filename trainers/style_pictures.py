"""Pictures of a model of styles: its filters, what it sees in a photo, how it learned, and where it errs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from matplotlib.figure import Figure

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.records import Photo
from trainers.checkpoint import Model
from trainers.frames import Picture
from trainers.looks import NAMES
from trainers.pictures import filters, first_convolution, grid, run_document, save
from trainers.style_samples import Samples
from trainers.styler import GROUPS, Styler
from trainers.views import plain_view

if TYPE_CHECKING:
    from trainers.style_answers import Judged

_MOST = 36


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draw everything that there is data for, and return the files; see `pictures.draw_all`."""
    assert isinstance(model.network, Styler)
    drawn = [filters(model.network.body, folder / "filters.png")]
    document = run_document(run)
    if document.get("history"):
        drawn.append(curves(document["history"], folder / "curves.png"))
    if "figures" in document:
        drawn.append(reliability_diagrams(document["figures"]["reliability"], folder / "reliability.png"))
    if photos is None:
        return drawn
    paths = [found.path for found in discover([photos]) if isinstance(found, Photo)]
    for path in paths:
        try:
            picture = decode(path, 640).pixels
        except DecodeError:
            continue
        drawn.append(activations(model.network, picture, model.config["side"], folder / "activations.png"))
        drawn.append(maps(model.network, picture, model.config["side"], folder / "maps.png"))
        break
    if "figures" in document:
        drawn += _sheets(document["figures"], {path.name: path for path in paths}, folder)
    return drawn


def curves(history: Sequence[dict[str, float]], to: Path) -> Path:
    """Loss by epoch; on held-out pictures the medium's and the paintings' accuracy, the looks' mean average
    precision."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for place, (keys, title) in enumerate(
        ((("loss",), "training loss"), (("medium", "paintings", "looks_ap"), "held-out pictures"))
    ):
        axes = figure.add_subplot(1, 2, place + 1)
        for key in keys:
            rows = [row for row in history if key in row]
            axes.plot([row["epoch"] + 1 for row in rows], [row[key] for row in rows], linewidth=1, label=key)
        axes.set(xlabel="epoch", title=title)
        axes.grid(alpha=0.3)
        if len(keys) > 1:
            axes.legend()
    return save(figure, to)


def reliability_diagrams(found: dict[str, Any], to: Path) -> Path:
    """What is stated, calibrated on other photos, against what is true, for each answer."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for place, name in enumerate(GROUPS):
        axes = figure.add_subplot(1, 3, place + 1)
        stated, seen, count = (found[name][key] for key in ("stated", "seen", "pictures"))
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
        axes.scatter(stated, seen, s=[10 + 250 * number / sum(count) for number in count])
        axes.set(
            xlabel="stated",
            ylabel="share that was right",
            title=f"{name}: error {found[name]['error']:.3f}",
            xlim=(0, 1),
            ylim=(0, 1),
        )
    return save(figure, to)


def activations(network: Styler, picture: Picture, side: int, to: Path) -> Path:
    """What the first layer's filters answer to a photo, and the photo."""
    view = plain_view(picture, side, "squash")
    seen: list[torch.Tensor] = []
    layer = first_convolution(network.body)
    handle = layer.register_forward_hook(lambda module, given, answer: seen.append(answer))
    try:
        with torch.inference_mode():
            network.eval()(torch.from_numpy(view)[None])
    finally:
        handle.remove()
    answers = seen[0][0].clamp_min(0).cpu().numpy()
    tiles: list[Any] = [
        view.transpose(1, 2, 0),
        *(one / max(float(one.max()), 1e-9) for one in answers),
    ]
    return grid(tiles, ["input", *[""] * len(answers)], 8, to, "activations of the first layer")


def maps(network: Styler, picture: Picture, side: int, to: Path) -> Path:
    """What each place of a photo adds to each class, and the photo."""
    view = plain_view(picture, side, "squash")
    with torch.inference_mode():
        found = network.eval().maps(network.features(torch.from_numpy(view)[None]))[0].cpu().numpy()
    names = [name for group in GROUPS for name in network.classes[group]]
    tiles: list[Any] = [view.transpose(1, 2, 0), *found]
    return grid(tiles, ["input", *names], 6, to, "class activation maps, each on its own scale")


def sheets_of_mistakes(said: Judged, samples: Samples, out: Path) -> list[Path]:
    """Held-out pictures that were taken for something else, as the network saw them; the files."""
    seen = said.seen
    plain = np.flatnonzero(seen.plain & said.styled)
    missed = np.flatnonzero(seen.made & (said.holds != (seen.true_looks == 1)).any(1))
    wrong = seen.judged & (said.medium.argmax(1) != seen.true_medium)
    painted = seen.paintings.argmax(1) != seen.true_painting
    kinds = (
        ("plain", plain, lambda row: said.style(row)[0], "plain photos called styled"),
        (
            "looks",
            missed[:: max(1, len(missed) // _MOST)],
            lambda row: _looks(said, row),
            "looks: true > said",
        ),
        (
            "medium",
            np.flatnonzero(wrong),
            lambda row: (
                f"{seen.classes['medium'][seen.true_medium[row]]} > "
                f"{seen.classes['medium'][int(said.medium[row].argmax())]}"
            ),
            "media: true > said",
        ),
        (
            "paintings",
            np.flatnonzero(painted),
            lambda row: (
                f"{seen.classes['paintings'][seen.true_painting[row]]} > "
                f"{seen.classes['paintings'][int(said.paintings[row].argmax())]}"
            ),
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


def _sheets(figures: dict[str, Any], paths: dict[str, Path], folder: Path) -> list[Path]:
    """Plain photos that were called styled, decoded again from where they lie."""
    tiles, captions = [], []
    for row in figures["plain"]["mistakes"]:
        try:
            tiles.append(decode(paths[row["file"]], 240).pixels)
        except (KeyError, DecodeError):
            continue
        captions.append(f"{row['said']} {row['chance']:.2f}")
    title = "plain photos called styled"
    return [grid(tiles, captions, 6, folder / "plain.png", title)] if tiles else []
