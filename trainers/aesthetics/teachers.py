"""Teachers: the votes of trained models as targets (Hinton et al. 2015), for photos that nobody rated too."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from photocli.decode import DECODE_VERSION
from photocli.errors import UsageError
from trainers.aesthetics.predictions import predict
from trainers.common.checkpoints import load_model
from trainers.common.frames import Selection
from trainers.common.metrics import Floats


def teacher_outputs(
    teachers: Sequence[Path],
    pictures: Selection,
    paths: Sequence[Path],
    config: dict[str, Any],
    cache: Path | None,
) -> Floats:
    """The mean of the teachers' outputs, shape (n, k), over each photo and its mirror image.

    Each teacher sees photos at its own input size. Raises `UsageError` for a teacher of another label mode,
    or one that has seen the photos which this run holds out.
    """
    total: Floats | None = None
    for path in teachers:
        stored = _stored(path, paths, cache)
        if stored is not None and stored.exists():
            _check(load_model(path).config, config, path)
            outputs = np.load(stored)
        else:
            outputs = _ask(path, pictures, config)
            if stored is not None:
                stored.parent.mkdir(parents=True, exist_ok=True)
                np.save(stored, outputs)
        total = outputs if total is None else total + outputs
    assert total is not None, "there is at least one teacher"
    return total / len(teachers)


def _ask(path: Path, pictures: Selection, config: dict[str, Any]) -> Floats:
    model = load_model(path)
    _check(model.config, config, path)
    return predict(model.network, pictures, model.config["size"], model.config["fit"], mirror=True).outputs


def _check(teacher: dict[str, Any], student: dict[str, Any], path: Path) -> None:
    if teacher["labels"] != student["labels"]:
        raise UsageError(f"teacher {path} gives '{teacher['labels']}', this run learns '{student['labels']}'")
    split = ("fold", "folds", "split_by")
    if student["fold"] != "none" and any(teacher[key] != student[key] for key in split):
        raise UsageError(
            f"teacher {path} was trained on photos that this run holds out; "
            "use the teacher of the same fold (--teacher 'runs/NAME/fold{fold}/model.ckpt')"
        )


def _stored(path: Path, paths: Sequence[Path], cache: Path | None) -> Path | None:
    if cache is None or not path.is_file():
        return None
    digest = hashlib.sha256(path.read_bytes())
    for photo in paths:
        facts = photo.stat()
        digest.update(f"{photo.resolve()},{facts.st_size},{facts.st_mtime_ns},{DECODE_VERSION}\n".encode())
    return cache / f"teacher-{digest.hexdigest()[:16]}.npy"
