"""What runs inside a probe: a model from outside is understood there, or tried on pictures, under limits.

A probe is a process of its own, started by `sandbox`. Its answer is a small JSON file.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import ModelError
from photocli.models.pictures import pictures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

    Pixels = NDArray[np.uint8]

_LONGEST = 400  # characters of what a library says


def serve(task: str, source: str, target: str, answer: str, memory: int, seconds: int) -> None:
    """Do one task of `TASKS`, and leave its result, or why not, as JSON in the file `answer`.

    An `error` is a whole sentence; what is `refused` goes on from the name of the file or model.
    `memory` in bytes and `seconds` of CPU time are this process's limits, where the system has such.
    """
    _defend(memory, seconds)
    try:
        result = TASKS[task](Path(source), Path(target))
    except ModelError as error:
        result = {"error" if task == "try" else "refused": _short(error)}
    except MemoryError:
        result = {"refused": f"needs more than {memory / 1e9:.1f} GB of memory"}
    except Exception as error:  # whatever the libraries raise for what they were not made for
        result = {"refused": f"cannot be used: {_short(repr(error))}"}
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


def _understand(source: Path, target: Path) -> dict[str, Any]:
    """Write the network anew that was understood of the file `source`; its inputs and outputs."""
    from photocli.models.graph import verify_graph

    verified = verify_graph(source.read_bytes())
    target.write_bytes(verified.content)
    ports = {"inputs": verified.inputs, "outputs": verified.outputs}
    return {key: [[port.name, port.shape] for port in found] for key, found in ports.items()}


def _try(folder: Path, _: Path) -> dict[str, Any]:
    """Run the model of a folder as a pass would, on some pictures, in all its precisions."""
    from photocli.models.card import read_card

    card = read_card(folder)
    for precision in card.precisions:
        _try_network(card.as_variant(precision))
    return {}


def _try_network(card: Card) -> None:
    from photocli import assessors
    from photocli.faces import detectors

    assessor = assessors.load(card.kind)
    finds = card.kind in detectors.names()
    if finds != (card.input.fit == "contain"):
        other = f"by '{card.input.fit}'" if finds else "by 'contain'"
        raise ModelError(f"model {card.label} of kind {card.kind} cannot be fitted {other}")
    if finds:
        _find_faces(card)
        return
    if missing := set(assessor.NEEDS).difference(card.outputs):
        raise ModelError(f"model {card.label} has no output '{min(missing)}', which its kind needs")
    try:
        _judge(card, assessor)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
        raise ModelError(f"the card or the outputs of {card.label} lack something: {error!r}") from error


def _find_faces(card: Card) -> None:
    from photocli.faces.detectors.detector import Detector

    detector = Detector(card)
    for picture in pictures():
        detector.faces(picture)


def _judge(card: Card, assessor: Any) -> None:
    """Run it on one picture, and on several at once. Raises what is wrong with what it says."""
    import numpy as np

    from photocli.inputs.views import InputSpec, cut
    from photocli.models import contract
    from photocli.models.session import Session

    spec, faces = card.input, card.input.fit == "faces"
    if faces:
        spec = InputSpec(spec.name, spec.height, spec.width, "squash")
    inputs = np.stack([cut(picture, spec) for picture in pictures()])
    session = Session(card, "cpu", threads=1)
    for batch in (inputs[:1], inputs[1:]):
        outputs = session.run(batch)
        for name, value in outputs.items():
            if len(np.shape(value)) == 0 or len(value) != len(batch):
                raise ModelError(
                    f"model {card.label} gives {name} of the shape {list(np.shape(value))} for "
                    f"{len(batch)} photos; it needs a row for each"
                )
        for row in range(len(batch)):
            row_outputs = {name: value[row] for name, value in outputs.items()}
            contract.check_declared(card, row_outputs)
            if faces:
                row_outputs = {name: value[None] for name, value in row_outputs.items()}
            contract.check(card, row_outputs)
            none = {"faces": np.zeros((1, 15), np.float32), "sharpness": np.zeros(1, np.float32)}
            assessor.assess(card, {**none, **row_outputs} if faces else row_outputs)


TASKS = {"understand": _understand, "try": _try}


def _short(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _defend(memory: int, seconds: int) -> None:
    """Keep to the limits, leave Ctrl-C to the parent, and end when the parent does."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # libraries print into them
        os.dup2(nothing, stream)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    if sys.platform != "win32":
        import resource

        limits = {resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0}
        if sys.platform == "linux":  # elsewhere the parent's eye on it must do
            limits[resource.RLIMIT_DATA] = memory
        for kind, limit in limits.items():
            hard = resource.getrlimit(kind)[1]
            least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(kind, (least, hard))


def _follow(parent: int) -> None:
    """End this process as soon as nobody holds the other end of its input any more."""
    os.read(parent, 1)
    os._exit(1)
