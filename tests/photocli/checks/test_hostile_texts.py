"""Names and EXIF values that mean something to HTML, XML, Markdown, terminals and parsers stay text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from photocli.checks import reports
from photocli.checks.check import Check, Report, root_of
from photocli.checks.rules import parse
from photocli.records import Record
from photocli.scoring.pipeline import Summary
from photocli.writers.html import HtmlWriter
from photocli.writers.table import TableWriter

TEXTS = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "]]><!ENTITY x SYSTEM 'file:x'>&x;",
    "\"/><failure message='",
    "`| a | b |`\n\n# title\n![](x)",
    "[link](javascript:alert(1))",
    "\x1b[2J\x1b]0;title\x07\r\b\x9b31m",
    "[red]x[/red]",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe\u2028\ufeff\ufffe",
    "\udce9\x00\x7f",
    "=1+1|'{{7*7}}'${x}%n",
)


@pytest.fixture
def records() -> list[Record]:
    """A photo for each text, which stands in its name and is its camera; none is good enough."""
    return [
        Record(f"shoot/{number}{text.replace('/', '_')}.jpg", camera=text, aesthetic=2.0, score=2.0)
        for number, text in enumerate(TEXTS)
    ]


@pytest.fixture
def report(records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The check of them by a rule on their camera, which stands in the reasons."""
    monkeypatch.chdir(tmp_path)
    Path("shoot").mkdir()
    check = Check([parse("camera == 'none'"), parse("aesthetic >= 4.5")], root_of([Path("shoot")]))
    for record in records:
        check.add(record)
    return check.report


def rendered(name: str, report: Report) -> str:
    """A report as text, without a character that a terminal obeys."""
    text = reports.load(name).render(report).decode("utf-8")
    assert not set(text) & set("\x00\x07\x08\x1b\x7f\x9b")
    return text


def test_junit_holds_them(report: Report) -> None:
    (suite,) = ElementTree.fromstring(rendered("junit", report))
    assert [[child.tag for child in case] for case in suite] == [["failure"]] * len(TEXTS)
    assert {key for case in suite for key in case.keys()} == {"classname", "name", "time"}  # noqa: SIM118
    assert [case.get("name", "")[: len(str(at))] for at, case in enumerate(suite)] == [
        str(at) for at in range(len(TEXTS))
    ]
    assert suite[0].get("name") == "0<_script><script>alert(1)<_script>.jpg"


def test_sarif_holds_them(report: Report) -> None:
    (run,) = json.loads(rendered("sarif", report))["runs"]
    assert len(run["results"]) == 2 * len(TEXTS)
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]]
    for place in places:
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", place["uri"]), place
    assert unquote(places[0]["uri"]) == f"shoot/0{TEXTS[0].replace('/', '_')}.jpg"


def test_json_holds_them(report: Report) -> None:
    photos = json.loads(rendered("json", report))["photos"]
    assert [photo["outcome"] for photo in photos] == ["fail"] * len(TEXTS)


def test_markdown_shows_them(report: Report) -> None:
    lines = rendered("markdown", report).split("\n")
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 2 + len(TEXTS)
    assert [line for line in lines if line.startswith("#")] == [lines[0]]
    for row in rows[2:]:
        bare = re.sub(r"\\.", "", row)
        assert bare.count("|") == rows[0].count("|")
        assert not set(bare) & set("<>`[]*"), row


def test_the_table_prints_them(
    records: list[Record], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    writer = TableWriter(top=50, sort="camera")
    for record in records:
        writer.write(record)
    writer.show(Summary(photos=len(records)))
    printed = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in printed)
    assert "[red]x[/red]" in printed


def test_the_page_holds_them_as_data(records: list[Record], tmp_path: Path) -> None:
    with HtmlWriter(tmp_path / "r.html") as writer:
        for record in records:
            writer.write(record)
        writer.close()
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert "<!ENTITY" not in text
    assert "<img src=x" not in text
