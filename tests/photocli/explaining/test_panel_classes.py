"""The panels of classifiers and styles: what speaks for a class, and its probability beside the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crafted_classes import COLOURS, GRID, STYLE, Group, colours, foretold, write_classifier, write_style
from photos import picture, write_photo

from photocli import Options, explain
from photocli.explaining import Explanation, canvas, chances, panels
from photocli.explaining.heat import Heat, activation
from photocli.explaining.page import WIDTH
from photocli.inputs.views import InputSpec, cut
from photocli.scoring.calibration import log_odds


@pytest.fixture
def models(own_folders: Path) -> Path:
    return own_folders / "models"


def explained(folder: Path, *assess: str, of: str = "astronaut") -> Explanation:
    return explain(write_photo(folder / "a.png", of), Options(assess=assess, device="cpu"))


def places(found: Heat) -> np.ndarray:
    """The mean of a map over each place of the network's grid."""
    side = found.points.shape[0] // GRID
    return found.points.reshape(GRID, side, GRID, side).mean(axis=(1, 3))


def alike(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a map is what it should be, but for what smoothing takes from its peaks."""
    fits = np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98
    return bool(fits and np.abs(found - expected).max() < 0.2 * np.ptp(expected))


def levels(of: str) -> np.ndarray:
    """The mean colours, 0-1, of those places: (3, rows, columns)."""
    seen = cut(np.asarray(picture(of)), InputSpec("image", 32, 32)) / 255
    return seen.reshape(3, GRID, 8, GRID, 8).mean(axis=(2, 4))


def test_the_map_is_what_each_place_adds_to_the_chosen_class(models: Path, tmp_path: Path) -> None:
    write_classifier(models)
    page = explained(tmp_path, "rooms")
    found = page.found("classifier")
    (answer,) = page.record.answers
    weights = np.asarray(colours().weights)
    ours = (weights - weights.mean(axis=0))[COLOURS.index(answer.label or "")]
    expected = np.tensordot(ours, levels("astronaut"), 1)
    assert found.points.shape == (32, 32)
    assert alike(places(found), expected)
    assert found.score == pytest.approx(log_odds(answer.confidence), abs=0.01)


def test_smooth_maps_keep_their_places() -> None:
    blob = np.zeros((7, 7), np.float32)
    blob[2, 4] = 0.5
    found = activation(blob, (224, 448), 0.0)
    assert found.points.shape == (224, 448)
    assert np.unravel_index(found.points.argmax(), found.points.shape) == pytest.approx((80, 288), abs=2)
    assert found.points.max() == pytest.approx(0.5 * 49, rel=0.05)
    assert abs(np.diff(found.points, axis=1)).max() < 0.05 * found.points.max()  # no edges of places


def test_without_maps_places_are_covered(models: Path, tmp_path: Path) -> None:
    write_classifier(models, "with")
    write_classifier(models, "without", colours(gain=12.01), maps=False)
    page = explained(tmp_path, "with", "without")
    (first, mapped), (second, covered) = page.findings
    assert ("maps" in first.outputs, "maps" in second.outputs) == (True, False)
    seen, also = places(mapped).ravel(), places(covered).ravel()
    assert np.corrcoef(seen, also)[0, 1] > 0.8
    assert covered.points.shape == (32, 32)


def test_of_several_classes_the_most_probable_one_is_mapped_even_where_none_holds(
    models: Path, tmp_path: Path
) -> None:
    group = colours(several=True)
    write_classifier(models, "has", group, thresholds=dict.fromkeys(COLOURS, 0.99999))
    page = explained(tmp_path, "has", of="coffee")
    assert page.record.answers[0].label is None
    expected = np.tensordot(np.asarray(group.weights)[0], levels("coffee"), 1)
    assert alike(places(page.found("classifier")), expected)


def test_the_style_that_holds_is_mapped_and_else_the_medium(models: Path, tmp_path: Path) -> None:
    write_style(models)
    page = explained(tmp_path, "style", of="coffee")
    assert page.record.style == "sepia"
    sepia = np.tensordot(np.asarray(STYLE["looks"].weights)[1], levels("coffee"), 1)
    assert alike(places(page.found("style")), sepia)
    write_style(
        models, groups={"looks": Group(STYLE["looks"].names, [[0.0] * 3] * 3, [-5.0] * 3, several=True)}
    )
    page = explained(tmp_path, "style", of="coffee")
    assert page.record.styles[0][0] == "scream"
    weights = np.asarray(STYLE["paintings"].weights)
    scream = np.tensordot((weights - weights.mean(axis=0))[1], levels("coffee"), 1)
    assert alike(places(page.found("style")), scream)
    write_style(
        models,
        groups={
            "looks": Group(STYLE["looks"].names, [[0.0] * 3] * 3, [-5.0] * 3, several=True),
            "paintings": Group(("none",), [[0.0] * 3], [0.0]),
        },
    )
    page = explained(tmp_path, "style", of="coffee")
    assert page.record.style == "plain"
    weights = np.asarray(STYLE["medium"].weights)
    best = foretold(STYLE["medium"], cut(np.asarray(picture("coffee")), InputSpec("i", 32, 32))).argmax()
    medium = np.tensordot((weights - weights.mean(axis=0))[best], levels("coffee"), 1)
    assert alike(places(page.found("style")), medium)


@pytest.mark.parametrize("maps", [True, False])
def test_the_page_has_a_panel_for_each(maps: bool, models: Path, tmp_path: Path) -> None:
    many = [f"a class of the name {number}" for number in range(30)]
    weights = np.random.default_rng(1).normal(size=(30, 3)).tolist()
    write_classifier(models, "many", Group(many, weights, [0.0] * 30), maps=maps)
    write_classifier(models, "has", colours(several=True), maps=maps)
    write_style(models, maps=maps)
    page = explained(tmp_path, "many", "has", "style", of="chelsea")
    assert [view.card.name for view, _ in page.findings] == ["many", "has", "style"]
    heights = []
    for view, found in page.findings:
        panel = panels.fitting(view.card)
        assert panel is not None
        drawn = panel.draw(view, found, 1360)
        heights.append(drawn.height)
        assert drawn.width == 1360
    assert page.picture().size[0] == WIDTH
    assert page.picture().height > sum(heights)
    page.save(tmp_path / "page.png")


def test_bars_are_as_long_as_classes_are_probable() -> None:
    said = {"cat": 0.25, "dog": 0.75, "owl": 0.5}
    drawn = np.asarray(chances.draw(said, {"dog"}, 500, limits={"cat": 0.9}).finished())
    rows = [drawn[round(32 * (row + 0.5))] for row in range(3)]
    lit = [
        (np.abs(line.astype(int) - colour).max(axis=1) < 4).sum()
        for line, colour in zip(rows, (canvas.ACCENT, chances._QUIET, chances._QUIET), strict=True)
    ]
    room = 500 - 0.4 * 500 - 56
    assert lit == pytest.approx([0.75 * room, 0.5 * room, 0.25 * room], abs=6)
    few = chances.draw({str(number): number / 100 for number in range(40)}, {"0"}, 500)
    assert few.height < 13 * 32 + 40  # twelve, the one that holds, and a line for the others
