from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grey_shoot import grey_shoot, rate
from networks import write_model
from photos import sample_pictures, shared_data, write_photo
from PIL import Image
from typer.testing import CliRunner, Result

from photocli.cli import app
from photocli.models import store
from photocli.scoring.options import Options
from photocli.taste import ridge as taste
from photocli.taste.learning import Learner


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of somebody who likes them dark, with a model that likes them bright."""
    write_model(own_folders / "models")
    monkeypatch.setenv("PHOTOCLI_TASTES", str(own_folders / "tastes"))
    return grey_shoot(tmp_path / "shoot", lambda level: 5 - level // 52)


def command(*arguments: Any) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def learn(*arguments: Any) -> Result:
    return command("learn", "--device", "cpu", "--workers", 1, *arguments)


def scores(shoot: Path, *options: str) -> list[dict[str, Any]]:
    result = command("score", "--device", "cpu", "--workers", 1, shoot, "--json", "-", "-q", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["records"]


def test_what_is_learned_is_used(shoot: Path) -> None:
    before = scores(shoot)
    assert before[0]["score"] < before[-1]["score"]
    result = learn(shoot)
    assert result.exit_code == 0, result.output
    assert "40 photos with ratings of yours" in result.stdout
    assert "kept as 'default'" in result.stdout
    after = scores(shoot)
    assert after[0]["score"] > after[-1]["score"]
    assert [record["taste"] for record in after] == [record["score"] for record in after]
    assert (after[0]["stars"], after[-1]["stars"]) == (5, 1)
    assert [record["aesthetic"] for record in after] == [record["aesthetic"] for record in before]
    assert after[0]["models"][-1].startswith("taste:default@")
    assert scores(shoot, "--taste", "off") == before
    assert scores(shoot, "--no-cache") == after


def test_tastes_need_no_second_run(shoot: Path) -> None:
    scores(shoot)
    assert learn(shoot, "--name", "dark", "-q").exit_code == 0
    assert scores(shoot)[0]["taste"] is None
    result = command("score", "--device", "cpu", shoot, "--taste", "dark")
    assert "40 from the cache" in result.stdout
    assert "your taste 'dark'" in result.stdout
    assert " · on CPU" not in result.stdout  # no model had to run


def test_tastes_are_listed_exported_imported_and_deleted(shoot: Path, tmp_path: Path) -> None:
    learn(shoot, "--name", "dark")
    assert command("learn", "--list").stdout.startswith("dark: 40 photos, ")
    file = tmp_path / "dark.json"
    assert command("learn", "--name", "dark", "--export", file).exit_code == 0
    assert "shoot" not in file.read_text()
    assert command("learn", "--name", "other", "--import", file).exit_code == 0
    with_dark, with_other = (scores(shoot, "--taste", name) for name in ("dark", "other"))
    assert [record["score"] for record in with_dark] == [record["score"] for record in with_other]
    assert command("learn", "--delete", "dark").exit_code == 0
    assert command("score", shoot, "--taste", "dark").exit_code == 2
    assert command("learn", "--delete", "dark").exit_code == 2


def test_a_taste_of_another_model_is_not_used(shoot: Path, own_folders: Path) -> None:
    learn(shoot)
    write_model(own_folders / "models", version="2.0")
    result = command("score", "--device", "cpu", "--workers", 1, shoot)
    assert result.exit_code == 0
    assert "was learned with another model, aesthetics@1.0; learn it again" in result.stderr
    assert command("score", shoot, "--taste", "default").exit_code == 2


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"photocli_taste": 2}', b'{"photocli_taste": 1, "head": {}}', b"\xff"]
)
def test_what_is_no_taste_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "taste.json").write_bytes(content)
    result = command("learn", "--import", tmp_path / "taste.json")
    assert result.exit_code == 2
    assert "is not a taste" in result.stderr


@pytest.mark.parametrize("name", ["", "off", "../up", "a/b", ".hidden", "a" * 65])
def test_names_that_cannot_be_used(shoot: Path, name: str) -> None:
    assert learn(shoot, "--name", name).exit_code == 2


def test_too_few_or_equal_ratings_are_refused(shoot: Path) -> None:
    for sidecar in sorted(shoot.glob("*.xmp"))[19:]:
        sidecar.unlink()
    assert "19 photos have ratings of yours, at least 20 are needed" in learn(shoot).stderr
    grey_shoot(shoot, lambda _: 3)
    assert "all 40 ratings are the same" in learn(shoot).stderr
    assert learn(shoot, "--list").exit_code == 2


def test_ratings_at_random_are_not_learned(shoot: Path) -> None:
    rng = np.random.default_rng(5)
    grey_shoot(shoot, lambda _: int(rng.integers(1, 6)))
    result = learn(shoot)
    assert result.exit_code == 1
    assert "not kept: " in result.stderr
    assert command("learn", "--list").stdout == ""


# Simulated tastes, with the model that is shipped: 60 rated photos, and 60 others to foretell.


@pytest.fixture
def shipped() -> None:
    if not any(card.name == "aesthetics" for card in store.cards()):
        pytest.skip("needs the built-in model, which is not there yet")


def pieces(count: int) -> list[Image.Image]:
    """Pieces of real pictures, of any size and place."""
    rng = np.random.default_rng(1)
    sources = list(sample_pictures().values())
    found = []
    for number in range(count):
        source = sources[number % len(sources)]
        height, width = source.shape[:2]
        wide = int(rng.uniform(0.4, 0.8) * min(height, width))
        high = int(wide * rng.uniform(0.6, 1))
        top, left = rng.integers(height - high), rng.integers(width - wide)
        found.append(Image.fromarray(source[top : top + high, left : left + wide]))
    return found


def black_and_white(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


def low_key(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 140 * (value / 255) ** 2.2)


def made(tmp_path: Path, liked: Callable[[Image.Image], Image.Image], images: list[Image.Image]) -> None:
    order = np.random.default_rng(2).permutation(len(images))
    for number, index in enumerate(order):
        is_liked = number % 2 == 0
        image = liked(images[index]) if is_liked else images[index]
        rate(write_photo(tmp_path / f"{number:03}.jpg", image), 5 if is_liked else 2)


def held_out_accuracy(folder: Path) -> tuple[float, str | None]:
    """Learned from the first 60 photos, tried on the others; and why the taste would be refused."""
    learner = Learner([folder], Options(device="cpu", cache=False))
    learner.collect(lambda record: None)
    examples = learner._examples()
    seen, unseen = examples.take(slice(60)), examples.take(slice(60, None))
    foretold = taste.fit(seen).stars(unseen.embedding, unseen.appearance, unseen.score)
    accuracy = taste.pairwise_accuracy(foretold, unseen.rating)
    print(f"held-out pairwise accuracy {accuracy:.3f}")
    return accuracy, taste.evaluate(seen).refused


@pytest.mark.parametrize("liked", [black_and_white, low_key])
def test_likes_a_treatment(
    shipped: None, tmp_path: Path, liked: Callable[[Image.Image], Image.Image]
) -> None:
    made(tmp_path, liked, pieces(120))
    accuracy, refused = held_out_accuracy(tmp_path)
    assert accuracy >= 0.85
    assert refused is None


@pytest.mark.parametrize("liked", [black_and_white, low_key])
def test_likes_a_treatment_of_camera_photos(
    shipped: None, tmp_path: Path, liked: Callable[[Image.Image], Image.Image]
) -> None:
    photos = sorted(shared_data("photos", "native").glob("*.jpg"))[:120]
    made(tmp_path, liked, [small(photo) for photo in photos])
    accuracy, refused = held_out_accuracy(tmp_path)
    assert accuracy >= 0.85
    assert refused is None


def test_likes_faces(shipped: None, tmp_path: Path) -> None:
    faces = sorted(shared_data("selfie", "images").rglob("*.jpg"))[::16][:60]
    others = sorted(shared_data("photos", "native").glob("*.jpg"))[:60]
    for number, (face, other) in enumerate(zip(faces, others, strict=True)):
        rate(write_photo(tmp_path / f"{number:03}_face.jpg", small(face)), 5)
        rate(write_photo(tmp_path / f"{number:03}_other.jpg", small(other)), 2)
    accuracy, refused = held_out_accuracy(tmp_path)
    assert accuracy >= 0.85
    assert refused is None


def small(path: Path) -> Image.Image:
    image = Image.open(path).convert("RGB")
    image.thumbnail((336, 336))
    return image
