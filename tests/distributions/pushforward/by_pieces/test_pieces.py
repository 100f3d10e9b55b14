"""Generators that are linear on pieces: what is computed of them against what is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_eval.distributions import divergences
from gan_eval.distributions.gaussian import Gaussian
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.pushforward.by_pieces import pieces
from gan_eval.distributions.pushforward.cubature import quarters
from gan_eval.distributions.pushforward.measures import SCALARS, ComputedMeasures
from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import CannotComputeError
from tests.distributions.pushforward.generators import (
    CHAPTER,
    GRID,
    RING,
    THREE,
    Layers,
    layers_of,
    linear,
    on_grid,
    shares_counted,
)

IDENTITY = np.eye(2)
FOLD = [
    ([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0, 50.0]),
    ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -50.0]),
]
"""(z₁, z₂) ↦ (|z₁|, z₂), for z₂ > −50."""
SQUARE = [layer for seed in (1, 2, 3) for layer in layers_of((2, 2), seed)]
"""Three square layers: with leaky relu an invertible generator."""


def finer(
    generator: Pushforward, target: Any, monkeypatch: pytest.MonkeyPatch, tolerance: float
) -> ComputedMeasures:
    """The same by a mesh four times finer to begin with."""
    with monkeypatch.context() as patch:
        whole = pieces.faces_of

        def cut(*arguments: Any) -> Any:
            faces = whole(*arguments)
            return replace(
                faces, triangles=quarters(faces.triangles), face=np.repeat(faces.face, 4)
            )

        patch.setattr(pieces, "faces_of", cut)
        return generator.against(target, tolerance=tolerance)


def assert_within(found: ComputedMeasures, truth: ComputedMeasures) -> None:
    """Every number is as near to a better one as its error says, the better one's added."""
    for name in SCALARS:
        one, other = getattr(found, name), getattr(truth, name)
        assert math.isfinite(one) == math.isfinite(other), name
        if math.isfinite(one):
            rounding = 1e-13 * max(1.0, abs(one))
            assert abs(one - other) <= found.errors[name] + truth.errors[name] + rounding, name
    slack = found.errors["mode_masses"] + truth.errors["mode_masses"]
    assert np.abs(found.mode_masses - truth.mode_masses).max() <= slack


@pytest.mark.parametrize("seed", range(12))
def test_a_linear_generator_has_the_closed_forms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factor, mean = rng.normal(size=(2, 2)), rng.normal(size=2)
    q = Gaussian(mean, factor)
    found = linear(factor, mean).against(CHAPTER)
    known = {
        "kl": divergences.kl(q, CHAPTER),
        "kl_reverse": divergences.kl(CHAPTER, q),
        "total_variation": divergences.total_variation(q, CHAPTER),
        "jensen_shannon": divergences.jensen_shannon(q, CHAPTER),
        "hellinger": divergences.hellinger(q, CHAPTER),
    }
    for name, value in known.items():
        assert abs(getattr(found, name) - float(value)) <= found.errors[name] + 1e-12, name
        assert found.errors[name] <= 1e-7 * max(1.0, float(value) / 100), name
    assert found.uncovered_mass == found.singular_mass == 0


