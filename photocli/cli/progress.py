"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, and a line for each failure."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.text import Text

from photocli.discover import HIDDEN_FILE, HIDDEN_FOLDER, LEADS_OUT, REJECTS
from photocli.display import BAD, STARS, console, printable

if TYPE_CHECKING:
    from rich.console import Console
    from typing_extensions import Self

    from photocli.framing.suggestions import CropRun
    from photocli.records import Record
    from photocli.scoring.pipeline import Run
    from photocli.scoring.sources import Given
    from photocli.xmp.sidecar_plan import Outcome

LISTED = 20
"""How many links are said one by one; all are counted."""

DRAWN_S = 0.05
"""Seconds between two changes of the bar, at least."""

EVERY_S = 10.0
"""Seconds between two lines where there is no terminal to draw a bar on."""


class Progress:
    """Shows how a run advances. With `quiet`, only what failed is said, and what is hidden.

    With `data`, standard output carries data: there is no bar where these would come out on its terminal.
    """

    def __init__(self, run: Run | CropRun, *, quiet: bool, task: str = "scoring", data: bool = False) -> None:
        self._run = self._first = run
        self._console = console(stderr=True)
        self._quiet = quiet
        self._mixed = data and sys.stdout is not None and sys.stdout.isatty()
        self._named = task
        self._bar: Any = None
        self._task: Any = None
        self._said = time.monotonic()
        self._drawn, self._done = 0.0, 0
        self._warned: set[str] = set()
        self._links = 0
        self._rejects: list[str] = []

    def __enter__(self) -> Self:
        drawn = self._console.is_terminal and self._console.file.isatty()  # FORCE_COLOR: a log is none
        if drawn and not self._quiet and not self._mixed:
            self._bar = _bar(self._console)
            self._task = self._bar.add_task(self._named, total=None, rate="")
            if hasattr(self._run, "when_begun"):
                self._run.when_begun.append(self._start)
            else:
                self._start()
        return self

    def _start(self) -> None:
        """Show the bar, which has a thread of its own, as has the search for how many photos there are."""
        self._bar.start()
        self._find_total()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        if self._links > LISTED and not self._quiet:
            self._say(f"{self._links:,} links lead out of the folders given and were skipped", STARS)
        previews = self._first.summary.previews
        if previews and not self._quiet:
            seen = "1 photo was seen by its" if previews == 1 else f"{previews:,} photos were seen by their"
            self._say(f"{seen} embedded previews, so faults, turns, crops and styles are left open", STARS)
        for folder in self._rejects if not self._quiet else ():
            self._say(f"{folder}: left out, {REJECTS}", STARS)

    def finish(self) -> None:
        """Take the bar off the screen; what is printed before would stand in its line."""
        self._warn_once()
        if self._bar is not None:
            self._bar.stop()

    def watched(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, each counted as it comes."""
        for record in records:
            self.advance(record)
            yield record

    def closely(self, run: Run, total: int) -> Iterator[Record]:
        """The records of another run, over so many of the photos again, each counted as it comes."""
        self._warn_once()
        self._run, self._done = run, 0
        if self._bar is not None:
            self._bar.reset(self._task, description="looking closer", total=total, rate="")
        return self.watched(run)

    def advance(self, record: Record) -> None:
        """Count one record, and say so if its photo could not be read, or something else went wrong."""
        self._warn_once()
        if record.status == "failed" or (record.status == "ok" and record.error):
            self._say(f"{record.path}: {record.error}", BAD if record.status == "failed" else STARS)
        elif record.status == "skipped":
            self._pass_over(record)
        summary = self._run.summary
        self._done += 1
        if self._bar is not None:
            self._draw(summary.rate)
        elif not self._quiet and time.monotonic() - self._said > EVERY_S:
            self._said = time.monotonic()
            self._say(f"{summary.photos} photos so far, {summary.rate:.1f} a second")

    def _draw(self, rate: float) -> None:
        """Move the bar, but not for each of many photos that come from the cache at once."""
        if time.monotonic() - self._drawn > DRAWN_S:
            self._drawn, total = time.monotonic(), self._run.given.total
            self._bar.update(self._task, completed=self._done, total=total, rate=f"{rate:.1f} photos/s")

    def _pass_over(self, record: Record) -> None:
        """Say it of a link, of what is hidden and of rejects; that other files are no photos is no news."""
        if record.error == REJECTS:
            self._rejects.append(record.path)
        self._links += record.error == LEADS_OUT
        link = record.error == LEADS_OUT and self._links <= LISTED and not self._quiet
        if link or record.error in (HIDDEN_FILE, HIDDEN_FOLDER):
            self._say(f"{record.path}: skipped, {record.error}", STARS)

    def report_sidecar(self, outcome: Outcome) -> None:
        """Say it if a sidecar could not be written."""
        if outcome.kind == "failed":
            self._say(f"{outcome.photo}: {outcome.reason}", STARS)

    def warn(self, text: str) -> None:
        """Say that something could not be done."""
        self._say(text, STARS)

    def _warn_once(self) -> None:
        warning = self._run.summary.warning
        if warning is not None and warning not in self._warned:
            self._warned.add(warning)
            self.warn(warning)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(printable(text), style=style), soft_wrap=True)

    def _find_total(self) -> None:
        """List what the run is to go through, ahead of it; the bar knows the total once that is done."""
        from photocli.errors import PhotocliError

        try:
            self._run.given.begin(self._run.options)
        except PhotocliError:  # the run meets it too, and says so
            return
        threading.Thread(target=self._list_all, args=(self._run.given,), daemon=True).start()

    def _list_all(self, given: Given) -> None:
        with suppress(Exception):  # the run meets it too
            given.list_all()


def _bar(console: Console) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,  # else what is printed would go where the bar is, and not into a file
        redirect_stderr=False,
    )
