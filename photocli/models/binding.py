"""Runs of a session whose inputs lie in memory that stays, for devices that have their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class BoundRuns:
    """Runs a session over batches whose bytes go into one buffer on the device, and come back once.

    A pass has batches of one size but for the last, so the buffer of the latest size is kept. Pixels travel
    as the bytes that they are, and become numbers on the device.
    """

    def __init__(self, ort: Any, session: Any, input_name: str, memory: str) -> None:
        """`memory` is the device whose memory holds the inputs, as ONNX Runtime names it: `cuda`, `cpu`."""
        self._ort = ort
        self._session = session
        self._input = input_name
        self._memory = memory
        self._buffer: Any = None

    def run(self, names: Sequence[str], batch: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run a batch (n, ...) and return the outputs of these names, copied to the processor's memory."""
        import numpy as np

        pixels = np.ascontiguousarray(batch)
        if self._buffer is None or tuple(self._buffer.shape()) != pixels.shape:
            self._buffer = None  # first, so that the device need not hold both
            self._buffer = self._ort.OrtValue.ortvalue_from_numpy(pixels, self._memory, 0)
        else:
            self._buffer.update_inplace(pixels)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, self._buffer)
        for name in names:
            binding.bind_output(name, "cpu")
        self._session.run_with_iobinding(binding)
        return [np.array(value) for value in binding.copy_outputs_to_cpu()]