@pytest.mark.parametrize("spread", [0.2, 1.0, 4.0])
def test_mode_masses_of_a_round_law_are_noncentral(spread: float) -> None:
    """Of q = N(m, spread² C) with p = N(b, C): χ² with 2 degrees, noncentral for m ≠ b."""
    away = np.array([0.7, -1.2])
    found = linear(spread * CHAPTER.A, away @ CHAPTER.A + CHAPTER.b).against(CHAPTER)
    known = stats.ncx2(2, away @ away / spread**2).cdf(9 / spread**2)
    assert found.mode_masses[0] == pytest.approx(known, abs=1e-12)
    assert found.high_quality_share == pytest.approx(known, abs=1e-12)
    central = linear(spread * CHAPTER.A, CHAPTER.b).against(CHAPTER)
    assert central.mode_masses[0] == pytest.approx(-np.expm1(-4.5 / spread**2), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_linear_generator_against_a_mixture_is_a_sum_over_a_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factor, mean = rng.normal(size=(2, 2)) + IDENTITY, rng.normal(size=2)
    generator = linear(factor, mean)
    found = generator.against(THREE)
    known = on_grid(generator.log_density, THREE.log_density, -24.0, 24.0, 1601)
    for name, value in known.items():
        assert abs(getattr(found, name) - value) <= found.errors[name] + 1e-10, name
        assert found.errors[name] <= 1e-7


def test_equal_laws_are_not_apart() -> None:
    found = linear(CHAPTER.A, CHAPTER.b).against(CHAPTER)
    for name in ("kl", "kl_reverse", "total_variation", "jensen_shannon", "hellinger"):
        assert abs(getattr(found, name)) <= min(found.errors[name], 1e-9), name
    assert found.modes_found == 1


def test_a_mode_of_eight() -> None:
    """All on the first mode of eight: KL = ln 8, TV = 7/8, one mode found."""
    found = linear(0.01 * IDENTITY, [1.0, 0.0]).against(RING)
    assert found.kl == pytest.approx(np.log(8), abs=1e-7)
    assert found.total_variation == pytest.approx(7 / 8, abs=1e-7)
    assert found.modes_found == 1
    assert found.mode_masses[0] == pytest.approx(-np.expm1(-4.5), abs=1e-12)


def test_a_fold_has_twice_the_density() -> None:
    """x = (|z₁|, z₂): 2 φ(x) where x₁ > 0. Against N(0, I): KL = ln 2, TV = 1/2, uncovered 1/2."""
    generator = Pushforward(FOLD, "relu")
    rows = np.random.default_rng(0).normal(size=(200, 2))
    normal = stats.multivariate_normal([0.0, 0.0]).logpdf(rows)
    known = np.where(rows[:, 0] > 0, np.log(2) + normal, -np.inf)
    np.testing.assert_allclose(generator.log_density(rows), known, rtol=1e-12)
    found = generator.against(GaussianTarget(IDENTITY, [0.0, 0.0]))
    assert found.kl == pytest.approx(np.log(2), abs=1e-7)
    assert found.kl_reverse == math.inf
    assert found.total_variation == pytest.approx(0.5, abs=1e-7)
    assert found.hellinger == pytest.approx(np.sqrt(1 - np.sqrt(0.5)), abs=1e-7)
    assert found.uncovered_mass == pytest.approx(0.5, abs=1e-13)
    share = 0.5 * (np.log(4 / 3) + 0.5 * np.log(2 / 3) + 0.5 * np.log(2))
    assert found.jensen_shannon == pytest.approx(share, abs=1e-7)


def test_an_invertible_generator_has_the_density_of_the_change_of_variables() -> None:
    generator = Pushforward(SQUARE, "leaky_relu")
    z = np.random.default_rng(0).normal(size=(2000, 2))
    slopes = np.linalg.det(generator.network.jacobians(z))
    known = -(z**2).sum(axis=1) / 2 - np.log(2 * np.pi) - np.log(np.abs(slopes))
    np.testing.assert_allclose(generator.log_density(generator.network.values(z)), known, atol=1e-8)
    found = generator.against(CHAPTER)
    ratio = known - CHAPTER.log_density(generator.network.values(z))
    # 2,000 draws: beyond 5 standard errors by chance once in a million.
    assert abs(ratio.mean() - found.kl) < 5 * ratio.std() / np.sqrt(len(z))
    assert found.uncovered_mass == 0 < found.kl_reverse < math.inf


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize(
    ("seed", "sizes"), [(0, (2, 8, 2)), (1, (2, 6, 6, 2)), (2, (2, 5, 5, 5, 2))]
)
def test_rows_agree(activation: Any, seed: int, sizes: tuple[int, ...]) -> None:
    """KL and masses of modes against 200,000 rows: within 5 standard errors."""
    generator = Pushforward(layers_of(sizes, seed, 1.5), activation)
    target = MixtureTarget([0.4, 0.6], generator.sample(2, 9), 0.3 * IDENTITY)
    found = generator.against(target)
    rows = generator.sample(200_000, seed)
    known = shares_counted(rows, target)
    spread = np.sqrt(found.mode_masses * (1 - found.mode_masses) / len(rows)) + 1e-5
    assert (np.abs(known - found.mode_masses) < 5 * spread).all()
    log_q = generator.log_density(rows[:20_000])
    if not found.singular_mass:
        ratio = log_q - target.log_density(rows[:20_000])
        assert abs(ratio.mean() - found.kl) < 5 * ratio.std() / np.sqrt(len(ratio))
    drawn = target.sample(20_000, seed)
    log_q, log_p = generator.log_density(drawn), target.log_density(drawn)
    bare = (log_q == -np.inf).mean()
    assert abs(bare - found.uncovered_mass) < 5 * np.sqrt(0.25 / len(drawn))
    shared = np.minimum(1.0, np.exp(log_q - log_p))
    assert (
        abs(1 - shared.mean() - found.total_variation)
        < 5 * shared.std() / np.sqrt(len(drawn)) + 1e-9
    )


@pytest.mark.parametrize(
    ("sizes", "activation", "target"),
    [
        ((2, 8, 8, 2), "relu", RING),
        ((2, 4, 2), "leaky_relu", GRID),
        ((2, 4, 2), "relu", CHAPTER),
        ((2, 2), "tanh", THREE),
    ],
)
def test_the_error_holds_against_a_finer_mesh(
    sizes: tuple[int, ...], activation: Any, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = Pushforward(layers_of(sizes, 4, 1.5), activation)
    assert_within(generator.against(target), finer(generator, target, monkeypatch, 3e-9))


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(20))
@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "linear"])
def test_errors_hold_in_a_thousand_generators(
    kind: Any, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By errors that are larger than usual: 1,020 generators take two minutes, and errors that are
    # near what a rule can do are the harder to state.
    targets = [CHAPTER, THREE, CHAPTER, RING]
    for number in range(17):
        seed = 1000 * part + number
        rng = np.random.default_rng(seed)
        widths = () if kind == "linear" else tuple(rng.integers(1, 7, size=rng.integers(1, 3)))
        generator = Pushforward(
            layers_of((2, *widths, 2), seed, float(rng.uniform(0.5, 2))),
            "relu" if kind == "linear" else kind,
        )
        target = targets[number % 4]
        found = generator.against(target, tolerance=1e-5)
        assert_within(found, finer(generator, target, monkeypatch, 1e-6))
        assert found.kl >= -found.errors["kl"]
        assert 0 <= found.jensen_shannon <= np.log(2)


@pytest.mark.parametrize("target", [CHAPTER, RING, THREE], ids=["gaussian", "ring8", "three"])
@pytest.mark.parametrize(
    ("layers", "rank"),
    [
        ([(IDENTITY, [-100.0, -100.0]), (IDENTITY, [1.0, 0.0])], 0),
        ([(0 * IDENTITY, [1.0, 0.0])], 0),
        ([([[1.0], [1.0]], [0.0]), ([[1.0, 0.5]], [0.0, 0.0])], 1),
        ([([[1.0, 0.5], [2.0, 1.0]], [0.0, 1.0])], 1),
    ],
)
def test_lines_and_points_are_singular(layers: Layers, rank: int, target: Any) -> None:
    generator = Pushforward(layers, "relu")
    found = generator.against(target)
    assert found.singular_mass == pytest.approx(1, abs=1e-14)
    assert found.kl == math.inf
    assert found.total_variation == pytest.approx(1, abs=1e-7)
    assert found.jensen_shannon == pytest.approx(np.log(2), abs=1e-7)
    assert found.hellinger == pytest.approx(1, abs=1e-7)
    mixture = MixtureTarget([1.0], target.mean[None], target.covariance[None])
    mixture = target if isinstance(target, MixtureTarget) else mixture
    rows = generator.sample(200_000, 0)
    known = shares_counted(rows, mixture)
    assert np.abs(known - found.mode_masses).max() < (
        5 * np.sqrt(0.25 / len(rows)) if rank else 1e-12
    )


@pytest.mark.parametrize("thin", [1e-3, 1e-6, 1e-9, 1e-11])
def test_a_thin_law_keeps_its_divergences(thin: float) -> None:
    """Nearly a line: closed forms still hold, and nothing is lost of the mass."""
    factor = np.array([[1.0, 0.5], [2.0, 1.0 + thin]])
    found = linear(factor, [0.0, 1.0]).against(CHAPTER)
    known = float(divergences.kl(Gaussian(np.array([0.0, 1.0]), factor), CHAPTER))
    # The factor's own rounding is that of its small deviation.
    assert found.kl == pytest.approx(known, abs=1e-6 + 1e-15 / thin)
    assert found.errors["kl"] < 1e-6
    line = Pushforward([(np.array([[1.0, 0.5], [2.0, 1.0]]), np.array([0.0, 1.0]))], "relu")
    assert found.mode_masses == pytest.approx(line.against(CHAPTER).mode_masses, abs=10 * thin)


@pytest.mark.parametrize("scale", [1e6, 1e-9])
def test_huge_and_tiny_scales(scale: float) -> None:
    """Everything in other units: nothing changes but the units."""
    layers = layers_of((2, 5, 5, 2), 3)
    target = MixtureTarget([0.3, 0.7], [[0.0, 0.0], [1.0, 2.0]], 0.2 * IDENTITY)
    found = Pushforward(layers, "leaky_relu").against(target)
    layers[-1] = (scale * layers[-1][0], scale * layers[-1][1])
    scaled = MixtureTarget(target.weights, scale * target.means, scale**2 * target.covariances)
    assert_within(Pushforward(layers, "leaky_relu").against(scaled), found)


@pytest.mark.parametrize("scale", [1e6, 1e-9])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_generator_of_another_scale_than_its_target(activation: Any, scale: float) -> None:
    layers = layers_of((2, 5, 2), 1)
    layers[-1] = (scale * layers[-1][0], layers[-1][1])
    found = Pushforward(layers, activation).against(CHAPTER)
    assert found.errors["total_variation"] < 1e-7
    assert found.total_variation == pytest.approx(1, abs=1e-3)
    if activation == "leaky_relu":
        assert found.errors["kl"] < 1e-7 * max(1.0, found.kl)
        assert found.errors["kl_reverse"] < 1e-7 * found.kl_reverse


@pytest.mark.parametrize("far", [1e2, 1e6, 1e10, 1e15, 1e30, 1e55])
def test_far_from_the_target_the_error_is_relative(far: float) -> None:
    factor, mean = np.array([[1.0, 0.2], [0.0, 1.0]]), np.array([far, far])
    found, q = linear(factor, mean).against(CHAPTER), Gaussian(mean, factor)
    for name, known in (
        ("kl", float(divergences.kl(q, CHAPTER))),
        ("kl_reverse", float(divergences.kl(CHAPTER, q))),
    ):
        assert abs(getattr(found, name) - known) <= found.errors[name] + 1e-12 * known, name
        assert found.errors[name] < 1e-8 * known, name
    assert found.total_variation == pytest.approx(1, abs=1e-8)
    assert found.jensen_shannon == pytest.approx(np.log(2), abs=1e-8)
    assert found.modes_found == found.uncovered_mass == 0
    assert (found.mode_masses >= 0).all()


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e6, 1e10, 1e15, 1e30, 1e55, 1e-6, 1e-30, 1e-55])
def test_closed_forms_hold_at_any_scale(scale: float) -> None:
    factor, mean = scale * np.array([[1.0, 0.2], [0.0, 1.0]]), np.array([0.0, 0.5])
    found, q = linear(factor, mean).against(CHAPTER), Gaussian(mean, factor)
    for name in ("kl", "kl_reverse", "total_variation", "jensen_shannon", "hellinger"):
        one, other = (q, CHAPTER) if name != "kl_reverse" else (CHAPTER, q)
        known = float(getattr(divergences, name.removesuffix("_reverse"))(one, other))
        assert abs(getattr(found, name) - known) <= found.errors[name] + 1e-12 * known, name
        assert found.errors[name] < 1e-7 * max(1.0, known), name


