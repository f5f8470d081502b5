"""Checks of the installation: whether all that photocli needs is there and works."""

from __future__ import annotations

import importlib
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.checks import places
from photocli.checks.places import Diagnosis
from photocli.errors import PhotocliError

if TYPE_CHECKING:
    from photocli.models.card import Card

_AGAIN = "install photocli again"
_LIBRARIES = {
    "numpy": "numpy",
    "Pillow": "PIL",
    "simplejpeg": "simplejpeg",
    "opencv-python-headless": "cv2",
    "pillow-heif": "pillow_heif",
    "rawpy": "rawpy",
    "ExifRead": "exifread",
    "lxml": "lxml.etree",
    "onnx": "onnx",
    "typer": "typer",
    "rich": "rich",
    "platformdirs": "platformdirs",
}
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-directml")
_PILLOW = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP", "gif": "GIF"}
_SIDE = 64


def diagnose() -> Iterator[Diagnosis]:
    """Do all checks, one after the other; it takes some seconds, and changes nothing.

    Texts may have paths of the user; `display.homely` shortens them.
    """
    checks: dict[str, Callable[[], Iterator[Diagnosis]]] = {
        "photocli": _program,
        "libraries": _libraries,
        "formats": _formats,
        "ONNX Runtime": _runtime,
        "models": _models,
        "precision": _precision,
        "trial": _trial,
        "cache": places.cache,
        "folders": places.folders,
        "settings": places.settings,
    }
    for name, check in checks.items():
        try:
            yield from check()
        except Exception as error:  # whatever is wrong with an installation, the other checks go on
            yield Diagnosis(name, "broken", f"the check ended with {error!r}", _AGAIN)


def _program() -> Iterator[Diagnosis]:
    from photocli.models.quota import usable_cores
    from photocli.records import VERSION

    python = f"Python {platform.python_version()} ({platform.python_implementation()})"
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} cores"
    if (usable := usable_cores()) != os.cpu_count():
        machine += f", {usable} of them for this process"
    yield Diagnosis("photocli", "ok", f"{VERSION}, {python}, {machine}")


def _libraries() -> Iterator[Diagnosis]:
    loaded, missing = [], []
    for name, module in _LIBRARIES.items():
        try:
            importlib.import_module(module)
            loaded.append(f"{name} {_version(name)}")
        except Exception as error:  # also what a library of the system's that is missing makes of it
            missing.append(f"{name} cannot be loaded ({_short(error)})")
    if missing:
        yield Diagnosis("libraries", "broken", "; ".join(missing), _AGAIN)
    else:
        yield Diagnosis("libraries", "ok", ", ".join(loaded))


def _formats() -> Iterator[Diagnosis]:
    """Write a small picture in each format, and decode it as a run would; RAW files nobody can write."""
    from photocli import decode
    from photocli.errors import DecodeError

    read, broken = [], []
    with tempfile.TemporaryDirectory(prefix="photocli-") as folder:
        for name in decode.names():
            if name in ("heif", "avif", "raw"):
                continue
            try:
                decode.decode(_written(Path(folder), name), _SIDE)
                read.append(name.upper() if name != "webp" else "WebP")
            except (DecodeError, OSError) as error:
                broken.append(f"{name}: {error}")
        if broken:
            yield Diagnosis("formats", "broken", "; ".join(broken), _AGAIN)
        else:
            yield Diagnosis("formats", "ok", ", ".join(read))
        for name, title in (("heif", "HEIC"), ("avif", "AVIF")):
            yield _newer_format(Path(folder), name, title)
    import rawpy

    libraw = ".".join(map(str, rawpy.libraw_version))
    yield Diagnosis("RAW", "ok", f"LibRaw {libraw}; metadata by ExifRead, no exiftool is needed")


def _newer_format(folder: Path, name: str, title: str) -> Diagnosis:
    """What became of a format whose codec is not in every build of its library."""
    from photocli import decode

    try:
        file = _written(folder, name)
    except Exception:  # a build that reads and does not write: that it loads must do
        importlib.import_module(f"photocli.decode.{name}")
        return Diagnosis(title, "ok", "its library loads; it writes no picture to try")
    try:
        decode.decode(file, _SIDE)
    except PhotocliError as error:
        return Diagnosis(title, "broken", str(error), "install pillow-heif and Pillow again, as wheels")
    return Diagnosis(title, "ok", "a picture was written and read")


