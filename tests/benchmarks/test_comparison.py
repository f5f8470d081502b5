"""The comparison: what is counted, written, printed and drawn; the whole of it over a tiny shoot."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks import chart, pages, paired, report, results
from benchmarks.compare import Comparison, Plan
from benchmarks.competitors import environment
from benchmarks.ours import Program
from benchmarks.results import Results, Sample, Way
from benchmarks.shoot.making import PhotoSet, link_photos, make_set
from benchmarks.tree import run_measured

ROOT = Path(__file__).parents[2]
TINY = (PhotoSet("jpeg24", ".jpg", 600, 400, 2, 0.1), PhotoSet("preview24", ".jpg", 600, 400, 2, 0.1, True))
COMPETITORS = os.environ.get("PHOTOCLI_COMPETITORS", "")
"""The folder of `--folder` in which the environment of the competitors lies, for those who made it."""


def some_results() -> Results:
    """Results in which everything was measured, with round figures."""
    rates = {
        "simplejpeg-own": 24.0,
        "ours-all": 18.0,
        "ours-three": 20.0,
        "ours-previews": 18.0,
        "ours-fast": 80.0,
        "ours-native": 12.0,
        **dict.fromkeys(environment.TITLES, 2.0),
    }
    ways = [
        Way(key, "ours" if key.startswith("ours") else "others", key, "", [Sample(200, 200 / rate, 10.0)])
        for key, rate in rates.items()
    ]
    ways.append(Way("ours-one", "ours", "one", "", [Sample(1, 0.8, 0.6)]))
    facts = {
        "scale": 0.5,
        "peak_mb": 512.0,
        "cost": {"200": 0.05, "2000": 0.0505},
        "cached": {"photos": 20_000, "seconds": 0.9, "one_s": 0.4, "stat_s": 0.2},
    }
    pair = {"commit": "a477492", "ratio": 1.7, "lowest": 1.6, "highest": 1.8, "cpu_ratio": 1.9}
    stages = [{"stage": "network of aesthetics", "ms": 13.9, "int8_ms": 4.1}]
    shoot = {"distinct": 40, "mean_mb": 5.5, "few": 100, "slow": 24}
    return Results("9.9.9", 200, 3, results.machine(), shoot, ways, facts, stages, pair)


def test_the_start_weighs_as_it_would_over_all_photos() -> None:
    slow = Sample(photos=20, seconds=12.0, cpu_s=20.0, start_s=2.0)
    assert slow.rate(200) == pytest.approx(200 / 102)
    assert slow.cpu_ms == 1000
    assert Sample(200, 10.0, 18.0).rate(200) == 20


def test_results_are_kept_and_name_no_machine(tmp_path: Path) -> None:
    path = results.write(some_results(), tmp_path)
    text = path.read_text()
    assert path.name == "9.9.9.json"
    assert platform.node() not in text
    assert str(Path.home()) not in text
    assert str(ROOT) not in text
    kept = results.read(path)
    assert kept.ratio("ours-all", "cleanvision_issues") == pytest.approx(9, rel=1e-3)
    assert report.text(kept) == report.text(some_results())


def test_a_run_without_stages_and_pairs_keeps_those_of_an_earlier_one(tmp_path: Path) -> None:
    results.write(some_results(), tmp_path)
    again = some_results()
    again.stages, again.paired = [], {}
    kept = results.read(results.write(again, tmp_path))
    assert kept.paired["commit"] == "a477492"
    assert kept.stages[0]["int8_ms"] == 4.1


def test_the_newest_results_are_of_the_highest_version(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.2.1"):
        (tmp_path / f"{version}.json").touch()
    assert results.newest(tmp_path) == tmp_path / "0.10.0.json"
    assert results.newest(tmp_path / "none") is None


def test_targets_say_what_was_reached() -> None:
    said = {target.title: target.reached for target in report.targets(some_results())}
    assert said["all models / simplejpeg alone, at the run's scale"] is True  # .75 of .65
    assert said["all models / CleanVision"] is False  # 9 of 18
    assert said["run from the cache / `os.stat`"] is True  # 4.5 of 5
    nothing = Results("9.9.9", 200, 3, results.machine(), {"distinct": 1, "mean_mb": 1})
    assert {target.reached for target in report.targets(nothing)} == {None}
    assert "| photocli" not in report.text(nothing)


def test_the_table_has_a_row_for_each_way() -> None:
    rows = report.rates_table(some_results()).splitlines()
    assert "| ours-fast | 80.0 | 80.0–80.0 | 50 | 0.23 |" in rows
    assert len(rows) == 2 + 6 + len(environment.TITLES)


def test_bars_are_as_long_as_rates_are_high() -> None:
    root = ElementTree.fromstring(chart.draw(some_results()))
    space = "{http://www.w3.org/2000/svg}"
    widths = [
        float(bar.attrib["width"])
        for bar in root.iter(f"{space}rect")
        if bar.attrib["class"] in ("ours", "others", "decoding")
    ]
    assert len(widths) == 3 + len(environment.TITLES)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] / widths[0] == pytest.approx(2 / 24, rel=0.01)
    texts = "".join(root.itertext())
    assert "CleanVision" in texts
    assert "prefers-color-scheme: dark" in texts
    with pytest.raises(ValueError, match="nothing to draw"):
        chart.draw(Results("9.9.9", 200, 3, results.machine(), {}))


def test_results_are_put_into_the_pages(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/speed.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    for _ in range(2):  # a second time it is put in the place of the first
        pages.publish(some_results(), tmp_path)
    readme, page = (tmp_path / "README.md").read_text(), (tmp_path / "docs" / "speed.md").read_text()
    assert "18.0 JPEGs of 24 megapixels a second" in readme
    assert " ".join(readme.split()).count("75% of what the cores reach") == page.count("| ours-fast |") == 1
    assert "## Licence" in readme
    assert "## How it is measured" in page
    assert (tmp_path / "docs" / "speed.svg").exists()


def test_the_pages_have_the_newest_results() -> None:
    """Whoever writes new results puts them into the pages, too; before the first there are only the marks."""
    path = results.newest()
    page, readme = (ROOT / "docs" / "speed.md").read_text(), (ROOT / "README.md").read_text()
    assert pages.START in page
    assert pages.START in readme
    if path is not None:
        found = results.read(path)
        assert report.text(found) in page
        assert pages.readme(found) in readme
        assert (ROOT / "docs" / "speed.svg").read_text() == chart.draw(found)


def test_cpu_time_is_that_of_children_too() -> None:
    work = "sum(range(20_000_000))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{work}'])"
    run = run_measured([sys.executable, "-c", code], every_s=None)
    assert run.code == 0
    assert run.peak_mb == 0
    if sys.platform != "win32":
        assert run.cpu_s > 0.15
    watched = run_measured([sys.executable, "-c", f"{code}; sys.exit(3)"])
    assert watched.code == 3
    assert watched.peak_mb > 3


def test_every_competitor_has_a_script_and_a_pinned_version() -> None:
    scripts = {path.stem for path in environment.SCRIPTS.glob("*_*.py") if not path.stem.startswith("_")}
    assert scripts == set(environment.TITLES)
    lines = environment.REQUIREMENTS.read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z]+==[\w.]+", line) for line in pinned), pinned


@pytest.mark.slow
@pytest.mark.skipif(not COMPETITORS, reason="PHOTOCLI_COMPETITORS names no folder with their environment")
@pytest.mark.parametrize("name", environment.TITLES)
def test_competitors_run(tmp_path: Path, name: str) -> None:
    photos = make_set(TINY[0], tmp_path)
    folder = link_photos(photos, tmp_path / "links", 4)
    sample = environment.run(environment.prepare(Path(COMPETITORS)), name, folder)
    assert sample.photos == 4
    assert sample.start_s is not None
    assert 0 < sample.start_s < sample.seconds


@pytest.mark.slow
def test_the_whole_comparison_runs_over_a_tiny_shoot(tmp_path: Path) -> None:
    groups = ("decoding", "ours", "memory", "cost", "cached", "modes")
    plan = Plan(tmp_path, 4, 2, rounds=1, costs=(6,), cached=5, only=groups, sets=TINY)
    program = Program(tmp_path / "home")
    found = Comparison(plan, program, Results("9.9.9", 4, 1, results.machine(), {})).run()
    assert {way.key for way in found.ways} >= {"simplejpeg-own", "pillow-whole", "ours-all", "ours-native"}
    assert all(len(way.samples) == 1 for way in found.ways)
    whole = found.way("ours-all")
    assert whole is not None
    assert whole.samples[0].photos == 4
    assert set(found.facts["cost"]) == {"4", "6"}
    assert found.facts["peak_mb"] > 50
    assert found.facts["cached"]["seconds"] > found.facts["cached"]["stat_s"] > 0


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_a_commit_is_compared_with_and_its_work_tree_is_gone_afterwards(tmp_path: Path) -> None:
    photos = link_photos(make_set(TINY[0], tmp_path), tmp_path / "links", 2)
    with paired.checked_out("HEAD", tmp_path) as tree:
        before = Program(tmp_path / "before", tree)
        where = [before.python, "-c", "import photocli; print(photocli.__file__)"]
        done = subprocess.run(where, env=before.environment, cwd=before.home, capture_output=True, text=True)
        assert Path(done.stdout.strip()).is_relative_to(tree)
        pairs = paired.compare(Program(tmp_path / "now"), before, photos, 1)
    assert not tree.exists()
    found = paired.summary("HEAD", pairs)
    assert found["photos"] == 2
    assert 0.2 < found["ratio"] < 5
