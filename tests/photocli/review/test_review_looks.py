"""The page's own files: short, with nothing from elsewhere, neutral in colour and easy to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REVIEW = Path(__file__).parents[3] / "photocli" / "review"
STATIC = sorted((REVIEW / "static").iterdir())
SCRIPTS = [file for file in STATIC if file.suffix == ".js"]
SHEETS = [file for file in STATIC if file.suffix == ".css"]
TEMPLATES = sorted((REVIEW / "templates").glob("*.html"))

TINTED = frozenset(
    ("accent", "on-accent", "quiet", "good", "bad", "red", "yellow", "green", "blue", "purple")
)
"""The tokens that may have a colour; all others are greys."""

TEXTS = [
    *(
        (text, ground)
        for text in ("text", "faint")
        for ground in ("back", "bar", "card", "well", "hover", "chosen")
    ),
    *(("bad", ground) for ground in ("bar", "card", "well", "chosen")),
    *(("text", ground) for ground in ("quiet", "raised")),
    ("on-accent", "accent"),
]
"""Texts and the grounds on which they stand."""

EDGES = [(line, ground) for line in ("edge", "accent") for ground in ("back", "bar", "card")]
"""What shows where a control or the focus is."""


def themes() -> dict[str, dict[str, str]]:
    """The colours of the light theme and of the dark one, by their names."""
    sheet = (REVIEW / "static" / "page.css").read_text(encoding="utf-8")
    found = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rule)) for rule in re.findall(r"\{([^{}]*)\}", sheet)
    ]
    dark, light = [rule for rule in found if "back" in rule]
    labels = next(rule for rule in found if "purple" in rule)
    return {"light": {**light, **labels}, "dark": {**dark, **labels}}


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG has it."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("file", [*SCRIPTS, *SHEETS, *TEMPLATES], ids=lambda file: file.name)
def test_files_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_greys_have_no_tint(theme: str) -> None:
    greys = {name: colour for name, colour in themes()[theme].items() if name not in TINTED}
    assert len(greys) > 8
    for name, colour in greys.items():
        assert colour[1:3] == colour[3:5] == colour[5:7], name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_are_easy_to_read(theme: str) -> None:
    colours = themes()[theme]
    for text, ground in TEXTS:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for line, ground in EDGES:
        assert contrast(colours[line], colours[ground]) >= 3, (line, ground)


def test_a_known_contrast() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_what_modules_import_is_there() -> None:
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        for name in re.findall(r"(?:from|import\() ?\"([^\"]+)\"", text):
            assert (script.parent / name).is_file(), (script.name, name)
        for names, source in re.findall(r"import \{([^}]*)\} from \"([^\"]+)\"", text):
            exported = (script.parent / source).read_text(encoding="utf-8")
            for name in (each.strip().split(" as ")[0] for each in names.split(",") if each.strip()):
                shape = rf"export (?:async )?(?:function|const|let|class) {name}\b|export \{{[^}}]*\b{name}\b"
                assert re.search(shape, exported), (script.name, source, name)


def test_the_template_loads_what_is_there() -> None:
    page = (REVIEW / "templates" / "page.html").read_text(encoding="utf-8")
    loops = re.findall(r"\{% for (sheet|module) in \(([^)]*)\) %\}", page)
    assert [kind for kind, _ in loops] == ["sheet", "module"]
    for kind, names in loops:
        suffix = "css" if kind == "sheet" else "js"
        for name in re.findall(r"\"([\w-]+)\"", names):
            assert (REVIEW / "static" / f"{name}.{suffix}").is_file(), name


def test_symbols_that_are_used_are_drawn() -> None:
    templates = "".join(file.read_text(encoding="utf-8") for file in TEMPLATES)
    drawn = set(re.findall(r"<symbol id=\"i-(\w+)\"", templates))
    used = set(re.findall(r"#i-(\w+)\"", templates)) | {"grid", "loupe", "compare", "survey", "undecided"}
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        used |= set(re.findall(r"symbol: \"(\w+)\"", text)) | set(re.findall(r"\bicon\(\"(\w+)\"\)", text))
    assert len(used) > 15 and used <= drawn, used - drawn


def test_nothing_is_markup_that_could_come_from_a_photo() -> None:
    # The policy forbids inline code and styles as well; what isn't there can't be allowed by mistake.
    barred = r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|ContextualFragment"
    for script in SCRIPTS:
        assert not re.search(barred, script.read_text(encoding="utf-8")), script.name
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|\|\s*safe\b|javascript:", text), template.name
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), template.name


def test_nothing_comes_from_elsewhere() -> None:
    for file in (*SCRIPTS, *SHEETS):
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text and "@import" not in text, file.name
