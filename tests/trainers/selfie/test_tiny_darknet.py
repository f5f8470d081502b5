from __future__ import annotations

import math

import pytest
import torch
from test_net2net import EXACT, change, pictures
from torch import nn

from trainers.selfie.net2net import ShiftELU
from trainers.selfie.tiny_darknet import PLAN, TinyDarknet, deepen, next_to_deepen, scaled, widen, widen_unit

SMALL = scaled(0.25)


def made(plan: tuple[str, ...] = SMALL, outputs: int = 1) -> tuple[TinyDarknet, nn.Linear]:
    torch.manual_seed(0)
    backbone = TinyDarknet(plan).eval()
    return backbone, nn.Linear(backbone.width, outputs)


def test_it_has_the_parameters_of_the_original() -> None:
    backbone, head = made(PLAN)
    assert sum(value.numel() for part in (backbone, head) for value in part.parameters()) == 2_092_609
    assert backbone.plan == PLAN and backbone.width == 1024
    assert not any(isinstance(part, nn.BatchNorm2d) for part in backbone.modules())
    assert all(part.bias is not None for part in backbone.modules() if isinstance(part, nn.Conv2d))


def test_it_starts_as_he_et_al_say() -> None:
    backbone, _ = made(PLAN)
    for place in backbone.convolutions[3:]:
        conv = backbone.units[place][0]
        fan = conv.kernel_size[0] ** 2 * conv.out_channels
        assert float(conv.weight.std()) == pytest.approx(math.sqrt(2 / fan), rel=0.1)
        assert float(conv.bias.abs().max()) == 0


@pytest.mark.parametrize("factor", [2**0.5, 2])
def test_every_layer_can_be_widened_and_nothing_changes(factor: float) -> None:
    given = pictures(64)
    for place in made()[0].convolutions:
        backbone, head = made()
        before = head(backbone(given))
        width = round(backbone.units[place][0].out_channels * factor)
        [head] = widen_unit(backbone, place, width, [head], noise=0)
        assert backbone.units[place][0].out_channels == width
        assert change(before, head(backbone(given))) <= EXACT, place


def test_all_layers_at_once() -> None:
    given = pictures(64)
    backbone, head = made()
    other = nn.Linear(backbone.width, 5)
    before, beside = head(backbone(given)), other(backbone(given))
    heads = widen(backbone, 2, [head, other], noise=0)
    assert backbone.plan == scaled(2, SMALL)
    assert change(before, heads[0](backbone(given))) <= EXACT
    assert change(beside, heads[1](backbone(given))) <= EXACT


def test_doubling_the_width_is_four_times_the_parameters_and_the_root_twice() -> None:
    own = sum(value.numel() for value in TinyDarknet().parameters())
    for factor, times in ((2, 4), (2**0.5, 2)):
        grown = sum(value.numel() for value in TinyDarknet(scaled(factor)).parameters())
        assert grown / own == pytest.approx(times, rel=0.03)


def test_it_grows_deeper_behind_any_layer_and_nothing_changes() -> None:
    given = pictures(64)
    for place in made()[0].convolutions:
        backbone, head = made()
        before = head(backbone(given))
        deepen(backbone, place)
        assert len(backbone.convolutions) == len(made()[0].convolutions) + 1
        assert change(before, head(backbone(given))) <= EXACT, place


def test_it_grows_deeper_where_it_is_cheap_again_and_again() -> None:
    given = pictures(64)
    backbone, head = made()
    before = head(backbone(given))
    for _ in range(3):
        deepen(backbone, next_to_deepen(backbone))
    [head] = widen(backbone, 2**0.5, [head], noise=0)
    assert sum(part.endswith("s") for part in backbone.plan) == 3
    assert sum(isinstance(part, ShiftELU) for part in backbone.modules()) == 3
    assert change(before, head(backbone(given))) <= 2 * EXACT


def test_a_grown_network_is_made_again_from_its_plan() -> None:
    backbone, head = made()
    deepen(backbone, next_to_deepen(backbone))
    widen(backbone, 2**0.5, [head])
    again = TinyDarknet(backbone.plan)
    again.load_state_dict(backbone.state_dict())
    given = pictures(64)
    assert torch.equal(again(given), backbone(given))
