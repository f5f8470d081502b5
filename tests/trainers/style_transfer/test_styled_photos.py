from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from crafted_styles import write_pieces, write_styles
from photos import picture, write_photo
from PIL import Image

from photocli.errors import UsageError
from trainers.common.checkpoints import load_model
from trainers.style_transfer.generate import NONE, DatasetOptions, generate, paint
from trainers.style_transfer.network import StyleTransferNetwork


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pieces of real photos."""
    return write_pieces(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def styles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two styles that were not trained."""
    return write_styles(tmp_path_factory.mktemp("styles"), "munch", "turner")


def labels(out: Path) -> list[dict[str, str]]:
    with (out / "labels.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_photos_go_to_the_styles_in_turn(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    told: list[str] = []
    counts = generate([folder], styles, tmp_path, DatasetOptions(side=96), told.append)
    rows = labels(tmp_path)
    assert counts == {NONE: 4, "munch": 4, "turner": 4} and not told
    assert len({row["content"] for row in rows}) == len(rows) == 12
    for row in rows:
        written = Image.open(tmp_path / row["file"])
        assert max(written.size) == 96 and written.format == "JPEG"
        assert row["file"] == f"{row['style']}/{Path(row['content']).stem}.jpg"
        assert row["content"].startswith(folder.name + "/")
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*.jpg"))
    assert names == sorted(row["file"] for row in rows)


def test_all_styles_of_each_photo(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    one = [folder / "chelsea.jpg"]
    assert generate(one, styles, tmp_path, DatasetOptions(side=120, every=True), print) == {
        NONE: 1,
        "munch": 1,
        "turner": 1,
    }
    plain, munch, turner = (
        np.asarray(Image.open(tmp_path / name / "chelsea.jpg"), float) for name in (NONE, "munch", "turner")
    )
    assert plain.shape == munch.shape == turner.shape
    shown = np.asarray(picture("chelsea").crop((0, 0, 225, 150)).resize(plain.shape[1::-1]), float)
    assert np.abs(plain - shown).mean() < 8
    assert (
        min(np.abs(plain - munch).mean(), np.abs(plain - turner).mean(), np.abs(munch - turner).mean()) > 20
    )


def test_bad_photos_and_copies_cost_a_line(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    where = tmp_path / "photos"
    for name in ("china", "coffee", "flower"):
        write_photo(where / f"{name}.jpg", name, size=(150, 100))
    write_photo(where / "zcopy.jpg", "china", size=(150, 100), quality=60)
    write_photo(where / "deeper" / "china.jpg", "rocket", size=(150, 100))
    whole = (where / "coffee.jpg").read_bytes()
    (where / "broken.jpg").write_bytes(whole[: len(whole) // 2])
    told: list[str] = []
    counts = generate([where], styles, tmp_path / "out", DatasetOptions(side=128), told.append)
    assert sum(counts.values()) == 4
    assert len(told) == 2
    assert any("broken.jpg: truncated" in line for line in told)
    assert any("zcopy.jpg: a copy" in line for line in told)
    contents = {row["content"]: row["file"] for row in labels(tmp_path / "out")}
    assert Path(contents["photos/deeper/china.jpg"]).name == "china-2.jpg"


def test_an_interrupted_data_set_is_completed(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    options = DatasetOptions(side=64)
    generate([folder], styles, tmp_path, options, print)
    before = {path: path.read_bytes() for path in tmp_path.glob("*/*.jpg")}
    gone, kept = sorted(before)[3], sorted(before)[4]
    gone.unlink()
    stamp = kept.stat().st_mtime_ns
    generate([folder], styles, tmp_path, options, print)
    assert {path: path.read_bytes() for path in tmp_path.glob("*/*.jpg")} == before
    assert kept.stat().st_mtime_ns == stamp
    with pytest.raises(UsageError, match="choose another --out"):
        generate([folder], styles[:1], tmp_path, options, print)


def test_a_share_of_the_photos_is_always_the_same(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    few = sum(generate([folder], styles, tmp_path / "few", DatasetOptions(0.5, 64), print).values())
    assert 0 < few < 12
    generate([folder], styles, tmp_path / "all", DatasetOptions(1.0, 64), print)
    contents = [{row["content"] for row in labels(tmp_path / name)} for name in ("few", "all")]
    assert contents[0] < contents[1]


def test_two_styles_of_one_name_are_refused(folder: Path, styles: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a style named 'munch' already"):
        generate([folder], [styles[0], styles[0]], tmp_path, DatasetOptions(), print)


def test_painting_by_hand_is_what_the_network_says(styles: list[Path]) -> None:
    network = load_model(styles[0]).network
    assert isinstance(network, StyleTransferNetwork)
    photo = np.asarray(picture("coffee", (70, 50)))
    with torch.no_grad():
        painted = (
            network(torch.from_numpy(photo.transpose(2, 0, 1)[None].copy()))[0].numpy().transpose(1, 2, 0)
        )
    assert np.abs(paint(network, photo) - painted).max() <= 0.5