@pytest.mark.parametrize("covers", [True, False])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_divergences_of_a_large_image_grow_as_they_must(activation: Any, covers: bool) -> None:
    """Of a scale s, large: KL(q‖p) as s², KL(p‖q) by 2 ln s, where noise 0 is mapped to 0."""
    layers, found = layers_of((2, 16, 16, 2), 0, 1.5), []
    if covers:
        shift = Pushforward(layers, activation).network.values([[0.0, 0.0]])[0]
        layers[-1] = layers[-1][0], layers[-1][1] - shift
    for scale in (1e4, 1e6, 1e12, 1e30, 1e55):
        scaled = [*layers[:-1], (scale * layers[-1][0], scale * layers[-1][1])]
        one = Pushforward(scaled, activation).against(RING)
        found.append(one)
        assert one.total_variation == pytest.approx(1, abs=1e-6)
        assert one.jensen_shannon == pytest.approx(np.log(2), abs=1e-4)
        assert one.modes_found == one.singular_mass == 0
        assert one.uncovered_mass == pytest.approx(0 if covers else 1, abs=1e-12)
        assert one.kl / scale**2 == pytest.approx(found[0].kl / 1e8, rel=1e-3)
        reverse = found[0].kl_reverse + 2 * np.log(scale / 1e4)
        assert one.kl_reverse == pytest.approx(reverse if covers else np.inf, abs=1e-3)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e80, 1e160, 1e300])
