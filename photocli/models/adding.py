"""Adding models from elsewhere to the user's own, and removing them: all of a model or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli import assessors, detectors
from photocli.errors import ModelError, UsageError
from photocli.models import graph, lineup, store
from photocli.models.card import CARD_FILE, Card, read_card
from photocli.models.runtime import load_runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

YUNET = "yunet"
YUNET_SIDE = 640
"""The canvas in pixels for a YuNet that takes any: faces of a fiftieth of the long side are found."""

YUNET_THRESHOLDS = {"score": 0.7, "overlap": 0.3}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NETWORK = "model.onnx"


def add(source: Path) -> Card:
    """Add a model folder, or a lone ONNX file that is known by its outputs (YuNet), to the user's models.

    It is copied to a hidden folder, checked and run there, and takes its place in one step. Raises
    `ModelError` for what is no model that this version can run, and `UsageError` for a name that is taken
    and for a path at which there is nothing.
    """
    if not source.exists():
        raise UsageError(f"there is no model '{source}'")
    root = store.user_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".adding-", dir=root))
    except OSError as error:
        raise UsageError(f"no models can be added to {root}: {error.strerror or error}") from error
    try:
        card = _copy_folder(source, staged) if source.is_dir() else _copy_network(source, staged)
        _check_name(card)
        _try(card)
        staged.chmod(0o755)
        return _put(card, root)
    except OSError as error:
        raise ModelError(f"{source} cannot be copied: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def remove(name: str) -> Path:
    """Remove one of the user's own models; where it was. Raises `UsageError` if there is no such model."""
    root = store.user_folder()
    folders = sorted(root.iterdir()) if root.is_dir() else []
    own = {_named(folder): folder for folder in folders if (folder / CARD_FILE).is_file()}
    folder = own.get(name)
    if folder is None:
        if (store.BUILTIN / name / CARD_FILE).is_file():
            raise UsageError(f"the model {name} came with photocli, and cannot be removed")
        raise UsageError(f"you added no model named '{name}'; those that you did: {', '.join(own) or 'none'}")
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            gone = Path(tempfile.mkdtemp(prefix=".removing-", dir=root))
            folder.rename(gone / folder.name)  # from here on it is no model any more
            shutil.rmtree(gone)
    except OSError as error:
        raise UsageError(f"{folder} cannot be removed: {error.strerror or error}") from error
    return folder


def _named(folder: Path) -> str:
    """The name of the model in a folder; that of the folder where its card cannot be read."""
    with suppress(ModelError):
        return read_card(folder).name
    return folder.name


def _copy_folder(source: Path, staged: Path) -> Card:
    """Copy what a card names, checked before anything loads it."""
    card = read_card(source)
    assessors.load(card.kind)
    if not card.network.is_file():
        raise ModelError(f"{source} has no {card.file}, which its card names")
    content = card.network.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise ModelError(f"{card.network} is not the network that {source / CARD_FILE} describes")
    for name in _demanded(content, card.network):
        beside = source / name
        if Path(name).name != name or beside.is_symlink() or name in (card.file, CARD_FILE, "", "..", "."):
            raise ModelError(f"{card.network} reads '{name}', which is no file of its own folder")
        if not beside.is_file():
            raise ModelError(f"{card.network} needs {beside}, which is not there")
        shutil.copyfile(beside, staged / name)
    (staged / card.file).write_bytes(content)
    shutil.copyfile(source / CARD_FILE, staged / CARD_FILE)
    return read_card(staged)


def _copy_network(source: Path, staged: Path) -> Card:
    """Copy a network that is known by its outputs, and write the card for it."""
    content = source.read_bytes()
    if _demanded(content, source):
        raise ModelError(f"{source} keeps weights in other files; add it as a folder with a {CARD_FILE}")
    (staged / _NETWORK).write_bytes(content)
    (staged / CARD_FILE).write_text(json.dumps(_yunet_card(content, source), indent=1), encoding="utf-8")
    return read_card(staged)


