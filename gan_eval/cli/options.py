"""Options that several commands have."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gan_eval.runtime.arguments import whole_number
from gan_eval.runtime.errors import UsageError


def option(declared: str, text: str) -> Any:
    """Declare an option as its help writes it, ``--html FILE`` with its sentence."""
    name, _, metavar = declared.partition(" ")
    return typer.Option(name, metavar=metavar or None, help=text)


def argument(metavar: str, text: str) -> Any:
    """Declare an argument, as ``FILE`` with its sentence."""
    return typer.Argument(metavar=metavar, help=text)


Config = Annotated[Path | None, option("--config FILE", "TOML file of a configuration.")]
Assignments = Annotated[
    list[str] | None, option("--set KEY=VALUE", "Set one hyper-parameter; may be given many times.")
]
BackendName = Annotated[
    str, option("--backend", "The program that trains: see `gan-eval backends`.")
]
Device = Annotated[
    str | None, option("--device", "Where: cpu, cuda or cuda:1; the backend's first if not given.")
]
Seed = Annotated[int, option("--seed", "The first seed, from 0.")]
Replicates = Annotated[int, option("--replicates", "How many seeds, from 1.")]
Threads = Annotated[int, option("--threads", "CPU threads that one training may use.")]
ThreadsOrAll = Annotated[
    int | None,
    option(
        "--threads", "CPU threads that training may use: 1 if not given, of fused_cpu one per core."
    ),
]
Workers = Annotated[
    int | None, option("--workers", "Processes side by side; one per core if not given.")
]
AsJson = Annotated[bool, option("--json", "Print one JSON document and nothing else on stdout.")]


def command_line() -> str:
    """Write out the command, as provenance keeps it."""
    return shlex.join(["gan-eval", *sys.argv[1:]])


def as_options(sentence: str, *arguments: str) -> str:
    """Write a library's sentence for the command line: `sample` as `--sample`.

    Arguments are the library's names that have an option of the same name; `header=False` becomes
    `--no-header`. A setting of that name, which is unknown, stays.
    """
    for name in arguments:
        dashed = name.replace("_", "-")
        for given, written in (("", "--"), ("=True", "--"), ("=False", "--no-")):
            sentence = re.sub(f"(?<!setting )`{name}{given}`", f"`{written}{dashed}`", sentence)
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
