from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from gan_eval.distributions.divergences import kl
from gan_eval.distributions.target import GaussianTarget
from gan_eval.investigations.certify.gaussian import GAUSSIAN_PATHS as PATHS
from gan_eval.investigations.certify.gaussian import HeavyTails, TwoModes, chapter

from .paths import at


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.statistical
def test_the_mean_of_the_log_ratio_is_the_kl_asked_for(path: str, d: int) -> None:
    """20,000 draws; five standard errors: a right path fails one of 17 with probability 1e-5."""
    if d < PATHS[path].dimension:
        pytest.skip("the path needs two coordinates")
    # Further out the log-ratio of t has no variance.
    for nats in (0.01, 0.02 if path == "heavy_tails" else 0.5):
        found = PATHS[path].at(nats, chapter(d))
        assert found is not None
        x = found[1].sample(20_000, np.random.default_rng(1))
        ratio = found[1].log_density(x) - chapter(d).log_density(x)
        assert ratio.mean() == pytest.approx(nats, abs=5 * ratio.std() / 20_000**0.5)


@pytest.mark.parametrize("path", PATHS)
def test_kl_grows_along_a_path_from_0(path: str) -> None:
    p = chapter(3)
    values = [PATHS[path].divergence(p, t) for t in np.linspace(0, PATHS[path].end, 50)]
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(values) > 0)
    assert PATHS[path].at(values[-1] * 1.01, p) is None
    nothing = PATHS[path].at(0.0, p)
    assert nothing is not None
    assert nothing[1] is p


def test_strengths_are_what_theory_says() -> None:
    for path in ("shift_major", "shift_minor"):
        strength, law = at(PATHS[path], 0.18, chapter(2))
        assert strength == pytest.approx(0.6)
        assert isinstance(law, GaussianTarget)
        assert kl(law.law, chapter(2).law) == pytest.approx(0.18)
    minor = np.linalg.eigh(chapter(2).covariance)[1][:, 0]
    shift = at(PATHS["shift_minor"], 0.5, chapter(2))[1].mean - chapter(2).mean
    assert abs(shift @ minor) == pytest.approx(np.linalg.norm(shift))
    # s with d (s² − 1 − ln s²) / 2 = KL.
    factor = at(PATHS["scale"], 0.3, chapter(2))[0]
    assert factor < 1
    assert factor**2 - 1 - 2 * np.log(factor) == pytest.approx(0.3)
    # ½ sin²θ (r + 1/r − 2) with r the ratio of the eigenvalues.
    low, high = np.linalg.eigvalsh(chapter(2).covariance)
    angle = np.radians(at(PATHS["rotation"], 0.7, chapter(2))[0])
    ratio = high / low
    assert 0.5 * np.sin(angle) ** 2 * (ratio + 1 / ratio - 2) == pytest.approx(0.7)
    turned = PATHS["correlation"].divergence(chapter(2), 2.0)
    rho = 1.95 / np.sqrt(1.01 * 4.25)
    assert turned == pytest.approx(2 * rho**2 / (1 - rho**2))


@pytest.mark.parametrize("degrees", [2.5, 5.0, 40.0])
def test_t_is_scipys_and_its_kl_is_the_integral(degrees: float) -> None:
    p = chapter(2)
    law = HeavyTails(p, degrees)
    shape = p.covariance * (degrees - 2) / degrees
    x = p.sample(20, 0)
    expected = stats.multivariate_t(p.mean, shape, df=degrees).logpdf(x)  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-10)
    one = chapter(1)
    density = HeavyTails(one, degrees)

    def integrand(z: float) -> float:
        row = np.array([[z]])
        q, r = density.log_density(row)[0], one.log_density(row)[0]
        return float(np.exp(q) * (q - r))

    centre = float(one.mean[0])
    value = 2 * integrate.quad(integrand, centre, np.inf, limit=500)[0]
    assert PATHS["heavy_tails"].divergence(one, 1 / degrees) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("separation", [0.3, 0.9, 0.99])
def test_two_modes_have_mass_1_and_the_moments_of_the_chapter(separation: float) -> None:
    law = TwoModes(chapter(1), separation)
    centre, deviation = float(chapter(1).mean[0]), float(chapter(1).covariance[0, 0]) ** 0.5

    def moment(power: int) -> float:
        z = np.linspace(-8, 8, 200_001)
        density = np.exp(law.log_density(centre + deviation * z[:, None])) * deviation
        return float((density * z**power).sum() * (z[1] - z[0]))

    assert [moment(k) for k in range(3)] == pytest.approx([1, 0, 1], abs=1e-9)
    z = np.linspace(-8, 8, 200_001)
    ratio = law.log_ratio(z)
    mass = np.exp(ratio - z**2 / 2) / np.sqrt(2 * np.pi)
    value = float((mass * ratio).sum() * (z[1] - z[0]))
    assert PATHS["mixture"].divergence(chapter(1), separation) == pytest.approx(value, rel=1e-9)


def test_the_truth_is_the_chapters_and_standard_beside_it() -> None:
    plane = GaussianTarget.chapter()
    np.testing.assert_allclose(chapter(2).covariance, plane.covariance)
    np.testing.assert_allclose(chapter(1).covariance, plane.covariance[:1, :1])
    np.testing.assert_allclose(chapter(4).covariance[2:, 2:], np.eye(2))
    np.testing.assert_allclose(chapter(4).covariance[:2, :2], plane.covariance)
