"""The command line: one file per command, each a thin client of the library."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from photocli.cli import cache, completion, models
from photocli.cli.group import Later, QuickGroup, load_command
from photocli.cli.settings import Defaults
from photocli.config import OPTIONS

COMMANDS = (
    *("score", "cull", "undo", "crop", "explain", "check"),
    *("learn", "report", "review", "config", "doctor", "models", "cache"),
)
"""All commands, as the help lists them; but for the groups, each in the module of its name."""


class _Commands(QuickGroup):
    """The commands, each loaded when it is asked for."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        groups = self.commands
        self.commands: Any = Later(COMMANDS, lambda name: groups.get(name) or load_command(name))


app = typer.Typer(
    name="photocli",
    cls=_Commands,
    help="Scores whole folders of photographs, on your own machine: how good is each photo, and why.",
    epilog="Start with:  photocli score ~/Pictures/shoot",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help answers at once; Rich would cost more than the rest of the program
    pretty_exceptions_enable=False,
    add_completion=False,  # its options would load pydantic, too
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")


def _print_version(wanted: bool) -> None:
    if wanted:
        from photocli import __version__

        typer.echo(f"photocli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            callback=completion.install,
            is_eager=True,
            help="Let your shell complete commands and options with Tab: bash, zsh, fish or PowerShell.",
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            callback=completion.show,
            is_eager=True,
            help="Print what --install-completion would install, to place it yourself.",
        ),
    ] = False,
) -> None:
    commands: Any = getattr(ctx.command, "commands", {})
    offered = Later(OPTIONS, lambda name: commands[name].callback.offered)
    ctx.default_map = Defaults(offered)  # type: ignore[assignment]
