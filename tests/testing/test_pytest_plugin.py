"""The plugin in pytest runs of its own, the assertions it gives, and what it costs the others."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gan_eval import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.stats.battery.equivalence import equivalence
from gan_eval.testing import assert_converged, assert_same_distribution

pytest_plugins = ["pytester"]

CHAPTER = GaussianTarget.chapter()
ENTRY_POINTS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
    "entry-points"
]["pytest11"]


def failure(assertion: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(AssertionError) as failed:
        assertion(*arguments, **options)
    return str(failed.value)


def shift_along(text: str, loadings: dict[str, float]) -> float:
    """The shift that a message reports along a direction, which must have these loadings."""
    found = re.search(r"direction (.*): mean (\S+) sd", text)
    assert found, text
    terms = re.findall(r"(−?) ?([\d.]+) (\w+)", found[1])
    printed = {name: float(value) * (-1 if sign else 1) for sign, value, name in terms}
    assert printed == pytest.approx(loadings, abs=0.05)
    return float(found[2])


def test_the_entry_point_names_the_plugin() -> None:
    assert ENTRY_POINTS == {"gan_eval": "gan_eval.testing.pytest_plugin"}


def test_loading_the_plugin_loads_nothing_else() -> None:
    script = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import gan_eval.testing.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (
        done.stdout.strip() == "['gan_eval', 'gan_eval.testing', 'gan_eval.testing.pytest_plugin']"
    )


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose pytest loads this plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(
        "[pytest]\nfilterwarnings = error\naddopts = -p gan_eval.testing.pytest_plugin"
    )
    return pytester


def test_the_fixtures_pass_and_fail_in_a_project_of_their_own(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import numpy as np
        from gan_eval import GaussianTarget

        TARGET = GaussianTarget.chapter()

        def test_right(assert_same_distribution, assert_converged):
            samples = TARGET.sample(400, rng=1)
            assert_same_distribution(samples, TARGET.sample(400, rng=2))
            assert_converged(samples, TARGET)

        def test_wrong(assert_same_distribution):
            assert_same_distribution(TARGET.sample(200, rng=1), TARGET.sample(200, rng=2) * 1.5)

        def test_far(assert_converged):
            assert_converged(TARGET.sample(200, rng=1) + 1.0, TARGET)
        """
    )
    result = inner.runpytest_subprocess("--tb=short")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*x (200 rows) and y (200 rows) do not come from one distribution*",
            "*tests reject at alpha = 0.01 after Holm's correction*",
            "*200 samples are further from the target: KL(samples‖target) is estimated at*",
        ]
    )
    # The traceback ends at the user's own line.
    assert "testing.py" not in result.stdout.str()


