from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from photos import picture

from photocli.errors import UsageError
from trainers.style_transfer.network import StyleTransferNetwork
from trainers.style_transfer.perceptual_loss import (
    CONTENT_LAYER,
    STYLE_LAYERS,
    PerceptualLoss,
    gram_matrix,
    variation,
)


def tensor(name: str, size: tuple[int, int] = (96, 64)) -> torch.Tensor:
    return torch.from_numpy(np.asarray(picture(name, size)).transpose(2, 0, 1)[None].copy()).float()


@pytest.mark.parametrize("upsample", ["nearest", "transposed"])
def test_the_network_has_as_many_parameters_as_johnsons(upsample: str) -> None:
    network = StyleTransferNetwork(1.0, upsample)  # type: ignore[arg-type]
    assert sum(weight.numel() for weight in network.parameters()) == 1_677_638


@pytest.mark.parametrize("upsample", ["nearest", "transposed"])
@pytest.mark.parametrize("size", [(64, 64), (67, 50), (33, 46)])
def test_a_painted_picture_has_the_size_of_the_photo(upsample: str, size: tuple[int, int]) -> None:
    painted = StyleTransferNetwork(0.125, upsample)(tensor("chelsea", size).byte())  # type: ignore[arg-type]
    assert painted.shape == (1, 3, size[1], size[0])
    assert painted.dtype == torch.float32
    assert painted.min() >= 0 and painted.max() <= 255 and painted.std() > 10


def test_gram_matrices_are_those_of_a_loop() -> None:
    features = PerceptualLoss("none")(torch.cat([tensor("chelsea"), tensor("coffee")]))[STYLE_LAYERS[0]][
        :, :6
    ]
    n, k, height, width = features.shape
    by_hand = np.zeros((n, k, k))
    values = features.double().numpy()
    for photo in range(n):
        for one in range(k):
            for other in range(k):
                for row in range(height):
                    for column in range(width):
                        by_hand[photo, one, other] += (
                            values[photo, one, row, column] * values[photo, other, row, column]
                        )
    assert by_hand.std() > 0
    np.testing.assert_allclose(gram_matrix(features).numpy(), by_hand / (height * width * k), rtol=1e-4)


def test_distances_are_nothing_from_itself_and_grow_with_the_change() -> None:
    torch.manual_seed(0)
    perceptual_loss = PerceptualLoss("none")
    photo, other = tensor("chelsea"), tensor("coffee")
    style = perceptual_loss.style(other)
    same = perceptual_loss.terms(other, other, style)
    assert float(same.content) == 0 and float(same.style) < 1e-6
    mixed = perceptual_loss.terms(0.5 * photo + 0.5 * other, other, style)
    far = perceptual_loss.terms(photo, other, style)
    assert 0 < mixed.content < far.content and 0 < mixed.style < far.style
    assert set(perceptual_loss(photo)) == {*STYLE_LAYERS, CONTENT_LAYER}
    assert set(perceptual_loss(photo, CONTENT_LAYER)) == {
        place for place in STYLE_LAYERS if place <= CONTENT_LAYER
    }


def test_variation_is_the_mean_square_of_neighbours() -> None:
    ramp = torch.arange(8).float().mul(25.5).expand(1, 3, 8, 8)  # a tenth for each column
    assert float(variation(ramp)) == pytest.approx(0.01)
    assert float(variation(torch.full((1, 3, 8, 8), 77.0))) == 0


def test_the_judge_does_not_learn_and_needs_its_weights(tmp_path: Path) -> None:
    assert not any(weight.requires_grad for weight in PerceptualLoss("none").parameters())
    with pytest.raises(UsageError, match="--loss-weights"):
        PerceptualLoss(str(tmp_path / "missing.pt"))
