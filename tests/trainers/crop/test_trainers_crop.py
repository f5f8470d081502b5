from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from photos import shared_data
from PIL import Image
from resuming import check_resuming
from typer.testing import CliRunner

from photocli.errors import UsageError
from photocli.inputs.patches import HEIGHT, PATCH, THUMBNAIL, WIDTH, corners, landscape, lay
from photocli.inputs.views import InputSpec, cut
from trainers.common.checkpoints import load_model
from trainers.common.frames import Frames, Picture
from trainers.common.metrics import auc
from trainers.crop.__main__ import command
from trainers.crop.camera_photos import CropPhotos, divide, prepare, read_photos, subset
from trainers.crop.config import CropConfig, SelectionRules, checked
from trainers.crop.data import (
    CropDataset,
    SampleSettings,
    cells,
    draw_box,
    epoch_batches,
    held_out_samples,
    make_sample,
    mirrored,
    training_settings,
    whole_box,
)
from trainers.crop.evaluate import abstention, best_constant, calibrate, checks, crop_metrics, overlap
from trainers.crop.lens import Lens, through_lens
from trainers.crop.network import CropNetwork, CropOutput, turned_back
from trainers.crop.predictions import CropPredictions
from trainers.crop.resampling import (
    FILTERS,
    PieceResampling,
    plain_resampling,
    resampled_pieces,
    resampled_size,
)
from trainers.crop.synthetic import synthetic_photos, synthetic_picture
from trainers.crop.train import CropModule, crop_loss, start, train

QUICK = CropConfig(
    init="none",
    held="both",
    batch=4,
    epochs=1,
    repeat_camera=1,
    views=2,
    workers=0,
    compile=False,
    colour=0.1,
)


def gradient(width: int, height: int) -> Picture:
    """Red says how far right a pixel lies, green how far down: 0 to 240 across the photo."""
    across, down = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    return (np.stack([across, down, 0 * across], axis=2) * 240 + 0.5).astype(np.uint8)


def photos_of(pictures: list[Picture]) -> CropPhotos:
    count = len(pictures)
    frames = Frames(pictures, tuple(picture.shape[:2] for picture in pictures), (0,) * count, {})
    names, rows = tuple(f"photo_{number}.jpg" for number in range(count)), np.arange(count)
    splits = tuple(("training", "validation")[number % 3 == 0] for number in range(count))
    return CropPhotos(frames, names, ("made",) * count, np.ones(count, bool), splits, rows)


@pytest.fixture(scope="module")
def photos() -> CropPhotos:
    return photos_of([synthetic_picture(300, 200, seed) for seed in range(9)])


# Samples


def test_a_crop_keeps_its_factor_on_both_axes_and_one_edge() -> None:
    rng = np.random.default_rng(0)
    photo = gradient(600, 400)
    edges = np.zeros(4)
    for _ in range(400):
        left, top, right, bottom = draw_box(photo, rng)
        across, down = (right - left) / 600, (bottom - top) / 400
        assert across == pytest.approx(down, abs=0.003)
        assert 0.498 <= across <= 0.902
        kept = np.array([left == 0, top == 0, right == 600, bottom == 400])
        assert kept.any()
        edges += kept
    assert edges.min() > 80


