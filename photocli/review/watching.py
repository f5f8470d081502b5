"""What happens beside scoring: photos are listed, what stands of them is read, and changes of others seen."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photocli.review.desk import Desk

_EVERY_S = 1.0
_AT_ONCE = 20  # photos whose sidecars are read before others may have the processor
_PAUSE_S = 0.005
_ENDING_S = 5.0


class Watching:
    """Has a thread list the photos and read what a person said of each, and then look for changes.

    It is a context manager: leaving it ends the thread.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watching", daemon=True)

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join(_ENDING_S)

    def _work(self) -> None:
        with suppress(Exception):  # the run meets it too
            self._desk.run.given.list_all()
            self._desk.shoot.listed()
        at = 0
        while not self._over.is_set():
            at = self._read(at)
            self._desk.judge.refresh(self._desk.looked_at)
            self._over.wait(_EVERY_S)

    def _read(self, at: int) -> int:
        """Read what stands of the photos from one on, as far as they are known."""
        shoot = self._desk.shoot
        while at < len(shoot) and not shoot.is_filling and not self._over.is_set():
            for id in range(at, min(at + _AT_ONCE, len(shoot))):
                self._desk.stand(id)
            at = min(at + _AT_ONCE, len(shoot))
            self._over.wait(_PAUSE_S)
        return at
