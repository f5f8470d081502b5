"""Where each millisecond goes: the stages of the pass, one after the other, in CPU time on one thread.

Run `python -m benchmarks.stages`, with photos of your own if you like. CPU time says the same on a busy
machine as on a quiet one, or nearly.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.decoding import decode_at

if TYPE_CHECKING:
    from photocli.inputs.pyramid import Pyramid
    from photocli.inputs.views import InputSpec
    from photocli.models.card import Card
    from photocli.scoring.assessment import Models

PHOTOS = 12
REPEATS = 3
BATCH = 4
"""Photos that go through a network at once, as on a CPU."""

Stages = list[dict[str, Any]]

_OPENING = (
    "read the file",
    "look for damage in the JPEG's data",
    "decode: libjpeg-turbo, at the scale of the run",
)


class Clock:
    """Adds up the CPU milliseconds of named stages, photo by photo."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def time(self, stage: str, work: Callable[[], Any], photos: int = 1) -> Any:
        """Do the work `REPEATS` times, keep the median for one photo, and return what came of it."""
        taken = []
        for _ in range(REPEATS):
            started = time.process_time()
            result = work()
            taken.append(1000 * (time.process_time() - started) / photos)
        self.taken.setdefault(stage, []).append(median(taken))
        return result

    def rest(self, stage: str, parts: Sequence[str], work: Callable[[], Any]) -> None:
        """Time work that includes other stages of the same photo, and keep what it takes beyond them."""
        before = sum(self.taken[part][-1] for part in parts)
        self.time(stage, work)
        self.taken[stage][-1] = max(0.0, self.taken[stage][-1] - before)

    def stages(self) -> Stages:
        """The stages in their order; milliseconds are medians over the photos."""
        return [{"stage": stage, "ms": median(taken)} for stage, taken in self.taken.items()]


def measure(photos: Sequence[Path]) -> Stages:
    """Measure all stages over some JPEGs; each has a name and `ms`, networks in int8 `int8_ms`, too."""
    import cv2

    from photocli.scoring.assessment import Models

    cv2.setNumThreads(1)
    models = Models((), "cpu", 1)
    cards = list(models.cards.values())
    clock, inputs = Clock(), []
    for path in photos:
        inputs.append(_prepare(path, cards, clock))
        _conclude(models, inputs[-1], clock)
    return [*clock.stages(), *_networks(cards, inputs)]


def _prepare(path: Path, cards: Sequence[Card], clock: Clock) -> dict[str, Any]:
    """What a worker does with one photo; the inputs of the networks."""
    from photocli.decode import decode, scans
    from photocli.faces.detection import FaceDetection
    from photocli.inputs.pyramid import Pyramid
    from photocli.inputs.views import SIGNATURE
    from photocli.metadata.capture import read_capture

    side = max(card.input.frame_side for card in cards)
    data = clock.time(_OPENING[0], path.read_bytes)
    clock.time(_OPENING[1], lambda: scans.check(data))
    frame = decode(path, side)
    clock.time(_OPENING[2], lambda: decode_at(data, frame.scale))
    clock.rest("reduce it, turn it, convert it to sRGB", _OPENING, lambda: decode(path, side))
    # Levels that no stage has used before, so that each pays for those that it needs.
    levels = partial(Pyramid, frame.pixels, frame.detail)
    specs = [card.input for card in cards]
    inputs = {
        card.input.key: clock.time(f"cut the input of {card.name}", partial(_cut, levels, card.input))
        for card in cards
        if not card.input.detector
    }
    inputs[SIGNATURE.key] = clock.time("take the signature", partial(_cut, levels, SIGNATURE))
    found = [spec for spec in specs if spec.detector]
    detection = FaceDetection()
    detection.detect(levels(), found)
    inputs |= clock.time("find, measure and align faces", lambda: detection.detect(levels(), found))
    clock.time("read the metadata", lambda: asdict(read_capture(frame.exif)))
    clock.time("hand over to the parent", lambda: _hand_over(inputs))
    return inputs


def _cut(levels: Callable[[], Pyramid], spec: InputSpec) -> Any:
    from photocli.inputs.views import cut

    return cut(levels(), spec)


def _conclude(models: Models, inputs: dict[str, Any], clock: Clock) -> None:
    """What becomes of a photo's inputs beside the networks, up to its record."""
    outputs = {key: models.run(key, [inputs[card.input.key]])[0] for key, card in models.cards.items()}
    besides = clock.time(
        "measure light, detail and colours", lambda: {key: models.beside(key, inputs) for key in outputs}
    )
    both = {key: {**outputs[key], **besides[key]} for key in outputs}
    clock.time("make the record", lambda: models.fields(both))


def _hand_over(inputs: dict[str, Any]) -> None:
    """Through a pipe, as between a worker and its parent."""
    from photocli.scoring.worker import receive, send

    reading, writing = os.pipe()
    with open(reading, "rb") as answers, open(writing, "wb") as tasks:  # noqa: PTH123 - these have no path
        sender = threading.Thread(target=send, args=(tasks, {"number": 0}, inputs))
        sender.start()
        receive(answers)
        sender.join()


def _networks(cards: Sequence[Card], inputs: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Milliseconds of each network for one photo; of that which judges faces, for one face."""
    from photocli.models.card import read_card

    for card in cards:
        arrays = [each[card.input.key] for each in inputs]
        if card.input.fit == "contain":  # it ran in the worker
            continue
        faces = card.input.fit == "faces"
        batch = np.concatenate(arrays)[:BATCH] if faces else np.stack(arrays[:BATCH])
        if not len(batch):
            continue
        plain = read_card(card.folder)  # which a run may have in another precision
        row = {"stage": f"network of {card.name}{', a face' if faces else ''}", "ms": _run(plain, batch)}
        if "int8" in plain.precisions:
            row["int8_ms"] = _run(plain.as_variant("int8"), batch)
        yield row


def _run(card: Card, batch: Any) -> float:
    from photocli.models.runtime import load_runtime

    ort = load_runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(card.network), options, providers=["CPUExecutionProvider"])
    names, clock = list(card.outputs), Clock()
    feed = {card.input.name: batch}
    session.run(names, feed)
    for _ in range(PHOTOS):
        clock.time("run", lambda: session.run(names, feed), len(batch))
    return float(clock.stages()[0]["ms"])


def table(stages: Stages) -> str:
    """The stages as a table in Markdown."""
    lines = ["| stage | CPU ms a photo |", "| --- | ---: |"]
    for row in stages:
        other = f" (int8 {row['int8_ms']:.1f})" if "int8_ms" in row else ""
        lines.append(f"| {row['stage']} | {row['ms']:.1f}{other} |")
    whole, least = (
        sum(row["ms"] for row in stages),
        sum(row["int8_ms" if "int8_ms" in row else "ms"] for row in stages),
    )
    other = f" (int8 {least:.1f})" if least < whole else ""
    lines.append(f"| **together, with one face** | **{whole:.1f}**{other} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the stages of the photos that are named, or of the shoot's, and print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.stages", description=__doc__)
    parser.add_argument(
        "photos", nargs="*", type=Path, help="JPEGs; without any, some of the benchmarks' own"
    )
    parser.add_argument("--folder", type=Path, help="where the benchmarks' own are kept")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    photos = options.photos
    if not photos:
        from benchmarks.shoot.making import default_folder, make_set, set_named

        photos = make_set(set_named("jpeg24"), options.folder or default_folder())[:PHOTOS]
    stages = measure(photos)
    print(json.dumps(stages, indent=1) if options.json else table(stages))


if __name__ == "__main__":
    main()
