"""What docs/compare.md and docs/pytest.md say is so."""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path

import pytest

from gan_eval import testing
from gan_eval.cli import main
from gan_eval.comparison.distances import INTERVAL_COLUMNS
from gan_eval.comparison.reading import ENDINGS, LEAST_ROWS
from gan_eval.stats.battery.catalogue import DEFAULT, TESTS
from gan_eval.stats.battery.equivalence import failure_probability
from gan_eval.stats.mixed import ROWS_PER_COLUMN

from ..docs.pages import code, names_in, run_code, section, table_rows, text


def test_every_test_of_the_battery_is_listed_in_order() -> None:
    page = section("compare", "## What is computed")
    listed = [row[0].strip("`") for row in table_rows(page) if row[0].startswith("`") and row[1]]
    listed = [name for name in listed if not name.startswith("--")]
    assert listed == list(TESTS)
    assert (*listed[:6], "columns") == DEFAULT
    assert "by default the first six and `columns`" in page


def test_the_limits_are_as_stated() -> None:
    assert all(f"`{ending}`" in text("tables") for ending in ENDINGS)
    page = text("compare")
    assert (LEAST_ROWS, INTERVAL_COLUMNS, ROWS_PER_COLUMN) == (3, 64, 4)
    for words in ("fewer than 3 rows", "Above 64 columns", "Below 4 pooled rows per column"):
        assert words in page


def test_the_example_prints_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make = code("compare", "python")[0]
    (console,) = code("compare", "console")
    command, *shown, _, status = console.strip().splitlines()
    with contextlib.chdir(tmp_path):
        run_code(make)
        with pytest.raises(SystemExit) as end:
            main(command.removeprefix("$ gan-eval ").split())
    assert end.value.code == int(status)
    assert capsys.readouterr().out.splitlines() == shown
    assert (tmp_path / "page.html").exists()


def test_the_battery_from_python_says_what_the_page_says() -> None:
    printed = run_code(code("compare/python", "python")[0]).splitlines()
    likelihood = [line.split() for line in printed if "likelihood ratio" in line]
    assert [words[words.index("p") + 1] for words in likelihood] == ["0.001", "4.21e-09"]


@pytest.mark.parametrize("function", ["assert_same_distribution", "assert_converged"])
def test_the_options_of_the_assertions_are_described_with_their_defaults(function: str) -> None:
    heading = next(h for h in text("pytest").splitlines() if h.startswith(f"## `{function}"))
    page = section("pytest", heading)
    parameters = inspect.signature(getattr(testing, function)).parameters.values()
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert {name for name in names_in(page) if name.isidentifier()} == set(options)
    for row in table_rows(page):
        name = row[0].strip("`")
        if name in options:
            assert row[1].strip('`"') == str(options[name])


def test_the_failing_example_fails_with_the_message_shown() -> None:
    (shown,) = code("pytest", "text")
    source = code("pytest", "python")[0]
    call = "test_a_sampler_that_is_off(testing.assert_converged)"
    with pytest.raises(AssertionError) as failure:
        run_code(f"from gan_eval import testing\n{source}\n{call}\n")
    lines = [
        line.removeprefix("E   ").removeprefix("AssertionError: ") for line in shown.split("\n")
    ]
    assert str(failure.value) == "\n".join(lines).strip()


def test_the_share_of_right_models_that_fail_is_as_stated() -> None:
    rows = [row for row in table_rows(text("pytest")) if row[0].isdigit()]
    assert len(rows) == 3
    for n, stated in rows:
        share = failure_probability(int(n), 2, 0.1, 0.95)
        assert stated == f"{100 * share:.{0 if share > 0.01 else 1}f} %"
