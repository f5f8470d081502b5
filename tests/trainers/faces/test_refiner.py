"""The landmark network: squares around faces, and what it learns of their points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

from trainers.common.yunet import MIRRORED
from trainers.faces.config import FacesConfig
from trainers.faces.landmark_network import (
    CANDIDATES,
    LEAST_LOGIT,
    LEAST_SIZE,
    MAX_FACES,
    SIDE,
    LandmarkNetwork,
    candidate_cells,
    from_square,
    into_square,
    sample_squares,
    select_faces,
    square_maps,
)
from trainers.faces.landmarks import LandmarkCrops, landmark_batch, landmark_loss, train_landmarks
from trainers.faces.network import STRIDE, DetectorOutput, FaceDetector

BOX = torch.tensor([[180.0, 68.0, 272.0, 184.0]])
POINTS = torch.tensor([[203.0, 101, 247, 103, 226, 127, 205, 140, 244, 142]])
"""The face of the astronaut, in pixels."""


def astronaut() -> torch.Tensor:
    return torch.from_numpy(skimage.data.astronaut().transpose(2, 0, 1).copy())[None].float()


def test_a_square_shows_the_face_upright_and_points_come_back_from_it() -> None:
    maps = square_maps(BOX, POINTS)
    places = into_square(POINTS, maps)
    assert torch.allclose(from_square(places, maps), POINTS, atol=1e-3)
    assert places.abs().max() < 0.8
    assert abs(float(places[0, 0, 1] - places[0, 1, 1])) < 0.02  # eyes level
    turned = torch.rot90(astronaut(), 1, (2, 3))  # a quarter to the left: x, y become y, 512 - x
    x, y = POINTS.view(5, 2).unbind(1)
    points = torch.stack([y, 512 - x], 1).view(1, 10)
    left, top, right, bottom = BOX[0].tolist()
    boxes = torch.tensor([[top, 512 - right, bottom, 512 - left]])
    straight = sample_squares(astronaut(), maps)
    assert straight.shape == (1, 3, SIDE, SIDE)
    assert (sample_squares(turned, square_maps(boxes, points)) - straight).abs().mean() < 6
    middle = straight[0, :, SIDE // 2 - 4 : SIDE // 2 + 4, SIDE // 2 - 4 : SIDE // 2 + 4].mean((1, 2))
    assert middle[0] > middle[2] > 60  # skin


def test_faces_are_looked_at_once_each_the_surest_first_and_others_if_they_may_be_faces() -> None:
    logits, boxes = torch.full((3, 100), -9.0), torch.tensor([10.0, 10, 40, 40]).repeat(3, 100, 1)
    logits[0, [34, 35, 77]] = torch.tensor([3.0, 2.0, 1.0])  # 35 is a neighbour of 34
    boxes[0, 77] += 20.0
    logits[1, [34, 37, 77]] = torch.tensor([3.0, 2.0, LEAST_LOGIT - 1])  # 37 is of the same face as 34
    logits[2, 50] = LEAST_LOGIT - 5
    assert looked_at(logits, boxes) == [(0, 34), (0, 77), (1, 34), (2, 50)]
    crowd = torch.full((1, 100), -9.0)
    crowd[0, [11, 15, 18, 51, 55, 58]] = torch.tensor([6.0, 5, 4, 3, 2, 1])
    apart = torch.arange(100.0)[:, None] * 50 + torch.tensor([0.0, 0, 40, 40])
    assert looked_at(crowd, apart[None]) == [(0, cell) for cell in (11, 15, 18, 51)]
    assert MAX_FACES == 4
    apart[11:56] = torch.tensor([10.0, 10, 50, 50])  # five cells of one face, the surest, do not hide another
    assert looked_at(crowd, apart[None]) == [(0, 11), (0, 58)]


def looked_at(logits: torch.Tensor, boxes: torch.Tensor) -> list[tuple[int, int]]:
    """Photos and cells."""
    best, cells = candidate_cells(logits, 10)
    assert cells.shape == (len(logits), CANDIDATES)
    photos, places = select_faces(best, boxes.gather(1, cells[..., None].expand(-1, -1, 4)))
    return list(zip(photos.tolist(), cells[photos, places].tolist(), strict=True))


def test_only_large_faces_get_their_points_from_a_second_look() -> None:
    torch.manual_seed(0)
    side, told = 128, torch.tensor([50.0, 50, 70, 50, 60, 60, 52, 70, 68, 70])
    network = FaceDetector(side, with_landmarks=True).eval()
    cells = (side // STRIDE) ** 2
    boxes = torch.tensor([40.0, 30, 80, 90]).repeat(1, cells, 1)
    small = torch.tensor([40.0, 30, 40 + LEAST_SIZE / 2, 30 + LEAST_SIZE / 2])
    logits = torch.full((1, cells), -9.0)
    logits[0, 3], logits[0, 100], boxes[0, 100] = 2.0, 1.0, small
    points = told.repeat(1, cells, 1)
    seen = DetectorOutput(logits, boxes, points, torch.full((1, cells, 10), 1e4))
    canvas = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    found = network.points(seen, canvas)
    assert not torch.allclose(found[0, 3], told) and torch.equal(found[0, 100], told)
    assert torch.equal(found[0, 4], told)


def test_a_network_serves_at_another_side_than_it_learned_at() -> None:
    torch.manual_seed(0)
    network = FaceDetector(128, with_landmarks=True).eval()
    smaller = network.at_side(96)
    canvas = astronaut()[:, :, :128, :128]
    seen, other = network(canvas), smaller(canvas[:, :, :96, :96])
    assert other.boxes.shape == (1, 144, 4)
    near = (4 * 16 + 4, 4 * 12 + 4)  # the same cell of 16 and of 12 to a row
    assert torch.allclose(seen.around[0, near[0]], other.around[0, near[1]], atol=4)


@pytest.fixture(scope="module")
def faces() -> LandmarkCrops:
    """One face, three times, in every size."""
    middle = (BOX[:, :2] + BOX[:, 2:]) / 2
    size = float((BOX[:, 2:] - BOX[:, :2]).mean())
    identity = torch.tensor([[[size, 0.0, 0.0], [0.0, size, 0.0]]]) + torch.cat(
        [torch.zeros(1, 2, 2), middle[:, :, None]], 2
    )
    pictures = []
    for wanted in (160, 100, 62, 38):
        side = 2 * wanted
        grid_ = torch.nn.functional.affine_grid(
            identity * torch.tensor([2 / 512, 2 / 512]).view(1, 2, 1) - torch.tensor([[0.0, 0, 1]]),
            [1, 3, side, side],
            align_corners=False,
        )
        shown = torch.nn.functional.grid_sample(astronaut(), grid_, align_corners=False)
        pictures.append(shown.byte().repeat(3, 1, 1, 1))
    boxes = (BOX - middle.repeat(1, 2)) / size
    points = (POINTS - middle.repeat(1, 5)) / size
    return LandmarkCrops(tuple(pictures), boxes.repeat(3, 1), points.repeat(3, 1))


CONFIG = FacesConfig(refine_steps=60, refine_batch=16, refine_lr=3e-3, weight_decay=0.0)


def test_batches_follow_from_seed_and_step_and_their_points_lie_on_the_eyes(faces: LandmarkCrops) -> None:
    squares, truth = landmark_batch(faces, CONFIG, 3)
    again, same = landmark_batch(faces, CONFIG, 3)
    assert torch.equal(squares, again) and torch.equal(truth, same)
    assert not torch.equal(squares, landmark_batch(faces, CONFIG, 4)[0])
    assert squares.shape == (16, 3, SIDE, SIDE) and truth.shape == (16, 5, 2)
    assert (truth[:, 1, 0] > truth[:, 0, 0]).all()  # in a mirror the other eye is the left one
    assert (truth[:, 3:, 1].mean(1) > truth[:, :2, 1].mean(1)).all()
    plain = []
    for step in range(12):  # pupils are darker than the cheeks below them, in most squares
        squares, truth = landmark_batch(faces, CONFIG, step)
        grey = squares.mean(1)
        for row in range(len(truth)):
            for x, y in ((truth[row, :2] + 1) * SIDE / 2).tolist():
                at = (round(y), round(x))
                if 4 < at[0] < SIDE - 14 and 4 < at[1] < SIDE - 4:
                    eye = grey[row, at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2].mean()
                    plain.append(bool(eye < grey[row, at[0] + 8 : at[0] + 11, at[1] - 1 : at[1] + 2].mean()))
    assert np.mean(plain) > 0.85


def test_it_learns_where_points_are(
    faces: LandmarkCrops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("trainers.faces.landmarks.landmark_crops", lambda photos: faces)
    network, told = train_landmarks(None, CONFIG, tmp_path / "second.pt")  # type: ignore[arg-type]
    torch.manual_seed(0)
    untrained = LandmarkNetwork().eval()
    squares, truth = landmark_batch(faces, CONFIG, 999)
    with torch.inference_mode():
        before, after = (float(landmark_loss(one(squares), truth)) for one in (untrained, network))
    assert after < 0.4 * before and told["faces"] == 3
    monkeypatch.setattr("trainers.faces.landmarks.landmark_crops", lambda photos: pytest.fail("it was kept"))
    again, same = train_landmarks(None, CONFIG, tmp_path / "second.pt")  # type: ignore[arg-type]
    assert same == told
    assert all(
        torch.equal(one, two) for one, two in zip(network.parameters(), again.parameters(), strict=True)
    )


def test_a_face_and_its_mirror_image_have_mirrored_points() -> None:
    torch.manual_seed(0)
    network, squares = LandmarkNetwork().eval(), 255 * torch.rand(3, 3, SIDE, SIDE)
    with torch.inference_mode():
        seen, other = network.with_mirror(squares), network.with_mirror(squares.flip(3))
        alone = network(squares)
    assert torch.allclose(other[:, MIRRORED] * torch.tensor([-1.0, 1.0]), seen, atol=1e-8, rtol=1e-2)
    assert not torch.allclose(alone, seen, atol=1e-8, rtol=1e-2)
