"""Learning rates that differ by part of the network, as Caffe's `lr_mult` did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Multipliers:
    """What the base rate is multiplied by. The defaults are Caffe's for fine-tuning with a new last layer."""

    backbone: float = 1.0
    backbone_bias: float = 2.0
    head: float = 10.0
    head_bias: float = 20.0


def parameter_groups(
    backbone: nn.Module, head: nn.Module, rate: float, decay: float, by: Multipliers | None = None
) -> list[dict[str, Any]]:
    """Optimiser groups for every parameter that is not frozen; weights decay, biases and scales do not."""
    by = by or Multipliers()
    groups = []
    for part, weight_rate, bias_rate in (
        (backbone, by.backbone * rate, by.backbone_bias * rate),
        (head, by.head * rate, by.head_bias * rate),
    ):
        named = [(name, value) for name, value in part.named_parameters() if value.requires_grad]
        biases = [value for name, value in named if name.endswith("bias")]
        scales = [value for name, value in named if not name.endswith("bias") and value.ndim == 1]
        weights = [value for name, value in named if not name.endswith("bias") and value.ndim > 1]
        groups += [
            {"params": weights, "lr": weight_rate, "weight_decay": decay},
            {"params": scales, "lr": weight_rate, "weight_decay": 0.0},
            {"params": biases, "lr": bias_rate, "weight_decay": 0.0},
        ]
    return [group for group in groups if group["params"]]
