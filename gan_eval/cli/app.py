"""The application that the commands belong to, the options that several of them have, and its
sentences on what may have been meant."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from gan_eval.runtime.arguments import close, shown, whole_number
from gan_eval.runtime.errors import UsageError


def option(declared: str, text: str, unset: str = "") -> Any:
    """Declare an option as its help writes it, ``--html FILE`` with its sentence.

    ``unset`` says in words what holds where it is not given and its default is None.
    """
    name, _, metavar = declared.partition(" ")
    return typer.Option(name, metavar=metavar or None, help=text, show_default=unset or True)


def argument(metavar: str, text: str) -> Any:
    """Declare an argument, as ``FILE`` with its sentence."""
    return typer.Argument(metavar=metavar, help=text)


Config = Annotated[
    Path | None, option("--config FILE", "A TOML file of a configuration.", "the chapter's values")
]
Assignments = Annotated[
    list[str] | None,
    option(
        "--set KEY=VALUE",
        "Set one hyper-parameter, over the file. May be given many times; the last one wins.",
    ),
]
BackendName = Annotated[
    str, option("--backend NAME", "The program that trains; `gan-eval backends` lists the names.")
]
Device = Annotated[
    str | None,
    option(
        "--device DEVICE",
        "Where: `cpu`, or `cuda` (`cuda:1` …) where the backend sees a GPU.",
        "the backend's first",
    ),
]
Seed = Annotated[int, option("--seed N", "The first seed, from 0 to 2⁶³ − 1.")]
Replicates = Annotated[
    int, option("--replicates N", "How many seeds, from `--seed` upwards; at least 1.")
]
Threads = Annotated[int, option("--threads N", "CPU threads that one training may use, 1 to 1024.")]
ThreadsOrAll = Annotated[
    int | None,
    option(
        "--threads N",
        "CPU threads that training may use, 1 to 1024.",
        "1; of `fused_cpu` one per core",
    ),
]
Workers = Annotated[
    int | None,
    option(
        "--workers N",
        "Processes side by side, 1 to 1024. With 1, everything runs in the process itself.",
        "one per core",
    ),
]
Language = Annotated[
    str, option("--language NAME", "The language of the report: `en`, or `tr` for Turkish.")
]
AsJson = Annotated[bool, option("--json", "Print one JSON document and nothing else on stdout.")]


def command_line() -> str:
    """Write out the command, as provenance keeps it."""
    return shlex.join(["gan-eval", *sys.argv[1:]])


def as_options(sentence: str, *arguments: str) -> str:
    """Write a library's sentence for the command line: `sample` as `--sample`.

    Arguments are the library's names that have an option of the same name; `header=False` becomes
    `--no-header`, `missing='drop'` becomes `--missing drop`. A setting of that name, which is
    unknown, stays.
    """
    for name in arguments:
        dashed = name.replace("_", "-")
        for given, written in (("", "--"), ("=True", "--"), ("=False", "--no-")):
            sentence = re.sub(f"(?<!setting )`{name}{given}`", f"`{written}{dashed}`", sentence)
        sentence = re.sub(f"`{name}='([^'`]*)'`", rf"`--{dashed} \1`", sentence)
    return sentence


def names(text: str | None) -> list[str] | None:
    """Split names with commas between them; None stays None."""
    return None if text is None else [name.strip() for name in text.split(",")]


def seed_range(first: int, replicates: int) -> range:
    """Return the seeds first … first + replicates − 1; ``UsageError`` where they are none."""
    from gan_eval.runtime.random import MAX_SEED

    whole_number(first, "`--seed`", 0, MAX_SEED)
    whole_number(replicates, "`--replicates`", 1)
    if max(replicates, first + replicates - 1) > MAX_SEED:
        raise UsageError(f"seeds must be between 0 and {MAX_SEED}: `--replicates` goes past it")
    return range(first, first + replicates)


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
