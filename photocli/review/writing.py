"""Writing a person's judgement into all files of a photo that are read for it: all of them, or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.errors import PhotocliError
from photocli.files.journal import replace_over
from photocli.files.locks import folder_lock
from photocli.files.strays import sweep
from photocli.review.history import take_back
from photocli.xmp.sidecar_plan import Outcome, Planned

if TYPE_CHECKING:
    from photocli.files.journal import Journal, Replacement
    from photocli.review.standing import Standing, StandingReader
    from photocli.xmp.judgement import Judgement
    from photocli.xmp.merge import XmpChanges
    from photocli.xmp.sidecar_plan import Planner


@dataclass(frozen=True, slots=True)
class _Files:
    """A photo as the planner asks for it: its paths as texts."""

    path: str
    twin: str | None


class JudgementWriter:
    """Carries out the plans of the command line for one photo at a time."""

    def __init__(self, planner: Planner, reader: StandingReader) -> None:
        self._planner = planner
        self._reader = reader
        self._swept: set[Path] = set()

    def write(
        self, photo: Path, twin: Path | None, changes: XmpChanges, standing: Standing, journal: Journal
    ) -> list[Replacement] | None:
        """Write where `standing` still stands; what was noted of each file that changed.

        None, and nothing is written, where another program has changed a file meanwhile. Raises
        `PhotocliError` and `OSError` where a file can't be written; the others are then as they were.
        """
        planned = self._plan(photo, twin, changes)
        # The plan has read the files, and they are replaced only if they are still as it read them.
        if self._reader.standing(photo, twin).state != standing.state:
            return None
        done: list[Replacement] = []
        try:
            for each in planned:
                if each.changed:
                    noted = self._put(each, journal)
                    if noted is None:
                        _take_back(done, journal)
                        return None
                    done.append(noted)
        except BaseException:
            _take_back(done, journal)
            raise
        return done

    def close(self) -> None:
        """Delete what killed runs left in the folders that were written into."""
        for folder in self._swept:
            sweep(folder)
        self._swept.clear()

    def _plan(self, photo: Path, twin: Path | None, changes: XmpChanges) -> list[Planned]:
        files = _Files(str(photo), None if twin is None else str(twin))
        others = [path for path, said in self._reader.sidecars(photo, twin) if _speaks(said, changes)]
        found = []
        for planned in self._planner.plan_changes(files, changes, others):
            if isinstance(planned, Outcome):
                raise PhotocliError(planned.reason or f"{photo} cannot be judged")
            found.append(planned)
        return found

    def _put(self, planned: Planned, journal: Journal) -> Replacement | None:
        folder = planned.path.parent
        if folder not in self._swept:
            self._swept.add(folder)
            sweep(folder)
        with folder_lock(folder):
            return replace_over(planned.path, planned.content, planned.original, journal)


def _speaks(said: Judgement, changes: XmpChanges) -> bool:
    """Whether a sidecar says something of what changes: it has to change, too, as it may be read first."""
    verdict = said.rating is not None or said.flag is not None
    changes_verdict = changes.rating is not None or changes.pick is not None
    return (verdict and changes_verdict) or (said.label is not None and changes.label is not None)


def _take_back(done: list[Replacement], journal: Journal) -> None:
    for noted in reversed(done):
        take_back(noted, journal)
