from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import onnxruntime
import pytest
import torch
from photos import sample_pictures
from torch import Tensor, nn

from trainers.selfie.net2net import NOISE, ShiftELU, deeper, incoming, outgoing, sources, wider

EXACT = 1e-5
"""Relative change of the output that an operator without noise may make: what float32 rounds."""


def pictures(side: int = 32) -> Tensor:
    """Pieces of real pictures, (n, 3, side, side), of mean 0 and deviation 1."""
    pieces = [picture[y : y + side, x : x + side] for picture in sample_pictures().values()
              for y in (40, 120) for x in (60, 150)]  # fmt: skip
    batch = torch.from_numpy(np.stack(pieces)).permute(0, 3, 1, 2).double().float()
    return (batch - batch.mean()) / batch.std()


def change(before: Tensor, after: Tensor) -> float:
    return float(((before - after).norm() / before.norm()).detach())


def network() -> nn.Sequential:
    """Two convolutions with pooling, flattened maps, and two linear layers."""
    torch.manual_seed(1)
    return nn.Sequential(
        *(nn.Conv2d(3, 10, 3, padding=1), nn.ELU(), nn.MaxPool2d(4), nn.Conv2d(10, 12, 1), nn.ELU()),
        *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 16, 14), nn.ELU(), nn.Linear(14, 3)),
    ).eval()


def layers(made: nn.Sequential) -> list[int]:
    return [place for place, part in enumerate(made) if isinstance(part, nn.Conv2d | nn.Linear)]


def widened(made: nn.Sequential, place: int, factor: float, noise: float, seed: int = 0) -> nn.Sequential:
    places = layers(made)
    after = places[places.index(place) + 1]
    width = round(len(made[place].weight) * factor)
    generator = torch.Generator().manual_seed(seed)
    first, activation, [following] = wider(
        made[place], made[place + 1], [made[after]], width, generator, noise
    )
    parts = list(made)
    parts[place], parts[place + 1], parts[after] = first, activation, following
    return nn.Sequential(*parts)


@pytest.mark.parametrize("factor", [2**0.5, 2])
@pytest.mark.parametrize("place", [0, 3, 7])
def test_wider_changes_nothing_on_any_layer(place: int, factor: float) -> None:
    """Convolution to convolution, convolution to a linear layer through flattened maps, linear to linear."""
    made, given = network(), pictures()
    before = made(given)
    grown = widened(made, place, factor, noise=0)
    assert len(grown[place].weight) == round(len(made[place].weight) * factor)
    assert change(before, grown(given)) <= EXACT


def test_one_after_another_every_layer_twice_as_wide() -> None:
    made, given = network(), pictures()
    before, grown = made(given), made
    for round_ in range(2):
        for place in layers(made)[:-1]:
            grown = widened(grown, place, 2, noise=0, seed=round_)
    assert [len(grown[place].weight) for place in layers(grown)] == [40, 48, 56, 3]
    assert change(before, grown(given)) <= 2 * EXACT


def test_units_keep_their_places_and_extra_ones_are_copies() -> None:
    copied = sources(6, 15, torch.Generator().manual_seed(3))
    assert copied[:6].tolist() == list(range(6)) and copied.max() < 6
    assert len(set(copied[6:].tolist())) > 2
    layer = nn.Linear(4, 6)
    more = incoming(layer, copied)
    assert torch.equal(more.weight, layer.weight[copied]) and torch.equal(more.bias, layer.bias[copied])
    after = nn.Linear(6, 5)
    shares = outgoing(after, copied)
    for unit in range(6):
        of_it = shares.weight[:, copied == unit]
        assert torch.allclose(of_it.sum(1), after.weight[:, unit], atol=1e-6)
        assert torch.equal(of_it, of_it[:, :1].expand_as(of_it))
    with pytest.raises(ValueError, match="fewer"):
        sources(6, 5, torch.Generator())
    with pytest.raises(ValueError, match="cannot come after"):
        outgoing(nn.Linear(7, 2), copied)


def test_flattened_maps_are_copied_in_blocks() -> None:
    copied = torch.tensor([0, 1, 1])
    after = nn.Linear(2 * 9, 4)
    blocks = outgoing(after, copied).weight.view(4, 3, 9)
    own = after.weight.view(4, 2, 9)
    assert torch.equal(blocks[:, 0], own[:, 0])
    assert torch.equal(blocks[:, 1], own[:, 1] / 2) and torch.equal(blocks[:, 2], own[:, 1] / 2)


