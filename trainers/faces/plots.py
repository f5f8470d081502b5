"""Plots of a face detector: its filters, how it learned, and where it errs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError
from photocli.faces.detectors.detector import contain
from photocli.faces.detectors.faces import PADDING
from photocli.records import Photo
from trainers.common.checkpoints import Model
from trainers.common.frames import Picture
from trainers.common.plots import common_plots, grid
from trainers.faces.data import FRAME_SIDE
from trainers.faces.detections import detect
from trainers.faces.labels import Faces
from trainers.faces.network import FaceDetector

_CURVES = (
    ("training loss", ("loss",)),
    ("held-out portraits", ("recall", "precision", "eyes_near")),
    ("held-out photos without people with a face", ("false",)),
)

_SHEETS = (
    ("missed", "portraits where a face was missed, or one too many was found"),
    ("false", "photos without people that show a face"),
)


def draw_all(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws everything that there is data for, and returns the files."""
    assert isinstance(model.network, FaceDetector)
    drawn, document = common_plots(model.network.near, _CURVES, folder, run)
    if photos is None or "figures" not in document:
        return drawn
    paths = {found.path.name: found.path for found in discover([photos]) if isinstance(found, Photo)}
    thresholds = document["thresholds"]
    for name, title in _SHEETS:
        listed = [paths[row["file"]] for row in document["figures"][name] if row["file"] in paths]
        tiles = [
            tile
            for path in listed
            if (tile := _photo_with_faces(model.network, path, thresholds)) is not None
        ]
        if tiles:
            drawn.append(grid(tiles, [""] * len(tiles), 6, folder / f"{name}.png", title))
    return drawn


def _photo_with_faces(network: FaceDetector, path: Path, thresholds: dict[str, Any]) -> Picture | None:
    """Returns a photo with the faces that the network finds in it; None if it cannot be read."""
    try:
        pixels = decode(path, FRAME_SIDE).pixels
    except DecodeError:
        return None
    canvas, width, height = contain(pixels, network.side, PADDING)
    [found] = detect(network, [canvas], thresholds["overlap"])
    return draw_faces(canvas, found[found[:, 14] >= thresholds["score"]])[:height, :width]


def draw_faces(canvas: Picture, faces: Faces) -> Picture:
    """Returns a canvas with boxes, points and scores drawn on it."""
    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    for face in faces.astype(float):
        pen.rectangle(face[:4].tolist(), outline=(255, 220, 0))
        for x, y in face[4:14].reshape(5, 2):
            pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=(0, 255, 255))
        pen.text((face[0] + 2, face[1] + 1), f"{face[14]:.2f}", fill=(255, 220, 0))
    return np.asarray(image)
