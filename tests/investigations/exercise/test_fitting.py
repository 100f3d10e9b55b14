"""Best responses: slopes, a convex case with a known answer, and the floor that none passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad
from scipy.optimize import minimize

from gan_eval.distributions.gaussian import Gaussian
from gan_eval.investigations.exercise import fitting
from gan_eval.investigations.exercise.fitting import Network, fit, losses
from gan_eval.investigations.exercise.responses import (
    LN2,
    Game,
    points,
    population_loss,
    trained_parameters,
)
from gan_eval.training.config import TrainingConfig
from gan_eval.training.run import train

Array = np.ndarray


def game(mean: list[float], factor: list[list[float]], count: int = 1) -> Game:
    d = len(mean)
    means = np.broadcast_to(np.array(mean), (count, d))
    return Game(Gaussian(means, np.broadcast_to(np.array(factor), (count, d, d))))


def rows_of(played: Game, n: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    shape = (*played.law.mean.shape[:1], n, played.law.dimension)
    return played.rows(rng.standard_normal(shape), rng.standard_normal(shape))


def test_the_chapters_discriminator_has_37_parameters():
    assert Network.of(2, (5, 3)).parameters == 37


@pytest.mark.parametrize("widths", [(), (4,), (5, 3)])
def test_logits_and_slopes_are_those_of_autograd(widths):
    network = Network.of(3, widths)
    rng = np.random.default_rng(0)
    rows = torch.as_tensor(rng.standard_normal((2, 3, 7)))
    x = torch.as_tensor(network.start(2, rng))
    weight = torch.as_tensor(rng.random((2, 1, 7)))
    *below, logit = network.layers_at(x, rows)
    slopes = network.slopes(x, below, weight)
    torch.testing.assert_close(network.logits(x, rows), logit[:, 0])

    def forward(flat: torch.Tensor) -> torch.Tensor:
        hidden, start = rows, 0
        for index, (inputs, outputs) in enumerate(network.layers):
            middle = start + inputs * outputs
            weight = flat[:, start:middle].reshape(-1, outputs, inputs)
            hidden = torch.tanh(hidden) if index else hidden
            hidden = weight @ hidden + flat[:, middle : middle + outputs, None]
            start = middle + outputs
        return hidden[:, 0]

    torch.testing.assert_close(logit[:, 0], forward(x))
    jacobian = torch.autograd.functional.jacobian(forward, x)
    own = torch.stack([jacobian[b, :, b] for b in range(2)])  # type: ignore[index]
    torch.testing.assert_close(slopes, own.transpose(1, 2) * weight)


def test_without_hidden_units_the_fit_is_logistic_regression():
    """Convex, so that it has one answer, which SciPy finds by another way."""
    network = Network.of(2, ())
    rows = rows_of(game([0.5, -0.2], [[1.0, 0.3], [0.0, 0.8]]), 300, 1)
    found = fit(network, rows, network.start(3, np.random.default_rng(0))[None])

    def loss(x: Array) -> float:
        return float(losses(rows[0] @ x[:2] + x[2]))

    exact = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).fun
    np.testing.assert_allclose(found.loss, exact, rtol=0, atol=1e-9)


def test_the_loss_and_its_slope_are_those_of_double_precision():
    """The steps are taken by single-precision rows; where they end is told without them."""
    network = Network.of(2, ())
    rows = rows_of(game([0.5, -0.2], [[1.0, 0.3], [0.0, 0.8]]), 300, 1)
    found = fit(network, rows, network.start(2, np.random.default_rng(3))[None])
    logits = network.logits(torch.as_tensor(found.parameters), torch.as_tensor(rows).mT).numpy()
    np.testing.assert_allclose(found.loss, losses(logits), rtol=1e-14)
    real = np.arange(600) < 300
    slope = (1 / (1 + np.exp(-logits)) - real) @ np.column_stack([rows[0], np.ones(600)]) / 600
    np.testing.assert_allclose(slope, 0, atol=1e-6)


@pytest.mark.parametrize("entries", [1, 2**9, 2**14])
def test_the_fit_is_the_same_in_parts_of_any_size(entries, monkeypatch):
    """Networks and rows are taken in parts; a few rounds, before rounding can grow."""
    network = Network.of(2, (5, 3))
    rows = rows_of(game([0.3, 0.0], [[1.2, 0.0], [0.1, 0.9]], count=3), 60, 2)
    start = np.stack([network.start(2, np.random.default_rng(s)) for s in range(3)])
    whole = fit(network, rows, start, rounds=5)
    monkeypatch.setattr(fitting, "_ENTRIES", entries)
    parts = fit(network, rows, start, rounds=5)
    np.testing.assert_allclose(parts.loss, whole.loss, atol=1e-5)
    # Each network has its own rows: one that gets another's ends elsewhere.
    other = fit(network, rows[::-1], start, rounds=5)
    assert (np.abs(other.loss[[0, 1, 4, 5]] - whole.loss[[0, 1, 4, 5]]) > 1e-4).all()


def test_a_fit_never_ends_above_its_start_nor_above_fewer_rounds():
    network = Network.of(2, (5, 3))
    rows = rows_of(game([0.3, 0.0], [[1.2, 0.0], [0.1, 0.9]]), 100, 2)
    start = network.start(4, np.random.default_rng(1))
    before = losses(network.logits(torch.as_tensor(start), torch.as_tensor(rows).mT).numpy())
    few, many = (fit(network, rows, start[None], rounds=rounds).loss for rounds in (10, 60))
    assert (few <= before).all()
    assert (many <= few).all()
    best = fit(network, rows, start[None], rounds=60).best(4)
    assert best.loss[0] == many.min()


def test_the_population_loss_is_the_integral():
    played = game([0.4, -0.3], [[1.3, 0.2], [0.0, 0.7]])
    network = Network.of(2, (5, 3))
    x = network.start(1, np.random.default_rng(5))
    found = population_loss(played, network, x)
    p = Gaussian(np.zeros(2), np.eye(2))
    q = Gaussian(played.law.mean[0], played.law.factor[0])

    def density(law: Gaussian, at: Array) -> float:
        z = np.linalg.solve(law.factor.T, at - law.mean)
        return float(np.exp(-0.5 * z @ z) / (2 * np.pi * abs(np.linalg.det(law.factor))))

    def integrand(b: float, a: float) -> float:
        at = np.array([a, b])
        logit = network.logits(torch.as_tensor(x), torch.as_tensor(at)[None, :, None]).item()
        real, fake = np.logaddexp(0, -logit), np.logaddexp(0, logit)
        return 0.5 * (density(p, at) * real + density(q, at) * fake)

    exact = dblquad(integrand, -6, 6, -6, 6, epsabs=1e-4, epsrel=1e-4)[0]
    assert found.error[0] < 2e-4
    assert found.loss[0] == pytest.approx(exact, abs=1e-4 + 5 * found.error[0])


def test_no_best_response_passes_the_floor_and_a_coin_has_ln_2():
    """The loss is estimated here from the points themselves, not from the floor upwards."""
    played = game([0.4, -0.3], [[1.3, 0.2], [0.0, 0.7]], count=4)
    network = Network.of(2, (5, 3))
    start = np.stack([network.start(1, np.random.default_rng(s)) for s in range(4)])
    fitted = fit(network, rows_of(played, 400, 3), start, rounds=40)
    z, latent = points(2, 16384, 77)
    rows = played.rows(z, latent)
    logits = network.logits(torch.as_tensor(fitted.parameters), torch.as_tensor(rows).mT)
    direct, ours = losses(logits.numpy()), population_loss(played, network, fitted.parameters)
    np.testing.assert_allclose(direct, ours.loss, atol=2e-3)
    assert (direct > played.floor).all()
    assert (ours.loss >= played.floor).all()
    assert (fitted.loss < direct).all()
    coin = population_loss(played, network, np.zeros_like(fitted.parameters))
    np.testing.assert_allclose(coin.loss, LN2, atol=2e-4)
    best = losses(played.best_logits(rows))
    np.testing.assert_allclose(best, played.floor, atol=2e-3)


def test_against_the_perfect_generator_the_seen_loss_is_below_ln_2_and_the_fresh_one_above():
    """Logistic regression with 3 parameters on 2n rows of one law: 4n (ln 2 − loss) ~ χ² with 3
    degrees of freedom less its intercept, which equal halves make 0 but for its slope (Wilks 1938).
    The mean over 400 sets lies within 4 standard errors: wrong once in 16,000, one fixed seed."""
    n, sets = 200, 400
    played = game([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], count=sets)
    network = Network.of(2, ())
    found = fit(network, rows_of(played, n, 4), np.zeros((sets, 1, 3)))
    assert (found.loss < LN2).all()
    statistic = 4 * n * (LN2 - found.loss)
    # Two free slopes; the intercept is all but determined by the equal halves.
    assert statistic.mean() == pytest.approx(2, abs=4 * 2 / np.sqrt(sets))
    few = game([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], count=20)
    assert (population_loss(few, network, found.parameters[:20]).loss > LN2).all()


@pytest.mark.parametrize("standardise", ["none", "columns", "whiten"])
def test_a_trained_discriminator_keeps_its_logits_in_the_targets_coordinates(
    standardise: str,
) -> None:
    """Whatever units it was trained in."""
    config = TrainingConfig.parse(
        {"standardise": standardise, "epochs": 2, "n_examples": 64, "dtype": "float64"}
    )
    trained = train(config, [1, 2])
    z = np.random.default_rng(0).normal(size=(7, 2))
    network = Network.of(2, config.discriminator_widths)
    found = network.logits(torch.as_tensor(trained_parameters(trained)), torch.as_tensor(z.T))
    rows = config.target.gaussian().transform(z)
    for replicate in range(2):
        expected = trained.critic(replicate, rows)
        np.testing.assert_allclose(found[replicate].numpy(), expected, rtol=1e-9, atol=1e-12)