def test_a_run_without_the_fixtures_loads_no_numpy(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import sys

        def test_light():
            assert "gan_eval.testing.pytest_plugin" in sys.modules
            assert not {"numpy", "scipy", "torch", "pandas"} & set(sys.modules)
        """
    )
    inner.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_fixtures_are_listed_with_a_sentence_each(inner: pytest.Pytester) -> None:
    listing = inner.runpytest_subprocess("--fixtures").stdout.str()
    assert "assert_same_distribution(x, y, alpha=0.01)" in listing
    assert "assert_converged(samples, target, margin=0.1)" in listing


def test_the_message_names_columns_directions_sizes_and_the_error_rate() -> None:
    x = pd.DataFrame(CHAPTER.sample(300, 1), columns=["height", "weight"])
    y = x + np.array([0.0, 0.5])
    text = failure(assert_same_distribution, x, y, alpha=0.02)
    assert "column weight: mean +0.2" in text
    # √(0.5² (Σ⁻¹)₂₂) = 0.72 standard deviations along the best direction, 0.24 along the column.
    assert 0.6 < shift_along(text, {"weight": 0.70, "height": -0.71}) < 0.85
    assert "at alpha = 0.02 after Holm's correction" in text
    assert "fail this assertion in at most 2 % of runs" in text


@pytest.mark.statistical
def test_samples_of_one_law_fail_as_seldom_as_is_said() -> None:
    # 200 pairs at 5 %, heavy tails: 3.5 standard errors of a binomial (error rate 5e-4).
    rng = np.random.default_rng(0)
    failed = 0
    for _ in range(200):
        try:
            assert_same_distribution(
                *rng.standard_t(3, size=(2, 30, 2)),
                alpha=0.05,
                tests=("likelihood_ratio", "hotelling", "mmd", "energy"),
                permutations=99,
            )
        except AssertionError:
            failed += 1
    assert failed / 200 <= 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 200)


def test_the_same_samples_always_give_the_same_answer() -> None:
    x, y = CHAPTER.sample(50, 1), CHAPTER.sample(50, 2)
    pvalues = [
        {n: r.pvalue for n, r in assert_same_distribution(x, y).results.items()} for _ in range(2)
    ]
    assert pvalues[0] == pvalues[1]


def test_a_small_alpha_gets_the_permutations_that_it_needs() -> None:
    x = CHAPTER.sample(100, 1)
    text = failure(assert_same_distribution, x, x + 5.0, alpha=1e-3, tests=["energy", "mmd"])
    assert "2 of 2 tests reject at alpha = 0.001" in text
    assert "p 0.00025" in text


def test_too_few_rows_are_told_from_a_wrong_model() -> None:
    few = failure(assert_converged, CHAPTER.sample(20, 3), CHAPTER)
    assert "20 samples do not show to be near the target" in few
    needed = equivalence(CHAPTER.sample(20, 3), CHAPTER).rows_needed()
    assert f"% of runs with 20 rows; with {needed} rows in at most 5 %" in few
    wrong = failure(assert_converged, CHAPTER.sample(500, 3) * 1.5, CHAPTER)
    assert "500 samples are further from the target" in wrong
    assert "in 1 % of runs with 500 rows" in wrong
    assert "column x1" in wrong
    assert "direction" in wrong


def test_another_shape_with_the_right_moments_is_named() -> None:
    rng = np.random.default_rng(8)
    place = rng.integers(8, size=300) * np.pi / 4
    ring = 1.38 * np.column_stack([np.cos(place), np.sin(place)]) + 0.2 * rng.normal(size=(300, 2))
    text = failure(assert_converged, CHAPTER.transform(ring), CHAPTER)
    assert "another shape" in text
    assert "a Gaussian's 8" in text
    assert assert_converged(CHAPTER.transform(ring), CHAPTER, shape_alpha=None).passed


def test_a_law_along_a_minor_axis_is_found_in_its_direction() -> None:
    # One standard deviation of the minor axis, 0.24 and 0.10 of the columns'.
    text = failure(assert_converged, CHAPTER.sample(2000, 4) + CHAPTER.A[1], CHAPTER)
    direction = np.linalg.inv(CHAPTER.A)[:, 1] * np.sqrt(np.diag(CHAPTER.covariance))
    direction /= np.linalg.norm(direction)
    assert 0.9 < shift_along(text, {"x1": direction[0], "x2": direction[1]}) < 1.1


def test_a_target_may_be_given_by_its_moments_and_in_one_dimension() -> None:
    found = assert_converged(CHAPTER.sample(500, 5), (CHAPTER.mean, CHAPTER.covariance))
    assert found.upper == pytest.approx(
        assert_converged(CHAPTER.sample(500, 5), CHAPTER).upper, rel=1e-6
    )
    line = np.random.default_rng(6).normal(3.0, 2.0, size=300)
    assert assert_converged(line, ([3.0], [[4.0]])).passed
    assert "column x1: mean" in failure(assert_converged, line + 2, ([3.0], [[4.0]]))
    with pytest.raises(UsageError, match=r"GaussianTarget, .* or \(mean, covariance\)"):
        assert_converged(line, 3.0)  # type: ignore[arg-type]


def test_constant_and_repeated_columns_do_not_break_the_message() -> None:
    x = np.random.default_rng(7).normal(size=(100, 1))
    wide, moved = np.hstack([x, x, x * 0 + 1]), np.hstack([x + 3, x + 3, x * 0 + 1])
    assert "column x1: mean +3" in failure(assert_same_distribution, wide, moved)
