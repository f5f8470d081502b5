"""Depthwise convolutions whose backward pass takes a third of the time on CPUs.

In bfloat16 oneDNN has slow loops for the gradients of strided and of large depthwise kernels, where those of
float32 are four times as quick; of the others, those of bfloat16 are quicker.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_SLOW_KERNEL = 5
"""From this size on, weights get their gradient quicker in float32."""


def depthwise(
    image: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: tuple[int, int]
) -> Tensor:
    """Convolves each channel of (n, c, h, w) with its own kernel of `weight` (c, 1, k, k)."""
    if image.device.type != "cpu" or not torch.is_autocast_enabled("cpu") or not torch.is_grad_enabled():
        return F.conv2d(image, weight, bias, stride, padding, groups=len(weight))
    made: Tensor = _Depthwise.apply(image.bfloat16(), weight.bfloat16(), stride, padding)
    return made if bias is None else made + bias.to(made.dtype)[:, None, None]


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, image: Tensor, weight: Tensor, stride: int, padding: tuple[int, int]) -> Tensor:
        context.save_for_backward(image, weight)
        context.shape = stride, padding
        return F.conv2d(image, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        image, weight = context.saved_tensors
        stride, padding = context.shape
        needs = context.needs_input_grad
        wide = stride > 1, weight.shape[-1] >= _SLOW_KERNEL
        of_image = _gradients(gradient, image, weight, stride, padding, wide[0])[0] if needs[0] else None
        of_weight = _gradients(gradient, image, weight, stride, padding, wide[1], 1)[1] if needs[1] else None
        return of_image, of_weight, None, None


def _gradients(
    gradient: Tensor,
    image: Tensor,
    weight: Tensor,
    stride: int,
    padding: tuple[int, int],
    wide: bool,
    which: int = 0,
) -> tuple[Tensor | None, ...]:
    """Gradients of the image (`which` 0) or the weights (1), in float32 if `wide`; the other is None."""
    kind = torch.float32 if wide else gradient.dtype
    made = torch.ops.aten.convolution_backward(
        gradient.to(kind),
        image.to(kind),
        weight.to(kind),
        None,
        [stride, stride],
        list(padding),
        [1, 1],
        False,
        [0, 0],
        len(weight),
        [which == 0, which == 1, False],
    )
    return tuple(each if each is None else each.to(image.dtype) for each in made)
