"""SARIF 2.1.0, as GitHub's code scanning and other viewers of findings read it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from photocli.checks.check import UNREADABLE
from photocli.records import VERSION

if TYPE_CHECKING:
    from photocli.checks.check import CheckedPhoto, Finding, Report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report) -> bytes:
    """One run with a rule per requirement and a result per finding, in the order of the photos.

    The counts are properties of the run. Photos are named relative to the current folder where they lie under
    it, as code scanning expects.
    """
    ids = [UNREADABLE, *report.rules]
    results = [_result(report, ids, photo, finding) for photo in report.photos for finding in photo.findings]
    driver = {"name": "photocli", "version": VERSION, "rules": [_rule(name) for name in ids]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"rules": report.rules, **report.counts},
    }
    return (json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n").encode()


def _rule(name: str) -> dict[str, Any]:
    text = "The photo can be read" if name == UNREADABLE else f"Photos must keep: {name}"
    return {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}


def _result(report: Report, ids: list[str], photo: CheckedPhoto, finding: Finding) -> dict[str, Any]:
    # Code scanning leaves out results without a line, so a photo has a first one.
    location = {"artifactLocation": {"uri": _uri(photo.path)}, "region": {"startLine": 1}}
    mark = hashlib.sha256(f"{photo.name}\n{finding.rule}".encode("utf-8", "surrogateescape")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": "note" if finding.known else "error",
        "message": {"text": f"{photo.name}: {finding.reason}"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"photoAndRule/v1": mark[:32]},
    }
    if report.has_baseline:
        result["baselineState"] = "unchanged" if finding.known else "new"
    return result


def _uri(path: str) -> str:
    """A relative reference where the photo lies under the current folder, else a file address."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links keep their own names
    here = Path.cwd()
    if absolute.is_relative_to(here):
        # A colon in the first part of a relative reference would make it a scheme.
        return quote(os.fsencode(absolute.relative_to(here).as_posix()), safe="/")
    return absolute.as_uri()
