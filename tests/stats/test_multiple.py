"""Adjusted p-values: worked examples from the papers, a slow transcription, the level kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_eval.runtime.errors import UsageError
from gan_eval.stats.multiple import adjusted_pvalues, could_reject


def test_holms_own_steps_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04 → 0.06 at the end.
    found = adjusted_pvalues([0.01, 0.04, 0.03, 0.005], "holm")
    np.testing.assert_allclose(found, [0.03, 0.06, 0.06, 0.02], rtol=1e-15)


def test_benjamini_and_hochbergs_own_example() -> None:
    # The fifteen p-values of Benjamini & Hochberg (1995), section 3.1: at 0.05 the procedure
    # rejects four hypotheses, Bonferroni and Holm three.
    published = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
    ]
    assert (adjusted_pvalues(published, "benjamini-hochberg") <= 0.05).sum() == 4
    assert (adjusted_pvalues(published, "holm") <= 0.05).sum() == 3


def slow_holm_rejections(pvalues: list[float], alpha: float) -> set[int]:
    """Holm's step-down procedure as he words it: go on while p ≤ α / (number left)."""
    left = sorted(range(len(pvalues)), key=lambda i: pvalues[i])
    rejected: set[int] = set()
    while left and pvalues[left[0]] * len(left) <= alpha:
        rejected.add(left.pop(0))
    return rejected


@given(
    st.lists(st.floats(0, 1).map(lambda p: round(p, 3)), min_size=1, max_size=8),
    st.sampled_from([0.01, 0.05, 0.1]),
)
def test_holm_rejects_what_the_step_down_procedure_rejects(
    pvalues: list[float], alpha: float
) -> None:
    found = adjusted_pvalues(pvalues, "holm")
    assert set(np.flatnonzero(found <= alpha)) == slow_holm_rejections(pvalues, alpha)
    assert (found >= pvalues).all()
    assert (np.diff(found[np.argsort(pvalues)]) >= 0).all()


@pytest.mark.statistical
def test_holm_keeps_the_family_level_where_bare_pvalues_do_not() -> None:
    # 4,000 families of five independent uniform p-values. Error rate: 6 standard errors.
    families = np.random.default_rng(0).uniform(size=(4000, 5))
    bare = (families <= 0.05).any(axis=1).mean()
    held = np.mean([(adjusted_pvalues(row, "holm") <= 0.05).any() for row in families])
    assert bare > 0.2
    assert held <= 0.05 + 6 * np.sqrt(0.05 * 0.95 / 4000)


def test_no_tests_and_one_test() -> None:
    assert adjusted_pvalues([], "holm").shape == (0,)
    for correction in ("holm", "benjamini-hochberg"):
        np.testing.assert_array_equal(adjusted_pvalues([0.03], correction), [0.03])


@pytest.mark.parametrize("bad", [[1.2], [-0.1], [np.nan], [[0.1]]])
def test_what_is_no_pvalue_is_refused(bad: list[float]) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        adjusted_pvalues(bad, "holm")


def test_an_unknown_correction_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="one of holm, benjamini-hochberg, got 'bonferroni'"):
        adjusted_pvalues([0.1], "bonferroni")


@pytest.mark.parametrize(
    ("least", "expected"),
    [
        ([], []),
        ([0.05], [True]),
        ([0.051], [False]),
        # Two that can reach 0.05 cannot do so together.
        ([0.05, 0.05], [False, False]),
        ([0.5, 0.05], [False, True]),
        # K = 2: two tests reach 0.025.
        ([0.025, 0.05, 0.001], [True, False, True]),
        ([1 / 20] * 4, [False] * 4),
        ([1 / 70] * 3, [True] * 3),
        ([1 / 70] * 4, [False] * 4),
    ],
)
def test_what_could_be_rejected_is_told_by_tarones_rule(least, expected) -> None:
    found = could_reject(least, 0.05)
    assert found.tolist() == expected
    for correction in ("holm", "benjamini-hochberg"):
        best = adjusted_pvalues(np.asarray(least, dtype=float)[found], correction)
        assert (best <= 0.05).all()
