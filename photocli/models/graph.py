"""What an ONNX file asks for, read without loading it: operators from elsewhere, weights in other files.

ONNX Runtime follows the paths of other files when it loads a network, so they are looked at before. Of the
format (protobuf, onnx.proto) only what leads to operators and tensors is read: pairs of a field's number and
its bytes, the rest is stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from photocli.errors import ModelError

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Where operators may come from: what every build of ONNX Runtime has."""

_DEEPEST = 64  # messages inside each other; graphs in the branches of graphs are hardly ever three deep

# Which fields of a message lead on, and to what.
_LEADS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
_OPERATOR, _DOMAIN = 4, 7  # of a node
_KEY, _VALUE = 1, 2  # of an entry, which says where a tensor's bytes are


@dataclass(slots=True)
class Demands:
    """What a network asks for: `foreign` operators, as `domain.Name`, and the `files` beside it, as it names
    them."""

    foreign: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


def demands(content: bytes) -> Demands:
    """What the network in this ONNX file asks for. Raises `ModelError` for what is no such file."""
    found = Demands()
    try:
        if not _walk(memoryview(content), "model", found, 0):
            raise ValueError("it has no graph")
    except (ValueError, IndexError) as error:
        raise ModelError(f"it is no ONNX file that can be read: {error}") from error
    return found


def _walk(message: memoryview, kind: str, found: Demands, depth: int) -> bool:
    """Read a message and all that it leads to; whether that was anything."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    leads, texts, led = _LEADS.get(kind, {}), {}, False
    for number, value in _fields(message):
        if number in leads:
            led = True
            _walk(value, leads[number], found, depth + 1)
        elif kind in ("node", "entry") and number in (_KEY, _VALUE, _OPERATOR, _DOMAIN):
            texts[number] = bytes(value).decode("utf-8")
    if kind == "node" and texts.get(_DOMAIN, "") not in DOMAINS:
        found.foreign.add(f"{texts[_DOMAIN]}.{texts.get(_OPERATOR, '')}")
    if kind == "entry" and texts.get(_KEY) == "location":
        found.files.add(texts.get(_VALUE, ""))
    return led


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields that have bytes: messages, texts, packed numbers. Raises `ValueError`, `IndexError`."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        wire = tag & 7
        if wire == 0:
            _, at = _number(message, at)
            continue
        if wire == 2:
            size, at = _number(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"a field of type {wire}")
        if at + size > len(message):
            raise ValueError("it is cut short")
        if wire == 2:
            yield tag >> 3, message[at : at + size]
        at += size


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """A number of variable length at this place, and the place after it."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number that is too long")
