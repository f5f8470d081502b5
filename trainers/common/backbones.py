"""Network backbones: uint8 pictures -> an embedding. A backbone carries no classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from photocli.errors import UsageError
from trainers.common.efficientnet_lite import efficientnet_lite0, efficientnet_lite2

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of RGB in 0-1; what torchvision's weights were trained with."""


class CaffeNet(nn.Module):
    """CaffeNet (Jia et al. 2014) up to fc7: (n, 3, 227, 227) -> (n, 4096).

    AlexNet (Krizhevsky et al. 2012) with pooling before normalisation. It differs from torchvision's
    `alexnet` in channels, groups, local response normalisation and input size.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), nn.MaxPool2d(3, 2), _response_norm()),
            *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), _response_norm()),
            *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        self.fc6 = nn.Linear(256 * 6 * 6, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.drop = nn.Dropout(0.5)

    def forward(self, image: Tensor) -> Tensor:
        hidden = self.features(image).flatten(1)
        hidden = self.drop(torch.relu(self.fc6(hidden)))
        return self.drop(torch.relu(self.fc7(hidden)))


def _response_norm() -> nn.LocalResponseNorm:
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)


def _mobilenet_v2() -> nn.Module:
    backbone = torchvision.models.mobilenet_v2()
    backbone.classifier = nn.Identity()
    return backbone


def _squeezenet() -> nn.Module:
    backbone = torchvision.models.squeezenet1_1()
    backbone.classifier = nn.AdaptiveAvgPool2d(1)
    return backbone


def _resnet(depth: int) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        backbone = getattr(torchvision.models, f"resnet{depth}")()
        backbone.fc = nn.Identity()
        return backbone

    return make


def _efficientnet() -> nn.Module:
    backbone = torchvision.models.efficientnet_b0()
    backbone.classifier = nn.Identity()
    return backbone


BACKBONES: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "mobilenet_v2": (_mobilenet_v2, 1280),
    "squeezenet1_1": (_squeezenet, 512),
    "resnet18": (_resnet(18), 512),
    "resnet50": (_resnet(50), 2048),
    "efficientnet_b0": (_efficientnet, 1280),
    "efficientnet_lite0": (efficientnet_lite0, 1280),
    "efficientnet_lite2": (efficientnet_lite2, 1280),
    "caffenet": (CaffeNet, 4096),
}
"""How each backbone is made, and the width of its embedding."""


def normalisation(arch: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns mean and deviation of RGB in 0-1 that a backbone's ImageNet weights were trained with."""
    if arch.startswith("efficientnet_lite"):
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    return IMAGENET_MEAN, IMAGENET_STD


def make_backbone(arch: str) -> tuple[nn.Module, int]:
    """Makes a backbone with random weights; returns it and the width of its embedding.

    Raises `UsageError` for a name that is not in `BACKBONES`.
    """
    if arch not in BACKBONES:
        raise UsageError(f"there is no backbone '{arch}'; there are {', '.join(BACKBONES)}")
    make, width = BACKBONES[arch]
    return make(), width


def initialise(backbone: nn.Module, arch: str, init: str) -> None:
    """Load starting weights: `none`, `imagenet` (torchvision's download), or a file.

    A file holds a state dict as torchvision names it, with or without a classifier. Raises `UsageError`
    if the weights cannot be had or do not fit.
    """
    if init == "none":
        return
    state = _downloaded(arch) if init == "imagenet" else _from_file(Path(init))
    own = backbone.state_dict()
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    wrong = [name for name in own if name in state and state[name].shape != own[name].shape]
    if missing or wrong:
        first = (missing + wrong)[0]
        raise UsageError(f"'{init}' holds no weights of {arch}: {first} is missing or of another shape")
    # Weights may be stored as float16.
    fitting = {name: state[name].to(own[name].dtype) for name in own if name in state}
    backbone.load_state_dict(fitting, strict=False)


def mobilenet_layers(init: str) -> nn.Sequential:
    """MobileNetV2's layers with starting weights, for networks that are made of some of them; see
    `initialise`."""
    whole, _ = make_backbone("mobilenet_v2")
    initialise(whole, "mobilenet_v2", init)
    assert isinstance(whole.features, nn.Sequential)
    return whole.features


def _downloaded(arch: str) -> dict[str, Tensor]:
    if arch not in torchvision.models.list_models():
        raise UsageError(
            f"there are no ImageNet weights of {arch} to download; use --init FILE or --init none"
        )
    weights = torchvision.models.get_model_weights(arch).IMAGENET1K_V1
    try:
        return weights.get_state_dict(progress=False)
    except Exception as error:  # whatever the network, the proxy or the disk came up with
        raise UsageError(
            f"the ImageNet weights of {arch} could not be downloaded ({error}); "
            "without a network, use --init FILE with weights that you have, or --init none"
        ) from error


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UsageError(f"--init: {path} does not exist")
    state = torch.load(path, map_location="cpu", weights_only=True)
    if "weights" in state and "config" in state:  # a model of this trainer: go on from its backbone
        state = state["weights"]
    prefix = "backbone."
    if any(name.startswith(prefix) for name in state):
        return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    return state
