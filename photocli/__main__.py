"""The command `photocli`, also as `python -m photocli`."""

from __future__ import annotations

import gc
import os

from photocli.scoring import stopping

YOUNG = 50_000
"""How many new objects have Python look for cycles: programs make many as they start, and hardly a cycle."""


def main() -> None:
    """Run the command line."""
    stopping.end_at_once()
    gc.set_threshold(YOUNG, 50, 100)
    # NumPy starts a thread for every core as it loads, which spin before they sleep: nearly a tenth of a
    # second of a processor, for products of matrices that are too small here to be worth sharing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # ONNX Runtime would report its use, also from processes that this one starts; see SECURITY.md.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        from photocli.files.streams import standard_streams

        with standard_streams():
            from photocli.cli import app

            app(prog_name="photocli")
    except KeyboardInterrupt:  # where signals are handled in another way
        raise SystemExit(130) from None
    except SystemExit as ended:
        if ended.code in stopping.CODES:
            stopping.end(int(ended.code or 0))
        raise
    finally:
        stopping.ignore()
        gc.freeze()  # nothing is searched for cycles once more, as Python does at its end


if __name__ == "__main__":
    main()
