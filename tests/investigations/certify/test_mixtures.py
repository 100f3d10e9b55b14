"""The strength of every departure from a mixture, against an oracle that knows no formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.presets import preset
from gan_eval.investigations.certify.mixtures import MIXTURE_PATHS, SCATTER, Changed, _scattered
from gan_eval.stats.goodness import mode_shares_test

from .paths import at

PRESETS = {name: preset(name) for name in ("ring8", "grid25")}
TARGETS = pytest.mark.parametrize("p", PRESETS.values(), ids=PRESETS)


def by_quadrature(q: Changed, p: MixtureTarget, half: float = 7.0, side: int = 111) -> float:
    """∫ q ln q/p by the trapezoid rule on a square around each mode, from the densities alone."""
    deviation = np.sqrt(p.covariances[0, 0, 0]) * max(q.factor, SCATTER if q.scattered else 1.0)
    line = np.linspace(-half, half, side) * deviation
    place = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    total = 0.0
    for mean in p.means:
        x = place + mean
        log_q = q.log_density(x)
        # Squares of wide modes overlap: a point belongs to the nearest mode.
        mine = p.mahalanobis(x).argmin(axis=1) == np.flatnonzero((p.means == mean).all(axis=1))
        # 0 where q is, whatever p is.
        terms = np.where(log_q > -700, np.exp(log_q) * (log_q - p.log_density(x)), 0.0)
        total += float(terms[mine].sum() * (line[1] - line[0]) ** 2)
    return total


@pytest.mark.parametrize("p", [MixtureTarget.ring(5), MixtureTarget.grid(2)], ids=["ring", "grid"])
@pytest.mark.parametrize("path", MIXTURE_PATHS)
@pytest.mark.parametrize("nats", [0.005, 0.3])
def test_kl_is_the_integral_of_the_densities(path: str, p: MixtureTarget, nats: float) -> None:
    found = MIXTURE_PATHS[path].at(nats, p)
    assert found is not None
    assert found[1].divergence() == pytest.approx(nats, rel=1e-9)
    assert by_quadrature(found[1], p) == pytest.approx(nats, rel=1e-6)


@TARGETS
@pytest.mark.parametrize("path", MIXTURE_PATHS)
@pytest.mark.statistical
def test_the_mean_of_the_log_ratio_over_drawn_rows_is_the_kl(path: str, p: MixtureTarget) -> None:
    """20,000 draws; five standard errors: one of 12 fails a right path with probability 1e-5."""
    found = MIXTURE_PATHS[path].at(0.3, p)
    assert found is not None
    x = found[1].sample(20_000, np.random.default_rng(1))
    ratio = found[1].log_density(x) - p.log_density(x)
    assert ratio.mean() == pytest.approx(0.3, abs=5 * ratio.std() / 20_000**0.5)


@TARGETS
@pytest.mark.parametrize("path", MIXTURE_PATHS)
def test_kl_grows_along_a_path_from_0(path: str, p: MixtureTarget) -> None:
    end = len(p.weights) - 1 if path == "modes_lost" else MIXTURE_PATHS[path].end
    values = [MIXTURE_PATHS[path].divergence(p, t) for t in np.linspace(0, end, 60)]
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(values) > 0)
    assert MIXTURE_PATHS[path].at(values[-1] * 1.01, p) is None
    nothing = MIXTURE_PATHS[path].at(0.0, p)
    assert nothing is not None
    assert nothing[1] is p


@TARGETS
def test_strengths_are_what_theory_says(p: MixtureTarget) -> None:
    k = len(p.weights)
    for lost in (1, 2, k - 1):
        nats = -np.log(1 - lost / k)
        found = MIXTURE_PATHS["modes_lost"].at(nats * (1 - 1e-12), p)
        assert found is not None
        assert found[0] == pytest.approx(lost, abs=1e-5)
        rows = found[1].sample(4000, np.random.default_rng(0))
        shares = p.responsibilities(rows).mean(axis=0)
        assert shares[:lost].max() < 1e-3
        np.testing.assert_allclose(shares[lost:], 1 / (k - lost), atol=0.05)
    moved = MIXTURE_PATHS["moved"].at(0.18, p)
    assert moved is not None
    assert moved[0] == pytest.approx(0.6)
    rows = moved[1].law.means - p.means
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 0.6 * p.covariances[0, 0, 0] ** 0.5)
    for path, sign in (("wide", 1), ("narrow", -1)):
        factor = at(MIXTURE_PATHS[path], 0.3, p)[0]
        assert sign * np.log(factor) > 0
        assert factor**2 - 1 - 2 * np.log(factor) == pytest.approx(0.3)


def test_a_share_that_every_other_mode_keeps_has_its_kl() -> None:
    """Of the ring 4 modes have weight a and 4 have ra: 4a(1 + r) = 1."""
    kept, q = at(MIXTURE_PATHS["weights"], 0.1, PRESETS["ring8"])
    heavy, light = 1 / (4 * (1 + kept)), kept / (4 * (1 + kept))
    assert q.weights == pytest.approx([heavy, light] * 4)
    assert stats.entropy([heavy, light] * 4, [1 / 8] * 8) == pytest.approx(0.1)


@pytest.mark.parametrize("share", [1e-5, 0.03, 0.5, 1.0])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_divergence_of_scattered_rows_is_scipys_integral(share: float, d: int) -> None:
    chi: Any = stats.chi(d)
    wide: Any = stats.chi(d, scale=SCATTER)

    def integrand(r: float) -> float:
        q = (1 - share) * chi.pdf(r) + share * wide.pdf(r)
        return float(q * (np.log(q) - chi.logpdf(r))) if q else 0.0

    value = sum(integrate.quad(integrand, a, a + 4)[0] for a in range(0, 32, 4))
    assert _scattered(share, d) == pytest.approx(value, rel=1e-9, abs=1e-13)


def test_lost_modes_are_seen_by_the_test_of_shares() -> None:
    q = at(MIXTURE_PATHS["modes_lost"], 0.13, PRESETS["ring8"])[1]
    rows = q.sample(200, np.random.default_rng(0))
    assert mode_shares_test(rows, PRESETS["ring8"], resamples=99, rng=0).pvalue == 0.01
