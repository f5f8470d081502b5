"""Plots of a style network: filters, activations, learning curves, calibration, and sheets of mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

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
from trainers.style.calibration import CalibratedPredictions
from trainers.style.data import StyleDataset
from trainers.style.looks import NAMES
from trainers.style.network import GROUPS, StyleNetwork

_CURVES = (("training loss", ("loss",)), ("held-out pictures", ("medium", "paintings", "looks_ap")))
_MOST = 36  # pictures on a sheet


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws everything that there is data for and returns the files.

    `run` is a folder with run.json, `photos` one with photos to show.
    """
    assert isinstance(model.network, StyleNetwork)
    drawn, document = common_plots(model.network.backbone, _CURVES, folder, run)
    metrics = document.get("figures")
    if metrics:
        parts = [(name, metrics["reliability"][name]) for name in GROUPS]
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
        drawn.append(activation_maps(model.network, view, folder / "maps.png"))
    if metrics:
        rows = [
            (paths.get(row["file"]), f"{row['said']} {row['chance']:.2f}")
            for row in metrics["plain"]["mistakes"]
        ]
        sheet = contact_sheet(rows, folder / "plain.png", "plain photos called styled")
        drawn += [sheet] if sheet else []
    return drawn


def activation_maps(network: StyleNetwork, view: Picture, to: Path) -> Path:
    """Draws what each place of a view (3, side, side) adds to each class, beside the view."""
    with torch.inference_mode():
        found = network.eval().maps(network.features(torch.from_numpy(view)[None]))[0].cpu().numpy()
    names = [name for group in GROUPS for name in network.classes[group]]
    tiles: list[Any] = [view.transpose(1, 2, 0), *found]
    return grid(tiles, ["input", *names], 6, to, "class activation maps, each on its own scale")


def mistake_sheets(calibrated: CalibratedPredictions, samples: StyleDataset, out: Path) -> list[Path]:
    """Draws held-out pictures that were taken for something else, as the network saw them."""
    predictions = calibrated.predictions
    classes = predictions.classes
    missed = np.flatnonzero(predictions.made & (calibrated.holds != (predictions.true_looks == 1)).any(1))
    medium, paintings = calibrated.medium.argmax(1), calibrated.paintings.argmax(1)
    sheets: tuple[tuple[str, NDArray[np.intp], Callable[[int], str], str], ...] = (
        (
            "plain",
            np.flatnonzero(predictions.plain & calibrated.styled),
            lambda row: calibrated.style(row)[0],
            "plain photos called styled",
        ),
        (
            "looks",
            missed[:: -(-len(missed) // _MOST) or 1],
            lambda row: _look_caption(calibrated, row),
            "looks: true > said",
        ),
        (
            "medium",
            np.flatnonzero(predictions.of_media & (medium != predictions.true_medium)),
            lambda row: _caption(classes["medium"], predictions.true_medium[row], medium[row]),
            "media: true > said",
        ),
        (
            "paintings",
            np.flatnonzero(paintings != predictions.true_painting),
            lambda row: _caption(classes["paintings"], predictions.true_painting[row], paintings[row]),
            "paintings: true > said",
        ),
    )
    files = []
    for name, rows, caption, title in sheets:
        shown = rows[:_MOST].tolist()
        if shown:
            tiles = [samples[predictions.indices[row]].view.transpose(1, 2, 0) for row in shown]
            captions = [caption(row) for row in shown]
            files.append(grid(tiles, captions, 6, out / f"mistakes-{name}.png", title))
    return files


def _caption(classes: tuple[str, ...], truth: int, guess: int) -> str:
    return f"{classes[truth]} >\n{classes[guess]}"


def _look_caption(calibrated: CalibratedPredictions, row: int) -> str:
    """Returns the looks that a photo has and those that were predicted, shortened."""
    true = [NAMES[look] for look in np.flatnonzero(calibrated.predictions.true_looks[row] == 1)]
    predicted = [NAMES[look] for look in np.flatnonzero(calibrated.holds[row])]
    return f"{', '.join(true)[:24] or 'plain'} >\n{', '.join(predicted)[:28] or 'plain'}"


def _read(path: Path) -> Picture | None:
    """Reads a photo; returns None if it cannot be read."""
    try:
        return decode(path, 640).pixels
    except DecodeError:
        return None
