"""The application that the commands belong to."""

from __future__ import annotations

from typing import Annotated

import typer

from gan_eval.cli.hints import Commands

app = typer.Typer(
    name="gan-eval",
    help="Did this GAN learn the distribution, how sure are we, and how fast does it train?",
    pretty_exceptions_enable=False,
    cls=Commands,
    rich_markup_mode=None,  # Rich's help takes three times as long
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from gan_eval import __version__

        print(f"gan-eval {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
