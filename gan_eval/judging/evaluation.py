"""Judging by samples: against the rows that were seen, of the critic, by two-sample tests.

With the columns of stored replicates: which are of tests, and which tests were run, as bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from gan_eval.distributions.gaussian import Array, Gaussian
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.errors import UsageError
from gan_eval.training import draws
from gan_eval.training.draws import Layer
from gan_eval.training.rows import evaluation_rows
from gan_eval.training.trained import TrainedGANs
from gan_eval.training.units import features

TESTS = ("mmd", "energy")
"""The tests of a replicate where none are named, of ``gan_eval.stats.battery.catalogue.TESTS``."""

DIVERGENCES = (
    *("kl", "kl_reverse", "jeffreys", "bures_wasserstein", "hellinger", "total_variation"),
    *("mmd2", "energy_distance"),
)
"""The columns of how far a learned law is from the truth, and with ``_rows`` from the rows."""

RENAMED = {"effective_sample_size": "worth_kl"}
"""Columns of rows that were written by earlier versions, by their names of now."""

_TOGETHER = 64
"""Replicates whose samples are drawn at once, so that they stay in a core's cache."""


def seen_laws(trained: TrainedGANs) -> Gaussian:
    """Fit the maximum-likelihood Gaussians of the rows that the replicates saw, (R,).

    The rows are X A + b. X is close to white, so that the Cholesky factor C of its covariance
    loses nothing, and C A is a factor of theirs.
    """
    config, target = trained.config, trained.config.target.gaussian()
    n, d = config.n_examples, config.dimension
    means, factors = np.empty((len(trained), d)), np.empty((len(trained), d, d))
    for part in _parts(len(trained), n * d):
        x = draws.training_rows(trained.seeds[part], n, d)
        if n < 10 * d:  # too few rows to be sure that their covariance is far from singular
            law = Gaussian.fit(target.transform(x))
            means[part], factors[part] = law.mean, law.square_factor
            continue
        middle = np.full(n, 1 / n) @ x
        x -= middle[:, None]
        lower = np.linalg.cholesky(np.swapaxes(x, -1, -2) @ x / n)
        means[part] = target.transform(middle)
        factors[part] = np.swapaxes(lower, -1, -2) @ target.A
    return Gaussian(means, factors)


def critics(trained: TrainedGANs, n: int) -> tuple[Array, Array]:
    """Correlation and mean absolute error (nats) of the critics' logits with ln p(x)/q(x), (R,).

    Over n fresh real rows and n generated ones a replicate, from its evaluation streams. ln p/q is
    the logit of the best possible discriminator (Goodfellow et al. 2014, equation 2). NaN where a
    weight is not finite or the learned law has no density, and the correlation where the critic is
    constant; the error of a loss whose best critic is not ln p/q.
    """
    correlation, error = np.full((2, len(trained)), np.nan)
    factors, usable = _densities(trained)
    indices = np.flatnonzero(usable)
    for part in _parts(indices.size, 2 * n * max(trained.config.discriminator_sizes)):
        chosen = indices[part]
        with np.errstate(all="ignore"):
            correlation[chosen], error[chosen] = _agreement(trained, chosen, factors[chosen], n)
    if trained.config.loss != "cross_entropy":
        error[:] = np.nan  # the best critic is another function of p/q, or has any constant added
    return correlation, error


def test_columns(tests: Sequence[str]) -> list[str]:
    """Name the columns of some tests: ``…_statistic`` and ``…_pvalue`` of each."""
    return [f"{name}_{what}" for name in tests for what in ("statistic", "pvalue")]


def axes_of(names: Iterable[str]) -> list[str]:
    """List the columns that are axes of a study: those between ``configuration`` and
    ``config_hash``."""
    names = list(names)
    if not {"configuration", "config_hash"} <= set(names):
        return []
    return names[names.index("configuration") + 1 : names.index("config_hash")]


