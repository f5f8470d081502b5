"""The command line: one file per command, each a thin client of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from photocli.cli import (
    cache,
    check,
    completion,
    config,
    crop,
    cull,
    doctor,
    explain,
    learn,
    models,
    report,
    score,
    undo,
)
from photocli.cli.group import QuickCommand, QuickGroup
from photocli.cli.settings import Defaults, Offered
from photocli.config import OPTIONS

app = typer.Typer(
    name="photocli",
    cls=QuickGroup,
    help="Scores whole folders of photographs, on your own machine: how good is each photo, and why.",
    epilog="Start with:  photocli score ~/Pictures/shoot",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help answers at once; Rich would cost more than the rest of the program
    pretty_exceptions_enable=False,
    add_completion=False,  # its options would load pydantic, too
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("score", cls=QuickCommand)(score.score)
app.command("cull", cls=QuickCommand)(cull.cull)
app.command("undo", cls=QuickCommand)(undo.undo)
app.command("crop", cls=QuickCommand)(crop.crop)
app.command("explain", cls=QuickCommand)(explain.explain)
app.command("check", cls=QuickCommand)(check.check)
app.command("learn", cls=QuickCommand)(learn.learn)
app.command("report", cls=QuickCommand)(report.report)
app.command("config", cls=QuickCommand)(config.config)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")
app.command("doctor", cls=QuickCommand)(doctor.doctor)


def _offered(ctx: typer.Context) -> dict[str, Offered]:
    """The options of all commands that have such, by their names."""
    commands = getattr(ctx.command, "commands", {}).items()
    found = {name: getattr(command.callback, "offered", None) for name, command in commands}
    return {name: offered for name, offered in found.items() if offered is not None and name in OPTIONS}


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
    ctx.default_map = Defaults(_offered(ctx))  # type: ignore[assignment]
