"""``gan-eval conform``: whether the backends are the same experiment."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gan_eval.cli.options import AsJson, Threads, Workers
from gan_eval.cli.status import Status


def conform(
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", metavar="A,B,…", help="Compare these; all installed ones if not given."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", help="Replicates a backend in distribution, from 20; 0: none.")
    ] = 200,
    threads: Threads = 1,
    workers: Workers = None,
    as_json: AsJson = False,
) -> Status:
    """Are the backends the same experiment? Exit 0 if every pair agrees, 1 if not, 3 if alone.

    Example: gan-eval conform --backend pytorch,pytorch:batched --seeds 400
    """
    import shlex

    from gan_eval.cli import conform_tables, console
    from gan_eval.investigations.conformance import conform as compare_backends

    with conform_tables.conform_progress() as show:
        found = compare_backends(
            None if backend is None else [name.strip() for name in backend.split(",")],
            seeds=seeds,
            threads=threads,
            workers=workers,
            command=shlex.join(["gan-eval", *sys.argv[1:]]),
            on_progress=show,
        )
    if as_json:
        console.print_json(found.document())
    else:
        conform_tables.print_conformance(found)
    return Status.of(found.kept)
