"""In which precision this machine runs the models: as its processor promises, or as a self-test settled it.

The processor's promise holds until a run of `MANY` photos or more. That one measures, once, whether int8 is
quicker here, and keeps the answer beside the cache: a measurement that cannot be kept does not count, so that
noise never changes the scores from one run to the next.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.errors import PhotocliError
from photocli.files.atomic import atomic_write
from photocli.files.locks import folder_lock
from photocli.models import processor, store
from photocli.models.card import FLOAT, PRECISIONS, read_card

if TYPE_CHECKING:
    from photocli.models.card import Card

AUTO = "auto"
CHOICES = (AUTO, "int8", FLOAT)
"""What `--precision` takes."""

INT8 = "int8"
MANY = 50
"""Photos from which a run is worth the self-test, which takes about a quarter of a second."""

GAIN = 0.9
"""int8 is chosen where it takes at most this share of float's time: below that, exactness is worth more."""

TESTED = "aesthetics"
"""The built-in model that the self-test runs."""

_NAME = "precision-{}.json"
_RUNS = 4
_LARGEST = 10_000  # bytes
_PATIENCE_S = 2.0
_seconds = time.perf_counter if sys.platform == "win32" else time.thread_time  # which counts 1/64 s there


@dataclass(frozen=True, slots=True)
class MachineChoice:
    """The precision of this machine, and the milliseconds a photo that decided, where they were measured."""

    precision: str
    processor: str
    float_ms: float | None = None
    int8_ms: float | None = None

    @property
    def reason(self) -> str:
        """Why it was chosen, in a few words."""
        if self.float_ms is not None and self.int8_ms is not None:
            return f"by a self-test: int8 {self.int8_ms:.1f} ms, float {self.float_ms:.1f} ms a photo"
        if self.precision == INT8:
            return "by its processor's products of 8-bit integers; a larger run measures it"
        return "its processor is not quick and exact with 8-bit integers"


def choose(wanted: str, *, on_cpu: bool = True, many: Callable[[], bool] | None = None) -> str:
    """Choose the precision of a run: the wanted one, or for `auto` that of this machine; on a GPU float.

    `many` tells whether the run is worth a self-test; it is asked only where none was kept.
    """
    if wanted != AUTO:
        return wanted
    return of_machine(many).precision if on_cpu else FLOAT


def of_machine(many: Callable[[], bool] | None = None, card: Card | None = None) -> MachineChoice:
    """Find the precision of this machine: the kept one, or the processor's promise, or by a self-test.

    Without `many` nothing is tested and nothing is written. `card` is of the model to test; None is `TESTED`.
    """
    card = card or read_card(store.BUILTIN / TESTED)
    file = _file(card)
    kept = _read(file)
    if kept is not None:
        return kept
    name = processor.describe()[0]
    promise = MachineChoice(INT8 if processor.is_quick_with_int8() else FLOAT, name)
    if promise.precision == FLOAT or INT8 not in card.precisions or many is None or not many():
        return promise
    return _keep(file, _measured(card, name)) or promise


def forget(folder: Path) -> int:
    """Delete what self-tests settled, in the cache's folder; how many these were. Raises `OSError`."""
    files = list(folder.glob(_NAME.format("*")))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def _file(card: Card) -> Path:
    """Where the choice of this machine lies: another file for another processor, runtime or network."""
    from photocli.scoring.cache import cache_file

    facts = [*processor.describe(), _runtime(), card.sha256, [each.sha256 for each in card.variants]]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return cache_file().with_name(_NAME.format(digest))


def _runtime() -> str:
    """Which build of ONNX Runtime is installed, without loading it."""
    found = find_spec("onnxruntime")
    if found is None or found.origin is None:
        return ""
    with suppress(OSError):
        text = (Path(found.origin).parent / "capi" / "build_and_package_info.py").read_text(encoding="utf-8")
        return " ".join(re.findall(r"^(?:package_name|__version__) = '([^']*)'", text, re.MULTILINE))
    return ""


def _read(file: Path) -> MachineChoice | None:
    """The choice that a file holds; None where there is none that is whole."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        with file.open("rb") as stream:
            facts = json.loads(stream.read(_LARGEST))
        choice = MachineChoice(
            facts["precision"], str(facts["processor"]), float(facts["float_ms"]), float(facts["int8_ms"])
        )
        times = (choice.float_ms or 0.0, choice.int8_ms or 0.0)
        if choice.precision in PRECISIONS and all(0 < each < math.inf for each in times):
            return choice
    return None


def _keep(file: Path, choice: MachineChoice) -> MachineChoice | None:
    """Keep a choice, unless another run kept one meanwhile: the one that is kept; None where none can be."""
    facts = {
        "precision": choice.precision,
        "processor": choice.processor,
        "float_ms": choice.float_ms,
        "int8_ms": choice.int8_ms,
    }
    with suppress(OSError, PhotocliError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(file.parent, _PATIENCE_S):
            other = _read(file)
            if other is not None:
                return other
            with atomic_write(file) as output:
                output.write(json.dumps(facts, indent=1).encode())
    return _read(file)


def _measured(card: Card, name: str) -> MachineChoice:
    """Measure the tested model in both precisions, in turns, on this thread alone."""
    import numpy as np

    from photocli.models.session import Session

    sessions = {each: Session(card.as_variant(each), "cpu", threads=1) for each in (FLOAT, INT8)}
    picture = np.random.default_rng(0).integers(0, 256, (1, 3, card.input.height, card.input.width), np.uint8)
    least = dict.fromkeys(sessions, math.inf)
    for run in range(_RUNS + 1):
        for each, session in sessions.items():
            started = _seconds()
            session.run(picture)
            if run:  # the first one of each makes its memory
                least[each] = min(least[each], _seconds() - started)
    exact = processor.is_exact_with_int8()
    quick = exact and least[INT8] <= GAIN * least[FLOAT]
    shown = {each: round(1000 * seconds, 3) or 0.001 for each, seconds in least.items()}
    return MachineChoice(INT8 if quick else FLOAT, name, shown[FLOAT], shown[INT8])
