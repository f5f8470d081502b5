"""Baselines: what a check found once and excuses from then on, so that only what is new counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.checks.check import Key, Report

_LAYOUT = 1


def read(file: Path) -> frozenset[Key]:
    """The findings that a baseline excuses, as photo and rule. Raises `UsageError`."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["photocli_baseline"] != _LAYOUT:
            raise ValueError("it comes from another version")
        return frozenset((str(item["photo"]), str(item["rule"])) for item in document["findings"])
    except FileNotFoundError:
        raise UsageError(f"there is no baseline {file}; make it with --write-baseline {file}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the baseline {file} cannot be used ({error}); make one with --write-baseline"
        ) from None


def render(report: Report) -> bytes:
    """All findings of a report, known and new; one per line and sorted, for small differences in git."""
    keys = sorted((photo.name, finding.rule) for photo in report.photos for finding in photo.findings)
    lines = ",\n".join(json.dumps({"photo": name, "rule": rule}) for name, rule in keys)
    return f'{{"photocli_baseline": {_LAYOUT}, "findings": [\n{lines}\n]}}\n'.encode()
