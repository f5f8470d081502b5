"""ONNX Runtime sessions on a device that is proven to run them."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

from photocli.errors import DeviceError, ModelError
from photocli.models.runtime import load_runtime
from photocli.models.store import verify

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
        verify(card)
        self.card = card
        self._session = _open(card, device, threads)
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
                reason = " ".join(str(error).split())[:200]
                raise ModelError(f"model {self.card.label} failed: {reason}") from error
            half = len(batch) // 2
            parts = [self.run(batch[:half]), self.run(batch[half:])]
            return {name: np.concatenate([part[name] for part in parts]) for name in names}
        return dict(zip(names, values, strict=True))


def default_batch(provider: str | None) -> int:
    """How many photos go through a network at once, where the user does not say."""
    return 32 if provider and provider != _CPU else 4


def _open(card: Card, device: str, threads: int) -> Any:
    ort = load_runtime()
    ort.set_default_logger_severity(4)  # its warnings are for its developers; what fails is raised
    wanted = _PROVIDERS.get("cuda" if device == "auto" else device)
    if wanted is None:
        raise DeviceError(f"there is no device '{device}'; choose one of {', '.join(DEVICES)}")
    if wanted != [_CPU] and not _has_driver():
        if device != "auto":
            raise DeviceError(_why_not(device, "there is no NVIDIA driver"))
        wanted = [_CPU]
    if wanted != [_CPU]:
        preload = getattr(ort, "preload_dlls", None)  # the extra `cuda` brings the libraries as wheels
        if preload is not None:
            _quietly(preload)
    usable = [name for name in wanted if name in ort.get_available_providers()]
    if usable[0] != wanted[0] and device != "auto":
        raise DeviceError(_why_not(device, "this build of ONNX Runtime cannot use it"))
    session = _quietly(_create, ort, card, usable, threads)
    if session.get_providers()[0] != wanted[0] and device != "auto":
        raise DeviceError(_why_not(device, "its libraries or the driver could not be loaded"))
    return session


def _create(ort: Any, card: Card, providers: Sequence[str], threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait would take the cores from the workers that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(card.network), options, providers=list(providers))
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        if list(providers) != [_CPU]:
            return _create(ort, card, [_CPU], threads)
        raise ModelError(f"ONNX Runtime cannot load model {card.label}: {error}") from error


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


def _has_driver() -> bool:
    """Whether an NVIDIA driver is installed; asking ONNX Runtime instead would load all of CUDA first."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _quietly(function: Any, *arguments: Any) -> Any:
    """Call it with stderr closed, where ONNX Runtime writes past its logger when CUDA is not to be had.

    What it prints from Python would get among the output of `--json -`; it is dropped likewise.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 2)
        try:
            with redirect_stdout(StringIO()):
                return function(*arguments)
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return "out of memory" in text or "failed to allocate" in text or "bad_alloc" in text
