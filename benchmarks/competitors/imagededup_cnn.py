"""imagededup by its default network (MobileNetV3 small) with random weights, then duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import report


def load() -> Callable[[Path], dict[str, Any]]:
    """Build the network as imagededup does, but for its weights, which it would download."""
    import torch
    from imagededup.methods import CNN
    from imagededup.utils import CustomModel
    from imagededup.utils.models import MobilenetV3
    from torchvision.models import mobilenet_v3_small

    network = mobilenet_v3_small(weights=None).eval()
    codes_of = torch.nn.Sequential(network.features, network.avgpool, torch.nn.Flatten())
    config = CustomModel("mobilenet_v3_small", codes_of, MobilenetV3.transform)
    encoder = CNN(verbose=False, model_config=config)

    def work(folder: Path) -> dict[str, Any]:
        codes = encoder.encode_images(str(folder))
        found = encoder.find_duplicates(encoding_map=codes)
        return {"photos": len(codes), "with_duplicates": sum(map(bool, found.values()))}

    return work


if __name__ == "__main__":
    report(load)
