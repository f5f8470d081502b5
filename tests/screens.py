"""Golden screens: what the commands print on terminals of several widths, from records that are made up.

The texts lie in tests/screens, a file for each screen. They hold no answer of a model, so a new model changes
none. After a change that is meant to change them, write them anew with `python tests/screens.py` and look at
the difference.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from photocli.checks.check import Check
from photocli.checks.rules import parse
from photocli.cli import check, crop, explain, learn, models
from photocli.display import console
from photocli.explaining import Explanation
from photocli.framing import Suggestion
from photocli.framing.boxes import Box
from photocli.framing.suggestions import Cropped
from photocli.models.card import read_card
from photocli.records import Answer, Face, Record
from photocli.scoring.pipeline import Summary
from photocli.scoring.ratings import breakdown, rate
from photocli.taste.learning import Lesson
from photocli.taste.ridge import Trial
from photocli.taste.store import Taste
from photocli.writers.table import TableWriter

FOLDER = Path(__file__).with_name("screens")
WIDTHS = (60, 80, 120, 200)
SHOOT = "/home/anna/Pictures/2026/11-28 wedding of Anna and Bela/"
EYES = ((0.4, 0.3), (0.6, 0.3))


def scored(number: int, aesthetic: float, **fields: Any) -> Record:
    """A record with a score that follows from its fields."""
    answers: dict[str, Any] = {
        "aesthetic": aesthetic,
        **dict.fromkeys(("blur", "motion_blur", "underexposed", "overexposed", "noise", "compression"), 0.0),
        **fields,
    }
    good = max(0.004, min(0.996, (aesthetic - 3.5) / 4))
    label = "good" if aesthetic > 6 else "bad" if aesthetic < 4 else "average"
    own = {"aesthetic_std": 1.8, "aesthetic_good": good, "aesthetic_class": label, "medium": "photograph"}
    return Record(
        f"{SHOOT}IMG_20261128_1412{number - 100}_{number:04}.jpg", **{**own, **answers, **rate(answers)}
    )


def face(left: float, top: float, side: float, sharpness: float, selfie: float | None = None) -> Face:
    """A face of this place and size."""
    return Face((left, top, left + side, top + side), EYES, 0.98, sharpness, selfie)


RECORDS = [
    scored(147, 8.12, style="shallow depth of field", style_confidence=0.91, faces=0),
    scored(148, 7.40, selfie=8.2, faces=2, face_sharpness=0.93, each_face=(face(0.3, 0.1, 0.4, 0.93, 8.2),)),
    scored(149, 6.65, noise=0.42, faults=("noise",), style="low key", style_confidence=0.996, faces=0),
    scored(150, 5.80, overexposed=0.55, blur=0.2, faults=("overexposed", "blur"), faces=0),
    scored(151, 5.05, selfie=4.1, blur=0.71, faults=("blur",), faces=5, face_sharpness=0.12, rotate=90),
    scored(152, 3.90, motion_blur=0.9, compression=0.3, faults=("motion_blur", "compression"), faces=0),
    scored(153, 1.90, underexposed=1.0, noise=1.0, blur=1.0, faults=("blur", "underexposed"), faces=1),
]
RECORDS[4] = replace(RECORDS[4], each_face=(face(0.0, 0.7, 0.2, 0.12, 4.1),))
FACES = [replace(record, score=None, stars=None, aesthetic=None) for record in RECORDS]
WHOLE = {"crop_left": 0.0, "crop_top": 0.0, "crop_right": 1.0, "crop_bottom": 1.0, "crop_factor": 1.0}
CROPS = [
    replace(
        FACES[0], **{**WHOLE, "cropped": 0.97, "crop_left": 0.12, "crop_bottom": 0.81, "crop_factor": 0.84}
    ),
    replace(FACES[1], cropped=0.61),
    replace(FACES[2], **{**WHOLE, "cropped": 0.002}),
]
LOOKS = (("shallow depth of field", 0.91), ("high key", 0.77), ("vintage", 0.61))
STYLES = [
    replace(FACES[0], styles=LOOKS, medium="photograph"),
    replace(FACES[2], styles=(("low key", 0.996),), medium="photograph"),
    replace(FACES[3], style="plain", style_confidence=0.25, medium="photograph"),
    replace(FACES[5], style="plain", style_confidence=0.8, medium="painting"),
]
DONE = Summary(photos=1234, failed=1, cached=28, skipped=3, provider="CUDAExecutionProvider", seconds=10.04)


def table(records: list[Record], **options: Any) -> None:
    """Print the table of these records."""
    writer = TableWriter(**options)
    for record in records:
        writer.write(record)
    writer.show(DONE)


def score() -> None:
    """All models, and sidecars."""
    writer = TableWriter(top=3)
    for record in RECORDS:
        writer.write(record)
    writer.show(DONE, Counter(written=1200, kept=32, linked=1))


def score_taste() -> None:
    """With a taste in use."""
    tasted = [replace(record, taste=record.score) for record in RECORDS]
    table(tasted, top=2, taste="weddings")


def score_sorted() -> None:
    """Ranked by a field that the user named."""
    times = [replace(each, captured=f"2026-11-28T14:12:{at:02}+01:00") for at, each in enumerate(RECORDS)]
    table(times, sort="captured", top=2)


def score_own() -> None:
    """A classifier of the user's own."""
    rooms = ("kitchen", "bathroom", None)
    answers = [Answer("rooms", name, 0.9 - at / 5, ()) for at, name in enumerate(rooms)]
    said = [replace(record, answers=(answer,)) for record, answer in zip(FACES, answers, strict=False)]
    table(said, kinds=["classifier"], classifiers=["rooms"], top=2)


