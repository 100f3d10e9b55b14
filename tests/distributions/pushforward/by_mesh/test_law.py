"""The exact law of smooth (tanh) generators: closed forms, sampling, and finer meshes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gan_eval import TrainingConfig, train
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_mesh.compiled import determinants, value_and_slopes
from gan_eval.distributions.pushforward.by_mesh.discs import Discs
from gan_eval.distributions.pushforward.by_mesh.latent import latent_mesh
from gan_eval.distributions.pushforward.by_mesh.law import TOLERANCE, _gathered
from gan_eval.distributions.pushforward.by_mesh.preimages import Preimages
from gan_eval.distributions.pushforward.cubature import Integral
from gan_eval.distributions.pushforward.measures import SCALARS, ComputedMeasures
from gan_eval.distributions.pushforward.network import Network
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.distributions.pushforward.work import Work
from gan_eval.distributions.target import GaussianTarget

Array = NDArray[np.floating]

_ROUND, _TILTED = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.5], [0.5, 2.0]]
WIDE = MixtureTarget([0.3, 0.7], [[0.0, 0.0], [2.0, 1.0]], [_ROUND, _TILTED])


def random_layers(seed: int, widths: tuple[int, ...] = (8, 8), gain: float = 0.8) -> list:
    rng = np.random.default_rng(seed)
    sizes = (2, *widths, 2)
    layers = [
        (rng.normal(size=(i, o)) * gain / math.sqrt(i), rng.normal(size=o) / 2)
        for i, o in itertools.pairwise(sizes)
    ]
    weight, bias = layers[-1]
    return [*layers[:-1], (2 * weight, bias + np.array([1.0, 0.5]))]


def nearly_linear(A: Array, b: Array, small: float) -> Pushforward:
    """z ↦ tanh(small z) / small A + b."""
    return Pushforward([(small * np.eye(2), np.zeros(2)), (A / small, b)])


def agree(found: ComputedMeasures, other: ComputedMeasures, more: float = 0.0) -> None:
    for name in SCALARS:
        one, two = getattr(found, name), getattr(other, name)
        if math.isnan(one) or math.isnan(two):
            assert math.inf in (found.errors[name], other.errors[name]), name
        elif math.isinf(one) or math.isinf(two):
            assert one == two, name
        else:
            assert abs(one - two) <= found.errors[name] + other.errors[name] + more, name
    masses = np.abs(found.mode_masses - other.mode_masses)
    assert masses.max() <= found.errors["mode_masses"] + other.errors["mode_masses"] + more


# --- Densities ----------------------------------------------------------------------------------


def test_density_of_an_invertible_generator_is_its_change_of_variables() -> None:
    # Of each coordinate, x = 2 tanh(z / 2 + 0.3) + z-free shift, turned afterwards.
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    law = Pushforward([(np.eye(2) / 2, np.array([0.3, -0.2])), (2 * turn, np.array([1.0, 0.0]))])
    z = np.random.default_rng(0).normal(size=(500, 2)) * 2
    h = np.tanh(z / 2 + [0.3, -0.2])
    truth = -0.5 * (z**2).sum(axis=1) - math.log(2 * math.pi) - np.log(1 - h**2).sum(axis=1)
    assert law.log_density(law.network.values(z)) == pytest.approx(truth, abs=1e-6)
    assert law.log_density([[9.0, 9.0], [-2.0, 0.5]])[0] == -np.inf


def test_density_of_a_fold_sums_both_sides() -> None:
    # x = tanh(z + 1) − tanh(z − 1) has the same value at z and −z; the other coordinate is smooth.
    first = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    last = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]])
    law = Pushforward([(first, np.array([1.0, -1.0, 0.0])), (last, np.zeros(2))])
    z = np.random.default_rng(1).normal(size=(500, 2))
    slope = np.tanh(z[:, 0] - 1) ** 2 - np.tanh(z[:, 0] + 1) ** 2
    other = 1 - np.tanh(z[:, 1] / 2) ** 2
    truth = (
        -0.5 * (z**2).sum(axis=1)
        - math.log(2 * math.pi)
        + math.log(2)
        - np.log(np.abs(slope) * other)
    )
    assert law.log_density(law.network.values(z)) == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_preimages_of_a_generated_point_hold_its_noise(seed: int) -> None:
    network = Network(random_layers(seed, (16, 16), 1.0))
    preimages = Preimages(network, latent_mesh(network))
    z = np.random.default_rng(seed).normal(size=(5000, 2))
    x, slopes = value_and_slopes(network, z)
    point, found, log_det = preimages.find(x)
    values, _ = value_and_slopes(network, found)
    assert np.abs(values - x[point]).max() < 1e-6
    nearest = np.full(len(z), np.inf)
    np.minimum.at(nearest, point, np.abs(found - z[point]).max(axis=1))
    far = np.abs(determinants(slopes)) > 1e-4
    # One in ten thousand may lack, next to folds.
    assert (nearest[far] > 1e-6).mean() <= 1e-3
    assert np.isfinite(log_det).all()


# --- Measures -----------------------------------------------------------------------------------


def test_a_nearly_linear_generator_has_the_numbers_of_a_linear_one() -> None:
    target = GaussianTarget.chapter()
    A, b = target.A @ [[0.9, 0.1], [0.0, 1.1]], target.b + np.array([0.1, 0.3])
    linear = Pushforward([(A, b)]).against(target)
    curved = nearly_linear(A, b, 1e-4).against(target, tolerance=1e-7)
    agree(curved, linear, 2e-6)
    assert curved.errors["kl"] < 1e-6
    assert curved.route == "mesh"


def test_a_nearly_linear_generator_over_two_modes() -> None:
    A, b = np.array([[1.5, 0.2], [0.1, 1.2]]), np.array([1.0, 0.5])
    curved = nearly_linear(A, b, 1e-4).against(WIDE, tolerance=1e-7)
    agree(curved, Pushforward([(A, b)]).against(WIDE), 2e-6)


def test_a_far_generator_has_a_relative_error() -> None:
    A, b = np.eye(2) * 0.1, np.array([60.0, 0.0])
    target = GaussianTarget(np.eye(2), np.zeros(2))
    found = nearly_linear(A, b, 1e-4).against(target)
    truth = Pushforward([(A, b)]).against(target)
    assert found.kl == pytest.approx(truth.kl, rel=1e-6)
    assert found.total_variation == pytest.approx(1.0, abs=1e-7)
    assert found.mode_masses == pytest.approx([0.0], abs=1e-7)


@pytest.mark.parametrize(
    ("seed", "gain"),
    [(1, 0.3), *(pytest.param(seed, 0.8, marks=pytest.mark.thorough) for seed in range(5))],
)
def test_measures_are_those_of_a_large_sample(seed: int, gain: float) -> None:
    law = Pushforward(random_layers(seed, (4, 4), gain))
    found = law.against(WIDE, tolerance=1e-4)
    x = law.sample(20_000, seed)
    d = WIDE.log_density(x) - law.log_density(x)
    ratio = np.exp(d)
    squares = WIDE.mahalanobis(x)
    within = squares.min(axis=1) <= 3
    samples = {
        "kl": (-d, found.kl),
        "total_variation": (1 - np.minimum(1, ratio), found.total_variation),
        "affinity": (np.sqrt(ratio), 1 - found.hellinger**2),
        "high_quality_share": (within.astype(float), found.high_quality_share),
        "first mode": (
            (within & (squares.argmin(axis=1) == 0)).astype(float),
            found.mode_masses[0],
        ),
    }
    stated = {
        **found.errors,
        "affinity": 2 * found.hellinger * found.errors["hellinger"],
        "first mode": found.errors["mode_masses"],
    }
    for name, (values, truth) in samples.items():
        error = values.std() / math.sqrt(len(values)) + 1e-6
        assert abs(values.mean() - truth) < 4.5 * error + stated[name], name


def test_a_dead_direction_has_no_density() -> None:
    # Both units see the same coordinate of noise.
    law = Pushforward([(np.array([[1.0, 2.0], [1.0, 2.0]]), np.zeros(2)), (np.eye(2), np.zeros(2))])
    found = law.against(WIDE)
    assert found.singular_mass == 1
    assert math.isinf(found.kl)
    assert math.isinf(found.kl_reverse)
    assert found.total_variation == 1
    assert found.jensen_shannon == pytest.approx(math.log(2))
    x = law.sample(20_000, 0)
    assert found.high_quality_share == pytest.approx(
        (WIDE.mahalanobis(x).min(axis=1) <= 3).mean(), abs=0.01
    )


def test_a_collapsed_generator_is_far_from_its_target() -> None:
    A, b = np.eye(2) * 1e-6, np.array([2.0, 1.0])
    found = nearly_linear(A, b, 1e-4).against(WIDE)
    truth = Pushforward([(A, b)]).against(WIDE)
    assert found.kl == pytest.approx(truth.kl, abs=1e-5)
    assert found.total_variation == pytest.approx(truth.total_variation, abs=1e-7)
    assert found.mode_masses == pytest.approx([0.0, 1.0], abs=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("target", [WIDE, MixtureTarget.ring()], ids=["wide", "ring"])
@pytest.mark.parametrize("seed", range(12))
def test_the_stated_error_holds_beside_finer_meshes(seed: int, target: MixtureTarget) -> None:
    rng = np.random.default_rng(seed)
    widths = ((6, 6), (8,), (16, 16))[seed % 3]
    law = Pushforward(random_layers(seed, widths, rng.uniform(0.5, 1.5)))
    # Four times the work.
    agree(law.against(target), law.against(target, tolerance=TOLERANCE / 16))


def test_the_shares_of_all_noise_behind_a_point_add_up_to_one() -> None:
    # Also where one of them has next to nothing of the density, but the larger share.
    network = Network(random_layers(9, (16, 16), 1.5))
    preimages = Preimages(network, latent_mesh(network), negligible=7.0)
    z = 2.5 * np.random.default_rng(0).normal(size=(400, 2))
    x, slopes = value_and_slopes(network, z)
    point, places, log_det = Preimages(network, preimages.mesh).find(x)
    found = preimages.shares(places, Work())
    sums = np.bincount(point, np.exp(found.log_size - log_det), len(z))
    regular = (np.abs(determinants(slopes)) > 1e-3) & (np.bincount(point, found.lost, len(z)) == 0)
    assert regular.mean() > 0.8
    assert (np.abs(sums[regular] - 1) < 1e-3).mean() > 0.98


def test_what_lies_beyond_all_noise_is_no_preimage() -> None:
    # tanh(z / 40) is far from flat where the mesh ends, 37 from 0.
    law = Pushforward([(np.eye(2) / 40, np.zeros(2)), (40 * np.eye(2), np.zeros(2))])
    x = 40 * np.tanh(np.array([[36.9, 0.0], [37.5, 0.0], [0.0, -39.0]]) / 40)
    assert np.isfinite(law.log_density(x)).tolist() == [True, False, False]


@pytest.mark.thorough
def test_the_stated_error_of_trained_generators_holds_beside_ten_times_the_work() -> None:
    # Training folds the plane of noise: some ten places lead to each point of a mode.
    target = MixtureTarget.ring()
    config = TrainingConfig(
        target="ring8",
        generator_widths=(16, 16),
        discriminator_widths=(16, 16),
        standardise="whiten",
        batch_size=32,
        epochs=40,
        learning_rate_D=0.01,
        learning_rate_G=0.003,
        adam_beta1=0.5,
        adam_beta2=0.99,
        r1=0.02,
        r2=0.02,
    )
    gans = train(config, seeds=range(2), backend="fused_cpu")
    for replicate in range(2):
        law = gans.pushforward(replicate)
        found = law.against(target)
        assert max(found.errors[name] for name in ("total_variation", "jensen_shannon")) < 0.1
        agree(found, law.against(target, tolerance=1e-6))


@pytest.mark.parametrize("size", [1e4, 1e8])
def test_a_generator_of_steps_ends_and_says_what_is_not_known(size: float) -> None:
    # With such weights tanh is a step: slopes are lost to rounding, and images jump.
    layers = random_layers(0, (8,))
    law = Pushforward([(size * layers[0][0], layers[0][1]), layers[1]])
    found = law.against(WIDE)
    assert math.isnan(found.kl)
    assert math.isinf(found.errors["kl"])
    assert "could not be computed" in str(found)
    x = law.sample(20_000, 0)
    share = (WIDE.mahalanobis(x).min(axis=1) <= 3).mean()
    assert found.high_quality_share == pytest.approx(
        share, abs=0.01 + found.errors["high_quality_share"]
    )


@pytest.mark.parametrize(
    ("covered", "error", "value"),
    [(0.9, 1e-3, math.inf), (0.9999, 1e-3, math.nan), (1.0, 1e-9, 0.25)],
)
def test_reverse_kl_is_a_number_only_where_the_target_is_known_to_be_covered(
    covered: float, error: float, value: float
) -> None:
    totals = np.array([0.5, 0.9, 0.5, covered, 0.25, 0.0, 0.0])
    over = Integral(totals, np.full(7, error), 1)
    found = _gathered(WIDE, 0.0, (1.0, 0.0), over, np.array([0.1, 0.2]), 0.0)
    assert found.kl_reverse == pytest.approx(value, nan_ok=True)
    assert math.isinf(found.errors["kl_reverse"]) == math.isnan(value)


def test_work_is_limited() -> None:
    work = Work(100.0)
    part = work.part(0.5)
    part.spend(60.0)
    assert part.over
    assert work.left == 40.0
    assert work.part(0.5).left == 20.0
    network = Network(random_layers(1, (16, 16), 3.0))
    few = latent_mesh(network, Discs.of(WIDE), work=Work(1e3))
    many = latent_mesh(network, Discs.of(WIDE), work=Work(2e4))
    assert len(few) < len(many) < len(latent_mesh(network, Discs.of(WIDE)))
    x = network.values(np.random.default_rng(0).standard_normal((300, 2)))
    found = Preimages(network, many).log_density(x, Work(1.0))
    assert 0 < np.isnan(found).mean() < 1


def test_discs_measure_deviations_from_their_modes() -> None:
    discs = Discs.of(WIDE)
    x = np.array([[1.0, 2.0], [-1.0, 0.5]])
    assert discs.squares(x) == pytest.approx(WIDE.mahalanobis(x) ** 2)
    bound = discs.log_density_bound(x, np.zeros(2))
    assert (bound <= WIDE.log_density(x)).all()
    assert (bound > WIDE.log_density(x) - np.log(2) - 1e-12).all()
