"""The command line: one file per command, each a thin client of the library."""

from __future__ import annotations

from typing import Annotated

import typer

from photocli.cli import cache, check, crop, cull, doctor, explain, learn, models, report, score, undo
from photocli.cli.group import QuickGroup

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
app.command("score")(score.score)
app.command("cull")(cull.cull)
app.command("undo")(undo.undo)
app.command("crop")(crop.crop)
app.command("explain")(explain.explain)
app.command("check")(check.check)
app.command("learn")(learn.learn)
app.command("report")(report.report)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        from photocli import __version__

        typer.echo(f"photocli {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
