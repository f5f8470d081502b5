"""A review from its start to its end: photos are scored in this thread, and the page is served beside it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from photocli.culling.cull import OUTPUTS
from photocli.files.links import Roots
from photocli.review.desk import Desk
from photocli.review.drops import Drops
from photocli.review.judging import Judge
from photocli.review.overlays import Overlays
from photocli.review.pictures import LIMIT_BYTES, Pictures
from photocli.review.proposals import Proposals
from photocli.review.renditions import THUMBNAIL_SIDE
from photocli.review.server import PageServer, bound
from photocli.review.shoot import Shoot
from photocli.review.watching import Watching
from photocli.scoring.options import NEW_THUMBNAIL

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.pipeline import Run

_LOOK_S = 1.0


def page_options(options: Options) -> Options:
    """The options of a run whose photos are shown on the page: what groups them, and their thumbnails."""
    return replace(options, outputs=(*OUTPUTS, NEW_THUMBNAIL), thumbnail_side=THUMBNAIL_SIDE)


class ReviewSession:
    """Scores the photos of a run while its page is served.

    Workers are forked from a process with one thread, and hold what it held: the page's thread, its token and
    its processes are made once they are there. So scoring has the thread that calls `run_until_stopped`.
    """

    def __init__(
        self,
        run: Run,
        title: str,
        told: Callable[[PageServer], object],
        *,
        port: int = 0,
        editor: str | None = None,
        embed: bool = False,
        kept_bytes: int = LIMIT_BYTES,
        command: str = "photocli review",
        relative_stars: bool = False,
        closely: bool = True,
    ) -> None:
        """`told` is called with the server once there is one. Raises `PhotocliError` if the port is taken.

        `editor` and `embed` say where ratings go, as in `photocli score`; `photocli undo` names them by
        `command`. Pictures are kept up to `kept_bytes`. With `closely`, files are looked at again where the
        best frames of a group are nearly equal.
        """
        self._run, self._title, self._told, self._closely = run, title, told, closely
        self._kept_bytes = kept_bytes
        self._judging: dict[str, Any] = {"embed": embed, "command": command}
        self._judging |= {"editor": editor} if editor else {}
        self._listening = bound(port)
        self.shoot = Shoot()
        self._proposals = Proposals(run, self.shoot, relative_stars=relative_stars)
        self._wanted: queue.Queue[None] = queue.Queue()
        self._desk: Desk | None = None

    def run_until_stopped(self) -> None:
        """Serve the page until a signal raises here; raises what a run raises."""
        with ExitStack() as stack:
            stack.callback(self._listening.close)
            self._run.given.watch(self.shoot.note)
            self._run.when_begun.append(lambda: self._open(stack))
            self._score()
            self._propose()
            while True:
                with suppress(queue.Empty):
                    self._wanted.get(timeout=_LOOK_S)  # a wait without end could not be stopped on Windows
                    self._proposals.propose()

    def _score(self) -> None:
        with closing(self._run.results()) as results:
            for result in results:
                id = self.shoot.add(result)
                if id is not None:
                    self._proposals.add(id, result)
                    if result.thumbnail is not None and self._desk is not None:
                        self._desk.pictures.keep_thumbnail(id, result.thumbnail)
                if self._proposals.are_due:
                    self._proposals.propose()
        self.shoot.listed()

    def _propose(self) -> None:
        """Propose for all photos, at once and then after a closer look."""
        self.shoot.phase = "grouping"
        assert self._desk is not None
        for id in range(len(self.shoot)):  # what a person said leads
            self._desk.stand(id)
        self._proposals.propose()
        if self._closely:
            self.shoot.phase = "looking closer"
            self._proposals.propose(self._watched)
        self.shoot.phase = "done"

    def _watched(self, run: Run, total: int) -> Iterator[Record]:
        for number, record in enumerate(run, start=1):
            self.shoot.closer = (number, total)
            yield record

    def _open(self, stack: ExitStack) -> None:
        """Open the page, now that no process is forked any more."""
        run, options = self._run, self._run.options
        judge = Judge(self.shoot, Roots(run.paths), **self._judging)
        stack.enter_context(closing(judge))
        pictures = Pictures(
            self.shoot,
            limit_bytes=self._kept_bytes,
            roots=None if options.follow_links else run.paths,
            deadline_s=options.deadline_s,
            max_pixels=options.max_pixels,
        )
        stack.enter_context(closing(pictures))
        desk = self._desk = Desk(
            run,
            self.shoot,
            judge,
            pictures,
            Overlays(self.shoot, pictures, options),
            self._proposals,
            Drops(self.shoot, pictures, options),
            lambda: self._wanted.put(None),
        )
        stack.enter_context(Watching(desk))
        server = stack.enter_context(PageServer(desk, self._listening, self._title))
        self._told(server)