def bits(tests: Sequence[str]) -> int:
    """Code tests as bits, each by its place in ``gan_eval.stats.battery.catalogue.TESTS``, where
    new ones go last."""
    from gan_eval.stats.battery import catalogue  # a third of a second: only where tests are stored

    return sum(1 << place for place, name in enumerate(catalogue.TESTS) if name in tests)


COMPUTED = 1 << 40
"""The bit, beside those of tests, of replicates whose distances were computed."""

_NO_TESTS = (
    *("precision", "recall", "density", "coverage", "copies", "modes"),
    *("mode_shares", "log_density", "target_energy", "kernel_stein"),
)
"""What else has a p-value in the rows of a generator from outside, whichever tests are chosen."""


def tests_of(names: Iterable[str]) -> list[str]:
    """List the tests that have columns among these names, in their order."""
    found = [name.removesuffix("_pvalue") for name in names if name.endswith("_pvalue")]
    return [name for name in found if name not in _NO_TESTS]


def with_columns_of(tests: Sequence[str], names: Iterable[str]) -> list[str]:
    """List the columns of rows, with the columns of these tests in place of those of any others."""
    names = list(names)
    known = set(test_columns(tests_of(names)))
    place = next((at for at, name in enumerate(names) if name in known), None)
    if place is None:
        return names
    rest = [name for name in names[place:] if name not in known]
    return [*names[:place], *test_columns(tests), *rest]


def two_sample_tests(
    trained: TrainedGANs, replicate: int, n: int, permutations: int, tests: Sequence[str] = TESTS
) -> dict[str, float]:
    """``test_columns`` of a replicate, of n generated rows.

    Those tests of ``gan_eval.stats.battery.catalogue`` that know the target's law test the
    generated rows against it, the others against n fresh real rows. A test has the same numbers
    whichever others are run. NaN where it cannot be computed from these rows, as a likelihood ratio
    of fewer rows than columns.
    """
    # Here, because nothing else of judging needs PyTorch, which takes seconds to import.
    from gan_eval.stats.battery import catalogue

    target = trained.config.target.build()
    seed = int(trained.seeds[replicate])
    real = evaluation_rows(trained.config, seed, n)
    known = target if isinstance(target, GaussianTarget) else None
    fake = trained.generate(replicate, n)
    generator = draws.permutation_tests(seed)
    seeds = catalogue.seeds(generator)
    row = dict.fromkeys(test_columns(tests), np.nan)
    with suppress(UsageError):  # rows too large for any test
        data = catalogue.Samples.of(fake, real, known, generator)
        for name in tests:
            with suppress(UsageError):
                result = catalogue.TESTS[name].run(
                    data, permutations=permutations, rng=seeds[name], device="cpu"
                )
                row[f"{name}_statistic"], row[f"{name}_pvalue"] = result.statistic, result.pvalue
    return row


