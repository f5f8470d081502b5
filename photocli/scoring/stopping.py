"""Ctrl-C, SIGTERM and SIGHUP: an end at once where there is nothing to clean up, and else in good order."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
CODES = frozenset(128 + number for number in SIGNALS)
"""The exit codes of runs that were stopped: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""

_CLEANING_S = 2.0
_WAITING_S = 3.0
_AGAIN_S = 0.01


class Stopped(KeyboardInterrupt):
    """A signal asked for the end of the run; `code` is the exit code that says which."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


class _Handler:
    """Raises `Stopped` where it is safe."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._asked: float | None = None
        self._raised = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.number is not None and now - self._raised < _CLEANING_S:
            return  # what is being cleaned up is not stopped midway by an impatient second signal
        self._asked = self._asked or now
        if _would_be_lost(frame) and now - self._asked < _WAITING_S:
            _ask_again(number)
            return
        self.number, self._raised = number, now
        raise Stopped(number)


def end_at_once() -> None:
    """Have the signals end this process with their exit codes, while it has nothing to clean up.

    A signal that is ignored, as under nohup and in the background of a script, stays ignored.
    """
    for number in _heeded():
        signal.signal(number, lambda number, frame: os._exit(128 + number))


@contextmanager
def in_order() -> Iterator[None]:
    """Have the signals raise `Stopped` inside the block, once."""
    import threading

    if threading.current_thread() is not threading.main_thread():  # signals are not for others
        yield
        return
    handler = _Handler()
    before = {number: signal.getsignal(number) for number in _heeded()}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    except Exception:
        if handler.number is not None:  # some library made an error of its own of it
            raise Stopped(handler.number) from None
        raise
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def end(code: int) -> None:
    """End the process with the code of a signal.

    Not by `sys.exit`: Python would have the signal kill it, if it came while `exec` ran a text.
    """
    _flush()
    os._exit(code)


def ignore() -> None:
    """Have the signals ignored while Python puts its things away: all is done, and its exit code stands."""
    _flush()
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def forget_frames(error: BaseException | None) -> None:
    """Let go of what the functions held that an error ended, such as files that were just opened."""
    import traceback

    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def _heeded() -> list[int]:
    # None is a handler that was not set from Python.
    return [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether an exception would vanish: in destructors, and in imports by extension modules."""
    while frame is not None:
        if frame.f_code.co_name == "__del__" or frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False


def _ask_again(number: int) -> None:
    import _thread
    import threading

    timer = threading.Timer(_AGAIN_S, _thread.interrupt_main, [number])
    timer.daemon = True
    timer.start()
