"""XMP: stars, labels, flags, keywords and scores, in sidecars beside the photos or inside JPEGs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from photocli.errors import PhotocliError
from photocli.files.journal import replace_over
from photocli.files.locks import folder_lock
from photocli.files.strays import sweep
from photocli.xmp.sidecar_plan import Marks, Outcome, OutcomeKind, Planned, Planner

if TYPE_CHECKING:
    from typing_extensions import Self

    from photocli.files.journal import Journal
    from photocli.files.links import Roots
    from photocli.records import Record

_TRIES = 10
_PAUSE_S = 0.01


class XmpWriter:
    """Merges the stars and scores of each record into the photo's sidecar, or makes a new one.

    `editor` names the one that is to read it (see `editors.EDITORS`); without it the sidecar that is there is
    updated, under either of its usual names, and a new one is `IMG.CR2`'s `IMG.xmp`, as Lightroom, Camera Raw
    and Capture One expect it, and any other photo's `IMG.JPG.xmp`. `embed` puts the packet into JPEGs, which
    then have a sidecar only with `sidecars`. `keywords` are the sets of answers that are written as keywords
    (see `keywords.SETS`); what an earlier run wrote of others is taken out again. A file that can't be merged
    is left as it was: the outcome is `failed`, and the run goes on. `report` is called with each outcome;
    `counts` has their numbers by kind. What is written is noted in `journal`, so that it can be taken back.
    `unread` counts the sidecars that the editor doesn't read. What another program writes meanwhile is merged
    with, never replaced. What killed runs left in the folders of the photos is deleted.
    """

    def __init__(
        self,
        *,
        overwrite: bool = False,
        report: Callable[[Outcome], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        editor: str | None = None,
        embed: bool = False,
        sidecars: bool | None = None,
        journal: Journal | None = None,
        roots: Roots | None = None,
        keywords: tuple[str, ...] = (),
    ) -> None:
        """Raises `UsageError` if there is no such editor. `sidecars` is true unless `embed` is.

        `roots` are what the user gave: nothing is written that a link leads to out of them.
        """
        self.counts: Counter[OutcomeKind] = Counter()
        self._planner = Planner(
            overwrite=overwrite,
            clock=clock,
            editor=editor,
            embed=embed,
            sidecars=not embed if sidecars is None else sidecars,
            roots=roots,
            keywords=keywords,
        )
        self._what = "JPEGs and sidecars" if embed else "sidecars"
        self._roots = roots
        self._journal = journal
        self._report = report
        self._swept: set[Path] = set()

    def write(self, record: Record, marks: Marks | None = None) -> Record:
        """Rate one photo, if it was scored or has marks.

        Returns the record with what became of it, in the field `sidecar`: so this writer comes before those
        that write the record down.
        """
        self._sweep_beside(Path(record.path))
        outcomes = []
        for planned in self.plan(record, marks):
            outcome = planned if isinstance(planned, Outcome) else self._carry_out(planned)
            outcomes.append(outcome)
            self.counts[outcome.kind] += 1
            if self._report is not None:
                self._report(outcome)
        return replace(record, sidecar=_sidecar_field(outcomes))

    def _sweep_beside(self, photo: Path) -> None:
        """Delete what killed runs left in the photo's folder, once, unless nothing may be written there."""
        folder = photo.parent
        if folder in self._swept or (self._roots is not None and self._roots.why_closed(photo) is not None):
            return
        self._swept.add(folder)
        sweep(folder)

    def plan(self, record: Record, marks: Marks | None = None) -> Iterator[Planned | Outcome]:
        """What `write` would do, without doing it; an `Outcome` is a failure."""
        return self._planner.plan(record, marks)

    @property
    def unread(self) -> int:
        """How many of the sidecars the editor doesn't read."""
        return len(self._planner.unread)

    @property
    def hint(self) -> str:
        """What to say of the `unread` ones."""
        return self._planner.unread.hint

    @property
    def in_words(self) -> str:
        """What became of the sidecars, and of JPEGs that were written into, in a line; empty for none."""
        from photocli.writers._summary import outcomes_in_words

        return outcomes_in_words(self.counts, self._what)

    def close(self) -> None:
        """Delete what runs left that were killed meanwhile; each sidecar is in place already."""
        for folder in self._swept:
            sweep(folder)
        self._swept.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _carry_out(self, planned: Planned) -> Outcome:
        path, current = planned.path, planned
        try:
            if not planned.changed:
                return Outcome(planned.photo, path, planned.kind)
            with folder_lock(path.parent):
                for tried in range(_TRIES):
                    if not current.changed or self._put(current):
                        return Outcome(current.photo, path, current.kind)
                    time.sleep(_PAUSE_S * tried)
                    found = current.again()  # it was changed since it was read
                    if isinstance(found, Planned):
                        current = found
                    elif tried > _TRIES // 2:  # before that, it may be half-written still
                        return found
            raise PhotocliError(f"{path} is left as it is: another program keeps changing it; run this again")
        except PhotocliError as error:
            return Outcome(planned.photo, path, "failed", str(error))
        except OSError as error:
            return Outcome(planned.photo, path, "failed", f"cannot read {path}: {error.strerror or error}")

    def _put(self, planned: Planned) -> bool:
        """Write it where the file is as it was when it was read; whether it was, and is written."""
        return replace_over(planned.path, planned.content, planned.original, self._journal) is not None


def _sidecar_field(outcomes: list[Outcome]) -> str | None:
    """What the record says of its files: the worst of it, and why; `None` where there are none."""
    failed = [outcome for outcome in outcomes if outcome.kind in ("failed", "linked")]
    if failed:
        reasons = []
        for each in failed:
            name = f"{each.sidecar.name}: " if each.sidecar is not None and len(outcomes) > 1 else ""
            reasons.append(f"{name}{each.why or each.reason}")
        return f"refused: {'; '.join(reasons)}"
    if any(outcome.kind == "kept" for outcome in outcomes):
        return "kept"
    return "written" if outcomes else None
