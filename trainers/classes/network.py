"""The network of a user's own classes: any of torchvision's classifiers with a new last layer."""

from __future__ import annotations

import operator
from typing import Any

import torch
import torchvision
from torch import Tensor, fx, nn

from photocli.errors import UsageError
from trainers.classes.config import SMALL_CNN
from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, CaffeNet, initialise

_AUXILIARY = ("googlenet", "inception_v3")  # these have further outputs in training, unless told not to
_PASSED = (nn.Dropout, nn.Flatten, nn.Identity)


class SmallCnn(nn.Module):
    """Computes the features of a Keras-style tutorial, up to its last layer: (n, 3, 256, 256) -> (n, 32).

    Four blocks of 32 filters of 3 x 3 and pooling by 2; the mean over the places; half of it dropped.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for inputs in (3, 32, 32, 32):
            blocks += [nn.Conv2d(inputs, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.5)

    def forward(self, image: Tensor) -> Tensor:
        return self.drop(self.pool(self.features(image)).flatten(1))


def names() -> list[str]:
    """Lists what `--arch` can be: torchvision's classifiers, and two of ours."""
    return [*torchvision.models.list_models(module=torchvision.models), "caffenet", SMALL_CNN]


def headless(arch: str) -> tuple[nn.Module, int]:
    """Makes a network with random weights whose last layer passes on its input; returns it and its width.

    The last layer is the last linear one or 1 x 1 convolution. Where a mean over the places follows the
    convolution (SqueezeNet), a linear layer after the mean does what the convolution did before it.
    Raises `UsageError` for another name.
    """
    if arch == SMALL_CNN:
        return SmallCnn(), 32
    if arch == "caffenet":
        return CaffeNet(), 4096
    if arch not in names():
        raise UsageError(f"there is no network '{arch}'; torchvision has resnet18, alexnet and many more")
    options = {"aux_logits": False, "init_weights": False} if arch in _AUXILIARY else {}
    network = torchvision.models.get_model(arch, weights=None, **options)
    name, last = [(name, module) for name, module in network.named_modules() if _is_last(module)][-1]
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, nn.Identity())
    return network, last.in_features if isinstance(last, nn.Linear) else last.in_channels


def _is_last(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1))


class Classifier(nn.Module):
    """Classifies uint8 RGB (n, 3, size, size) with logits (n, k).

    Scaling and normalisation are part of the network, so that training and serving cannot drift.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, arch: str, classes: int, several: bool = False) -> None:
        super().__init__()
        self.arch, self.several = arch, several
        self.backbone, width = headless(arch)
        self.head = nn.Linear(width, classes)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.to(memory_format=torch.channels_last)

    def initialise(self, init: str) -> None:
        """Loads starting weights, all but the last layer's (see `backbones.initialise`)."""
        initialise(self.backbone, self.arch, init)

    def scaled(self, image: Tensor) -> Tensor:
        """Scales and normalises an image as the backbone takes it."""
        image = image.contiguous(memory_format=torch.channels_last)
        return (image.float() / 255 - self.mean) / self.std

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.backbone(self.scaled(image)).flatten(1))

    def probabilities(self, logits: Tensor) -> Tensor:
        """Returns probabilities that add up to 1, or where several classes may hold, one by one."""
        return logits.sigmoid() if self.several else logits.softmax(1)


def spatial_backbone(backbone: nn.Module) -> fx.GraphModule | None:
    """Cuts a backbone before its mean over places: (n, 3, h, w) -> (n, c, rows, columns).

    Returns None if the network does not end in such a mean. `backbone` must be in evaluation.
    """
    try:
        traced = fx.symbolic_trace(backbone)
    except Exception:  # networks whose way depends on what they see cannot be traced
        return None
    modules = dict(traced.named_modules())
    output = next(node for node in traced.graph.nodes if node.op == "output")
    node = output.args[0]
    while isinstance(node, fx.Node) and _passes(node, modules):
        node = node.args[0]
    if not isinstance(node, fx.Node) or not _is_mean(node, modules):
        return None
    output.args = (node.args[0],)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return traced


def _passes(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Says whether a step changes no more than the shape."""
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], _PASSED)
    if node.op == "call_method":
        return node.target in ("flatten", "view", "reshape", "squeeze")
    return node.target in (torch.flatten, torch.squeeze, operator.getitem, nn.functional.dropout)


def _is_mean(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        module = modules[str(node.target)]
        return isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (1, (1, 1))
    given: list[Any] = [*node.args[1:2], *node.kwargs.values()]
    if node.op == "call_method" and node.target == "mean":
        return bool(given) and sorted(given[0]) in ([2, 3], [-2, -1])
    return node.target is nn.functional.adaptive_avg_pool2d and given[0] in (1, (1, 1))


def from_config(config: dict[str, Any]) -> Classifier:
    """Makes the classifier of a configuration, with random weights."""
    return Classifier(config["arch"], len(config["classes"]), config["several"])
