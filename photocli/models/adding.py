"""Adding models from elsewhere to the user's own, and removing them: all of a model or nothing."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photocli import assessors
from photocli.errors import ModelError, UsageError
from photocli.models import lineup, serving, store
from photocli.models.card import CARD_FILE, SEAL, Card, read_card, seal
from photocli.models.sandbox import Probe

YUNET = "yunet"
YUNET_SIDE = 640
"""The canvas in pixels for a YuNet that takes any: faces of a fiftieth of the long side are found."""

YUNET_THRESHOLDS = {"score": 0.7, "overlap": 0.3}

LARGEST_NETWORK = 400_000_000
"""Bytes; the largest of the networks that trainers go on from has 290 million as it is exported."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # which Windows takes for no files
_NETWORK = "model.onnx"
_PARTIAL = (".adding-", ".removing-")
_ABANDONED_S = 3600  # where a folder cannot be locked, older ones are nobody's


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a model is made ready, in a hidden folder: as it `came`, as it will be `kept`; what tries it."""

    came: Path
    kept: Path
    probe: Probe


def add(source: Path) -> Card:
    """Add a model folder, or a lone ONNX file that is known by its outputs (YuNet), to the user's models.

    Nothing of it is loaded by this process. It is copied to a hidden folder; a probe understands the network
    and writes it anew, and another runs that on pictures. What was tried takes its place in one step, and its
    card is sealed. Raises `ModelError` for what is no model that this version can run, and `UsageError` for a
    name that is taken and for a path at which there is nothing.
    """
    if not source.exists():
        raise UsageError(f"there is no model '{source}'")
    root = store.user_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"no models can be added to {root}: {error.strerror or error}") from error
    with _held(root), _staged(root) as stage:
        try:
            facts = _from_folder(source, stage) if source.is_dir() else _from_network(source, stage)
            card = _sealed(facts, stage.kept)
            stage.probe.ask("try", stage.kept, stage.kept, f"model {card.label}")
            _try_variants(card, stage)
            return _put(card, root)
        except OSError as error:
            raise ModelError(f"{source} cannot be copied: {error.strerror or error}") from error


def sweep() -> None:
    """Take away what killed runs of `add` and `remove` left half done; not what other runs are working on."""
    root = store.user_folder()
    with suppress(OSError):
        if root.is_dir():
            with _held(root):
                pass


@contextmanager
def _held(root: Path) -> Iterator[None]:
    """Hold the folder of models, beside others that do, and sweep it first if nobody else does."""
    if sys.platform == "win32":
        _sweep(root, time.time() - _ABANDONED_S)
        yield
        return
    import fcntl

    descriptor = os.open(root, os.O_RDONLY)
    try:
        with suppress(OSError):  # somebody is adding a model just now, or the disk knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sweep(root, math.inf)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _sweep(root: Path, before: float) -> None:
    for folder in root.iterdir():
        with suppress(OSError):
            if folder.name.startswith(_PARTIAL) and folder.lstat().st_mtime <= before:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _staged(root: Path) -> Iterator[_Stage]:
    try:
        scratch = Path(tempfile.mkdtemp(prefix=_PARTIAL[0], dir=root))
    except OSError as error:
        raise UsageError(f"no models can be added to {root}: {error.strerror or error}") from error
    try:
        kept = scratch / "kept"
        kept.mkdir()
        kept.chmod(0o755)
        yield _Stage(scratch / "came.onnx", kept, Probe(scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def remove(name: str) -> Path:
    """Remove one of the user's own models; where it was. Raises `UsageError` if there is no such model.

    If it was chosen to serve for its kind, the built-in one serves again.
    """
    root = store.user_folder()
    folders = sorted(root.iterdir()) if root.is_dir() else []
    own = {_named(folder): folder for folder in folders if (folder / CARD_FILE).is_file()}
    folder = own.get(name)
    if folder is None:
        if (store.BUILTIN / name / CARD_FILE).is_file():
            raise UsageError(f"the model {name} came with photocli, and cannot be removed")
        raise UsageError(f"you added no model named '{name}'; those that you did: {', '.join(own) or 'none'}")
    try:
        with _held(root):
            if folder.is_symlink():
                folder.unlink()
            else:
                gone = Path(tempfile.mkdtemp(prefix=_PARTIAL[1], dir=root))
                folder.rename(gone / folder.name)  # from here on it is no model any more
                shutil.rmtree(gone)
    except OSError as error:
        raise UsageError(f"{folder} cannot be removed: {error.strerror or error}") from error
    serving.forget(name)
    return folder


def _named(folder: Path) -> str:
    """The name of the model in a folder; that of the folder where its card cannot be read."""
    with suppress(ModelError):
        return read_card(folder).name
    return folder.name


def _from_folder(source: Path, stage: _Stage) -> dict[str, Any]:
    """The facts for the card of a model folder, whose network was understood and written anew."""
    beside = source / CARD_FILE
    if beside.is_symlink() or (beside.exists() and not beside.is_file()):
        raise ModelError(f"{beside} is a link or no file; a model needs files of its own")
    card = read_card(source)
    _check_words(card)
    assessors.load(card.kind)
    if not card.network.exists():
        raise ModelError(f"{source} has no {card.file}, which its card names")
    if card.network.is_symlink():
        raise ModelError(f"{card.network} is a link, which is no file of its own folder")
    if _copy(card.network, stage.came) != card.sha256:
        raise ModelError(f"{card.network} is not the network that {source / CARD_FILE} describes")
    stage.probe.ask("understand", stage.came, stage.kept / _NETWORK, str(card.network))
    return {**card.facts, **_variants(card, stage)}


def _variants(card: Card, stage: _Stage) -> dict[str, Any]:
    """The card's entry of the same network in other precisions, each understood and written anew, too."""
    kept = []
    for entry in store.variants(card):
        path = card.folder / entry["file"]
        if _NAME.fullmatch(path.name) is None or path.name in (_NETWORK, CARD_FILE) or path.is_symlink():
            raise ModelError(f"{path} cannot be a variant's file: it needs a file and a name of its own")
        if not path.exists() or _copy(path, stage.came) != entry["sha256"]:
            raise ModelError(f"{path} is not the network that {card.folder / CARD_FILE} describes")
        Probe(stage.kept.parent).ask("understand", stage.came, stage.kept / path.name, str(path))
        content = (stage.kept / path.name).read_bytes()
        kept.append({**entry, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
    return {"variants": kept} if kept else {}


def _try_variants(card: Card, stage: _Stage) -> None:
    """Have the probe run each variant on pictures, as if it were the model's only network."""
    for entry in store.variants(card):
        facts = {name: fact for name, fact in card.facts.items() if name not in (SEAL, "variants")}
        alone = stage.kept.parent / f"alone-{entry['file']}"
        alone.mkdir()
        shutil.copyfile(stage.kept / entry["file"], alone / entry["file"])
        facts |= {"file": entry["file"], "sha256": entry["sha256"]}
        (alone / CARD_FILE).write_text(json.dumps(facts), encoding="utf-8")
        Probe(stage.kept.parent).ask("try", alone, alone, f"model {card.label} ({entry['precision']})")


def _from_network(source: Path, stage: _Stage) -> dict[str, Any]:
    """The facts for the card of a network that is known by its outputs, understood and written anew."""
    _copy(source, stage.came)
    ports = stage.probe.ask("understand", stage.came, stage.kept / _NETWORK, str(source))
    return _yunet_facts(ports["inputs"], {name for name, _ in ports["outputs"]}, source)


def _copy(source: Path, target: Path) -> str:
    """Copy a network; its SHA-256. Raises `ModelError` for what is no file, or one that is too large."""
    descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file, target.open("wb") as copy:  # noqa: PTH123
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{source} is no file")
        digest, left = hashlib.sha256(), LARGEST_NETWORK
        while chunk := file.read(1 << 20) if status.st_size <= LARGEST_NETWORK else b"":
            left -= len(chunk)
            digest.update(chunk)
            copy.write(chunk)
            if left < 0:
                break
        if left < 0 or status.st_size > LARGEST_NETWORK:
            raise ModelError(f"{source} is larger than {LARGEST_NETWORK / 1e6:g} MB, which no model may be")
    return digest.hexdigest()


def _yunet_facts(inputs: list[Any], outputs: set[str], source: Path) -> dict[str, Any]:
    from photocli.faces.detectors import yunet

    if len(inputs) != 1 or outputs != set(yunet.OUTPUTS):
        raise ModelError(
            f"{source} is a network of no kind that is known by itself (YuNet is); "
            f"add it as a folder with a {CARD_FILE}"
        )
    name, shape = inputs[0]
    if len(shape) != 4:
        raise ModelError(f"{source} is a YuNet for {len(shape)} dimensions; it must be for four")
    height, width = (YUNET_SIDE if size is None else size for size in shape[2:])
    if height != width or height % max(yunet.STRIDES) or not height:
        raise ModelError(f"{source} is a YuNet for {width} x {height} pixels; it must be for a square")
    return {
        "name": YUNET,
        "kind": YUNET,
        "licence": "not stated in the file; as its maker says",
        "description": f"Finds faces and five points of each (YuNet, Wu et al. 2023); from {source.name}",
        "input": {"name": name, "size": [height, width], "fit": "contain"},
        "outputs": {name: {} for name in yunet.OUTPUTS},
        "thresholds": YUNET_THRESHOLDS,
    }


def _sealed(facts: dict[str, Any], folder: Path) -> Card:
    """Write the card for the network that was written anew into this folder, sealed."""
    content = (folder / _NETWORK).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    facts = {"version": digest[:8], **facts}
    if facts.get("sha256", digest) != digest:
        facts["source_sha256"] = facts["sha256"]
    facts |= {"file": _NETWORK, "sha256": digest, "bytes": len(content)}
    facts[SEAL] = seal(facts)
    (folder / CARD_FILE).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return read_card(folder)


def _check_words(card: Card) -> None:
    """Raise `ModelError` for a name that is no file's, `UsageError` for columns that there are already."""
    if _NAME.fullmatch(card.name) is None or _DEVICES.fullmatch(card.name):
        raise ModelError(
            f"'{card.name[:80]}' cannot be a model's name: letters, digits, '.', '_' and '-' can"
        )
    if _VERSION.fullmatch(card.version) is None:
        raise ModelError(
            f"'{card.version[:80]}' cannot be a model's version: letters, digits, '.', '_', '+' and '-' can"
        )
    if card.kind in serving.SEVERAL:
        lineup.check_columns([*(other for other in store.cards() if other.name != card.name), card])


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
