"""Evaluation of a painting style: distances from style and content, beside what needs no network."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from trainers.common.metrics import BaselineCheck
from trainers.style_transfer.config import StyleTransferConfig
from trainers.style_transfer.network import StyleTransferNetwork, repaint
from trainers.style_transfer.perceptual_loss import PerceptualLoss


def evaluate(
    network: StyleTransferNetwork,
    perceptual_loss: PerceptualLoss,
    style: Mapping[int, Tensor],
    photos: Tensor,
    config: StyleTransferConfig,
) -> list[BaselineCheck]:
    """Returns how far repainted photos are from the style and from what they show.

    `photos` (n, 3, size, size) are RGB 0-255. The baseline of the style is the photo as it is, that of the
    content another photo. Without a weight of the style only the content is compared.
    """
    painted = repaint(network, photos)
    with torch.inference_mode():
        reached = perceptual_loss.terms(painted, photos, style)
        baseline = perceptual_loss.terms(photos.roll(1, 0), photos, style)
    style_check = BaselineCheck(
        "distance from the style",
        float(reached.style),
        float(baseline.style),
        "the photo as it is",
        higher=False,
    )
    content_check = BaselineCheck(
        "distance from the content",
        float(reached.content),
        float(baseline.content),
        "another photo",
        higher=False,
    )
    return [style_check, content_check] if config.style_weight > 0 else [content_check]