def _parts(total: int, size: int) -> list[slice]:
    """Slices of so many replicates that arrays of ``size`` entries a replicate stay small."""
    chunk = int(np.clip(_TOGETHER * 4000 // size, 1, _TOGETHER))
    return [slice(start, start + chunk) for start in range(0, total, chunk)]


def _densities(trained: TrainedGANs) -> tuple[Array, NDArray[np.bool_]]:
    """Square factors (R, d, d) of the learned laws, and which replicates have a density."""
    law, finite = trained.law(), trained.finite()
    factors = law.factor
    if trained.config.latent_size != law.dimension:
        with np.errstate(all="ignore"):
            square = np.where(finite[:, None, None], factors, 0.0)
            factors = Gaussian(law.mean, square).square_factor
    usable = finite & np.isfinite(factors).all(axis=(-2, -1))
    scales = np.linalg.svd(np.where(usable[:, None, None], factors, 0.0), compute_uv=False)
    # The limit below which `GaussianTarget` calls a matrix singular.
    limit = scales[:, 0] * law.dimension * np.finfo(np.float64).eps
    return factors, usable & (scales[:, -1] > limit)


def _agreement(
    trained: TrainedGANs, chosen: NDArray[np.integer], factors: Array, n: int
) -> tuple[Array, Array]:
    """``critics`` of a few replicates with a density, both (r,).

    Real rows z A + b and generated ones z W + m are never formed: whatever is affine in them is
    affine in z, with a matrix of d columns that is found once a replicate.
    """
    config, target = trained.config, trained.config.target.gaussian()
    W, m = trained.weights[chosen, -1], trained.biases[chosen, -1]
    layers = [Layer(w[chosen], b[chosen]) for w, b in trained.discriminator]
    seeds = trained.seeds[chosen]
    shape = (len(chosen), *target.A.shape)
    A, b = np.broadcast_to(target.A, shape), np.broadcast_to(target.b, shape[:2])
    volume = np.linalg.slogdet(factors)[1] - np.linalg.slogdet(target.A)[1]
    logit, ratio = np.empty((2, len(chosen), 2 * n))
    for half, factor, mean, z in (
        (slice(None, n), A, b, draws.evaluation_real(seeds, n, config.dimension)),
        (slice(n, None), W, m, draws.evaluation_latent(seeds, n, config.latent_size)),
    ):
        z = np.ascontiguousarray(np.swapaxes(z, -1, -2))
        by_truth, by_learned = (
            _squares(z, factor, mean, unit, middle) for unit, middle in ((A, b), (factors, m))
        )
        ratio[:, half] = 0.5 * (by_learned - by_truth) + volume[:, None]
        if trained.units is not None:
            factor, mean = trained.units.take(chosen).seen_map(factor, mean)
        quadratic = config.discriminator_form == "quadratic"
        logit[:, half] = (_quadratic_logits if quadratic else _logits)(z, factor, mean, layers)
    constant = np.ptp(logit, axis=-1) == 0
    error = np.abs(logit - ratio).mean(axis=-1)
    logit -= logit.mean(axis=-1, keepdims=True)
    ratio -= ratio.mean(axis=-1, keepdims=True)
    together, first, second = (
        np.einsum("rn,rn->r", x, y) for x, y in ((logit, ratio), (logit, logit), (ratio, ratio))
    )
    spread = np.sqrt(first) * np.sqrt(second)
    return np.where(constant | (spread == 0), np.nan, together / spread), error


def _squares(z: Array, factor: Array, mean: Array, unit: Array, middle: Array) -> Array:
    """|y|² of y = (z F + mean − middle) U⁻¹, shape (r, n), for columns z (r, k, n)."""
    if factor is not unit:
        transposed = np.swapaxes(unit, -1, -2)
        offset = np.linalg.solve(transposed, (mean - middle)[..., None])
        z = np.linalg.solve(transposed, np.swapaxes(factor, -1, -2)) @ z
        z += offset
    return np.einsum("rdn,rdn->rn", z, z)


def _logits(z: Array, factor: Array, mean: Array, layers: list[Layer]) -> Array:
    """The discriminators' logits (r, n) at rows z F + mean, for columns z (r, k, n)."""
    first, *rest = layers
    hidden = np.swapaxes(factor @ first.weight, -1, -2) @ z
    hidden += np.swapaxes(mean[:, None] @ first.weight + first.bias[:, None], -1, -2)
    for layer in rest:
        hidden = np.swapaxes(layer.weight, -1, -2) @ _tanh(hidden)
        hidden += layer.bias[..., None]
    return hidden[:, 0]


def _quadratic_logits(z: Array, factor: Array, mean: Array, layers: list[Layer]) -> Array:
    """The same of discriminators that are linear in a row's quadratic features."""
    ((weight, bias),) = layers
    rows = np.swapaxes(z, -1, -2) @ factor + mean[:, None]
    return (features(rows) @ weight + bias[:, None])[..., 0]


def _tanh(x: Array) -> Array:
    """tanh x = 1 − 2/(e²ˣ + 1), in place, to a unit of rounding of 1: three times as fast as
    ``numpy.tanh``, with which nothing is gained where the outputs are summed."""
    x *= 2
    np.exp(x, out=x)
    x += 1
    np.divide(-2, x, out=x)
    x += 1
    return x
