"""How well boxes fit, in a form that networks learn from."""

from __future__ import annotations

import torch
from torch import Tensor


def fits(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union of boxes (n, 4) with their partners (n, 4), and its generalisation
    (Rezatofighi et al. 2019), which also says how far apart they are."""
    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    common = (high - low).clamp_min(0).prod(1)
    sizes = [(boxes[:, 2:] - boxes[:, :2]).clamp_min(0).prod(1) for boxes in (one, other)]
    union = (sizes[0] + sizes[1] - common).clamp_min(1e-6)
    low, high = torch.minimum(one[:, :2], other[:, :2]), torch.maximum(one[:, 2:], other[:, 2:])
    hull = (high - low).prod(1).clamp_min(1e-6)
    iou = common / union
    return iou, iou - (hull - union) / hull
