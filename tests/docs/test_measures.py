"""docs/measures.md: every column and verdict; docs/reproducibility.md: every stream."""

from __future__ import annotations

import re

import pytest

from gan_eval.judging.generators.measures import blank
from gan_eval.judging.judge import epochs, judge
from gan_eval.judging.verdicts import VERDICTS
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.draws import Stream
from gan_eval.training.trained import TrainedGANs

from .pages import (
    names_in,
    section,
    table_rows,
)


@pytest.fixture(scope="module")
def trained() -> TrainedGANs:
    return backend("pytorch").train(TrainingConfig(epochs=1, n_examples=32), [0])


def generic(column: str) -> str:
    """``mean_1`` → ``mean_i``, ``covariance_1_2`` → ``covariance_i_j``."""
    return re.sub(r"_\d+$", "_i", re.sub(r"_\d+_\d+$", "_i_j", column))


def test_every_column_of_the_rows_is_described_and_no_other(trained: TrainedGANs) -> None:
    columns = set(map(generic, judge(trained, permutations=0).columns.astype(str)))
    page = section("measures", "## `rows.csv`")
    twins = {name for name in re.findall(r"`(\w+)`", page) if name.endswith("_rows")}
    assert names_in(page) | twins == columns | {"configuration", "environment"}


def test_every_column_of_the_epochs_is_described_and_no_other(trained: TrainedGANs) -> None:
    columns = set(map(generic, epochs(trained).columns.astype(str)))
    described = names_in(section("measures", "## `epochs.csv`"))
    assert described == columns | {"environment"}


def test_every_column_of_rows_without_a_closed_form_is_described_and_no_other() -> None:
    config = TrainingConfig(target="ring8", generator_widths=(2,), epochs=1, n_examples=32)
    closed = TrainingConfig(epochs=1, n_examples=32)
    curved, linear = (backend("pytorch").train(one, [0]) for one in (config, closed))
    page = section("without-closed-form", "## What only these rows have")
    known = set(judge(linear, permutations=0))
    own = {
        generic(str(name))
        for name in judge(curved, permutations=0, computed=0)
        if name not in known
    }
    assert names_in(page) == own
    page = section("without-closed-form", "## Epochs")
    known = set(epochs(linear))
    assert names_in(page) == {generic(str(name)) for name in epochs(curved) if name not in known}
    page = section("without-closed-form", "## What these rows have of the others")
    assert "`worst_…`" in page


def test_every_column_of_a_generator_from_outside_is_described_and_no_other() -> None:
    described = names_in(section("measures", "## Rows of a generator from outside"))
    columns = {name for name in blank((), 1) if "_share_" not in name}
    assert described == columns | {"mode_share_i", "…_statistic", "…_pvalue"}


def test_every_verdict_is_described() -> None:
    page = section("measures", "### The verdict and its margins")
    assert all(f"`{verdict}`" in page for verdict in VERDICTS)


def test_every_stream_is_described_with_its_number() -> None:
    rows = list(table_rows(section("reproducibility", "## Draws")))
    stated = {row[0].strip("`"): int(row[1]) for row in rows if row[0].startswith("`")}
    assert stated == {stream.name: stream.value for stream in Stream}
