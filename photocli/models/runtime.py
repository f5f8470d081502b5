"""ONNX Runtime, which from 1.29 on reports its use to its maker unless its environment forbids it."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Any

SILENCE = {"ORT_DISABLE_TELEMETRY": "1"}
"""What keeps ONNX Runtime silent: no identity of the device, no database of events, no connection."""

_IMPORTING = threading.Lock()


def load_runtime() -> Any:
    """Import ONNX Runtime with its telemetry off, and leave the environment as it was.

    All code imports it here. Where a caller has imported it before, only its events are switched off: what
    it wrote and started by then stays.
    """
    # First, since a Ctrl-C while ONNX Runtime loads numpy would come out of it as an ImportError.
    import numpy  # noqa: F401

    with _IMPORTING:
        if "onnxruntime" not in sys.modules:
            before = {name: os.environ.get(name) for name in SILENCE}
            os.environ.update(SILENCE)
            try:
                import onnxruntime
            finally:
                _put_back(before)
        import onnxruntime
    with suppress(AttributeError):  # there is no such function in builds without telemetry
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def _put_back(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
