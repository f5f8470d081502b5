"""ONNX Runtime sessions on a device that is proven to run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from photocli.errors import DeviceError, ModelError
from photocli.models import providers, quota
from photocli.models.binding import BoundRuns
from photocli.models.runtime import load_runtime
from photocli.models.store import content

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.models.card import Card


class Session:
    """A model loaded onto a device; `provider` says which execution provider really runs it."""

    def __init__(self, card: Card, device: str = "auto", threads: int = 0) -> None:
        """Load the model. `threads` on the CPU, 0 for one per core that may be used.

        Raises `ModelError` if the network is not the one the card describes, `DeviceError` if the device
        that was asked for by name cannot run it.
        """
        self.card = card
        self._session = _open(card, content(card), device, threads)
        _check_promises(card, self._session)
        self.provider: str = self._session.get_providers()[0]
        # Only where the device was asked for by name: on a GPU it could not be measured yet.
        self._bound = (
            BoundRuns(load_runtime(), self._session, card.input.name, "cuda")
            if device in providers.NVIDIA
            else None
        )

    def run(self, batch: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Run inputs of shape (n, 3, height, width); every output has n rows, whatever the batch was.

        When the device runs out of memory, the batch is halved until it fits. Raises `ModelError`.
        """
        import numpy as np

        names = self.card.outputs
        try:
            values = self._run(names, batch)
        except Exception as error:  # ONNX Runtime's exceptions have no common base but this
            if len(batch) == 1 or not _is_out_of_memory(error):
                raise ModelError(f"model {self.card.label} failed: {_reason(error)}") from error
            half = len(batch) // 2
            parts = [self.run(batch[:half]), self.run(batch[half:])]
            return {name: np.concatenate([part[name] for part in parts]) for name in names}
        return dict(zip(names, values, strict=True))

    def _run(self, names: Sequence[str], batch: NDArray[np.uint8]) -> Sequence[NDArray[np.float32]]:
        if self._bound is not None:
            return self._bound.run(names, batch)
        values: list[NDArray[np.float32]] = self._session.run(list(names), {self.card.input.name: batch})
        return values


def default_batch(provider: str | None) -> int:
    """How many photos go through a network at once, where the user does not say.

    On a processor of two cores, 1, 2, 4, 8 and 16 cost the same within 3% of a run (docs/devices.md), and so
    does one thread beside all.
    """
    return 32 if provider and provider not in providers.ON_PROCESSOR else 4


def _open(card: Card, network: bytes, device: str, threads: int) -> Any:
    ort = load_runtime()
    ort.set_default_logger_severity(4)  # its warnings are for its developers; what fails is raised
    offered = providers.usable(ort, device)
    if device in providers.PROVEN:
        return _proven(ort, card, network, device, threads)
    session = _create(ort, card, network, offered, _options(ort, threads))
    if device != "auto" and session.get_providers()[0] != offered[0]:
        raise DeviceError(providers.why_not(device, "its libraries or the driver could not be loaded"))
    return session


def _proven(ort: Any, card: Card, network: bytes, device: str, threads: int) -> Any:
    """A session on a device that ran the model there once, with the answers that the processor gives.

    Raises `DeviceError` otherwise.
    """
    offered = providers.usable(ort, device)
    options = _options(ort, threads, offered[0])
    with providers.profile(options) as end:
        session = _create(ort, card, network, offered, options)
        if session.get_providers()[0] != offered[0]:
            raise DeviceError(providers.why_not(device, "its libraries could not be loaded"))
        _check_promises(card, session)
        batch = {card.input.name: _trial(card, session)}
        try:
            answers = session.run(list(card.outputs), batch)
        except Exception as error:  # ONNX Runtime's exceptions have no common base but this
            raise DeviceError(
                f"--device {device} cannot run model {card.label}: {_reason(error)}; use --device cpu"
            ) from error
        ran = end(session)
    expected = _create(ort, card, network, [providers.CPU], _options(ort, threads))
    providers.check_run(device, card.label, ran, answers, expected.run(list(card.outputs), batch))
    return session


def _trial(card: Card, session: Any) -> NDArray[Any]:
    """One input of the model, of a picture like a photo, in the type that the network takes."""
    import numpy as np

    from photocli.inputs.views import InputSpec, cut
    from photocli.models.pictures import pictures

    spec = InputSpec(card.input.name, card.input.height, card.input.width)
    types = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}
    return cut(next(pictures()), spec)[None].astype(types.get(session.get_inputs()[0].type, np.uint8))


def _options(ort: Any, threads: int, first: str = providers.CPU) -> Any:
    options = ort.SessionOptions()
    options.enable_mem_pattern = first != providers.DIRECTML  # which refuses sessions with them
    options.intra_op_num_threads = threads or quota.session_threads()
    # Threads that spin while they wait would take the cores from the workers that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _create(ort: Any, card: Card, network: bytes, offered: Sequence[str], options: Any) -> Any:
    settings = [providers.options(name, options.intra_op_num_threads) for name in offered]
    try:
        # These bytes, and not the file, which may be another one by now.
        return _silent(ort)(network, options, providers=list(offered), provider_options=settings)
    except Exception as error:  # ONNX Runtime's exceptions have no common base but this
        if list(offered) != [providers.CPU]:
            return _create(ort, card, network, [providers.CPU], options)
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


def _silent(ort: Any) -> Any:
    """ONNX Runtime's session without its own way back to the CPU, which it tells on standard output."""

    class Silent(ort.InferenceSession):  # type: ignore[misc]
        _enable_fallback = property(lambda _: False, lambda _, wanted: None)

    return Silent


def _reason(error: Exception) -> str:
    """What ONNX Runtime says, without the places in its source."""
    if _is_out_of_memory(error):
        return "there is not enough memory for it"
    return " ".join(str(error).rpartition("Status Message: ")[2].split())[:200]


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return "out of memory" in text or "failed to allocate" in text or "bad_alloc" in text
