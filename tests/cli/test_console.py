"""What the commands print: nothing of a label is cut, and nothing of one is obeyed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from gan_eval.cli import console, run
from gan_eval.training.config import TrainingConfig

from ..report import synthetic

LABELS = [
    "generator_loss=nonsaturating, learning_rate_D=0.0125, discriminator_widths=[20, 12, 5]",
    "x" * 300,
    "[red]a label[/red]",
]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_labels_are_printed_whole_and_in_the_order_of_the_study(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configs = {label: TrainingConfig(epochs=at + 1) for at, label in enumerate(LABELS)}
    made = synthetic.results(6, configs=configs)
    by_label = made.rows.sort_values(["configuration", "seed"], ignore_index=True)
    run._print(replace(made, rows=by_label), Path("reports/made-up"))
    lines = printed(capsys)
    (first,) = [at for at, line in enumerate(lines) if LABELS[0] in line]
    (last,) = [at for at, line in enumerate(lines) if LABELS[2] in line]
    # A label that is longer than a column goes on in the next line.
    assert [line.count("x") for line in lines[first + 1 : last]] == [100, 100, 100]
    assert "…" not in "".join(line.partition("│ pytorch")[0] for line in lines)


def test_a_narrow_terminal_folds_and_cuts_nothing() -> None:
    narrow = Console(width=40, force_terminal=True, record=True, highlight=False)
    row = ("learning_rate_D=0.0125,learning_rate_G=0.00125", "2,000")
    with narrow.capture() as captured:
        console.print_table(("configuration", "replicates"), [row], console=narrow)
    cells = [line.split("│")[1].strip() for line in captured.get().splitlines() if "│" in line]
    assert "".join(cells) == "learning_rate_D=0.0125,learning_rate_G=0.00125"


def test_what_installs_a_backend_is_printed_with_its_extra(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remedy = "pip install 'gan-eval[mxnet]'"
    console.print_table(("backend", "remedy"), [("mxnet", remedy)])
    assert remedy in capsys.readouterr().out


def test_rows_of_a_run_that_names_no_configurations_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = synthetic.results(3)
    del made.provenance["configurations"]
    run._print(made, Path("reports/made-up"))
    assert "made up" in capsys.readouterr().out
