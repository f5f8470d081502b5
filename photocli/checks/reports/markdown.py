"""Markdown, for the summary page of a CI job or a comment on a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from photocli.display import printable

if TYPE_CHECKING:
    from photocli.checks.check import CheckedPhoto, Report

MOST_ROWS = 500
"""Summary pages hold a megabyte; the rest is counted, and listed in the other reports."""

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:-])")


def render(report: Report) -> bytes:
    """A heading that counts as the terminal does, the rules, and a table of the photos that fail."""
    failing = report.failing
    lines = [f"## photocli check: {report.in_words}", ""]
    lines += [f"- {_text(rule)}" for rule in report.rules]
    if failing:
        lines += ["", "| Photo | Why |", "| --- | --- |"]
        lines += [_row(photo) for photo in failing[:MOST_ROWS]]
    if len(failing) > MOST_ROWS:
        lines += ["", f"And {len(failing) - MOST_ROWS:,} more."]
    return ("\n".join(lines) + "\n").encode()


def _row(photo: CheckedPhoto) -> str:
    return f"| {_text(photo.name)} | {_text('; '.join(finding.reason for finding in photo.new))} |"


def _text(text: str) -> str:
    """Text that no renderer takes for markup, whatever a file is named."""
    return _MARKUP.sub(r"\\\1", printable(text))
