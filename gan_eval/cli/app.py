"""The application that the commands belong to, and its sentences on what may have been meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
import typer.core

from gan_eval.cli.options import option
from gan_eval.runtime.arguments import close, shown
from gan_eval.runtime.errors import UsageError

_SYNONYMS = {"seeds": "replicates", "output": "out", "jobs": "workers", "processes": "workers"}


class Commands(typer.core.TyperGroup):
    """A group of commands that names the one that was meant, and all of them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; ``UsageError`` where there is none of the name."""
        known = list(self.commands)
        if args and args[0] not in known and not args[0].startswith("-"):
            meant = [f"did you mean `{one}`? The" for one in close(args[0], known)]
            raise UsageError(
                f"unknown command {shown(args[0])}: {''.join(meant[:1]) or 'the'} "
                f"commands are {', '.join(known)}"
            )
        return super().resolve_command(ctx, args)


def misuse(error: Any, arguments: Sequence[str]) -> str:
    """Write the fault that Typer found; of an unknown option, name the one that was meant.

    It may be an option of another name, or a setting, which is given by ``--set``.
    """
    sentence, option = error.format_message(), getattr(error, "option_name", None)
    if option is None or not hasattr(error, "possibilities"):
        return sentence
    known = {opt: None for parameter in error.ctx.command.params for opt in parameter.opts}
    name: str = option.lstrip("-").replace("-", "_")
    meant = _SYNONYMS.get(name, name)
    if f"--{meant}" in known:
        return f"no such option: {option}; did you mean `--{meant}`?"
    if "--set" in known and (settings := _settings(meant, str(error.ctx.command.name))):
        value = _value(option, arguments)
        written = " or ".join(f"`--set {setting}={value}`" for setting in settings)
        return f"no such option: {option}; write {written}"
    return sentence


def _settings(name: str, command: str) -> list[str]:
    """Find the settings of a study, or of a training, that may be meant by a name."""
    from gan_eval.study.plan.study import Study
    from gan_eval.training.config import TrainingConfig

    if command == "run" and name in Study.model_fields:
        return [name]
    meant = close(name, list(TrainingConfig.model_fields), likeness=0.8)
    return [f"config.{one}" if command == "run" else one for one in meant]


def _value(option: str, arguments: Sequence[str]) -> str:
    """Find the value that stands behind an option, or after its ``=``."""
    for argument, behind in zip(arguments, [*arguments[1:], "…"], strict=True):
        name, equals, value = argument.partition("=")
        if name == option:
            return value if equals else behind
    return "…"


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
    version: Annotated[bool, option("--version", "Print the version.")] = False,
) -> None:
    if version:
        from gan_eval import __version__

        print(f"gan-eval {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
