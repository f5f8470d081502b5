"""A labelled data set of photos, some of them repainted: who tells the styles apart can learn from it."""

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
from photocli.files import atomic_write
from photocli.inputs import InputSpec, cut
from photocli.records import Photo
from trainers.common.checkpoints import load_model
from trainers.common.frames import Picture
from trainers.common.runs import write_json, write_table
from trainers.common.splits import fold_of
from trainers.style_transfer.network import Generator

NONE = "none"
"""The class of photos that are left as they are."""

_COPY = InputSpec("copy", 16, 16, "squash")
_SAME = 3.0  # root mean square difference of two such small pictures, in levels, below which one is a copy
_QUALITIES = (80, 95)  # of JPEG, drawn for each picture: classes must not differ by it
_LEAST = 32  # pixels of the shorter side that a photo has at least


@dataclass(frozen=True)
class Order:
    """What is made: the share of the photos that is taken, the long side, and whether each photo is painted
    in all styles or in one."""

    share: float = 1.0
    side: int = 320
    every: bool = False


def generate(
    photos: Sequence[Path], styles: Sequence[Path], out: Path, order: Order, tell: Callable[[str], None]
) -> dict[str, int]:
    """Write `<style>/<photo>.jpg`, `none/<photo>.jpg` and labels.csv into `out`; how many of each there are.

    Photos go to the styles and to `none` in turn. Copies of a photo that came before are left out, and so is
    what cannot be read: `tell` hears why. Pictures that are there from an interrupted run stay. Raises
    `UsageError` if `out` holds another data set.
    """
    networks = _read_styles(styles)
    named = [(path, name) for path, name in _found(photos) if fold_of(name, 10_000) < 10_000 * order.share]
    _claim(out, networks, named, order)
    names = (NONE, *networks)
    rows: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    for turn, (name, picture) in enumerate(_pictures(named, order, tell)):
        stem = _free(Path(name).stem, taken)
        for style in names if order.every else (names[turn % len(names)],):
            file = f"{style}/{stem}.jpg"
            if not (out / file).exists():
                painted = picture if style == NONE else paint(networks[style], picture)
                _write(out / file, painted)
            rows.append((file, style, name))
    write_table(out / "labels.csv", ("file", "style", "content"), rows)
    counts = Counter(style for _, style, _ in rows)
    return {name: counts[name] for name in names}


def paint(network: Generator, picture: Picture) -> Picture:
    """A picture (height, width, 3) in the style that the network has learned."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        image = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))[None]).to(device)
        painted = network(image)[0].round().byte().cpu().numpy()
    return np.ascontiguousarray(painted.transpose(1, 2, 0))


def _read_styles(files: Sequence[Path]) -> dict[str, Generator]:
    """The networks by the name of their style. Raises `UsageError` for other ones and for two of a name."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks: dict[str, Generator] = {}
    for file in files:
        model = load_model(file)
        if not isinstance(model.network, Generator):
            raise UsageError(f"{file} is no style of trainers.stylize")
        name = model.config["style"]
        if name in networks or name == NONE:
            raise UsageError(f"{file}: there is a style named '{name}' already")
        networks[name] = model.network.to(device)
    return networks


def _found(photos: Sequence[Path]) -> list[tuple[Path, str]]:
    """The photos, each with its name: the path from the folder that was given, and that folder's name."""
    found = []
    for given in photos:
        root = given.resolve().parent
        for photo in discover([given]):
            if isinstance(photo, Photo):
                found.append((photo.path, photo.path.resolve().relative_to(root).as_posix()))
    return found


def _pictures(
    named: Sequence[tuple[Path, str]], order: Order, tell: Callable[[str], None]
) -> Iterator[tuple[str, Picture]]:
    """Photos that can be read, each once, with the long side reduced to `order.side`."""
    seen = np.empty((0, 3 * _COPY.height * _COPY.width), np.float32)
    count = 0
    for path, name in named:
        try:
            picture = reduced(decode(path, order.side).pixels, order.side)
        except DecodeError as error:
            tell(f"{path}: {error}")
            continue
        small = cut(picture, _COPY).reshape(-1).astype(np.float32)
        if count and np.square(seen[:count] - small).mean(1).min() < _SAME**2:
            tell(f"{path}: a copy of a photo that came before")
            continue
        if count == len(seen):
            seen = np.concatenate([seen, np.empty((max(64, count), seen.shape[1]), np.float32)])
        seen[count], count = small, count + 1
        yield name, picture


def reduced(pixels: Picture, side: int) -> Picture:
    """The photo with its long side at most so large. Raises `DecodeError` for what is too narrow then."""
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = round(width * scale), round(height * scale)
    if min(size) < _LEAST:
        raise DecodeError(f"too narrow: {size[0]} x {size[1]} pixels")
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))


def _write(path: Path, picture: Picture) -> None:
    """Write a JPEG, whole or not at all; its quality depends on its name alone."""
    low, high = _QUALITIES
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=low + fold_of(path.name, high - low + 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(data.getvalue())


def _free(stem: str, taken: set[str]) -> str:
    """A name that no photo before has, also where case does not count."""
    name, number = stem, 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.lower())
    return name


def _claim(
    out: Path, networks: dict[str, Generator], named: Sequence[tuple[Path, str]], order: Order
) -> None:
    """Say in `out` what it is made of. Raises `UsageError` where it is made of something else: pictures of
    both would be taken for one data set."""
    digest = hashlib.sha256()
    for path, name in named:
        facts = path.stat()
        digest.update(f"{name},{facts.st_size},{facts.st_mtime_ns}\n".encode())
    for network in networks.values():
        for weight in network.state_dict().values():
            digest.update(weight.cpu().numpy().tobytes())
    wanted: dict[str, Any] = asdict(order) | {
        "share": round(order.share, 6),
        "styles": list(networks),
        "made_of": digest.hexdigest(),
    }
    note = out / "generate.json"
    if not note.exists():
        write_json(note, wanted)
    elif json.loads(note.read_text(encoding="utf-8")) != wanted:
        raise UsageError(f"{out} holds pictures of other photos, styles or sizes; choose another --out")
