from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from networks import write_model
from photos import write_photo
from typer.testing import CliRunner, Result

from photocli.checks import reports
from photocli.checks.check import Check, Report, relative_name, root_of
from photocli.checks.rules import parse
from photocli.cli import app
from photocli.records import Record

RULES = [parse("aesthetic >= 4.5"), parse("blur? < 0.5")]
RECORDS = [
    Record("shoot/a.jpg", aesthetic=6.0),
    Record("shoot/day 1/b&<c>.jpg", aesthetic=4.0, blur=0.75),
    Record("shoot/d|*_`x`\x1b[31m\n.jpg", aesthetic=3.0),
    Record("shoot/known.jpg", aesthetic=2.0),
    Record("shoot/\udce9.jpg", status="failed", error="truncated: the picture data ends early"),
    Record("shoot/notes.txt", status="skipped", error="not a photo"),
]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.chdir(tmp_path)
    Path("shoot").mkdir()
    baseline = frozenset({("known.jpg", "aesthetic >= 4.5")})
    check = Check(RULES, root_of([Path("shoot")]), baseline)
    for record in RECORDS:
        check.add(record)
    return check.report


def test_counts(report: Report) -> None:
    assert [photo.name for photo in report.photos][:2] == ["a.jpg", "day 1/b&<c>.jpg"]
    assert (len(report.photos), report.short, report.unreadable, report.known) == (5, 2, 1, 1)
    assert [finding.reason for finding in report.photos[1].findings] == [
        "aesthetic is 4, not >= 4.5",
        "blur is 0.75, not < 0.5",
    ]


def test_names_are_relative_to_what_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_photo(tmp_path / name / "x.jpg", size=(8, 8))
    assert relative_name("a/x.jpg", root_of([Path("a")])) == "x.jpg"
    assert relative_name("a/x.jpg", root_of([tmp_path / "a" / "x.jpg"])) == "x.jpg"
    both = root_of([Path("a"), Path("b/x.jpg")])
    assert [relative_name(f"{name}/x.jpg", both) for name in ("a", "b")] == ["a/x.jpg", "b/x.jpg"]


def test_a_field_that_no_photo_has_is_pointed_out() -> None:
    check = Check([parse("blur < 1"), parse("aesthetic > 1")])
    check.add(Record("a.jpg", aesthetic=2.0))
    assert check.never_filled == ["blur"]


@pytest.mark.parametrize("name", reports.names())
def test_every_report_is_stable_and_text(name: str, report: Report) -> None:
    document = reports.load(name).render(report)
    assert document == reports.load(name).render(report)
    assert document.decode("utf-8").endswith("\n")
    assert "\x1b" not in document.decode("utf-8")
    empty = reports.load(name).render(Report(("aesthetic >= 4.5",)))
    assert empty.decode("utf-8").strip()


def test_junit_has_the_shape_that_ci_systems_read(report: Report) -> None:
    root = ElementTree.fromstring(reports.load("junit").render(report))
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.tag == "testsuite"
    assert suite.get("name")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    cases = list(suite)
    assert {case.tag for case in cases} == {"testcase"}
    assert all(case.get("name") and case.get("classname") and case.get("time") for case in cases)
    assert [[child.tag for child in case] for case in cases] == [
        [],
        ["failure"],
        ["failure"],
        ["skipped"],
        ["error"],
    ]
    assert (cases[1].get("classname"), cases[1].get("name")) == ("day 1", "b&<c>.jpg")
    assert cases[1][0].get("message") == "aesthetic is 4, not >= 4.5; blur is 0.75, not < 0.5"
    assert cases[2].get("name") == "d|*_`x`\N{REPLACEMENT CHARACTER}[31m\n.jpg"


