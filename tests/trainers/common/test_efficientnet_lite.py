"""EfficientNet-Lite: weights of ImageNet, batch norm within the weights, the quicker backward pass."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from trainers.common.backbones import initialise, make_backbone  # noqa: E402
from trainers.common.depthwise import depthwise  # noqa: E402
from trainers.common.efficientnet_lite import (  # noqa: E402
    as_bytes,
    efficientnet_lite0,
    efficientnet_lite2,
    prepare_for_export,
)

WEIGHTS = Path(__file__).parents[4] / "shared" / "weights"


@pytest.mark.parametrize(("make", "millions"), [(efficientnet_lite0, 3.37), (efficientnet_lite2, 4.81)])
def test_the_size_is_that_of_the_paper(make, millions) -> None:  # type: ignore[no-untyped-def]
    network = make()
    parameters = sum(value.numel() for value in network.parameters())
    assert parameters / 1e6 == pytest.approx(millions, abs=0.01)
    assert network(torch.zeros(1, 3, 64, 96)).shape == (1, network.width)


@pytest.mark.parametrize("arch", ["efficientnet_lite0", "efficientnet_lite2"])
def test_weights_of_imagenet_fit_and_name_things(arch: str) -> None:
    file = WEIGHTS / f"{arch}_imagenet.pt"
    if not file.is_file():
        pytest.skip("the weights are not here")
    stored = torch.load(file, weights_only=True)
    network, width = make_backbone(arch)
    own = network.state_dict()
    assert set(stored) - set(own) == {"classifier.weight", "classifier.bias"}
    assert set(own) <= set(stored)
    assert all(own[name].shape == stored[name].shape for name in own)
    initialise(network, arch, str(file))
    network.eval()
    skimage = pytest.importorskip("skimage.data")
    photo = torch.from_numpy(skimage.chelsea()).permute(2, 0, 1)[None].float() / 255
    photo = F.interpolate(photo, (224, 320), mode="bilinear", antialias=True)
    with torch.no_grad():
        features = network((photo - 0.5) / 0.5)
        logits = features @ stored["classifier.weight"].float().T + stored["classifier.bias"].float()
    assert features.shape == (1, width)
    assert int(logits.argmax()) in range(281, 286)  # the classes of cats


def test_an_export_says_the_same_without_norms() -> None:
    torch.manual_seed(0)
    network = efficientnet_lite0()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    network.eval()
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        # Batch norm as a step of its own.
        hidden = network.act(network.bn1(network.conv_stem(image)))
        by_folding = network.maps(image)
        prepare_for_export(network)
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
        torch.testing.assert_close(network.maps(image), by_folding, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network.act(network.conv_stem(image)), hidden, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_the_quick_backward_pass_has_the_same_gradients(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    image = torch.randn(2, 16, 12, 20).bfloat16().float().contiguous(memory_format=torch.channels_last)
    weight = torch.randn(16, 1, kernel, kernel).bfloat16().float()
    bias = torch.randn(16)
    found = []
    for quick in (False, True):
        leaves = [each.clone().requires_grad_() for each in (image, weight, bias)]
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            made = depthwise(leaves[0], leaves[1], leaves[2], stride, (kernel // 2, kernel // 2))
        made.float().square().sum().backward()
        found.append([made.detach().float(), *(leaf.grad for leaf in leaves)])
    for exact, rounded in zip(*found, strict=True):
        assert float((exact - rounded).norm() / exact.norm()) < 0.01


def test_weights_are_rounded_to_bytes_but_the_first_layers() -> None:
    torch.manual_seed(0)
    network = efficientnet_lite0().eval()
    block = network.blocks[1][0]
    image, seen = torch.rand(1, 16, 8, 8), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        exact, first = block.widen(image), network.act(network.conv_stem(seen))
        network.round_weights(True)
        rounded = block.widen(image)
        assert torch.equal(network.act(network.conv_stem(seen)), first)
        network.round_weights(False)
        assert torch.equal(block.widen(image), exact)
    assert not torch.equal(rounded, exact)
    assert float((rounded - exact).norm() / exact.norm()) < 0.02
    weight = torch.randn(4, 3, 1, 1)
    codes = as_bytes(weight).flatten(1) / weight.abs().flatten(1).amax(1, keepdim=True) * 127
    torch.testing.assert_close(codes, codes.round(), rtol=0, atol=1e-3)


def test_weights_at_hand_change_neither_values_nor_gradients() -> None:
    torch.manual_seed(0)
    network = efficientnet_lite0().eval()
    network.round_weights(True)
    images = [torch.rand(1, 3, 32, 64), torch.rand(2, 3, 64, 32)]
    made = torch.cat([network(image) for image in images])
    made.square().sum().backward()
    gradients = {name: value.grad.clone() for name, value in network.named_parameters()}
    network.zero_grad()
    with network.weights_at_hand():
        again = torch.cat([network(image) for image in images])
    again.square().sum().backward()
    assert torch.equal(again, made)
    for name, value in network.named_parameters():
        torch.testing.assert_close(value.grad, gradients[name], rtol=1e-3, atol=1e-6, msg=name)
    assert all(getattr(module, "at_hand", None) is None for module in network.modules())