def _demanded(content: bytes, network: Path) -> list[str]:
    """The other files that the network reads. Raises `ModelError` for operators that are not at hand."""
    try:
        found = graph.demands(content)
    except ModelError as error:
        raise ModelError(f"{network}: {error}") from error
    if found.foreign:
        raise ModelError(f"{network} needs operators of its maker's own: {', '.join(sorted(found.foreign))}")
    return sorted(found.files)


def _yunet_card(content: bytes, source: Path) -> dict[str, Any]:
    from photocli.detectors import yunet

    ort = load_runtime()
    ort.set_default_logger_severity(4)
    try:
        session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        raise ModelError(f"ONNX Runtime cannot load {source}: {error}") from error
    inputs = session.get_inputs()
    if len(inputs) != 1 or {value.name for value in session.get_outputs()} != set(yunet.OUTPUTS):
        raise ModelError(
            f"{source} is a network of no kind that is known by itself (YuNet is); "
            f"add it as a folder with a {CARD_FILE}"
        )
    height, width = (size if isinstance(size, int) else YUNET_SIDE for size in inputs[0].shape[2:])
    if height != width or height % max(yunet.STRIDES):
        raise ModelError(f"{source} is a YuNet for {width} x {height} pixels; it must be for a square")
    digest = hashlib.sha256(content).hexdigest()
    return {
        "name": YUNET,
        "kind": YUNET,
        "version": digest[:8],
        "file": _NETWORK,
        "sha256": digest,
        "bytes": len(content),
        "licence": "not stated in the file; as its maker says",
        "description": f"Finds faces and five points of each (YuNet, Wu et al. 2023); from {source.name}",
        "input": {"name": inputs[0].name, "size": [height, width], "fit": "contain"},
        "outputs": {name: {} for name in yunet.OUTPUTS},
        "thresholds": YUNET_THRESHOLDS,
    }


def _check_name(card: Card) -> None:
    """Raise `ModelError` for a name that is no file's, `UsageError` for columns that there are already."""
    if _NAME.fullmatch(card.name) is None:
        raise ModelError(f"'{card.name}' cannot be a model's name: letters, digits, '.', '_' and '-' can")
    if card.kind in lineup.SEVERAL:
        lineup.check_columns([*(other for other in store.cards() if other.name != card.name), card])


def _try(card: Card) -> None:
    """Run the model once, as a pass would. Raises `ModelError` if it does not work."""
    import numpy as np

    from photocli.detectors.detector import Detector
    from photocli.models.session import Session

    height, width = card.input.height, card.input.width
    if card.kind in detectors.names():
        Detector(card).faces(np.full((height, width, 3), 128, np.uint8))
        return
    if card.input.fit == "contain":
        raise ModelError(f"model {card.label} of kind {card.kind} cannot be fitted by 'contain'")
    outputs = Session(card, "cpu", threads=1).run(np.full((1, 3, height, width), 128, np.uint8))
    assessor = assessors.load(card.kind)
    if missing := set(assessor.NEEDS).difference(outputs):
        raise ModelError(f"model {card.label} has no output '{min(missing)}', which its kind needs")
    try:
        assessor.assess(card, _of_one(card, outputs))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"the card or the outputs of {card.label} lack something: {error!r}") from error


def _of_one(card: Card, outputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The outputs for one photo, or for the one face of a photo."""
    import numpy as np

    if card.input.fit != "faces":
        return {name: value[0] for name, value in outputs.items()}
    return {"faces": np.zeros((1, 15), np.float32), "sharpness": np.zeros(1, np.float32), **outputs}


def _put(card: Card, root: Path) -> Card:
    """Give the checked model its place. Raises `UsageError` where there already is one."""
    place = root / card.name
    taken = f"you have a model named {card.name} already; first: photocli models remove {card.name}"
    if place.exists() or place.is_symlink():
        raise UsageError(taken)
    try:
        os.rename(card.folder, place)  # noqa: PTH104
    except OSError as error:
        raise UsageError(taken if place.exists() else f"{place}: {error.strerror or error}") from error
    return read_card(place)