def _written(folder: Path, name: str) -> Path:
    """Write a small picture in a format of `decode.names()`."""
    from PIL import Image

    picture = Image.linear_gradient("L").resize((_SIDE, _SIDE)).convert("RGB")
    file = folder / f"picture.{name}"
    if name == "heif":
        import pillow_heif

        pillow_heif.from_pillow(picture).save(file)
    else:
        picture.save(file, _PILLOW.get(name, name.upper()))
    return file


def _runtime() -> Iterator[Diagnosis]:
    from photocli.models.runtime import load_runtime

    found = [name for name in _RUNTIMES if _version(name) != "of unknown version"]
    if len(found) > 1:
        advice = f"they overwrite each other: pip uninstall {' '.join(found)}, then {_AGAIN}"
        yield Diagnosis("ONNX Runtime", "warning", f"{' and '.join(found)} are both installed", advice)
    try:
        runtime = load_runtime()
    except Exception as error:
        yield Diagnosis("ONNX Runtime", "broken", f"it cannot be loaded ({_short(error)})", _AGAIN)
        return
    offered = ", ".join(name.removesuffix("ExecutionProvider") for name in runtime.get_available_providers())
    yield Diagnosis("ONNX Runtime", "ok", f"{runtime.__version__}, built for {offered}; telemetry off")


def _models() -> Iterator[Diagnosis]:
    from photocli.errors import ModelError, UsageError
    from photocli.models import lineup, store
    from photocli.models.card import read_card

    serving: dict[str, Path] | None = None
    try:
        serving = {card.name: card.folder for card in lineup.choose(())}
    except (ModelError, UsageError) as error:
        yield Diagnosis("models", "broken", str(error), "see: photocli models list")
    for folder in store.folders():
        name = f"model {folder.name}"
        try:
            card = read_card(folder)
            store.verify(card)
        except ModelError as error:
            removal = "photocli models remove takes it away" if folder.parent != store.BUILTIN else _AGAIN
            yield Diagnosis(name, "broken", str(error), removal)
            continue
        yield _model(f"model {card.name}", card, serving)


def _model(name: str, card: Card, serving: dict[str, Path] | None) -> Diagnosis:
    """What is said of a model that is whole; `serving` has the folders of those of a run, where it can be."""
    from photocli.models import store

    built_in = store.is_built_in(card)
    said = f"{card.version}, {'built in' if built_in else 'added'}, whole"
    if serving is not None and serving.get(card.name) != card.folder:
        return Diagnosis(name, "ok", f"{said}; another model serves in its place")
    if serving is not None:
        said += ", serves"
    if not built_in and not card.is_sealed:
        advice = "photocli models add tries it and seals it"
        return Diagnosis(name, "warning", f"{said}, but put there by hand", advice)
    return Diagnosis(name, "ok", said)


def _precision() -> Iterator[Diagnosis]:
    """In which precision models run on this machine's processor, and why."""
    from photocli.models.precision import of_machine

    choice = of_machine()
    yield Diagnosis("precision", "ok", f"{choice.precision} on {choice.processor}, {choice.reason}")


def _trial() -> Iterator[Diagnosis]:
    """Score a picture as any run would, with all models, in a process of its own for decoding."""
    from PIL import Image

    from photocli.models.providers import has_driver
    from photocli.scoring.options import Options
    from photocli.scoring.pipeline import Run

    with tempfile.TemporaryDirectory(prefix="photocli-") as folder:
        file = Path(folder) / "picture.png"
        Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(file)
        try:
            run = Run([file], Options(cache=False, workers=1))
            (record,) = run
        except PhotocliError as error:
            yield Diagnosis("trial", "broken", f"a picture could not be scored: {error}")
            return
    if record.status != "ok":
        yield Diagnosis("trial", "broken", f"a picture could not be scored: {record.error}", _AGAIN)
        return
    device = (run.summary.provider or "").removesuffix("ExecutionProvider")
    models = len(run.models.cards)
    said = f"a picture was scored by {models} models on {device} in {run.summary.seconds:.1f} s"
    yield Diagnosis("trial", "ok", said)
    if run.models.note:
        yield Diagnosis("taste", "warning", run.models.note)
    if device == "CPU" and has_driver():
        advice = "install the extra cuda for it, see the README; --device cuda says what is missing"
        yield Diagnosis("GPU", "warning", "there is an NVIDIA driver, and the CPU serves", advice)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _short(error: Any) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
