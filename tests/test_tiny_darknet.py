from __future__ import annotations

import math

import pytest
import torch
from test_net2net import EXACT, change, pictures
from torch import nn

from trainers.net2net import ShiftELU
from trainers.tiny_darknet import PLAN, TinyDarknet, deepen, next_to_deepen, scaled, widen, widen_unit

SMALL = scaled(0.25)


def made(plan: tuple[str, ...] = SMALL, outputs: int = 1) -> tuple[TinyDarknet, nn.Linear]:
    torch.manual_seed(0)
    body = TinyDarknet(plan).eval()
    return body, nn.Linear(body.width, outputs)


def test_it_has_the_parameters_of_the_original() -> None:
    body, head = made(PLAN)
    assert sum(value.numel() for part in (body, head) for value in part.parameters()) == 2_092_609
    assert body.plan == PLAN and body.width == 1024
    assert not any(isinstance(part, nn.BatchNorm2d) for part in body.modules())
    assert all(part.bias is not None for part in body.modules() if isinstance(part, nn.Conv2d))


def test_it_starts_as_he_et_al_say() -> None:
    body, _ = made(PLAN)
    for place in body.convolutions[3:]:
        conv = body.units[place][0]
        fan = conv.kernel_size[0] ** 2 * conv.out_channels
        assert float(conv.weight.std()) == pytest.approx(math.sqrt(2 / fan), rel=0.1)
        assert float(conv.bias.abs().max()) == 0


@pytest.mark.parametrize("factor", [2**0.5, 2])
def test_every_layer_can_be_widened_and_nothing_changes(factor: float) -> None:
    given = pictures(64)
    for place in made()[0].convolutions:
        body, head = made()
        before = head(body(given))
        width = round(body.units[place][0].out_channels * factor)
        [head] = widen_unit(body, place, width, [head], noise=0)
        assert body.units[place][0].out_channels == width
        assert change(before, head(body(given))) <= EXACT, place


def test_all_layers_at_once() -> None:
    given = pictures(64)
    body, head = made()
    other = nn.Linear(body.width, 5)
    before, beside = head(body(given)), other(body(given))
    heads = widen(body, 2, [head, other], noise=0)
    assert body.plan == scaled(2, SMALL)
    assert change(before, heads[0](body(given))) <= EXACT
    assert change(beside, heads[1](body(given))) <= EXACT


def test_doubling_the_width_is_four_times_the_parameters_and_the_root_twice() -> None:
    own = sum(value.numel() for value in TinyDarknet().parameters())
    for factor, times in ((2, 4), (2**0.5, 2)):
        grown = sum(value.numel() for value in TinyDarknet(scaled(factor)).parameters())
        assert grown / own == pytest.approx(times, rel=0.03)


def test_it_grows_deeper_behind_any_layer_and_nothing_changes() -> None:
    given = pictures(64)
    for place in made()[0].convolutions:
        body, head = made()
        before = head(body(given))
        deepen(body, place)
        assert len(body.convolutions) == len(made()[0].convolutions) + 1
        assert change(before, head(body(given))) <= EXACT, place


def test_it_grows_deeper_where_it_is_cheap_again_and_again() -> None:
    given = pictures(64)
    body, head = made()
    before = head(body(given))
    for _ in range(3):
        deepen(body, next_to_deepen(body))
    [head] = widen(body, 2**0.5, [head], noise=0)
    assert sum(part.endswith("s") for part in body.plan) == 3
    assert sum(isinstance(part, ShiftELU) for part in body.modules()) == 3
    assert change(before, head(body(given))) <= 2 * EXACT


def test_a_grown_network_is_made_again_from_its_plan() -> None:
    body, head = made()
    deepen(body, next_to_deepen(body))
    widen(body, 2**0.5, [head])
    again = TinyDarknet(body.plan)
    again.load_state_dict(body.state_dict())
    given = pictures(64)
    assert torch.equal(again(given), body(given))
