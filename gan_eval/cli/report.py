"""``gan-eval report``: write the report of rows again, or of several runs together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from gan_eval.cli.app import Language, argument, option
from gan_eval.runtime.errors import UsageError


def report(
    folders: Annotated[
        list[Path],
        argument(
            "DIR",
            "The folder of a run, with its ledger, or rows.csv, epochs.csv and study.json; or "
            "several.",
        ),
    ],
    out: Annotated[
        Path | None,
        option(
            "--out DIR",
            "Where several runs are put together; needed for more than one. The folders that "
            "are read stay as they are. A folder with a ledger is refused.",
        ),
    ] = None,
    benchmarks: Annotated[
        list[Path] | None,
        option(
            "--benchmarks FILE",
            "Show this file of pytest-benchmark as well: its table and picture, beside the "
            "run's time to quality. May be given many times.",
        ),
    ] = None,
    language: Language = "en",
) -> None:
    """Write the report of rows again, or of several runs in one.

    For instance after Ctrl-C, or with a newer version.

    \b
    Example:
      gan-eval report reports/jax reports/mxnet --out reports/both
    """
    from gan_eval.cli.console import say
    from gan_eval.pages.language import speaking
    from gan_eval.report import write
    from gan_eval.report.sentence import sentence
    from gan_eval.study.results.merge import merge
    from gan_eval.study.results.results import REPORT, OutputFolder, Results

    if out is None and len(folders) > 1:
        raise UsageError("several folders are put together into a new one: name it with `--out`")
    beside = None
    if benchmarks:
        from gan_eval.investigations.speed.benchmarks import read_all

        beside = read_all(benchmarks)
    with speaking(language):
        if out is None:
            results = Results.load(folders[0])
            folder = OutputFolder.prepare(folders[0], "")
        else:
            folder = OutputFolder.prepare(out, "")
            folder.refuse_ledger()
            results, left_out = merge([Results.load(one) for one in folders])
            results.save(folder.path)
            if left_out:
                print(f"Left out: {left_out} trainings that an earlier folder has as well")
        print(f"Report: {write(results, folder.path / REPORT, beside)}")
        say(sentence(results))
