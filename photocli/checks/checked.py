"""Checking from Python: photos against rules, as a report; nothing is printed, and no file written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.checks import baseline as baselines
from photocli.checks import reports
from photocli.checks.check import Check, CheckedPhoto, Report, root_of
from photocli.checks.rules import parse
from photocli.errors import UsageError
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run

if TYPE_CHECKING:
    from photocli.scoring.results import Summary
    from photocli.scoring.sources import Progress, Sources


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: it `passed`, or the `violations` say why not.

    `report` has every photo with its findings; what a baseline knows of does not count. `never_filled` names
    fields that rules ask for and no photo has a value in.
    """

    report: Report
    summary: Summary
    never_filled: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all photos could be read, and no more fall short than may."""
        return not self.report.unreadable and self.report.short <= self.report.may_fall_short

    @property
    def violations(self) -> tuple[CheckedPhoto, ...]:
        """The photos that break a rule, or could not be read; their `new` has each rule and the reason."""
        return tuple(self.report.failing)

    def save(self, path: str | PathLike[str], kind: str = "junit") -> None:
        """Write the report to a file, whole or not at all: as `junit`, `sarif`, `json` or `markdown`.

        Raises `UsageError` for another kind, and `OSError`.
        """
        if kind not in reports.names():
            raise UsageError(f"there is no report of kind '{kind}'; there are {', '.join(reports.names())}")
        reports.save(path, reports.load(kind).render(self.report))


def check(
    sources: Sources,
    rules: str | Iterable[str],
    *,
    max_failures: int = 0,
    baseline: str | PathLike[str] | None = None,
    allow_empty: bool = False,
    options: Options | None = None,
    progress: Progress | None = None,
) -> Checked:
    """Check photos against rules, such as `aesthetic >= 4.5` or `blur? < 0.5`.

    `sources` and `progress` are as in `photocli.score`, and so are `options`, but that no taste counts unless
    they name one: rules hold for everybody. A rule is a field of the record, a comparison, and a number or a
    quoted text, see `docs/ci.md`. `max_failures` photos may fall short. What the file `baseline` lists does
    not count.

    Raises `UsageError` for rules that cannot be understood, before any photo is read, and where there is no
    photo at all, which most likely is a slip, unless `allow_empty`; `DeviceError` and `ModelError`.
    """
    options = options or Options()
    run = Run(sources, replace(options, taste=options.taste or "off"), progress)
    texts = [rules] if isinstance(rules, str) else list(rules)
    if not texts:
        raise UsageError("there are no rules; give one, such as 'aesthetic >= 4.5'")
    known = None if baseline is None else baselines.read(Path(baseline))
    models = run.models
    parsed = [parse(text, models.classes, models.filled) for text in texts]
    checks = Check(parsed, root_of(run.paths), known, max_failures)
    for result in run.results():
        checks.add(result.record, result.record.path if result.in_memory else None)
    if not checks.report.photos and not allow_empty:
        raise UsageError("there are no photos to check; give other paths, or allow_empty=True")
    return Checked(checks.report, run.summary, tuple(checks.never_filled))
