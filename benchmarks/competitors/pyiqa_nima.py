"""pyiqa's NIMA (InceptionResNetV2), photo after photo, with random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import report


def load() -> Callable[[Path], dict[str, Any]]:
    """Build the metric; timm would download the weights of its network even so, and is told not to."""
    import pyiqa
    import timm
    import torch

    create = timm.create_model
    timm.create_model = lambda name, **options: create(name, **{**options, "pretrained": False})
    metric = pyiqa.create_metric("nima", device=torch.device("cpu"), pretrained=False)

    def work(folder: Path) -> dict[str, Any]:
        marks = [float(metric(str(path))) for path in sorted(folder.iterdir())]
        return {"photos": len(marks), "mean": sum(marks) / len(marks)}

    return work


if __name__ == "__main__":
    report(load)
