"""The card beside a model: where it comes from, what it was measured on, what it cannot do.

Figures come from a run's `run.json`, never from a keyboard; texts that a person must write (terms of use,
known limits) come from a file of `export/about`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from export.graph import OPSET
from export.kinds import Kind
from export.parity import Parity
from photocli.errors import UsageError
from photocli.faces.alignment import Place
from photocli.inputs.views import InputSpec
from trainers.common.checkpoints import Model
from trainers.common.runs import now, portable

_FREE = (
    "trainer",
    "fold",
    "seed",
    "teacher",
    "cache",
    "workers",
    "compile",
    "devices",
    "eval_every",
    "precision",
)
"""Settings that may differ between the run that was measured and the one that is exported."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON document; `UsageError` if there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path} holds no JSON object")
    return document


def make_card(
    kind: tuple[str, Kind],
    model: Model,
    network: bytes,
    parity: Parity,
    *,
    name: str,
    version: str,
    measured: dict[str, Any],
    about: dict[str, Any],
) -> dict[str, Any]:
    """The card of an exported network; `measured` is a run.json, `about` a file of `export/about`."""
    config = model.config
    spec = kind[1].spec(config)
    return {
        "name": name,
        "kind": kind[0],
        "version": version,
        "file": "model.onnx",
        "sha256": hashlib.sha256(network).hexdigest(),
        "bytes": len(network),
        "opset": OPSET,
        "created": now(),
        "licence": about.get("licence", "not stated"),
        "description": about.get("description", "not stated"),
        "input": _input(spec),
        "outputs": kind[1].outputs(model),
        "calibration": measured.get("calibration", {}),
        **kind[1].facts(config, measured),
        "trainer": _trainer(model),
        "data": _data(model, about),
        "metrics": _metrics(config, measured) | {"export": vars(parity)},
        "groups": measured.get("groups", {}),
        "limits": list(about.get("limits", [])),
    }


def _input(spec: InputSpec) -> dict[str, Any]:
    entry = {"name": spec.name, "size": [spec.height, spec.width], "fit": spec.fit}
    return entry | ({"place": asdict(Place(*spec.place))} if spec.place else {})


def _trainer(model: Model) -> dict[str, Any]:
    before = {"before": model.run.before} if model.run.before else {}  # the stages that came first
    return {
        **before,
        "command": model.run.command,
        "config": portable(model.config),
        "seed": model.config["seed"],
        "commit": model.run.commit,
        "teachers": len(model.config.get("teacher", ())),
    }


def _data(model: Model, about: dict[str, Any]) -> list[dict[str, Any]]:
    """What the network learned from; names and counts from the run, terms and origin from `about`."""
    texts = about.get("data", {})
    entries = []
    for source in model.run.data:
        text = texts.get(source["name"], {})
        entries.append(
            {
                "name": text.get("name", source["name"]),
                "photos": source["photos"],
                "role": source["role"],
                "hash": source.get("hash"),
                "terms": text.get("terms", "not stated"),
                "origin": text.get("origin", "not stated"),
            }
        )
    return entries


def _metrics(config: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    """Figures with their split and baselines, and which settings of the measured run were others."""
    if "figures" not in measured:
        return {}
    other = measured.get("config", {})
    differing = [key for key in config if key not in _FREE and _plain(config[key]) != _plain(other.get(key))]
    return {
        **measured["figures"],
        "split": measured["split"],
        "commit": measured.get("commit", ""),
        "command": measured.get("command", ""),
        "checks": measured.get("checks", []),
        "settings_that_differ": differing,
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
