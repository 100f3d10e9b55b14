"""KL and likelihood from a generator's own density: a known answer, its orientation, its error."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval import GaussianTarget, kl
from gan_eval.judging.generators.likelihood import likelihood_columns

P = GaussianTarget([[1.0, 2.0], [-0.1, 0.5]], [1.0, 2.0])


def measured(q: GaussianTarget, seed: int, n: int = 1000) -> dict[str, float | str]:
    x, y = q.sample(n, seed), P.sample(n, seed + 10_000)
    told = q.log_density(x), q.log_density(y)
    return likelihood_columns(*told, target=P, generated=x, real=y)


def test_the_intervals_hold_the_closed_forms_as_often_as_they_say() -> None:
    q = GaussianTarget([[1.1, 2.0], [-0.1, 0.6]], [1.1, 2.1])
    true = {"kl": float(kl(q.law, P.law)), "kl_reverse": float(kl(P.law, q.law))}
    entropy = 0.5 * float(np.linalg.slogdet(2 * np.pi * np.e * P.covariance)[1])
    true["log_likelihood"] = -entropy - true["kl_reverse"]
    found = [measured(q, seed) for seed in range(200)]
    for name, value in true.items():
        held = sum(
            float(one[f"{name}_low"]) <= value <= float(one[f"{name}_high"]) for one in found
        )
        # 95 %; a binomial of 200 lies below 180 in one of 1,000 such tests.
        assert held >= 180, name
        mean = np.mean([float(one[name]) for one in found])
        assert mean == pytest.approx(value, abs=0.02)


def test_a_right_generator_has_no_divergence() -> None:
    found = measured(P, 0)
    assert found["kl"] == found["kl_low"] == found["kl_high"] == 0
    assert found["kl_reverse"] == 0


def test_a_row_outside_the_support_makes_kl_infinite() -> None:
    box = np.array([-np.inf, -1.0, -1.0])
    unit = GaussianTarget([[1.0]], [0.0])
    rows = np.zeros((3, 1))
    found = likelihood_columns(box + 2, box, target=unit, generated=rows, real=rows)
    assert found["kl_reverse"] == found["kl_reverse_high"] == np.inf
    assert found["log_likelihood"] == -np.inf


def test_without_a_target_the_likelihood_alone_is_told() -> None:
    found = likelihood_columns(np.zeros(5), np.array([-1.0, -2.0, -3.0]))
    assert found["log_likelihood"] == -2
    assert "kl" not in found
