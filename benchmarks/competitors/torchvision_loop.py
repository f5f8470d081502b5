"""The loop that most scripts begin with: Pillow opens, torchvision's MobileNetV2 looks, photo after photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import report


def load() -> Callable[[Path], dict[str, Any]]:
    """Build the network with random weights, and the transform that its weights name."""
    import torch
    from PIL import Image
    from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

    network = mobilenet_v2(weights=None).eval()
    transform = MobileNet_V2_Weights.IMAGENET1K_V1.transforms()

    def work(folder: Path) -> dict[str, Any]:
        classes = []
        with torch.inference_mode():
            for path in sorted(folder.iterdir()):
                with Image.open(path) as image:
                    batch = transform(image.convert("RGB")).unsqueeze(0)
                classes.append(int(network(batch).argmax()))
        return {"photos": len(classes)}

    return work


if __name__ == "__main__":
    report(load)
