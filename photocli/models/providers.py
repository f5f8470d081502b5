"""The devices that `--device` takes: ONNX Runtime's providers for them, and the proof that they work."""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from photocli.errors import DeviceError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = Sequence[NDArray[np.float32]]

CPU = "CPUExecutionProvider"
OPENVINO = "OpenVINOExecutionProvider"
DIRECTML = "DmlExecutionProvider"

ON_PROCESSOR = (CPU, OPENVINO)
"""Providers that compute on the processor: OpenVINO does, unless it is told of another device."""

PROVIDERS = {
    "cpu": [CPU],
    "cuda": ["CUDAExecutionProvider", CPU],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU],
    "openvino": [OPENVINO, CPU],
    "coreml": ["CoreMLExecutionProvider", CPU],
    "directml": [DIRECTML, CPU],
}
"""The execution providers of each device, in the order in which ONNX Runtime offers them the operators."""

DEVICES = ("auto", *PROVIDERS)

NVIDIA = ("cuda", "tensorrt")
"""Devices that need a driver of NVIDIA's, for which is looked first."""

PROVEN = ("openvino", "coreml", "directml")
"""Devices on which each model is tried before it serves, as their providers may leave it to the processor."""

TOLERANCE = 0.05
"""How far a device's answers may be from the processor's, as a share of the largest: some compute with half
precision, which is a hundredth."""

_PACKAGES = {
    "openvino": "onnxruntime-openvino",
    "coreml": "onnxruntime on macOS",
    "directml": "onnxruntime-directml on Windows",
}
"""The builds of ONNX Runtime with a provider that the extra `cuda` does not bring."""


def has_driver() -> bool:
    """Whether an NVIDIA driver is installed; asking ONNX Runtime instead would load all of CUDA first."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def computes_on_cpu(device: str) -> bool:
    """Whether a run on this device comes to ONNX Runtime's own kernels for the processor."""
    return device == "cpu" or (device == "auto" and not has_driver())


def usable(ort: Any, device: str) -> list[str]:
    """The providers of a device that this build of ONNX Runtime has; `auto` is CUDA where it can be had.

    Raises `DeviceError` if one that was named cannot be used.
    """
    wanted = PROVIDERS.get("cuda" if device == "auto" else device)
    if wanted is None:
        raise DeviceError(f"there is no device '{device}'; choose one of {', '.join(DEVICES)}")
    if device in ("auto", *NVIDIA):
        if not has_driver():
            if device != "auto":
                raise DeviceError(why_not(device, "there is no NVIDIA driver"))
            return [CPU]
        preload = getattr(ort, "preload_dlls", None)  # the extra `cuda` brings the libraries as wheels
        if preload is not None:
            _unsaid(preload)()
    found = [name for name in wanted if name in ort.get_available_providers()]
    if found[0] != wanted[0] and device != "auto":
        raise DeviceError(why_not(device, "this build of ONNX Runtime cannot use it"))
    return found


def options(provider: str, threads: int) -> dict[str, str]:
    """The options of a provider; `threads` 0 leaves their number to it."""
    if provider == OPENVINO and threads:
        return {"num_of_threads": str(threads)}
    if provider == "TensorrtExecutionProvider":  # the weights are float16 already
        return {"trt_fp16_enable": "1"}
    return {}


def why_not(device: str, reason: str) -> str:
    """Say why a device cannot be used, and what to do about it."""
    need = "install photocli[cuda] and an NVIDIA driver"
    if device in _PACKAGES:
        need = f"it takes the package {_PACKAGES[device]} in the place of the installed ONNX Runtime"
    return f"--device {device} cannot be used: {reason}; {need}, or use --device cpu"


@contextmanager
def profile(options: Any) -> Iterator[Callable[[Any], list[tuple[str, str]]]]:
    """Have the session that is made of these options note what it runs where.

    Yields a function that ends it: of the session, provider and name of each operator that ran so far.
    """
    with tempfile.TemporaryDirectory(prefix="photocli-", ignore_cleanup_errors=True) as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "run")

        def end(session: Any) -> list[tuple[str, str]]:
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
            ran = [event["args"] for event in events if event.get("cat") == "Node"]
            return [(str(args.get("provider")), str(args.get("op_name"))) for args in ran]

        yield end


def check_run(
    device: str, label: str, ran: Sequence[tuple[str, str]], answers: Arrays, expected: Arrays
) -> None:
    """Raise `DeviceError` unless the device ran the model, all convolutions of it, and rightly.

    `ran` is what `profile` tells, `answers` are the device's and `expected` those of the processor.
    """
    fault = _fault(device, ran, answers, expected)
    if fault is not None:
        raise DeviceError(
            f"--device {device} cannot run model {label}: {fault}; use --precision float or --device cpu"
        )


def _fault(device: str, ran: Sequence[tuple[str, str]], answers: Arrays, expected: Arrays) -> str | None:
    """What is wrong with a device's run of a model; None if nothing is."""
    import numpy as np

    if not any(provider == PROVIDERS[device][0] for provider, _ in ran):
        return "it took no part of it, and the processor ran it all"
    left = sorted({name for provider, name in ran if provider == CPU and "Conv" in name})
    if left:
        return f"it leaves parts of it to the processor ({', '.join(left)})"
    for answer, right in zip(answers, expected, strict=True):
        same = np.shape(answer) == np.shape(right)
        apart = np.abs(np.asarray(answer, np.float64) - right).max(initial=0) if same else np.inf
        if not apart <= TOLERANCE * np.abs(right).max(initial=0) + 1e-6:  # NaN, too
            return "its answers are not those of the processor"
    return None


def _unsaid(function: Any) -> Any:
    """The same function of Python's, in which `print` says nothing.

    What it says would get among the output of `--json -`. Standard output stays as it is, since it belongs to
    all threads of the process.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return function
    names = {**function.__globals__, "print": lambda *_, **__: None}
    return FunctionType(code, names, function.__name__, function.__defaults__, function.__closure__)
