"""A review from its start to its end: photos are scored in this thread, and the page is served beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from photocli.review.api import Desk
from photocli.review.server import PageServer, bound
from photocli.review.shoot import Shoot

if TYPE_CHECKING:
    from photocli.scoring.pipeline import Run

_LOOK_S = 1.0


class Session:
    """Scores the photos of a run while its page is served.

    Workers are forked from a process with one thread, and hold what it held: the page's thread, its token and
    its processes are made once they are there. So scoring has the thread of the caller of `run_until_stopped`.
    """

    def __init__(self, run: Run, port: int, title: str, say: Callable[[PageServer], object]) -> None:
        """`say` is told of the server once there is one. Raises `PhotocliError` if the port is taken."""
        self._run, self._title, self._say = run, title, say
        self._listening = bound(port)
        self.shoot = Shoot()

    def run_until_stopped(self) -> None:
        """Serve the page until a signal raises here; raises what a run raises."""
        with ExitStack() as stack:
            stack.callback(self._listening.close)
            self._run.given.watch(self.shoot.note)
            self._run.when_begun.append(lambda: self._open(stack))
            for result in self._run.results():
                self.shoot.add(result)
            while True:
                time.sleep(_LOOK_S)

    def _open(self, stack: ExitStack) -> None:
        """Open the page, now that no process is forked any more."""
        desk = Desk(self._run, self.shoot)
        server = stack.enter_context(PageServer(desk, self._listening, self._title))
        threading.Thread(target=self._list_all, daemon=True).start()
        self._say(server)

    def _list_all(self) -> None:
        with suppress(Exception):  # the run meets it too
            self._run.given.list_all()
            self.shoot.listed()