def test_the_rectangle_and_the_cells_are_those_of_the_original_frame() -> None:
    photo = gradient(960, 640)
    box = (240, 0, 912, 448)  # seven tenths, at the top
    sample = make_sample(photo, box, 3, SampleSettings(resampled=False), np.random.default_rng(0))
    assert sample.rectangle == pytest.approx([0.25, 0.95, 0.0, 0.7])
    assert sample.factor == pytest.approx(0.7)
    assert sample.cropped == 1
    for number in range(16):
        row, column = divmod(number, 4)
        piece = sample.sheet[:, THUMBNAIL[0] + row * PATCH :, column * PATCH :][:, :PATCH, :PATCH]
        # The colour in the middle of the piece says where in the original it lies.
        across, down = piece[:2, PATCH // 2, PATCH // 2] / 240
        assert sample.cells[number] == int(down * 4) * 4 + int(across * 4), number
    corner = sample.sheet[:2, 0, 0] / 240
    assert corner == pytest.approx([0.25, 0.0], abs=0.01)


def test_the_cells_of_a_whole_photo_are_its_own_also_after_resizing_and_jitter() -> None:
    assert cells((600, 400), np.array([0.0, 1, 0, 1])).tolist() == list(range(16))
    photo = gradient(1200, 800)
    how = SampleSettings(mirror=False, colour=0.0)
    for seed in range(6):
        sample = make_sample(photo, whole_box(photo), 0, how, np.random.default_rng(seed))
        assert sample.cells.tolist() == list(range(16))
        assert (sample.cropped, sample.factor) == (0, 1)


def test_resampled_pieces_lie_where_their_labels_say() -> None:
    photo = gradient(1536, 1024)
    rng = np.random.default_rng(5)
    for _ in range(4):
        box = draw_box(photo, rng)
        sample = make_sample(photo, box, 0, SampleSettings(mirror=True), rng)
        flipped = sample.sheet[0, 60, 10] > sample.sheet[0, 60, 200]
        for number in range(16):
            row, column = divmod(number, 4)
            piece = sample.sheet[:, THUMBNAIL[0] + row * PATCH :, column * PATCH :][:, :PATCH, :PATCH]
            across, down = piece[:2, 44:52, 44:52].mean((1, 2)) / 240
            across = 1 - across if flipped else across
            near = min(abs(across * 4 - round(across * 4)), abs(down * 4 - round(down * 4)))
            if near > 0.05:  # JPEG may shift a colour by a step
                assert sample.cells[number] == int(down * 4) * 4 + int(across * 4)


def test_mirroring_twice_is_nothing() -> None:
    photo = synthetic_picture(600, 400, 1)
    sample = make_sample(
        photo, (0, 40, 420, 320), 0, SampleSettings(resampled=False), np.random.default_rng(0)
    )
    small = sample.sheet[:, : THUMBNAIL[0], : THUMBNAIL[1]].transpose(1, 2, 0)
    parts = np.random.default_rng(0).integers(0, 255, (16, 96, 96, 3), np.uint8)
    once = mirrored(small, parts, sample.rectangle.astype(np.float64), sample.cells)
    assert once[2] == pytest.approx([0.3, 1.0, 0.1, 0.8])
    assert once[3].tolist() != sample.cells.tolist()
    assert np.array_equal(once[1][0], parts[3][:, ::-1])  # type: ignore[index]
    twice = mirrored(*once)
    for before, after in zip((small, parts, sample.rectangle, sample.cells), twice, strict=True):
        assert after == pytest.approx(before)


# Serving


@pytest.mark.parametrize("size", [(1200, 800), (1300, 975), (420, 280), (300, 120), (80, 60)])
def test_training_cuts_what_serving_cuts(size: tuple[int, int]) -> None:
    photo = synthetic_picture(*size, seed=2)
    box = draw_box(photo, np.random.default_rng(1))
    sample = make_sample(photo, box, 0, SampleSettings(resampled=False), np.random.default_rng(0))
    crop = np.ascontiguousarray(photo[box[1] : box[3], box[0] : box[2]])
    served = cut(crop, InputSpec("image", HEIGHT, WIDTH, "crop"))
    assert served.shape == (3, HEIGHT, WIDTH)
    assert np.array_equal(sample.sheet, served)


def test_resizing_only_what_pieces_show_is_resizing_all() -> None:
    photo, box = synthetic_picture(900, 600, 3), (60, 100, 660, 500)
    rng = np.random.default_rng(2)
    shifts = tuple((int(down), int(across)) for down, across in rng.integers(-8, 8, (16, 2)))
    crop = Image.fromarray(np.ascontiguousarray(photo[100:500, 60:660]))
    for by in FILTERS[1:]:  # BOX takes the nearest pixel, and of two as near either
        how = PieceResampling(1.21, by, shifts, 0, 0, (0, 0))
        full = np.asarray(crop.resize(resampled_size(box, 1.21), Image.Resampling(by)))
        places = corners(full.shape[0], full.shape[1], shifts)
        want = np.stack([full[top : top + PATCH, left : left + PATCH] for top, left in places])
        got = resampled_pieces(photo, box, how, None)
        assert np.abs(got.astype(int) - want).max() <= 2


def test_a_portrait_photo_is_turned_and_its_answer_turned_back() -> None:
    upright = gradient(400, 600)
    wide, turned = landscape(upright)
    assert turned
    assert wide.shape == (400, 600, 3)
    sheet = lay(upright)
    same = lay(wide)
    assert np.array_equal(sheet[:, THUMBNAIL[0] :], same[:, THUMBNAIL[0] :])
    small = np.abs(
        sheet[:, : THUMBNAIL[0], : THUMBNAIL[1]].astype(int) - same[:, : THUMBNAIL[0], : THUMBNAIL[1]]
    )
    assert small.max() <= 1  # it is turned when it is small, and columns are rounded before rows
    # A box of the turned photo, told by the colours of the upright one in its corners.
    told = torch.tensor([[0.25, 0.75, 0.1, 0.6]])
    left, right, top, bottom = (float(side) for side in turned_back(told, torch.from_numpy(sheet[None]))[0])
    inside = wide[round(0.1 * 400) : round(0.6 * 400), round(0.25 * 600) : round(0.75 * 600)] / 240
    assert inside[..., 0].min() == pytest.approx(left, abs=0.01)
    assert inside[..., 0].max() == pytest.approx(right, abs=0.01)
    assert inside[..., 1].min() == pytest.approx(top, abs=0.01)
    assert inside[..., 1].max() == pytest.approx(bottom, abs=0.01)
    plain = turned_back(told, torch.from_numpy(lay(wide)[None]))
    assert torch.equal(plain, told)


# No cheating


def sharpness(sheets: list[Picture]) -> np.ndarray:
    """How much detail the pieces and the thumbnail hold beside what is coarse; (n, 2)."""
    found = []
    for sheet in sheets:
        small = sheet[1, : THUMBNAIL[0], : THUMBNAIL[1]].astype(float)
        row = []
        for plane in (sheet[1, THUMBNAIL[0] :].astype(float), small):
            fine, coarse = plane[:, 1:] - plane[:, :-1], plane[:, 8:] - plane[:, :-8]
            row.append((fine**2).mean() / (coarse**2).mean())
        found.append(row)
    return np.array(found)


@pytest.mark.parametrize(("resize", "cheats"), [("before", False), ("after", True)])
def test_without_traces_nothing_tells_a_crop(resize: str, cheats: bool) -> None:
    """The control: what a crop's resampling leaves in its sharpness is gone; the paper's way leaves it."""
    samples = list(held_out_samples(synthetic_photos(12, 768, 512), SampleSettings(resize=resize), 6))
    detail = sharpness([sample.sheet for sample in samples])
    cropped = np.array([sample.cropped > 0 for sample in samples])
    areas = [auc(detail[~cropped, kind], detail[cropped, kind]) for kind in (0, 1)]
    assert (abs(areas[0] - 0.5) > 0.15) == cheats
    assert abs(areas[1] - 0.5) < 0.15


def test_a_lens_of_strength_0_changes_nothing_and_a_strong_one_follows_the_radius() -> None:
    photo = np.full((400, 600, 3), 200, np.uint8)
    box = (0, 0, 600, 400)
    assert np.array_equal(through_lens(photo, Lens(0, 0, 0), box), photo)
    dark = through_lens(photo, Lens(0.3, 0, 0), box).astype(float)
    assert dark[200, 300, 0] == 200
    assert dark[0, 0, 0] == pytest.approx(200 * (1 - 0.3 * (1 - 1 / (1 + 2.0625 + 8.75 + 0.0313))), abs=1.5)
    fringed = through_lens(gradient(600, 400), Lens(0, 0.01, 0), box).astype(float)
    assert fringed[200, 599, 0] == pytest.approx(
        120 + 120 * 0.98, abs=1.5
    )  # red shows what lay further inside
    piece = resampled_pieces(photo, box, plain_resampling(), Lens(0.3, 0.006, 0.04)).astype(float)
    assert piece[0, 0, 0, 0] < piece[5, 50, 50, 0]


# Draws


def test_both_views_of_a_photo_stand_side_by_side_and_the_share_is_kept(photos: CropPhotos) -> None:
    for share in (0.3, 0.5, 0.8):
        batches = [epoch_batches(photos, epoch, 0, 3, share, 2, 9) for epoch in range(60)]
        draws = [draw for epoch in batches for batch in epoch for draw in batch]
        assert all(one.row == other.row for one, other in zip(draws[::2], draws[1::2], strict=True))
        assert np.mean([draw.cropped for draw in draws]) == pytest.approx(share, abs=0.05)
    assert epoch_batches(photos, 3, 1, 3, 0.5, 1, 9) == epoch_batches(photos, 3, 1, 3, 0.5, 1, 9)
    data = CropDataset(photos, training_settings(replace(QUICK, lens=1.0)), 0)
    draw = batches[0][0][0]
    assert np.array_equal(data[draw].sheet, data[draw].sheet)


# The data tool


def write(path: Path, size: tuple[int, int], software: str = "", orientation: int = 1) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if software:
        exif[0x0131] = software
    Image.fromarray(gradient(*size)).save(path, exif=exif)


def test_prepare_keeps_what_looks_straight_from_the_camera(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    write(folder / "a.jpg", (300, 200), "Ver.1.0")
    write(folder / "b.jpg", (300, 225), orientation=6)
    write(folder / "c.jpg", (300, 200), "Adobe Photoshop CS3 Windows")
    write(folder / "d.jpg", (320, 180))
    write(folder / "e.jpg", (150, 100))
    (folder / "f.jpg").write_bytes(b"\xff\xd8\xff nothing")
    kept, dropped = prepare([folder], tmp_path / "list.csv", SelectionRules(side=280))
    assert sum(kept.values()) == 2
    assert dropped == {"edited": 1, "neither 3:2 nor 4:3": 1, "too small": 1, "cannot be read": 1}
    lines = (tmp_path / "list.csv").read_text().splitlines()
    assert lines[0] == "file,width,height,turned,split"
    assert lines[1].startswith("photos/a.jpg,300,200,0,")
    assert lines[2].startswith("photos/b.jpg,225,300,1,")
    photos = read_photos(tmp_path / "list.csv", [], None)
    assert [photos.frames.shapes[row] for row in photos.rows] == [(200, 300), (300, 225)]
    with pytest.raises(UsageError, match="no photo passes"):
        prepare([folder], tmp_path / "none.csv", SelectionRules(side=5000))
    with pytest.raises(UsageError, match="prepare"):
        read_photos(tmp_path / "nowhere.csv", [], None)


def test_a_photo_lies_on_one_side_of_the_split(photos: CropPhotos) -> None:
    training, held = divide(photos, "both", 5)
    assert (len(training), len(held)) == (6, 3)
    assert not set(training.rows) & set(held.rows)
    assert len(divide(photos, "none", 5)[1]) == 0


# The network and its training


@pytest.mark.parametrize("stage", ["thumbnail", "patches", "joint"])
def test_every_stage_answers_linearly_and_only_looks_at_its_part(stage: str) -> None:
    torch.manual_seed(0)
    network = CropNetwork("small", stage).eval()
    sheet = torch.randint(0, 255, (2, 3, HEIGHT, WIDTH), dtype=torch.uint8)
    other = sheet.clone()
    other[:, :, THUMBNAIL[0] :] = 0
    with torch.inference_mode():
        seen, changed = network(sheet), network(other)
    assert [tuple(part.shape) for part in seen] == [(2, 4), (2,), (2,), (2,), (2, 16, 16)]
    assert torch.equal(seen.cells, changed.cells) == (stage == "thumbnail")
    assert network.rest[-1].out_features == 7  # and nothing after it that could hold outputs at 0


def test_fewer_photos_are_among_more_of_them(photos: CropPhotos) -> None:
    parts = [subset(photos, count) for count in (2, 5, 0)]
    assert [len(part) for part in parts] == [2, 5, 9]
    assert set(parts[0].rows) < set(parts[1].rows) < set(parts[2].rows)


def test_the_overlap_counts_where_it_is_asked_for() -> None:
    """A rectangle beside the true one costs more, the farther it lies; the true one costs nothing."""
    places = torch.tensor([[0.1, 0.8, 0.0, 0.7]] * 2)
    near, far = places + 0.05, places + torch.tensor([0.3, 0.3, 0.2, 0.2])

    def cost(rectangle: torch.Tensor, weight: float) -> float:
        seen = CropOutput(
            rectangle, torch.full((2,), 0.7), torch.zeros(2), torch.zeros(2), torch.zeros(2, 16, 16)
        )
        config = replace(QUICK, stage="thumbnail", rectangle_weight=0.0, overlap_weight=weight)
        factors, cropped, cells_ = torch.full((2,), 0.7), torch.tensor([1.0, 0.0]), torch.zeros(2, 16)
        return float(crop_loss(seen, places, factors, cropped, cells_.long(), config))

    assert cost(places, 1.0) == pytest.approx(cost(places, 0.0))
    assert cost(near, 1.0) - cost(near, 0.0) == pytest.approx(
        1 - 0.65**2 / (2 * 0.49 - 0.65**2) + 0.015 / 0.5625, abs=0.02
    )
    assert cost(far, 1.0) - cost(far, 0.0) > 2 * (cost(near, 1.0) - cost(near, 0.0))


def test_later_stages_go_on_from_earlier_ones(photos: CropPhotos, tmp_path: Path) -> None:
    train(replace(QUICK, stage="patches"), photos, tmp_path / "p", resume=False)
    network = start(replace(QUICK, start=(str(tmp_path / "p" / "model.ckpt"),)))
    earlier = load_model(tmp_path / "p" / "model.ckpt").network
    assert isinstance(earlier, CropNetwork)
    assert torch.equal(network.cell.weight, earlier.cell.weight)
    fresh = start(QUICK)
    assert torch.equal(network.whole.tell.weight, fresh.whole.tell.weight)  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="arch"):
        start(replace(QUICK, arch="paper", start=(str(tmp_path / "p" / "model.ckpt"),)))


def test_a_resumed_run_equals_one_that_was_not_interrupted(photos: CropPhotos, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=2, lens=1.0)
    check_resuming(
        lambda out, resume: train(config, photos, out, resume),
        lambda: CropModule(start(config), config, *divide(photos, config.held, config.folds)),
        config,
        tmp_path,
        at=1,
    )
    assert len(json.loads((tmp_path / "parts" / "run.json").read_text())["history"]) == 2


def test_the_command_line_reports_a_constant_predictor_as_collapsed(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(9):
        Image.fromarray(synthetic_picture(300, 200, number)).save(folder / f"photo_{number}.jpg")
    listed, out = tmp_path / "list.csv", tmp_path / "run"
    result = CliRunner().invoke(command(), ["prepare", str(folder), "--to", str(listed), "--side", "200"])
    assert result.exit_code == 0, result.output
    options = [*("--init", "none", "--stage", "thumbnail", "--batch", "4", "--epochs", "1", "--workers", "0")]
    options += [*("--repeat-camera", "1", "--views", "2", "--held", "0", "--folds", "3", "--no-compile")]
    still = [*("--lr", "1e-9", "--head-lr", "1e-9", "--colour", "0")]
    result = CliRunner().invoke(command(), ["train", str(listed), *options, *still, "--out", str(out)])
    assert result.exit_code == 1, result.output  # it has learned nothing
    assert "COLLAPSED" in result.output
    document = json.loads((out / "run.json").read_text())
    assert {"config", "seed", "commit", "data", "figures", "checks", "calibration", "split"} <= set(document)
    assert document["history"][0]["spread"] < 0.01
    judged = ["evaluate", str(out / "model.ckpt"), str(listed), "--to", str(tmp_path / "e")]
    result = CliRunner().invoke(command(), [*judged, "--views", "2", "--control", "2"])
    assert result.exit_code == 1, result.output
    document = json.loads((tmp_path / "e" / "evaluation.json").read_text())
    assert set(document["figures"]) == {"real", "simulated_lens", "control"}
    assert (tmp_path / "e" / "factor_error.png").is_file()
    wrong = CliRunner().invoke(command(), ["train", str(tmp_path / "nowhere.csv"), "--out", str(out)])
    assert wrong.exit_code == 2


def test_contradictions_are_refused() -> None:
    for wrong in ({"held": "7"}, {"held": "some"}, {"share": 0.0}, {"epochs": 0}):
        with pytest.raises(UsageError):
            checked(replace(QUICK, **wrong))  # type: ignore[arg-type]


# Figures


def predictions(count: int, noise: float, seed: int = 0) -> CropPredictions:
    """What a network would say that errs by so much; every second sample is cropped."""
    rng = np.random.default_rng(seed)
    photo = gradient(900, 600)
    true = np.array([[0.0, 1, 0, 1]] * count)
    for number in range(1, count, 2):
        left, top, right, bottom = draw_box(photo, rng)
        true[number] = left / 900, right / 900, top / 600, bottom / 600
    factor = true[:, 1] - true[:, 0]
    cropped = np.arange(count) % 2 == 1
    logit = np.where(cropped, 1.0, -1.0) + 5 * noise * rng.standard_normal(count)
    told = true + noise * rng.standard_normal((count, 4))
    zeros = np.zeros((count, 16), np.int64)
    doubt = np.abs(told - true).mean(1)
    return CropPredictions(
        told, factor, logit, doubt, zeros, true, factor, cropped, zeros, np.arange(count) // 2
    )


def test_constants_are_those_of_the_literature() -> None:
    true = predictions(4000, 0.0)
    crops = true.true_rectangle[true.cropped]
    assert overlap(np.array([[0.0, 1, 0, 1]]), crops).mean() == pytest.approx(0.503, abs=0.01)
    assert best_constant(crops) == pytest.approx(0.55, abs=0.02)
    result = crop_metrics(true, "thumbnail")
    assert result["factor_error_of_constant"] == pytest.approx(0.150, abs=0.006)
    assert result["iou_on_crops"] == pytest.approx(1.0)
    assert all(check.passed for check in checks(result))


def test_rectangles_are_told_only_where_they_are_better_than_a_constant() -> None:
    good, bad = predictions(400, 0.02), predictions(400, 0.6)
    assert abstention(good)[1]["told"] == 1.0
    limit, told = abstention(bad)
    assert told["told"] < 0.9
    assert limit < bad.doubt.max()
    facts = calibrate(good)
    assert facts["calibration"]["cropped"]["slope"] > 0
    assert facts["calibrated"]["calibration_error"] < 0.1


@pytest.mark.slow
def test_native_photos_pass_the_data_tool(tmp_path: Path) -> None:
    kept, dropped = prepare([shared_data("photos", "native")], tmp_path / "list.csv", SelectionRules())
    assert sum(kept.values()) > 80
    assert set(dropped) <= {"edited"}