def test_sarif_has_what_the_standard_requires(report: Report) -> None:
    document = json.loads(reports.load("sarif").render(report))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "photocli"
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == ["readable", "aesthetic >= 4.5", "blur? < 0.5"]
    assert len(run["results"]) == 5
    for result in run["results"]:
        assert result["message"]["text"]
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "note")
        assert result["baselineState"] in ("new", "unchanged")
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"].startswith("shoot/")
        assert place["region"] == {"startLine": 1}
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (
        "shoot/day%201/b%26%3Cc%3E.jpg"
    )
    marks = [result["partialFingerprints"]["photoAndRule/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks)


def test_markdown_keeps_a_row_a_row(report: Report) -> None:
    lines = reports.load("markdown").render(report).decode().splitlines()
    assert lines[0] == f"## photocli check: {report.in_words}"
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 2 + 3
    assert rows[3].startswith(r"| d\|\*\_\`x\`")
    assert "<c>" not in "".join(rows).replace(r"\<c\>", "")


def test_json_says_what_became_of_each_photo(report: Report) -> None:
    document = json.loads(reports.load("json").render(report))
    outcomes = [photo["outcome"] for photo in document["photos"]]
    assert outcomes == ["pass", "fail", "fail", "known", "unreadable"]
    expected = {"photos": 5, "passed": 1, "fell_short": 2, "unreadable": 1, "excused": 1, "known_findings": 1}
    assert document["summary"] == expected


def test_all_reports_count_alike(report: Report) -> None:
    words = (
        "5 photos checked · 2 fall short · 1 could not be read · 1 finding of 1 photo known from the baseline"
    )
    assert report.in_words == words
    assert reports.load("markdown").render(report).decode().splitlines()[0].endswith(f": {words}")
    counts = json.loads(reports.load("json").render(report))["summary"]
    properties = json.loads(reports.load("sarif").render(report))["runs"][0]["properties"]
    assert {name: properties[name] for name in counts} == counts
    suite = ElementTree.fromstring(reports.load("junit").render(report))[0]
    named = {"tests": "photos", "failures": "fell_short", "errors": "unreadable", "skipped": "excused"}
    assert {name: int(suite.get(name) or 0) for name in named} == {
        name: counts[count] for name, count in named.items()
    }
    assert counts["photos"] == sum(counts[n] for n in ("passed", "fell_short", "unreadable", "excused"))


# The command, with a model that likes bright photos: a grey photo of level v scores 1 + 9 v / 255.


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_model(own_folders / "models")
    for name, level in (("bright", 230), ("dark", 30), ("middle", 140)):
        write_photo(tmp_path / "shoot" / f"{name}.png", np.full((32, 48, 3), level, np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shoot"


def check(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["check", "--device", "cpu", "--workers", "1", *map(str, arguments)])


def test_exit_code_1_when_a_photo_falls_short(shoot: Path) -> None:
    result = check(shoot, "--require", "aesthetic >= 4.5")
    assert result.exit_code == 1, result.output
    assert "dark.png: aesthetic is 2." in result.stdout
    assert "3 photos checked · 1 falls short" in result.stdout
    assert check(shoot, "--require", "aesthetic >= 4.5", "--max-failures", 1).exit_code == 0
    assert check(shoot, "--require", "aesthetic >= 1").exit_code == 0


def test_wrong_use_exits_with_2(shoot: Path) -> None:
    assert check(shoot).exit_code == 2
    assert check(shoot, "--require", "beauty > 3").exit_code == 2
    assert check(shoot, "--require", "score > 3", "--baseline", shoot / "none.json").exit_code == 2
    assert check(shoot, "--require", "score > 3", "--junit", "-", "--sarif", "-").exit_code == 2
    assert check(shoot, "--require", "score > 3", "--junit", shoot / "dark.png").exit_code == 2


def test_falling_short_outweighs_being_unreadable(shoot: Path) -> None:
    (shoot / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    assert check(shoot, "--require", "aesthetic >= 1").exit_code == 3
    assert check(shoot, "--require", "aesthetic >= 4.5", "--max-failures", 1).exit_code == 3
    result = check(shoot, "--require", "aesthetic >= 4.5", "--junit", "report.xml")
    assert result.exit_code == 1
    suite = ElementTree.parse("report.xml").getroot()[0]
    assert (suite.get("failures"), suite.get("errors")) == ("1", "1")


def test_only_what_is_new_counts_against_a_baseline(shoot: Path) -> None:
    (shoot / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    rule = ("--require", "aesthetic>=4.5")
    assert check(shoot, *rule, "--write-baseline", "known.json").exit_code == 0
    known = json.loads(Path("known.json").read_text())
    assert known["findings"] == [
        {"photo": "broken.jpg", "rule": "readable"},
        {"photo": "dark.png", "rule": "aesthetic >= 4.5"},
    ]
    assert check(shoot, *rule, "--baseline", "known.json").exit_code == 0
    write_photo(shoot / "night.png", np.full((32, 48, 3), 10, np.uint8))
    result = check(shoot.resolve(), *rule, "--baseline", "known.json")
    assert result.exit_code == 1
    assert "night.png" in result.stdout
    assert "dark.png" not in result.stdout


def test_the_first_baseline_is_made_with_the_settings_that_name_it(shoot: Path) -> None:
    Path("photocli.toml").write_text('[check]\nrequire = ["aesthetic >= 4.5"]\nbaseline = "known.json"\n')
    result = check(shoot)
    assert result.exit_code == 2
    said = "there is no baseline known.json; make it with --write-baseline known.json"
    assert result.stderr == f"photocli: {said}\n"
    assert check(shoot, "--write-baseline", "known.json").exit_code == 0
    assert check(shoot).exit_code == 0


def test_rules_from_the_file_and_the_options_add_up(shoot: Path) -> None:
    Path("photocli.toml").write_text('[check]\nrequire = ["aesthetic >= 4.5"]\nmax_failures = 1\n')
    assert check(shoot).exit_code == 0
    assert check(shoot, "--max-failures", 0).exit_code == 1
    assert check(shoot, "--require", "aesthetic < 9").exit_code == 1
    assert check(shoot, "--config", "photocli.toml").exit_code == 0


def test_a_report_on_stdout_is_alone_there(shoot: Path) -> None:
    result = check(shoot, "--require", "aesthetic >= 4.5", "--sarif", "-")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["version"] == "2.1.0"
    assert "1 falls short" in result.stderr


def test_quiet_is_quiet(shoot: Path) -> None:
    result = check(shoot, "--require", "aesthetic >= 4.5", "-q")
    assert (result.exit_code, result.output) == (1, "")


def test_the_terminal_and_the_summary_of_a_job_say_the_same(shoot: Path) -> None:
    (shoot / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    rule = ("--require", "aesthetic >= 4.5", "--max-failures", 2)
    result = check(shoot, *rule, "--markdown", "report.md")
    words = "4 photos checked · 1 falls short (2 may) · 1 could not be read"
    assert result.stdout.splitlines()[-1] == words
    assert Path("report.md").read_text(encoding="utf-8").splitlines()[0] == f"## photocli check: {words}"


@pytest.mark.parametrize(
    ("rule", "more", "said"),
    [
        ("group == 1", (), "asks for group, which photocli cull fills, and check never"),
        ("pick? != 'reject'", (), "asks for pick, which photocli cull fills, and check never"),
        ("sidecar == 'kept'", (), "asks for sidecar, which photocli score --xmp fills, and check never"),
        ("taste > 4", (), "asks for taste, which photocli score --taste fills, and check never"),
        (
            "selfie > 2",
            ("--assess", "aesthetics"),
            "which a model of kind selfie fills, and none of that kind",
        ),
        ("faults == 'none'", ("--assess", "aesthetics"), "which a model of kind technical fills, and none"),
        ("technical > 2", ("--assess", "aesthetics"), "which a model of kind technical fills, and none of"),
        ("blur? < 1", ("--assess", "aesthetics"), "which a model of kind technical fills, and none of that"),
        ("score > 2", ("--assess", "technical"), "which a model of kind aesthetics fills, and none of that"),
    ],
)
def test_a_field_that_is_never_filled_is_refused(
    rule: str, more: tuple[str, ...], said: str, shoot: Path
) -> None:
    result = check(shoot, "--require", rule, *more, "--json", "report.json")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"photocli: the rule '{rule}' asks for ")
    assert said in line
    assert not Path("report.json").exists()


def test_what_the_files_say_can_be_checked_with_any_model(shoot: Path) -> None:
    result = check(shoot, "--require", "width >= 48", "--require", "camera? == 'X'", "--assess", "technical")
    assert result.exit_code == 0, result.output
    assert result.stderr == "no photo has a value for camera; in a rule, camera? lets such photos pass\n"


def test_faults_of_photos_are_checked_by_name(shoot: Path) -> None:
    from photos import picture
    from PIL import ImageFilter

    for name in ("sharp.png", "soft.png"):
        found = picture("coffee", (600, 400))
        (shoot / name).parent.mkdir(exist_ok=True)
        (found.filter(ImageFilter.GaussianBlur(9)) if name == "soft.png" else found).save(shoot / name)
    given = (shoot / "sharp.png", shoot / "soft.png")
    result = check(*given, "--require", "faults != 'blur', 'motion_blur'")
    assert result.exit_code == 1, result.output
    assert [line.split(": ")[0] for line in result.stdout.splitlines()[:-1]] == [str(given[1])]
    assert check(given[0], "--require", "faults == 'none'").exit_code == 0
    assert check(given[1], "--require", "faults == 'none'").exit_code == 1
