"""The examples of generators: each keeps the interface, and is what it says that it is."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal, norm

import gan_eval as ge
from examples.generators import copier, flow, kernel_density, mixture_model, mode_dropper, ring_gan
from gan_eval.distributions.mixture import MixtureTarget

RING = MixtureTarget.ring()

GENERATORS: dict[str, Any] = {
    "RingGAN": lambda: ring_gan.RingGAN(width=8, epochs=20, batch_size=100),
    "Flow": flow.Flow,
    "MixtureModel": mixture_model.MixtureModel,
    "CrossValidatedKernelDensity": kernel_density.CrossValidatedKernelDensity,
    "Copier": copier.Copier,
    "Copier with little noise": lambda: copier.Copier(noise=0.0002),
    "Copier with noise": lambda: copier.Copier(noise=0.1),
    "ModeDropper": mode_dropper.ModeDropper,
}
DENSITIES = ("Flow", "MixtureModel", "CrossValidatedKernelDensity")


def ring(n: int, seed: int) -> np.ndarray:
    return RING.sample(n, seed)


def fitted(name: str, rows: np.ndarray, seed: int) -> Any:
    """Train as a study does: by checkpoints where there are some."""
    generator, rng = GENERATORS[name](), np.random.default_rng(seed)
    if not hasattr(generator, "steps"):
        return generator.fit(rows, rng)
    return list(generator.steps(rows, rng))[-1][1]


@pytest.mark.parametrize("name", GENERATORS)
def test_it_draws_rows_which_follow_from_the_seed(name: str) -> None:
    rows = ring(300, 0)
    before = rows.copy()
    first, again = (fitted(name, rows, 1) for _ in range(2))
    np.testing.assert_array_equal(rows, before)
    drawn = first.sample(50, np.random.default_rng(5))
    assert drawn.shape == (50, 2)
    assert np.isfinite(drawn).all()
    np.testing.assert_array_equal(again.sample(50, np.random.default_rng(5)), drawn)
    assert not np.array_equal(first.sample(50, np.random.default_rng(6)), drawn)
    if name in ("RingGAN", "Flow"):  # the fit itself is by chance
        assert not np.array_equal(fitted(name, rows, 2).sample(50, np.random.default_rng(5)), drawn)


@pytest.mark.parametrize("name", GENERATORS)
def test_it_leaves_the_random_numbers_of_others_alone(name: str) -> None:
    np.random.seed(3)  # noqa: NPY002
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    fitted(name, ring(200, 0), 1).sample(10, np.random.default_rng(0))
    assert torch.equal(torch.random.get_rng_state(), state)
    left = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    assert np.random.random() == left  # noqa: NPY002


@pytest.mark.parametrize("name", GENERATORS)
def test_it_can_be_sent_to_another_process(name: str) -> None:
    generator = fitted(name, ring(200, 0), 1)
    copy = pickle.loads(pickle.dumps(generator))
    drawn = [one.sample(20, np.random.default_rng(0)) for one in (generator, copy)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("name", GENERATORS)
def test_rows_are_in_no_order(name: str) -> None:
    """Neighbours in the sample are no nearer than others: p of a permutation, at 1e-3."""
    drawn = fitted(name, ring(300, 0), 1).sample(400, np.random.default_rng(0))
    rng = np.random.default_rng(1)

    def gap(rows: np.ndarray) -> float:
        return np.linalg.norm(np.diff(rows, axis=0), axis=1).mean()

    assert np.mean([gap(rng.permutation(drawn)) <= gap(drawn) for _ in range(1000)]) > 1e-3


# --- What each of them is ----------------------------------------------------------------------


def quadrature(log_density: Any) -> tuple[float, float]:
    """∫ q and ∫ q ln q over the plane, on a grid that is fine at 0 and reaches to ±11."""
    t = np.linspace(-3.2, 3.2, 1201)
    x = np.stack(np.meshgrid(0.9 * np.sinh(t), 0.9 * np.sinh(t)), axis=-1).reshape(-1, 2)
    weights = (t[1] - t[0]) * 0.9 * np.cosh(t)
    log_q = log_density(x)
    mass = np.exp(log_q) * np.outer(weights, weights).ravel()
    return mass.sum(), (mass * np.where(mass > 0, log_q, 0)).sum()


@pytest.mark.parametrize("name", DENSITIES)
def test_its_density_integrates_to_one_and_is_that_of_its_rows(name: str) -> None:
    """The mean of ln q over its own rows is its integral, within 5 standard errors."""
    rows = np.random.default_rng(0).normal(size=(100, 2)) @ [[1.0, 0.6], [0.0, 0.5]]
    generator = fitted(name, rows, 1)
    total, expected = quadrature(generator.log_density)
    assert total == pytest.approx(1, abs=5e-3)
    own = generator.log_density(generator.sample(4000, np.random.default_rng(2)))
    assert own.mean() == pytest.approx(expected, abs=5 * own.std() / np.sqrt(len(own)) + 5e-3)


def test_the_density_of_a_flow_is_that_of_a_normal_one_changed_by_the_map() -> None:
    """Oracle: φ(z) times the determinant of the map's Jacobian by differences, and its inverse."""
    rows = ring(400, 0)
    generator = flow.Flow(layers=6, knots=15, left_out=0.1).fit(rows, np.random.default_rng(1))

    def latent(x: np.ndarray) -> np.ndarray:
        for rotation, axes in generator.stack:
            x, _ = flow.forward(x, rotation, axes)
        return x

    x, h = np.random.default_rng(2).uniform(-1.5, 1.5, size=(200, 2)), 1e-7
    columns = [(latent(x + h * e) - latent(x - h * e)) / (2 * h) for e in np.eye(2)]
    jacobian = np.log(np.abs(np.linalg.det(np.stack(columns, axis=-1))))
    oracle = norm.logpdf(latent(x)).sum(axis=1) + jacobian
    np.testing.assert_allclose(generator.log_density(x), oracle, atol=1e-4)
    # The way back: a sample's normal rows are found again.
    drawn = generator.sample(100, np.random.default_rng(3))
    normal = np.random.default_rng(3).standard_normal((100, 2))
    np.testing.assert_allclose(latent(drawn), normal, atol=1e-8)


