"""What this machine's processor is, and whether it multiplies 8-bit integers quickly and exactly."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_READ = 16_384  # bytes: the first processors; the file has an entry for each, and makes them as it is read
_PRODUCTS = ("avx512_vnni", "avx_vnni", "asimddp")
"""Features of processors that add up products of 8-bit integers in 32 bits, as Linux names them."""

_ARM_V82_DP = 43  # what Windows calls the dot products of ARM

_PRODUCT = (
    b'\x08\x05:>\n\x18\n\x01a\n\x01b\x12\x01c"\rMatMulInteger\x12\x01gZ\t\n\x01a\x12\x04\n\x02\x08\x02'
    b"Z\t\n\x01b\x12\x04\n\x02\x08\x03b\t\n\x01c\x12\x04\n\x02\x08\x06B\x04\n\x00\x10\n"
)
"""An ONNX network of one operator: c = MatMulInteger(a of uint8, b of int8)."""


def describe(cpuinfo: Path = _CPUINFO) -> tuple[str, tuple[str, ...]]:
    """Read the name of the processor, and which `_PRODUCTS` it has; on Linux alone these can be read."""
    try:
        with cpuinfo.open("rb", buffering=0) as file:
            text = file.read(_READ).decode("utf-8", "replace")
    except OSError:
        name = os.environ.get("PROCESSOR_IDENTIFIER", "") if sys.platform == "win32" else ""
        return name or f"{sys.platform} {_architecture()}", ()
    facts = dict(re.findall(r"^([^\t:\n]+?)\s*:[ \t]*(.*)$", text, re.MULTILINE)[::-1])  # the first holds
    features = set(str(facts.get("flags") or facts.get("Features") or "").split())
    parts = [facts[name] for name in ("model name", "CPU implementer", "CPU part") if name in facts]
    return " ".join(parts) or _architecture(), tuple(name for name in _PRODUCTS if name in features)


def is_quick_with_int8(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether the processor promises to be quicker with 8-bit integers, and as exact as ONNX Runtime needs.

    On Intel and AMD that takes VNNI. Without it, AVX2 and AVX-512 add up pairs of products in 16 bits, which
    saturate (255 * 127 twice is 64,770, and 32,767 comes of it): answers would be wrong. On ARM it takes the
    dot products of ARMv8.2; without them nothing saturates, but nothing is gained. Where a system does not
    tell, as on Windows with Intel, ONNX Runtime is loaded and tried.
    """
    arm = _architecture() in ("arm64", "aarch64")
    if cpuinfo.exists():
        return bool(describe(cpuinfo)[1])
    if arm and sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(_ARM_V82_DP))
    return arm or is_exact_with_int8()


def is_exact_with_int8() -> bool:
    """Whether ONNX Runtime's products of 8-bit integers are what they should be on this processor."""
    import numpy as np

    from photocli.models.runtime import load_runtime

    ort = load_runtime()
    session = ort.InferenceSession(_PRODUCT, providers=["CPUExecutionProvider"])
    largest = {"a": np.full((4, 64), 255, np.uint8), "b": np.full((64, 16), 127, np.int8)}
    (found,) = session.run(None, largest)
    return bool((found == 64 * 255 * 127).all())


def _architecture() -> str:
    """The architecture, such as `x86_64`; `platform` would start a process for more."""
    if sys.platform == "win32":
        return os.environ.get("PROCESSOR_ARCHITECTURE", "").lower()
    return os.uname().machine.lower()
