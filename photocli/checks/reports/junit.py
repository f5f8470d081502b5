"""JUnit XML, as GitLab, Jenkins, Azure and most other CI systems show it: a photo is a test case."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.checks.check import CheckedPhoto, Report

# XML 1.0 cannot hold most of these at all, not even escaped; terminals may obey those from DEL on.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> bytes:
    """Render a suite with a case per photo, in the order of the run; its class name is the photo's folder.

    Rules that are broken make a failure, a photo that cannot be read is an error, and one with findings that
    the baseline knows is skipped. Times are zero, so that the same photos give the same file.
    """
    from lxml import etree

    counts = {
        "name": "photocli check",
        "tests": str(len(report.photos)),
        "failures": str(report.short),
        "errors": str(report.unreadable),
    }
    root = etree.Element("testsuites", {**counts, "time": "0"})
    suite = etree.SubElement(root, "testsuite", {**counts, "skipped": str(report.excused), "time": "0"})
    for photo in report.photos:
        _add_case(suite, photo)
    document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return document


def _add_case(suite: Any, photo: CheckedPhoto) -> None:
    from lxml import etree

    path = PurePosixPath(photo.name)
    folder = str(path.parent) if path.parent.name else "photos"
    case = etree.SubElement(suite, "testcase", classname=_text(folder), name=_text(path.name), time="0")
    if not photo.findings:
        return
    found = photo.new or photo.findings
    reasons = "; ".join(finding.reason for finding in found)
    if not photo.new:
        etree.SubElement(case, "skipped", message=_text(f"in the baseline: {reasons}"))
        return
    rules = ", ".join(finding.rule for finding in found)
    tag = "failure" if photo.readable else "error"
    etree.SubElement(case, tag, type=_text(rules), message=_text(reasons))


def _text(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