def several() -> None:
    """Several models that give no score."""
    table(FACES, kinds=["faces", "technical", "selfie"], top=2)


def crop_command() -> None:
    """`photocli crop`."""
    boxes = [Box(0.094, 0.0, 1.0, 0.906), Box(0.0, 0.125, 0.875, 1.0)]
    found = [
        Cropped(record, Suggestion(box, aspect, gain, 1.3149, 0.0451), 1)
        for record, box, aspect, gain in zip(RECORDS, boxes, ("3:2", "16:9"), (0.3444, -0.1151), strict=False)
    ]
    crop._print(
        [*found, Cropped(RECORDS[3]), Cropped(Record("x.jpg", "failed"))], crop.Written(), to_stdout=False
    )


def models_list() -> None:
    """`photocli models list`, of a model that is made up."""
    facts = {
        "name": "landscapes",
        "kind": "aesthetics",
        "version": "2.1.0",
        "file": "model.onnx",
        "sha256": "0" * 64,
        "licence": "Apache-2.0 (weights); learned from research data, see data",
        "description": "How beautiful people find a landscape, as the votes they would give, 1 to 10.",
        "input": {"name": "image", "size": [288, 288], "fit": "squash"},
        "outputs": ["votes"],
        "data": [
            {"name": name}
            for name in ("ratings of landscapes", "photos of mountains", "ratings of landscapes")
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "card.json").write_text(json.dumps(facts))
        (Path(folder) / "model.onnx").write_bytes(b"\0" * 4_800_000)
        card = replace(read_card(Path(folder)), folder=Path(folder))
        lines = models.described(card, console().width, [card])
    print("\n".join(line for line in lines if not line.startswith("    card:")))


def check_command() -> None:
    """`photocli check`."""
    found = Check([parse("score >= 5", {}), parse("noise < 0.5", {})], Path(SHOOT), may_fall_short=2)
    for record in (*RECORDS, Record(f"{SHOOT}IMG_0009.jpg", "failed", "the file is empty")):
        found.add(record)
    check._summarise(found, err=False)


def learn_command() -> None:
    """`photocli learn`, and its list."""
    trial = Trial(photos=412, accuracy=0.871, general=0.702, error=0.021, chance=0.001)
    ratings = Counter({0.0: 103, 1.0: 20, 2.0: 31, 3.0: 118, 4.0: 90, 5.0: 50})
    learn._report(Lesson(ratings=ratings, trial=trial))
    learn._report(Lesson(ratings=ratings, trial=replace(trial, accuracy=0.652)))
    facts = {
        "photos": 412,
        "accuracy": 0.871,
        "general_accuracy": 0.702,
        "learned": "2026-11-28T10:00:00+01:00",
    }
    head: Any = None
    print("\n".join(learn._lines(Taste("weddings", "aesthetics@1.0.0", "", head, facts, ""))))


def explain_command() -> None:
    """`photocli explain`."""
    record = RECORDS[4]
    found = Explanation(record, breakdown(record), np.zeros((1, 1, 3), np.uint8), ())
    explain._print(found, Path(SHOOT) / "pages" / "IMG_20261128_141251_0151.jpg.explained.png", console())


SCREENS: dict[str, Callable[[], None]] = {
    "score": score,
    "score-taste": score_taste,
    "score-sorted": score_sorted,
    "score-own-classes": score_own,
    "score-faces": lambda: table(FACES, kinds=["faces"], top=2),
    "score-selfie": lambda: table(FACES, kinds=["faces", "selfie"], top=2),
    "score-technical": lambda: table(FACES, kinds=["technical"], top=3),
    "score-style": lambda: table(STYLES, kinds=["style"], top=4),
    "score-crop": lambda: table(CROPS, kinds=["crop"], top=2),
    "score-several": several,
    "crop": crop_command,
    "models-list": models_list,
    "check": check_command,
    "learn": learn_command,
    "explain": explain_command,
}


def printed(name: str, width: int) -> list[str]:
    """The lines of a screen on a terminal of this width, without the spaces at their ends."""
    out = io.StringIO()
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        with contextlib.redirect_stdout(out):
            SCREENS[name]()
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return [line.rstrip() for line in out.getvalue().replace("\\", "/").splitlines()]


def golden(name: str) -> str:
    """The text of a screen at all widths, as its file holds it."""
    parts = []
    for width in WIDTHS:
        title = f"{width} columns "
        parts.append("\n".join([title.ljust(width, "="), *printed(name, width)]))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write all screens."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name in SCREENS:
        (FOLDER / f"{name}.txt").write_text(golden(name), encoding="utf-8")
    print(f"wrote {len(SCREENS)} screens to {FOLDER}")


if __name__ == "__main__":
    main()
