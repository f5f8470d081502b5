"""Makers of models that mean harm, or lie: each writes one into a folder, and returns what is to be added."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
from hostile_networks import (
    OVERFLOWN,
    OVERLONG,
    branches,
    cyclic,
    divided,
    elsewhere,
    endless,
    field,
    foreign,
    functions,
    giant,
    hollow,
    many_giants,
    odd_votes,
    sized,
    slow,
    sparse,
    texts,
    votes,
    without_rows,
)
from networks import write_model

Maker = Callable[[Path], Path]


def put(root: Path, network: onnx.ModelProto | bytes, **facts: Any) -> Path:
    """A model folder whose card fits to the network, but for `facts`."""
    folder = write_model(root, "mine")
    content = network if isinstance(network, bytes) else network.SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    card = json.loads((folder / "card.json").read_text())
    card |= {"sha256": hashlib.sha256(content).hexdigest(), "outputs": {"votes": {}}, **facts}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def many_sizes(root: Path) -> Path:
    """A tensor of five million dimensions, a byte each."""
    tensor = field(1, b"\x01" * 5_000_000) + b"\x10\x01" + field(8, b"weights")
    return put(root, b"\x08\x08" + field(7, field(5, tensor) + branches(0)[4:]) + field(8, b"\x10\x11"))


def with_card(**facts: Any) -> Maker:
    """A sound network with a card that says these things."""
    return lambda root: put(root, votes(), **facts)


def text_card(text: str) -> Maker:
    """A sound network with this card."""

    def make(root: Path) -> Path:
        folder = put(root, votes())
        (folder / "card.json").write_text(text)
        return folder

    return make


def cut(root: Path) -> Path:
    """A network that ends in its middle."""
    return put(root, votes().SerializeToString()[:-40])


def large_file(root: Path) -> Path:
    """A file of 60 GB, of which nothing is on the disk."""
    folder = put(root, votes())
    with (folder / "model.onnx").open("r+b") as file:
        file.truncate(60_000_000_000)
    return folder


def linked(name: str) -> Maker:
    """A folder one of whose files is a link out of it."""

    def make(root: Path) -> Path:
        folder = put(root, votes())
        (folder / name).rename(root / name)
        (folder / name).symlink_to(root / name)
        return folder

    return make


def pipe(name: str) -> Maker:
    """A folder one of whose files is a pipe, which nobody writes into."""

    def make(root: Path) -> Path:
        folder = put(root, votes())
        (folder / name).unlink()
        os.mkfifo(folder / name)
        return folder

    return make


def of(model: Callable[[], onnx.ModelProto | bytes], **facts: Any) -> Maker:
    """A folder with a network and a card for it."""
    return lambda root: put(root, model(), **facts)


TOO_LONG = "takes (more|longer) than"
TOO_MUCH = "enough memory|would require more than|needs more than"

HOSTILE: dict[str, tuple[Maker, str]] = {
    "functions": (of(lambda: functions(3000)), "functions of its own"),
    "a function": (of(lambda: functions(1)), "functions of its own"),
    "branches, 3000 deep": (of(lambda: branches(3000)), "no ONNX file that can be read"),
    "branches, 20 deep": (of(lambda: branches(20)), "branches inside each other"),
    "an endless loop": (of(lambda: endless("Loop")), "Loop, which may never end"),
    "a graph in a scan": (of(lambda: endless("Scan")), "Scan, which may never end"),
    "a graph in another operator": (of(lambda: endless("Identity")), "a graph inside its operator"),
    "hours": (of(slow), TOO_LONG),
    "6 GB made": (
        of(lambda: giant("ConstantOfShape")),
        TOO_MUCH,
    ),
    "6 GB expanded": (of(lambda: giant("Expand")), TOO_MUCH),
    "6 GB tiled": (of(lambda: giant("Tile")), TOO_MUCH),
    "24 GB in parts": (of(many_giants), f"memory|{TOO_LONG}"),
    "hollow weights": (of(hollow), "1000000 x 1000000, which it does not hold"),
    "sparse weights": (of(sparse), "sparse tensors"),
    "a tensor of many sizes": (many_sizes, "of|weights"),
    "nine votes": (of(lambda: sized(9)), r"votes has the shape \[9\], not \[10\]"),
    "twelve votes and a card for ten": (
        of(lambda: sized(12), outputs={"votes": {"shape": [10]}}),
        r"says that votes has the shape \[10\], and the network gives \[12\]",
    ),
    "twelve labels": (
        of(votes, outputs={"votes": {"labels": [str(mark) for mark in range(12)]}}),
        "12 labels for votes",
    ),
    "no numbers": (of(lambda: divided(False, 0)), "none or infinite"),
    "infinite": (of(lambda: divided(False, 1)), "none or infinite"),
    "no numbers of dark photos": (of(lambda: divided(True, 0)), "none or infinite"),
    "votes of 300": (of(lambda: odd_votes([30.0] * 10)), "beyond -0.01 to 1.01"),
    "votes below zero": (of(lambda: odd_votes([-1, 2] + [0] * 8)), "beyond -0.01 to 1.01"),
    "votes for nothing": (of(lambda: odd_votes([0] * 10)), "adds up to 0, not to 1"),
    "one row": (of(without_rows), "needs a row for each"),
    "texts": (of(texts), "no numbers|not implemented|lack something|cannot be used"),
    "an absolute path": (of(lambda: elsewhere("/etc/passwd")), "keeps weights in other files"),
    "a path upwards": (of(lambda: elsewhere("../../weights")), "keeps weights in other files"),
    "a path with a long tag": (
        of(lambda: elsewhere("/etc/passwd", tags=OVERLONG)),
        "keeps weights in other files|no ONNX file",
    ),
    "a path with a tag too long": (
        of(lambda: elsewhere("/etc/passwd", tags=OVERFLOWN)),
        "keeps weights in other files|no ONNX file",
    ),
    "an operator of its own": (of(lambda: foreign("Evil", "com.evil")), r"maker's own: com\.evil\.Evil"),
    "an unknown operator": (of(lambda: foreign("Evil", "")), "'Evil', which ONNX does not have"),
    "an unknown one of ai.onnx.ml": (of(lambda: foreign("Evil", "ai.onnx.ml")), "which ONNX does not have"),
    "a compiled network": (of(lambda: foreign("EPContext", "com.microsoft")), "com.microsoft.EPContext"),
    "a cycle": (of(cyclic), "cannot load model mine"),
    "cut": (cut, "no ONNX file that can be read"),
    "60 GB": (large_file, "larger than 400 MB"),
    "a linked network": (linked("model.onnx"), "is a link"),
    "a linked card": (linked("card.json"), "is a link"),
    "a network that is a pipe": (pipe("model.onnx"), "is no file"),
    "a card that is a pipe": (pipe("card.json"), "is a link or no file"),
    "another checksum": (with_card(sha256="0" * 64), "is not the network that"),
    "a large card": (with_card(notes="x" * 5_000_000), "larger than 4 MB"),
    "a deep card": (text_card('{"a":' * 100_000), "nested too deeply|cannot be read as JSON"),
    "an endless size": (
        text_card('{"name": "a", "kind": "aesthetics", "input": {"fit": "squash", "size": [1e999, 1]}}'),
        "not a complete model card",
    ),
    "a name that colours": (with_card(name="\x1b[31mred"), "cannot be a model's name"),
    "a name upwards": (with_card(name="../../x"), "cannot be a model's name"),
    "a name of two lines": (with_card(name="a\nb"), "cannot be a model's name"),
    "a hidden name": (with_card(name=".adding-x"), "cannot be a model's name"),
    "a name of a device": (with_card(name="con"), "cannot be a model's name"),
    "a version that colours": (with_card(version="1\x1b[2J"), "cannot be a model's version"),
    "a network elsewhere": (with_card(file="../../x.onnx"), "outside its folder"),
    "a card as its network": (with_card(file="card.json"), "is not the network that"),
}
