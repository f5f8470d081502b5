"""The command `photocli`, also as `python -m photocli`."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    # NumPy starts a thread for every core as it loads, which spin before they sleep: nearly a tenth of a
    # second of a processor, for products of matrices that are too small here to be worth sharing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # ONNX Runtime would report its use, also from processes that this one starts; see SECURITY.md.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        from photocli.streams import standard_streams

        with standard_streams():
            from photocli.cli import app

            app(prog_name="photocli")
    except KeyboardInterrupt:  # before there was a run that could be stopped
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