def test_a_flow_of_one_layer_on_two_points_is_a_normal_distribution() -> None:
    """Known answer: two quantiles fix a line, so that the density is a Gaussian."""
    rows = np.random.default_rng(0).normal(3, 2, size=(1000, 1))
    generator = flow.Flow(layers=1, knots=2).fit(rows, np.random.default_rng(0))
    x = np.linspace(-4, 10, 9)[:, None]
    ((_, ((source, goal),)),) = generator.stack
    sd = np.diff(source)[0] / np.diff(goal)[0]
    mean = source[0] - goal[0] * sd
    np.testing.assert_allclose(generator.log_density(x), norm.logpdf(x[:, 0], mean, sd))
    assert (mean, sd) == pytest.approx((3, 2), abs=0.3)


def test_a_mixture_is_the_sum_of_its_parts() -> None:
    generator = fitted("MixtureModel", ring(500, 0), 1)
    model = generator.model
    parts = zip(model.weights_, model.means_, model.covariances_, strict=True)
    x = ring(50, 9)
    density = sum(w * multivariate_normal(m, c).pdf(x) for w, m, c in parts)
    np.testing.assert_allclose(generator.log_density(x), np.log(density))


def test_a_kernel_density_estimate_is_a_bump_on_each_row() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 2)) * [1, 50] + 7
    generator = fitted("CrossValidatedKernelDensity", rows, 1)
    x = rows[:20] + np.array([0.3, 10])
    sd = generator.model.bandwidth * rows.std(axis=0)
    density = norm.pdf(x[:, None], rows, sd).prod(axis=2).mean(axis=1)
    np.testing.assert_allclose(generator.log_density(x), np.log(density))
    assert 0.1 < generator.model.bandwidth < 1


def test_the_width_of_the_bumps_suits_the_modes() -> None:
    generator = fitted("CrossValidatedKernelDensity", ring(1000, 0), 1)
    assert 0.002 < generator.model.bandwidth * 0.7 < 0.02  # a mode's standard deviation is 0.01


def test_a_gan_shows_its_state_at_each_checkpoint() -> None:
    generator = ring_gan.RingGAN(width=8, epochs=20, batch_size=100)
    seen, drawn = [], []
    for examples, sampler in generator.steps(ring(300, 0), np.random.default_rng(1)):
        seen.append(examples)
        drawn.append(sampler.sample(20, np.random.default_rng(0)))
    assert seen == [600 * k for k in range(1, 11)]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(drawn))


def test_a_gan_learns() -> None:
    """Where rows lie and how wide, roughly."""
    rows = np.random.default_rng(0).normal(5, 2, size=(1000, 2))
    gan = ring_gan.RingGAN(width=16, epochs=40)
    list(gan.steps(rows, np.random.default_rng(1)))
    drawn = gan.sample(1000, np.random.default_rng(0))
    assert np.linalg.norm(drawn.mean(axis=0) - 5) < 1
    assert 1 < drawn.std(axis=0).mean() < 3


@pytest.mark.statistical
def test_who_is_a_copier() -> None:
    """By the exact test with held-out rows; the last two are found by chance in 1 of 20."""
    training, held_out = ring(400, 0), ring(400, 1)

    def verdict(name: str) -> str:
        rows = fitted(name, training, 1).sample(400, np.random.default_rng(2))
        return ge.compare(training, rows, holdout=held_out, tests=["energy"]).copies.verdict

    assert verdict("Copier") == "copies"
    assert verdict("Copier with little noise") == "copies"
    assert verdict("Copier with noise") == "no_copies_shown"  # it moves rows out of their mode
    assert verdict("ModeDropper") == "no_copies_shown"


@pytest.mark.statistical
def test_a_mode_dropper_lacks_one_mode() -> None:
    drawn = mode_dropper.ModeDropper(lost=[3]).sample(1000, np.random.default_rng(0))
    nearest = RING.mahalanobis(drawn).argmin(axis=1)
    assert set(nearest) == {0, 1, 3, 4, 5, 6, 7}
    assert RING.mahalanobis(drawn).min(axis=1).max() < 6  # of 1,000: beyond by chance in 2e-5
    kept = ring(3000, 1)
    kept = kept[RING.mahalanobis(kept).argmin(axis=1) != 2]
    assert ge.energy_test(kept[:1000], drawn, rng=0).pvalue > 1e-3


def test_each_can_be_compared_by_its_object() -> None:
    generator = fitted("MixtureModel", ring(300, 0), 1)
    compared = ge.compare(pd.DataFrame(ring(300, 1), columns=["x", "y"]), generator)
    assert (compared.real.available, compared.generated.available) == (300, 300)


def test_a_gan_of_forty_lines() -> None:
    source = Path(ring_gan.__file__).read_text("utf-8")
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 40
