"""The command `photocli`, also as `python -m photocli`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from photocli.cli import app

    app(prog_name="photocli")


if __name__ == "__main__":
    main()
