"""The command `photocli`, also as `python -m photocli`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    try:
        from photocli.cli import app

        app(prog_name="photocli")
    except KeyboardInterrupt:  # before there was a run that could be stopped
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