def test_noise_is_on_the_extra_copies_alone() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 50, 3)
    copied = sources(50, 100, torch.Generator().manual_seed(0))
    noisy = incoming(layer, copied, NOISE, torch.Generator().manual_seed(1))
    assert torch.equal(noisy.weight[:50], layer.weight)
    strayed = (noisy.weight[50:] - layer.weight[copied[50:]]).square().mean().sqrt()
    assert float(strayed) == pytest.approx(0.01 * float(layer.weight.square().mean().sqrt()), rel=0.02)
    again = incoming(layer, copied, NOISE, torch.Generator().manual_seed(1))
    assert torch.equal(again.weight, noisy.weight)


def test_noise_lets_copies_part_in_training() -> None:
    made, given = network(), pictures()
    still, noisy = (widened(made, 0, 2, noise) for noise in (0.0, NOISE))
    assert 1e-4 < change(made(given), noisy(given)) < 0.05
    gaps = []
    for grown in (still, noisy):
        optimiser = torch.optim.SGD(grown.parameters(), 0.05)
        for _ in range(20):
            optimiser.zero_grad()
            ((grown(given) - 1) ** 2).mean().backward()
            optimiser.step()
        same = sources(10, 20, torch.Generator().manual_seed(0))
        alone = [unit for unit in range(10, 20) if (same == same[unit]).sum() == 2]
        gaps.append(float((grown[0].weight[alone] - grown[0].weight[same[alone]]).norm()))
    assert gaps[0] < 1e-5 < 1e-3 < gaps[1]


def deep(shifted: bool, count: int = 1) -> tuple[nn.Sequential, nn.Sequential]:
    """A network before and after a convolution that changes nothing, behind its second one."""
    made = network()
    parts, activation = list(made), made[4]
    for number in range(count):
        layer, shift = deeper(activation, 12)
        activation = shift if shifted else nn.ELU()
        parts[5 + 2 * number : 5 + 2 * number] = [layer, activation]
    return made, nn.Sequential(*parts)


@pytest.mark.parametrize("count", [1, 3])
def test_deeper_changes_nothing(count: int) -> None:
    given = pictures()
    before, after = deep(shifted=True, count=count)
    assert change(before(given), after(given)) <= EXACT


def test_the_naive_deeper_with_elu_is_not_exact() -> None:
    """What the test above would show if ELU were taken for ReLU: ELU(ELU(x)) is not ELU(x)."""
    given = pictures()
    before, after = deep(shifted=False)
    assert change(before(given), after(given)) > 1000 * EXACT


def test_deeper_starts_from_a_shift_that_was_learned() -> None:
    shift = torch.linspace(-0.5, 3, 12)
    given = ShiftELU(shift)(4 * torch.randn(5, 12, 6, 6))
    layer, activation = deeper(ShiftELU(shift), 12)
    assert change(given, activation(layer(given))) <= EXACT
    assert activation.shift.requires_grad


def test_a_shift_is_copied_with_its_channel() -> None:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 8, 3), ShiftELU(torch.linspace(0, 2, 8)), nn.Conv2d(8, 4, 3))
    given = pictures()
    grown = widened(made, 0, 2, noise=0)
    assert grown[1].shift.shape == (16,)
    assert change(made(given), grown(given)) <= EXACT


def test_shift_elu_is_the_same_in_onnx() -> None:
    part = nn.Sequential(nn.Conv2d(3, 6, 3), ShiftELU(torch.linspace(0, 2, 6))).eval()
    given = pictures()
    file = io.BytesIO()
    program = torch.onnx.export(part, (given,), dynamo=True, verbose=False)
    assert program is not None
    file.write(program.model_proto.SerializeToString())
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    [said] = session.run(None, {session.get_inputs()[0].name: given.numpy()})
    assert np.abs(said - part(given).detach().numpy()).max() <= 1e-4


def test_grouped_convolutions_are_refused() -> None:
    with pytest.raises(ValueError, match="grouped"):
        incoming(nn.Conv2d(4, 8, 3, groups=2), sources(8, 9, torch.Generator()))
    assert all(b > a for a, b in pairwise(layers(network())))
