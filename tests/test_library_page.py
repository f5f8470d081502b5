"""docs/library.md: every example runs as it stands, and its names are those of the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from photos import camera_exif, write_photo

import photocli

PAGE = (Path(__file__).parents[1] / "docs" / "library.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n")[0]: part for part in PAGE.split("\n## ")}
EXAMPLES = {
    title: re.findall(r"^```python\n(.*?)^```", part, re.M | re.S)
    for title, part in SECTIONS.items()
    if "```python" in part
}


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a folder `shoot`: a burst of two, and another photo."""
    folder = tmp_path / "shoot"
    for second, (name, of) in enumerate((("a", "china"), ("b", "china"), ("c", "astronaut"))):
        exif = camera_exif(captured=f"2024:05:01 10:20:{30 + second}")
        write_photo(folder / f"{name}.jpg", of, size=(480, 320), quality=90 - second, exif=exif)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_examples_run(title: str, shoot: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in shoot.iterdir()}
    for number, example in enumerate(EXAMPLES[title]):
        exec(compile(example, f"docs/library.md, {title}, {number}", "exec"), {})
    assert capsys.readouterr().out.strip() or title in ("Check", "Crop"), "these find nothing here"
    assert {path: path.read_bytes() for path in shoot.iterdir()} == before


def test_an_image_has_the_score_of_its_file_in_any_form(
    shoot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the section says, and what stands in comments beside its example."""
    exec(compile(EXAMPLES["Images in memory"][0], "images", "exec"), {})
    *scores, first, second, a, _, _ = capsys.readouterr().out.splitlines()
    assert (len(scores), len(set(scores))) == (4, 1), "a small JPEG is not reduced as it is decoded"
    assert (first, second, Path(a).as_posix()) == ("image 1", "cover", "shoot/a.jpg")


def test_the_page_and_the_package_have_the_same_names() -> None:
    named = set(re.findall(r"photocli\.([A-Za-z_]+)\b(?!\.toml)", PAGE)) - {"records", "toml", "com"}
    assert named <= set(photocli.__all__)
    known = named | set(re.findall(r"`([A-Za-z_]+)[`(]", PAGE))
    assert {name for name in photocli.__all__ if name not in known} <= {
        "Explanation",
        "Summary",
        "__version__",
    }


def test_the_page_is_found() -> None:
    root = Path(__file__).parents[1]
    assert "docs/library.md" in (root / "README.md").read_text()
    assert "library.md" in (root / "docs" / "guide.md").read_text()


def test_every_name_of_the_package_can_be_had() -> None:
    for name in photocli.__all__:
        thing = getattr(photocli, name)
        assert name == "__version__" or thing.__doc__, name
    assert set(photocli.__all__) == set(photocli._HOMES)
