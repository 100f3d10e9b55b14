"""``gan-eval certify``: measure whether tests keep their level, and their power."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gan_eval.cli.app import AsJson, Workers, command_line, option
from gan_eval.cli.status import Status

if TYPE_CHECKING:
    from gan_eval.investigations.certify.result import Certificate


def certify(
    tests: Annotated[
        str | None,
        option("--tests A,B,…", "Certify these tests, or all; those of judge if not given."),
    ] = None,
    n: Annotated[
        int | None, option("--n", "Real rows; if not given, 200 against 200 and 20 against 500.")
    ] = None,
    m: Annotated[int | None, option("--m", "Generated rows; as many if not given.")] = (None),
    dimension: Annotated[
        list[int] | None,
        option("--dimension D", "Columns; may be repeated; 1, 2 and 10 if not given."),
    ] = None,
    repetitions: Annotated[
        int, option("--repetitions", "Of each null case, from 100; a tenth for power.")
    ] = 2000,
    alpha: Annotated[
        list[float] | None,
        option("--alpha LEVEL", "Level; may be repeated; 0.01, 0.05 and 0.1 if not given."),
    ] = None,
    seed: Annotated[int, option("--seed", "All random numbers follow from it.")] = 0,
    out: Annotated[Path | None, option("--out FILE", "Write the certificate as JSON.")] = None,
    html: Annotated[Path | None, option("--html FILE", "Write it as one HTML page.")] = None,
    as_json: AsJson = False,
    workers: Workers = None,
) -> Status:
    """Measure whether tests keep their level, and their power.

    Size, uniform p-values, power, closed forms. Exit 1 if a claim fails.

    \b
    Example:
      gan-eval certify --tests mmd,energy --n 50 --dimension 2 --repetitions 200
    """
    from gan_eval.cli.console import progress_bar
    from gan_eval.investigations.certify.checkpoint import Checkpoint, beside
    from gan_eval.investigations.certify.run import certify as measure
    from gan_eval.investigations.certify.run import named
    from gan_eval.investigations.certify.settings import Settings
    from gan_eval.runtime.files import check_outputs, is_stream, write_text

    settings = Settings.of(n, m, dimension or (), repetitions, alpha or (), seed)
    check_outputs({"--out": out, "--html": html})
    checkpoint = None if out is None or is_stream(out) else Checkpoint(beside(out))
    with progress_bar("certifying") as show:
        certificate = measure(
            named(tests),
            settings,
            workers=workers,
            command=command_line(),
            checkpoint=checkpoint,
            on_progress=show,
        )
    if out is not None:
        write_text(out, certificate.to_json())
    if checkpoint is not None:
        checkpoint.remove()
    if html is not None:
        from gan_eval.investigations.certify.page import render

        write_text(html, render(certificate))
    if as_json:
        print(certificate.to_json(), end="")
    else:
        if reused := certificate.provenance["units_reused"]:
            print(f"Kept from an interrupted run: {reused} units of work.")
        _print(certificate)
    return Status.of(certificate.passed)


def _print(certificate: Certificate) -> None:
    """Print sizes, the smallest KL told apart, and the answer."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.certify import page

    tables = [page.sizes(certificate)]
    if certificate.power:
        tables.append(page.told_apart(certificate))
    for table in tables:
        print_table(table.head, table.rows, table.caption)
    say(page.verdict(certificate))
