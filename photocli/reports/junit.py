"""JUnit XML, as GitLab, Jenkins, Azure and most other CI systems show it: a photo is a test case."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from photocli.checks import Checked, Report

# XML 1.0 cannot hold most of these at all, not even escaped; terminals may obey those from DEL on.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> bytes:
    """A suite with a case per photo, in the order of the run; its class name is the photo's folder.

    Rules that are broken make a failure, a photo that cannot be read is an error, and one with findings that
    the baseline knows is skipped. Times are zero, so that the same photos give the same file.
    """
    excused = sum(1 for photo in report.photos if photo.findings and not photo.new)
    counts = f'tests="{len(report.photos)}" failures="{report.short}" errors="{report.unreadable}"'
    suite = f'<testsuite name="photocli check" {counts} skipped="{excused}" time="0">'
    cases = [_case(photo) for photo in report.photos]
    whole = f'<testsuites name="photocli check" {counts} time="0">'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', whole, suite, *cases, "</testsuite>", "</testsuites>"]
    return ("\n".join(lines) + "\n").encode()


def _case(photo: Checked) -> str:
    path = PurePosixPath(photo.name)
    folder = str(path.parent) if path.parent.name else "photos"
    start = f'<testcase classname={_attribute(folder)} name={_attribute(path.name)} time="0"'
    if not photo.findings:
        return f"{start}/>"
    found = photo.new or photo.findings
    reasons = "; ".join(finding.reason for finding in found)
    if not photo.new:
        return f"{start}><skipped message={_attribute(f'in the baseline: {reasons}')}/></testcase>"
    tag = "failure" if photo.readable else "error"
    rules = ", ".join(finding.rule for finding in found)
    return f"{start}><{tag} type={_attribute(rules)} message={_attribute(reasons)}/></testcase>"


def _attribute(text: str) -> str:
    entities = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
    return quoteattr(_IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text), entities)