def test_sizes_that_have_no_squares_are_refused(scale: float, activation: Any) -> None:
    layers = layers_of((2, 5, 2), 1)
    layers[-1] = (scale * layers[-1][0], scale * layers[-1][1])
    with pytest.raises(CannotComputeError):
        Pushforward(layers, activation).against(RING)


@pytest.mark.parametrize("far", [1e6, 1e9, 1e20, 1e40])
def test_modes_far_from_one_another(far: float) -> None:
    """Either right, or, where nothing is left of a mode's width beside 1e20, refused."""
    target = MixtureTarget([0.5, 0.5], [[0.0, 0.0], [far, 0.3 * far]], IDENTITY)
    generator = linear(IDENTITY, [0.0, 0.0])
    if far > 1e12:
        with pytest.raises(CannotComputeError):
            generator.against(target)
        return
    found = generator.against(target)
    assert abs(found.kl - np.log(2)) <= found.errors["kl"] < 1e-5
    assert abs(found.total_variation - 0.5) <= found.errors["total_variation"] < 1e-5
    assert found.modes_found == 1


@pytest.mark.parametrize("size", [0.3, 1.0, 2.0])
def test_modes_of_one_shape_that_overlap_share_by_the_nearest(size: float) -> None:
    target = MixtureTarget(THREE.weights, size * THREE.means, THREE.covariances)
    generator = Pushforward(layers_of((2, 6, 2), 5, 2.0), "relu")
    found = generator.against(target)
    rows = generator.sample(400_000, 1)
    spread = np.sqrt(0.25 / len(rows))
    assert np.abs(shares_counted(rows, target) - found.mode_masses).max() < 5 * spread


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_modes_of_other_shapes_that_overlap_share_by_the_nearest(activation: Any) -> None:
    shapes = [[[1.0, 0.3], [0.3, 0.5]], [[0.1, 0.0], [0.0, 0.2]], [[0.5, 0.0], [0.0, 0.02]]]
    target = MixtureTarget(THREE.weights, 0.5 * THREE.means, shapes)
    generator = Pushforward(layers_of((2, 4, 2), 5, 2.0), activation)
    found = generator.against(target)
    assert found.errors["mode_masses"] < 3e-4
    rows = generator.sample(400_000, 1)
    spread = np.sqrt(0.25 / len(rows))
    assert np.abs(shares_counted(rows, target) - found.mode_masses).max() < 5 * spread
