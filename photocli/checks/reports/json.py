"""JSON: every photo with what it breaks, and the counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from photocli.records import VERSION

if TYPE_CHECKING:
    from photocli.checks.check import CheckedPhoto, Report


def render(report: Report) -> bytes:
    """`{"photocli": …, "rules": [...], "photos": [...], "summary": {...}}`, a photo per line.

    `outcome` is `pass`, `fail`, `unreadable`, or `known` where the baseline excuses all that was found.
    """
    photos = ",\n".join(json.dumps(_entry(photo)) for photo in report.photos)
    head = f'{{"photocli": {json.dumps(VERSION)},\n"rules": {json.dumps(report.rules)},\n'
    return f'{head}"photos": [\n{photos}\n],\n"summary": {json.dumps(report.counts)}}}\n'.encode()


def _entry(photo: CheckedPhoto) -> dict[str, Any]:
    findings = [{"rule": f.rule, "reason": f.reason, "known": f.known} for f in photo.findings]
    return {"photo": photo.name, "path": photo.path, "outcome": _outcome(photo), "findings": findings}


def _outcome(photo: CheckedPhoto) -> str:
    if photo.new:
        return "fail" if photo.readable else "unreadable"
    return "known" if photo.findings else "pass"
