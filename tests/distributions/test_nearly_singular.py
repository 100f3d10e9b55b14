"""Laws of large condition number against a hundred digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from gan_eval.distributions.distances import bures_wasserstein
from gan_eval.distributions.divergences import hellinger, jeffreys, kl
from gan_eval.distributions.gaussian import Gaussian


def exact_by_mpmath(q: Gaussian, p: Gaussian) -> dict[str, float]:
    """KL both ways, squared Hellinger and W₂ by the textbook covariance formulas, in 100 digits."""
    with mpmath.workdps(100):
        factors = [mpmath.matrix(law.factor.tolist()) for law in (q, p)]
        learned, truth = (factor.T * factor for factor in factors)
        shift = mpmath.matrix(q.mean.tolist()) - mpmath.matrix(p.mean.tolist())

        def divergence(a: Any, b: Any) -> Any:
            ratio = mpmath.lu_solve(b, a[:, 0])
            trace = ratio[0] + sum(mpmath.lu_solve(b, a[:, j])[j] for j in range(1, a.rows))
            length = (shift.T * mpmath.lu_solve(b, shift))[0]
            return (trace - a.rows + length + mpmath.log(mpmath.det(b) / mpmath.det(a))) / 2

        middle = (learned + truth) / 2
        length = (shift.T * mpmath.lu_solve(middle, shift))[0]
        overlap = (mpmath.det(learned) * mpmath.det(truth)) ** mpmath.mpf("0.25")
        overlap *= mpmath.exp(-length / 8) / mpmath.sqrt(mpmath.det(middle))
        cross = factors[0] * truth * factors[0].T
        roots = sum(mpmath.sqrt(abs(value)) for value in mpmath.eigsy(cross, eigvals_only=True))
        traces = sum(learned[j, j] + truth[j, j] for j in range(learned.rows))
        transport = (shift.T * shift)[0] + traces - 2 * roots
        return {
            "forward": float(divergence(learned, truth)),
            "backward": float(divergence(truth, learned)),
            "hellinger": float(mpmath.sqrt(1 - overlap)),
            "transport": float(mpmath.sqrt(transport)),
        }


@pytest.mark.parametrize("condition", [1e2, 1e5, 1e8])
@pytest.mark.parametrize("d", [2, 5])
def test_nearly_singular_laws_against_a_hundred_digits(d, condition):
    # The covariances have the squared condition number: at 1e16 a Cholesky factor would not exist.
    rng = np.random.default_rng(d)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    p = Gaussian(
        rng.normal(size=d),
        rng.normal(size=(d, d)) @ np.diag(np.geomspace(1, 1 / condition, d)) @ turn,
    )
    change = np.eye(d) + 0.3 * rng.normal(size=(d, d))
    q = Gaussian(p.mean + 0.5 * rng.normal(size=d) @ p.factor, change @ p.factor)
    exact = exact_by_mpmath(q, p)
    tolerance = 50 * condition * np.finfo(float).eps
    np.testing.assert_allclose(kl(q, p), exact["forward"], rtol=tolerance)
    np.testing.assert_allclose(kl(p, q), exact["backward"], rtol=tolerance)
    both = exact["forward"] + exact["backward"]
    np.testing.assert_allclose(jeffreys(q, p), both, rtol=tolerance)
    np.testing.assert_allclose(hellinger(q, p), exact["hellinger"], rtol=tolerance)
    np.testing.assert_allclose(bures_wasserstein(q, p), exact["transport"], rtol=1e-12)
