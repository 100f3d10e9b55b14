"""``certify``, ``conform`` and ``backends``: whether tests and backends are what they claim."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gan_eval.cli.options import AsJson, Threads, Workers
from gan_eval.cli.status import Status


def certify(
    tests: Annotated[
        str | None,
        typer.Option(
            "--tests",
            metavar="A,B,…",
            help="Certify these tests; judge's own if not given; all.",
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", help="Real rows; if not given, 200 against 200 and 20 against 500."),
    ] = None,
    m: Annotated[int | None, typer.Option("--m", help="Generated rows; as many if not given.")] = (
        None
    ),
    dimension: Annotated[
        list[int] | None,
        typer.Option("--dimension", help="Columns; may be repeated; 1, 2 and 10 if not given."),
    ] = None,
    repetitions: Annotated[
        int, typer.Option("--repetitions", help="Of each null case, from 100; a tenth for power.")
    ] = 2000,
    alpha: Annotated[
        list[float] | None,
        typer.Option("--alpha", help="Level; may be repeated; 0.01, 0.05 and 0.1 if not given."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="All random numbers follow from it.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the certificate as JSON.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as one HTML page.")
    ] = None,
    as_json: AsJson = False,
    workers: Workers = None,
) -> Status:
    """Measure tests: size, uniform p-values, power, closed forms. Exit 1 if a claim fails.

    Example: gan-eval certify --tests mmd,energy --n 50 --dimension 2 --repetitions 200
    """
    import shlex

    from gan_eval.certify import printing
    from gan_eval.certify.checkpoint import Checkpoint, beside
    from gan_eval.certify.run import certify as measure
    from gan_eval.certify.run import named
    from gan_eval.certify.settings import Settings
    from gan_eval.files import check_outputs, is_stream, write_text

    settings = Settings.of(n, m, dimension or (), repetitions, alpha or (), seed)
    check_outputs({"--out": out, "--html": html})
    checkpoint = Checkpoint(None if out is None or is_stream(out) else beside(out))
    with printing.certify_progress() as show:
        certificate = measure(
            named(tests),
            settings,
            workers=workers,
            command=shlex.join(["gan-eval", *sys.argv[1:]]),
            checkpoint=checkpoint,
            on_progress=show,
        )
    if out is not None:
        write_text(out, certificate.to_json())
        checkpoint.remove()
    if html is not None:
        printing.write_certificate_page(certificate, html)
    if as_json:
        print(certificate.to_json(), end="")
    else:
        if kept := certificate.provenance["units_kept"]:
            print(f"Kept from an interrupted run: {kept} units of work.")
        printing.print_certificate(certificate)
    return Status.of(certificate.kept)


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

    from gan_eval import console
    from gan_eval.conformance import conform as compare_backends
    from gan_eval.conformance import printing

    with printing.conform_progress() as show:
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
        printing.print_conformance(found)
    return Status.of(found.kept)


def backends(as_json: AsJson = False) -> None:
    """List the backends: installed or not, their devices, and how to install what is missing.

    Example: gan-eval backends --json
    """
    from dataclasses import asdict

    from gan_eval import console, printing
    from gan_eval.backends import catalogue

    found = catalogue()
    if as_json:
        console.print_json({"backends": [asdict(entry) for entry in found]})
    else:
        printing.print_backends(found)
