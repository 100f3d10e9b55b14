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
        option(
            "--tests A,B,…",
            "Names of tests with commas between; `judge` for those by which generators are judged "
            "against the target, `all` for every one that promises something there.",
            "judge",
        ),
    ] = None,
    target: Annotated[
        str,
        option(
            "--target NAME",
            "The truth: the Gaussian of the `chapter`, or the mixtures `ring8` and `grid25`, whose "
            "modes a generator may lose, make too wide or weight wrongly.",
        ),
    ] = "chapter",
    n: Annotated[
        int | None,
        option(
            "--n N",
            "Real rows, at least 2.",
            "sizes at 200 against 200 and 20 against 500, power at the first",
        ),
    ] = None,
    m: Annotated[
        int | None, option("--m N", "Generated rows, at least 2. Goes with `--n`.", "as many")
    ] = (None),
    dimension: Annotated[
        list[int] | None,
        option(
            "--dimension D",
            "Columns, at least 1. May be given many times. Power is measured in 2 where that is"
            " among them, else in the first. Mixtures have 2.",
            "1, 2 and 10; of a mixture 2",
        ),
    ] = None,
    repetitions: Annotated[
        int,
        option(
            "--repetitions N",
            "Repetitions of each null case, at least 100; power takes a tenth of them at each "
            "point, at least 20.",
        ),
    ] = 2000,
    alpha: Annotated[
        list[float] | None,
        option(
            "--alpha LEVEL",
            "A level at which size is measured, a multiple of 0.01. May be given many times. "
            "Power is measured at 0.05.",
            "0.01, 0.05 and 0.1",
        ),
    ] = None,
    seed: Annotated[int, option("--seed N", "All random numbers follow from it.")] = 0,
    out: Annotated[
        Path | None,
        option(
            "--out FILE",
            "Write the certificate as JSON: settings, environment, and every count. What has "
            "been measured stands in FILE.part until then.",
        ),
    ] = None,
    html: Annotated[
        Path | None, option("--html FILE", "Write it as one offline HTML page.")
    ] = None,
    as_json: AsJson = False,
    workers: Workers = None,
) -> Status:
    """Measure whether tests keep their level, and their power.

    Size, uniformity of p-values, power beside the best possible test, means
    beside closed forms. It writes nothing unless --out or --html is given.

    \b
    Exit status:
      0  Every claim stands.
      1  Some claim does not stand.
      3  It could not tell: no claim falls, but some test never rejected
         anything, so that nothing could have contradicted it.

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

    settings = Settings.of(n, m, dimension or (), repetitions, alpha or (), seed, target)
    check_outputs({"--out": out, "--html": html})
    checkpoint = None if out is None or is_stream(out) else Checkpoint(beside(out))
    with progress_bar("certifying") as show:
        certificate = measure(
            named(tests, target),
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
    """Print sizes, the smallest KL told apart, and the answer as the last line."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.investigations.certify import tables, words

    shown = [tables.sizes(certificate)]
    if certificate.power:
        shown += [tables.told_apart(certificate), tables.strengths(certificate)]
    for table in shown:
        print_table(table.head, table.rows, table.caption)
    said = (f"{label}: {sentence}" for label, sentence in words.answer(certificate))
    say(*said, words.headline(certificate))
