"""ONNX Runtime sessions on a device that is proven to run them."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

from photocli.errors import DeviceError, ModelError
from photocli.models.runtime import load_runtime
from photocli.models.store import content

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card

DEVICES = ("auto", "cpu", "cuda", "tensorrt")

_CPU = "CPUExecutionProvider"
_PROVIDERS = {
    "cpu": [_CPU],
    "cuda": ["CUDAExecutionProvider", _CPU],
    "tensorrt": ["TensorrtExecutionProvider", "CUDAExecutionProvider", _CPU],
}


class Session:
    """A model loaded onto a device; `provider` says which execution provider really runs it."""

    def __init__(self, card: Card, device: str = "auto", threads: int = 0) -> None:
        """Load the model. `threads` on the CPU, 0 for one per core.

        Raises `ModelError` if the network is not the one the card describes, `DeviceError` if the device
        that was asked for by name cannot run it.
        """
        self.card = card
        self._session = _open(card, content(card), device, threads)
        _check_promises(card, self._session)
        self.provider: str = self._session.get_providers()[0]

    def run(self, batch: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run inputs of shape (n, 3, height, width); every output has n rows, whatever the batch was.

        When the device runs out of memory, the batch is halved until it fits. Raises `ModelError`.
        """
        import numpy as np

        names = self.card.outputs
        try:
            values = self._session.run(list(names), {self.card.input.name: batch})
        except Exception as error:  # ONNX Runtime's exceptions have no common base but this
            if len(batch) == 1 or not _is_out_of_memory(error):
                raise ModelError(f"model {self.card.label} failed: {_reason(error)}") from error
            half = len(batch) // 2
            parts = [self.run(batch[:half]), self.run(batch[half:])]
            return {name: np.concatenate([part[name] for part in parts]) for name in names}
        return dict(zip(names, values, strict=True))


def default_batch(provider: str | None) -> int:
    """How many photos go through a network at once, where the user does not say."""
    return 32 if provider and provider != _CPU else 4


def _open(card: Card, network: bytes, device: str, threads: int) -> Any:
    ort = load_runtime()
    ort.set_default_logger_severity(4)  # its warnings are for its developers; what fails is raised
    wanted = _PROVIDERS.get("cuda" if device == "auto" else device)
    if wanted is None:
        raise DeviceError(f"there is no device '{device}'; choose one of {', '.join(DEVICES)}")
    if wanted != [_CPU] and not has_driver():
        if device != "auto":
            raise DeviceError(_why_not(device, "there is no NVIDIA driver"))
        wanted = [_CPU]
    if wanted != [_CPU]:
        preload = getattr(ort, "preload_dlls", None)  # the extra `cuda` brings the libraries as wheels
        if preload is not None:
            _unsaid(preload)()
    usable = [name for name in wanted if name in ort.get_available_providers()]
    if usable[0] != wanted[0] and device != "auto":
        raise DeviceError(_why_not(device, "this build of ONNX Runtime cannot use it"))
    session = _create(ort, card, network, usable, threads)
    if session.get_providers()[0] != wanted[0] and device != "auto":
        raise DeviceError(_why_not(device, "its libraries or the driver could not be loaded"))
    return session


def _create(ort: Any, card: Card, network: bytes, providers: Sequence[str], threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait would take the cores from the workers that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # These bytes, and not the file, which may be another one by now.
        return _silent(ort)(network, options, providers=list(providers))
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        if list(providers) != [_CPU]:
            return _create(ort, card, network, [_CPU], threads)
        raise ModelError(f"ONNX Runtime cannot load model {card.label}: {_reason(error)}") from error


def _check_promises(card: Card, session: Any) -> None:
    """Raise `ModelError` if the network lacks an input or an output that its card names."""
    inputs = {value.name for value in session.get_inputs()}
    outputs = {value.name for value in session.get_outputs()}
    if inputs != {card.input.name} or not outputs.issuperset(card.outputs):
        raise ModelError(
            f"the network of model {card.label} has {', '.join(sorted(inputs))} -> "
            f"{', '.join(sorted(outputs))}, which is not what its card says"
        )


def _why_not(device: str, reason: str) -> str:
    return (
        f"--device {device} cannot be used: {reason}; install photocli[cuda] and an NVIDIA driver, "
        "or use --device cpu"
    )


def has_driver() -> bool:
    """Whether an NVIDIA driver is installed; asking ONNX Runtime instead would load all of CUDA first."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _silent(ort: Any) -> Any:
    """ONNX Runtime's session without its own way back to the CPU, which it tells on standard output."""

    class Silent(ort.InferenceSession):  # type: ignore[misc]
        _enable_fallback = property(lambda _: False, lambda _, wanted: None)

    return Silent


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


def _reason(error: Exception) -> str:
    """What ONNX Runtime says, without the places in its source."""
    if _is_out_of_memory(error):
        return "there is not enough memory for it"
    return " ".join(str(error).rpartition("Status Message: ")[2].split())[:200]


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return "out of memory" in text or "failed to allocate" in text or "bad_alloc" in text
