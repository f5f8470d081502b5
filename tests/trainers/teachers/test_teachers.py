"""Teachers: their photos, features in chunks, marks out of fold, the data set; photos out of repositories."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from taught import SERIES, make_folders
from typer.testing import CliRunner

from photocli.errors import UsageError
from trainers.teachers.__main__ import command
from trainers.teachers.answers import components, marks, out_of_fold
from trainers.teachers.config import TeachersConfig, teachers
from trainers.teachers.dataset import build, read_taught
from trainers.teachers.photos import NEVER, find_photos
from trainers.teachers.repositories import collect


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TeachersConfig:
    return make_folders(tmp_path_factory.mktemp("teachers"))


def test_series_share_a_fold_and_some_photos_are_never_held_out(config: TeachersConfig) -> None:
    photos = find_photos(config)
    assert len(photos.rated) == 2 * SERIES
    folds = {}
    for row in photos.rated:
        folds.setdefault(photos.paths[row].stem.split()[0], set()).add(photos.fold[row])
    assert all(len(of_series) == 1 for of_series in folds.values())
    more = [row for row, role in enumerate(photos.roles) if role == "more"]
    assert len(more) == 8
    assert (photos.fold[more] == NEVER).all()
    with pytest.raises(UsageError, match="no folder"):
        find_photos(replace(config, media="nowhere"))


def test_an_interrupted_run_goes_on_and_ends_the_same(config: TeachersConfig, tmp_path: Path) -> None:
    build(config, tmp_path / "whole")
    chunks = sorted((tmp_path / "whole" / "features").rglob("*.npy"))
    assert len(chunks) == 2
    # What an interruption leaves: some chunks, and no answers.
    kept = tmp_path / "parts" / chunks[0].relative_to(tmp_path / "whole")
    kept.parent.mkdir(parents=True)
    kept.write_bytes(chunks[0].read_bytes())
    when = kept.stat().st_mtime_ns
    with pytest.raises(UsageError, match="manifest"):
        read_taught(tmp_path / "parts")
    build(config, tmp_path / "parts")
    assert kept.stat().st_mtime_ns == when
    whole, parts = (read_taught(tmp_path / name) for name in ("whole", "parts"))
    assert np.array_equal(whole.marks, parts.marks)
    assert np.array_equal(whole.embedding, parts.embedding)
    assert whole.digest == parts.digest
    assert whole.marks.shape == (4, 2, len(whole.photos))
    assert np.isfinite(whole.marks).all()
    np.testing.assert_allclose(np.linalg.norm(whole.embedding, axis=1), 1, atol=1e-5)
    manifest = json.loads((tmp_path / "whole" / "manifest.json").read_text())
    assert manifest["unreadable"] == 0
    assert set(manifest["figures"]["series"]) == {
        *(each["name"] for each in manifest["teachers"]),
        "mean of all",
    }


def test_no_photo_is_answered_by_who_learned_from_it() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 200))
    mean = rng.uniform(2, 9, 40)  # noise: who has seen a photo knows its mark, nobody else does
    mean[30:] = np.nan
    fold = np.arange(40) % 5
    for held in (None, 2):
        found = marks(features, mean, fold, held)
        rated = np.isfinite(mean)
        assert abs(np.corrcoef(found[rated], mean[rated])[0, 1]) < 0.6
        assert np.isfinite(found).all()
        changed = mean.copy()
        changed[3] = 11 - changed[3]
        again = marks(features, changed, fold, held)
        assert again[3] == pytest.approx(found[3])
        # Photos of the held-out fold are no part of what any teacher learned.
        changed = np.where(fold == 2, 5.5, mean)
        same = marks(features, changed, fold, held)
        assert np.array_equal(same, found) == (held == 2)


def test_marks_follow_what_features_tell() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 8))
    mean = 5 + features[:, 0]
    assert np.corrcoef(out_of_fold(features, mean, np.arange(120) % 5), mean)[0, 1] > 0.95


def test_components_keep_likeness() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(rng.normal(size=(4, 50)), 10, axis=0)
    parts = [(groups + 0.1 * rng.normal(size=groups.shape)).astype(np.float32) for _ in range(2)]
    found = components(parts, 64)
    assert found.shape == (40, 64)
    likeness = found @ found.T
    same = np.repeat(np.arange(4), 10)[:, None] == np.repeat(np.arange(4), 10)
    assert likeness[same].min() > likeness[~same].max()


@pytest.mark.parametrize("text", ["", "lite", "nothing@64=x.pt", "efficientnet_lite0@64=missing.pt"])
def test_a_teacher_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        teachers(TeachersConfig(teacher=(text,) if text else ()))


def test_camera_photos_come_out_of_a_repository(tmp_path: Path) -> None:
    repository, copies = tmp_path / "site", tmp_path / "copies"
    repository.mkdir()
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829A] = 0.01  # exposure time
    exif[0x0112] = 6  # lies on its side
    grey = Image.new("RGB", (1500, 1000), (90, 120, 40))
    grey.save(repository / "camera.jpg", exif=exif)
    grey.save(repository / "plain.jpg")
    grey.crop((0, 0, 1500, 500)).save(repository / "wide.JPG", exif=exif)
    grey.resize((300, 200)).save(repository / "small.jpg", exif=exif)
    (repository / "broken.jpg").write_bytes(b"no photo")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "photos"]):
        subprocess.run([*git, *arguments], check=True)
    kept, dropped = collect(repository, copies, 600)
    assert kept == 1
    assert dict(dropped) == {
        "no exposure data": 1,
        "neither 3:2 nor 4:3": 1,
        "too small": 1,
        "cannot be read": 1,
    }
    (copy,) = copies.iterdir()
    with Image.open(copy) as image:
        assert image.size == (400, 600)
        assert not image.getexif()
    result = CliRunner().invoke(command(), ["collect", str(repository), "--to", str(copies)])
    assert result.exit_code == 0
    assert "site: 1 photos" in result.output
    outside = CliRunner().invoke(command(), ["collect", str(tmp_path), "--to", str(copies)])
    assert outside.exit_code == 2
    assert "no git repository" in outside.output
