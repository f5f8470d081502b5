"""The group that commands belong to: Typer's own, with a `--help` that loads nothing."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class QuickGroup(TyperGroup):
    """A group of commands."""

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`, with a value from the start: to convert None, Typer would load pydantic."""
        option = super().get_help_option(ctx)
        if option is not None and option.default is None:
            option.default = False
        return option
