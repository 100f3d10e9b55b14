"""Our permutation tests beside other packages', in turn: the same samples, as many permutations.

Each round calls ours a few times and then the peer once; a benchmark's own figures are the peer's,
and its ``extra_info`` holds our median, the factor by which a peer's time was scaled up from fewer
permutations, and ``times_faster``, the ratio. What is not installed is skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from benchmarks import clock
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.provenance import environment
from gan_eval.stats.twosample import TestResult, energy_test, mmd_test
from gan_eval.training import draws

Array = NDArray[np.float64]
Beside = Callable[..., None]

N, SMALL = 1000, 100
PERMUTATIONS = 1000
# Of ours in a round: a peer that took 9 GB leaves the next call to fetch its memory anew.
CALLS = 5


@pytest.fixture(scope="module")
def samples() -> tuple[Array, Array]:
    """1000 rows each from the chapter's target."""
    target = GaussianTarget.chapter()
    x, y = (
        np.asarray(target.transform(draws.evaluation_real(seed, N, 2)), dtype=np.float64)
        for seed in (0, 1)
    )
    return x, y


@pytest.fixture
def beside(benchmark: BenchmarkFixture) -> Beside:
    """Time a peer, before each of its rounds ours ``CALLS`` times; note the ratio of medians."""

    def timed(
        ours: Callable[[], TestResult],
        peer: Callable[[], Any],
        *,
        rounds: int,
        peer_permutations: int = PERMUTATIONS,
        n: int = N,
    ) -> None:
        assert ours().permutations == PERMUTATIONS
        seconds: list[float] = []

        def before() -> None:
            for _ in range(CALLS):
                start = clock.seconds()
                ours()
                seconds.append(clock.seconds() - start)

        benchmark.pedantic(peer, setup=before, rounds=rounds, iterations=1)
        scale = (1 + PERMUTATIONS) / (1 + peer_permutations)
        noted: dict[str, Any] = {"peer": True, "examples": 2 * n, "unit": "pooled rows"}
        noted |= {
            "device": "cpu",
            "threads": torch.get_num_threads(),
            "peer_permutations": peer_permutations,
        }
        noted |= {"scaled_by": scale, "our_seconds": float(np.median(seconds))}
        if benchmark.stats is not None:  # None under --benchmark-disable
            median: Any = benchmark.stats.stats.median
            noted["peer_seconds"] = scale * float(median)
            noted["times_faster"] = noted["peer_seconds"] / noted["our_seconds"]
        benchmark.extra_info.update(noted, environment=environment())

    return timed


def scipy_statistic(matrix: Array) -> Callable[..., Array]:
    """The unbiased MMD² of row numbers, for all permutations at once by one-hot rows."""
    size = len(matrix)

    def statistic(first: NDArray[np.int_], second: NDArray[np.int_], axis: int) -> Array:
        labels = np.zeros((*first.shape[:-1], size))
        np.put_along_axis(labels, first, 1.0, axis=-1)
        n, m = first.shape[-1], second.shape[-1]
        sums = labels @ matrix
        within = (sums * labels).sum(axis=-1)
        between = sums.sum(axis=-1) - within
        without = matrix.sum() - within - 2 * between
        means = within / (n * (n - 1)), without / (m * (m - 1)), between / (n * m)
        return np.asarray(means[0] + means[1] - 2 * means[2], dtype=np.float64)

    return statistic


@pytest.mark.benchmark(group="MMD beside peers")
@pytest.mark.parametrize(("n", "rounds"), [(N, 5), (SMALL, 50)])
def test_mmd_beside_scipy(
    beside: Beside, samples: tuple[Array, Array], n: int, rounds: int
) -> None:
    """``scipy.stats.permutation_test`` of a vectorised statistic that multiplies one-hot rows."""
    x, y = (rows[:n] for rows in samples)

    widths: list[float] = []

    def peer() -> Any:
        distances = pdist(np.concatenate([x, y]))
        widths.append(float(np.median(distances)))
        matrix = squareform(np.exp(-(distances**2) / (2 * widths[0] ** 2)))
        return stats.permutation_test(
            (np.arange(n), np.arange(n, 2 * n)),
            scipy_statistic(matrix),
            vectorized=True,
            n_resamples=PERMUTATIONS,
            alternative="greater",
            rng=0,
        )

    theirs = peer().statistic
    ours = mmd_test(x, y, bandwidth=widths[0], permutations=1)
    assert theirs == pytest.approx(ours.statistic, rel=1e-8)
    beside(lambda: mmd_test(x, y, permutations=PERMUTATIONS, rng=0), peer, rounds=rounds, n=n)


@pytest.mark.filterwarnings("ignore:The number of replications is low")
@pytest.mark.benchmark(group="MMD beside peers")
def test_mmd_beside_hyppo(beside: Beside, samples: tuple[Array, Array]) -> None:
    """hyppo's MMD; 50 permutations, scaled to 1000, which take minutes."""
    ksample = pytest.importorskip("hyppo.ksample", reason="hyppo is not installed")
    x, y = samples
    few = 50
    # The first call compiles.
    ksample.MMD().test(x[:20], y[:20], reps=2, workers=1, auto=False)
    beside(
        lambda: mmd_test(x, y, permutations=PERMUTATIONS, rng=0),
        lambda: ksample.MMD().test(x, y, reps=few, workers=1, auto=False, random_state=0),
        rounds=2,
        peer_permutations=few,
    )


@pytest.mark.benchmark(group="MMD beside peers")
def test_mmd_beside_alibi_detect(beside: Beside, samples: tuple[Array, Array]) -> None:
    """alibi-detect's MMD drift detector on PyTorch."""
    cd = pytest.importorskip("alibi_detect.cd", reason="alibi-detect is not installed")
    x, y = samples

    def peer() -> Any:
        drift = cd.MMDDrift(x, backend="pytorch", n_permutations=PERMUTATIONS, device="cpu")
        return drift.predict(y)

    beside(lambda: mmd_test(x, y, permutations=PERMUTATIONS, rng=0), peer, rounds=3)


@pytest.mark.benchmark(group="energy beside peers")
def test_energy_beside_dcor(beside: Beside, samples: tuple[Array, Array]) -> None:
    """dcor's energy test, with the same statistic."""
    dcor = pytest.importorskip("dcor", reason="dcor is not installed")
    x, y = samples
    found: list[Any] = []
    beside(
        lambda: energy_test(x, y, permutations=PERMUTATIONS, rng=0),
        lambda: found.append(
            dcor.homogeneity.energy_test(x, y, num_resamples=PERMUTATIONS, random_state=0)
        ),
        rounds=3,
    )
    ours = energy_test(x, y, permutations=PERMUTATIONS, rng=0)
    assert found[0].statistic == pytest.approx(ours.statistic, rel=1e-9)


@pytest.mark.benchmark(group="energy beside peers")
@pytest.mark.parametrize(("n", "rounds"), [(N, 5), (SMALL, 50)])
def test_energy_beside_scipy(
    beside: Beside, samples: tuple[Array, Array], n: int, rounds: int
) -> None:
    """``scipy.stats.permutation_test`` again, of minus the distances."""
    x, y = (rows[:n] for rows in samples)

    def peer() -> Any:
        return stats.permutation_test(
            (np.arange(n), np.arange(n, 2 * n)),
            scipy_statistic(-squareform(pdist(np.concatenate([x, y])))),
            vectorized=True,
            n_resamples=PERMUTATIONS,
            alternative="greater",
            rng=0,
        )

    beside(lambda: energy_test(x, y, permutations=PERMUTATIONS, rng=0), peer, rounds=rounds, n=n)
