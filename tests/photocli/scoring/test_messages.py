"""Messages between a worker and its parent: what is sent arrives, and what is no message is refused."""

from __future__ import annotations

import io
import json
import os
import struct
import sys

import numpy as np
import pytest

from photocli.scoring import worker


def message(header: dict[str, object], data: bytes = b"") -> io.BytesIO:
    text = json.dumps(header).encode()
    return io.BytesIO(struct.pack("<I", len(text)) + text + data)


def test_arrays_arrive_as_they_were() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 30, 3), np.uint8)
    sent = {
        "planes": pixels.transpose(2, 0, 1),  # not contiguous
        "faces": rng.random((2, 16), np.float32),
        "none": np.zeros((0, 16), np.float32),
        "codes": pixels.ravel(),
    }
    stream = io.BytesIO()
    worker.send(stream, {"number": 3}, sent)
    worker.send(stream, {"number": 4})
    stream.seek(0)
    first, second = worker.receive(stream), worker.receive(stream)
    assert first is not None
    assert first[0] == {"number": 3}
    assert list(first[1]) == list(sent)
    for name, array in sent.items():
        assert first[1][name].dtype == array.dtype
        np.testing.assert_array_equal(first[1][name], array)
    assert second == ({"number": 4}, {})
    assert worker.receive(stream) is None


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": ["object", 3]}, "no arrays of object"),
        ({"a": ["uint8", -3]}, "no arrays of shape"),
        ({"a": ["uint8", "3"]}, "no arrays of shape"),
        ({"a": ["uint8", 2.5]}, "no arrays of shape"),
        ({"a": ["float32", 1 << 20, 1 << 20]}, "no worker has an array"),
        ({"a": ["uint8", 1 << 40]}, "no worker has an array"),
        ({"a": ["uint8", 5]}, "cut off"),
    ],
)
def test_arrays_that_cannot_be_are_refused(arrays: dict[str, list[object]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        worker.receive(message({"number": 1, "arrays": arrays}, b"1234"))


def test_headers_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no headers"):
        worker.receive(io.BytesIO(struct.pack("<I", 1 << 31)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pipes cannot be widened")
def test_a_message_fits_into_a_wide_pipe() -> None:
    """A worker can go on with its next photo while the parent is busy."""
    ends = os.pipe()
    with os.fdopen(ends[0], "rb") as out, os.fdopen(ends[1], "wb") as into:
        worker.widen(out)
        worker.send(into, {"number": 1}, {"planes": np.ones((3, 400, 400), np.uint8)})  # and nobody reads yet
        into.close()
        received = worker.receive(out)
    assert received is not None
    assert received[1]["planes"].all()
