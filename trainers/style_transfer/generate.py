"""Generation of a labelled data set of photos, some of them repainted, from which styles can be learned."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.files.atomic import atomic_write
from photocli.inputs.views import InputSpec, cut
from photocli.records import Photo
from trainers.common.checkpoints import load_model
from trainers.common.frames import Picture
from trainers.common.runs import write_json, write_table
from trainers.common.splits import fold_of
from trainers.style_transfer.data import reduce_picture
from trainers.style_transfer.network import StyleTransferNetwork

NONE = "none"
"""The class of photos that are left as they are."""

_COPY = InputSpec("copy", 16, 16, "squash")
_SAME = 3.0  # root mean square difference of two such small pictures, in levels, below which one is a copy
_QUALITIES = (80, 95)  # of JPEG, drawn for each picture: classes must not differ by it


@dataclass(frozen=True)
class DatasetOptions:
    """Holds the share of the photos that is taken, and the long side of the pictures.

    With `every` each photo is painted in all styles, else in one.
    """

    share: float = 1.0
    side: int = 320
    every: bool = False


def generate(
    photos: Sequence[Path],
    styles: Sequence[Path],
    out: Path,
    options: DatasetOptions,
    tell: Callable[[str], None],
) -> dict[str, int]:
    """Writes `<style>/<photo>.jpg`, `none/<photo>.jpg` and labels.csv into `out`.

    Returns how many pictures of each style there are. Photos go to the styles and to `none` in turn. Copies
    of a photo that came before are left out, and so is what cannot be read: `tell` hears why. Pictures that
    are there from an interrupted run stay. Raises `UsageError` if `out` holds another data set.
    """
    networks = _read_styles(styles)
    named = [
        (path, name) for path, name in _find_photos(photos) if fold_of(name, 10_000) < 10_000 * options.share
    ]
    _claim(out, networks, named, options)
    names = (NONE, *networks)
    rows: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for turn, (name, picture) in enumerate(_pictures(named, options, tell)):
        stem = _free_name(Path(name).stem, taken)
        for style in names if options.every else (names[turn % len(names)],):
            file = f"{style}/{stem}.jpg"
            if not (out / file).exists():
                painted = picture if style == NONE else paint(networks[style], picture)
                _write(out / file, painted)
            rows.append((file, style, name))
    write_table(out / "labels.csv", ("file", "style", "content"), rows)
    counts = Counter(style for _, style, _ in rows)
    return {name: counts[name] for name in names}


def paint(network: StyleTransferNetwork, picture: Picture) -> Picture:
    """Repaints a picture (height, width, 3) in the style that the network has learned."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))[None]).to(device)
        painted = network(image)[0].round().byte().cpu().numpy()
    return np.ascontiguousarray(painted.transpose(1, 2, 0))


def _read_styles(files: Sequence[Path]) -> dict[str, StyleTransferNetwork]:
    """Loads the networks, by the name of their style.

    Raises `UsageError` for other models and for two of a name.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks: dict[str, StyleTransferNetwork] = {}
    for file in files:
        model = load_model(file)
        if not isinstance(model.network, StyleTransferNetwork):
            raise UsageError(f"{file} is no style of trainers.stylize")
        name = model.config["style"]
        if name in networks or name == NONE:
            raise UsageError(f"{file}: there is a style named '{name}' already")
        networks[name] = model.network.to(device)
    return networks


def _find_photos(photos: Sequence[Path]) -> list[tuple[Path, str]]:
    """Lists the photos, each with its name: the path that begins with the name of the given folder."""
    found = []
    for given in photos:
        root = given.resolve().parent
        for photo in discover([given]):
            if isinstance(photo, Photo):
                found.append((photo.path, photo.path.resolve().relative_to(root).as_posix()))
    return found


def _pictures(
    named: Sequence[tuple[Path, str]], options: DatasetOptions, tell: Callable[[str], None]
) -> Iterator[tuple[str, Picture]]:
    """Yields photos that can be read, each once, with the long side reduced to `options.side`."""
    thumbnails = np.empty((0, 3 * _COPY.height * _COPY.width), np.float32)
    count = 0
    for path, name in named:
        try:
            picture = reduce_picture(decode(path, options.side).pixels, options.side)
        except DecodeError as error:
            tell(f"{path}: {error}")
            continue
        small = cut(picture, _COPY).reshape(-1).astype(np.float32)
        if count and np.square(thumbnails[:count] - small).mean(1).min() < _SAME**2:
            tell(f"{path}: a copy of a photo that came before")
            continue
        if count == len(thumbnails):
            thumbnails = np.concatenate(
                [thumbnails, np.empty((max(64, count), thumbnails.shape[1]), np.float32)]
            )
        thumbnails[count], count = small, count + 1
        yield name, picture


def _write(path: Path, picture: Picture) -> None:
    """Writes a JPEG, whole or not at all; its quality depends on its name alone."""
    low, high = _QUALITIES
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=low + fold_of(path.name, high - low + 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(data.getvalue())


def _free_name(stem: str, taken: set[str]) -> str:
    """Returns a name that no photo before has, also where case does not count."""
    name, number = stem, 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.lower())
    return name


def _claim(
    out: Path,
    networks: dict[str, StyleTransferNetwork],
    named: Sequence[tuple[Path, str]],
    options: DatasetOptions,
) -> None:
    """Writes into `out` what it is made of.

    Raises `UsageError` where it is made of something else: pictures of both would be taken for one data set.
    """
    digest = hashlib.sha256()
    for path, name in named:
        facts = path.stat()
        digest.update(f"{name},{facts.st_size},{facts.st_mtime_ns}\n".encode())
    for network in networks.values():
        for weight in network.state_dict().values():
            digest.update(weight.cpu().numpy().tobytes())
    wanted: dict[str, Any] = asdict(options) | {
        "share": round(options.share, 6),
        "styles": list(networks),
        "made_of": digest.hexdigest(),
    }
    note = out / "generate.json"
    if not note.exists():
        write_json(note, wanted)
    elif json.loads(note.read_text(encoding="utf-8")) != wanted:
        raise UsageError(f"{out} holds pictures of other photos, styles or sizes; choose another --out")
