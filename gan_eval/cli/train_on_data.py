"""``gan-eval train --data``: train the chapter's GAN on the rows of a file, and judge it by those
held out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from gan_eval.training.generators.settings import FitConfig

PERMUTATIONS = 999


def settings_of(
    data: Path,
    columns: Sequence[str] | None,
    holdout: float | None,
    config: Path | None,
    assignments: Sequence[str],
) -> FitConfig:
    """Put together the settings of a fit of the chapter's GAN to a file."""
    from gan_eval.runtime.settings import merge_settings, parse_assignment, read_toml
    from gan_eval.training.config import TrainingConfig
    from gan_eval.training.generators.settings import FitConfig

    given = merge_settings(
        {} if config is None else read_toml(config), map(parse_assignment, assignments)
    )
    count = given.pop("n_examples", None)
    TrainingConfig.parse(given)  # so that what is wrong is named as `train` names it
    target: dict[str, Any] = {"data": str(data)}
    target |= {} if columns is None else {"columns": list(columns)}
    target |= {} if holdout is None else {"holdout": holdout}
    generator = {"use": "chapter", "settings": given}
    fit = FitConfig.parse({"generator": generator, "target": target, "n_examples": count})
    _require_numbers(fit)
    return fit


def _require_numbers(fit: FitConfig) -> None:
    """``UsageError`` where a column is not one that this GAN can make."""
    from pandas.api.types import is_numeric_dtype

    from gan_eval.runtime.errors import UsageError
    from gan_eval.training.generators.data import read

    table = read(fit.target)
    for name, values in table.frame.items():
        lacks = "holds no numbers" if not is_numeric_dtype(values.dtype) else "has missing values"
        if not is_numeric_dtype(values.dtype) or values.isna().any():
            raise UsageError(
                f"column {name!r} of {table.source!r} {lacks}, and this GAN makes numbers alone: "
                "name the others by `columns`"
            )


def judged(config: FitConfig, seeds: Sequence[int], *, tested: int) -> pd.DataFrame:
    """Fit and judge, seed by seed."""
    from gan_eval.judging.evaluation import TESTS
    from gan_eval.judging.generators.rows import judge_fits
    from gan_eval.study.plan.study import OUTSIDE_ROWS
    from gan_eval.training.config import Margins

    rows, _ = judge_fits(
        config,
        "chapter",
        seeds,
        margins=Margins(),
        n_evaluation=OUTSIDE_ROWS,
        permutations=PERMUTATIONS,
        tests=TESTS,
        tested=tested,
        shown=False,
        seconds=None,
    )
    return rows.drop(columns=["sample_rows", "real_sample_rows"])


def document(config: FitConfig, rows: pd.DataFrame) -> dict[str, Any]:
    """Put together the JSON document: the settings, and every column of each replicate."""
    from gan_eval.runtime.documents import json_ready
    from gan_eval.runtime.provenance import environment

    return json_ready(
        {
            "config": config.model_dump(mode="json"),
            "replicates": rows.to_dict("records"),
            "environment": environment(),
        }
    )


def show(config: FitConfig, rows: pd.DataFrame) -> None:
    """Print the verdict of each replicate, and what they are worth; last the answer in one
    sentence."""
    from gan_eval.cli.console import print_table, say
    from gan_eval.cli.tables import SHOWN
    from gan_eval.judging.answer import headline
    from gan_eval.judging.generators.words import sentences
    from gan_eval.pages.numbers import count

    first = rows.iloc[0]
    say(
        f"{config.target.name}: trained on {count(first['n_train'])} rows, judged by "
        f"{count(first['n_real'])} that were held out (another part of them each seed)"
    )
    print_table(
        ("seed", "verdict", "worth in real rows", "told apart (p)", "copies", "seconds"),
        _lines(rows[:SHOWN]),
    )
    for sentence in sentences(rows):
        say(sentence)
    if not rows["verdict"].eq("converged").any() and "preset" not in config.generator.settings:
        say("`--set preset=mended` trains it with what mends the chapter's GAN (docs/remedies.md).")
    say(headline(rows, int(first["n_train"])))


def _lines(rows: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    from gan_eval.pages.numbers import interval, number, p_value

    for row in rows.to_dict("records"):
        worth = number(row["worth_energy"])
        ends = interval(row["worth_energy_low"], row["worth_energy_high"])
        lowest = min(row["energy_pvalue"], row["mmd_pvalue"])
        told = p_value(min(1.0, 2 * lowest)) if lowest == lowest else "–"  # of two tests
        yield (
            str(row["seed"]),
            row["failure"] or row["verdict"].replace("_", " "),
            f"{worth} ({ends})" if row["worth_energy"] == row["worth_energy"] else "–",
            told,
            row["copies_verdict"].replace("_", " "),
            f"{row['seconds']:.1f}",
        )
