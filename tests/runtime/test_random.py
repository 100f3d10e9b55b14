"""Draws: the published generator, streams that do not meet, uniform and independent shuffles."""

import itertools
from typing import Any

import numpy as np
import pytest
from randomgen import Philox
from scipy import stats

from gan_eval.runtime import random
from gan_eval.training import draws
from gan_eval.training.draws import Stream

# Random123's kat_vectors file, lines "philox4x32 10": counter, key, output.
KNOWN_ANSWERS = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def _words(text: str) -> np.ndarray:
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN_ANSWERS)
def test_philox_gives_the_published_vectors(counter: str, key: str, output: str) -> None:
    np.testing.assert_array_equal(random.philox4x32(_words(counter), _words(key)), _words(output))


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**32 - 1, 2**32, random.MAX_SEED])
@pytest.mark.parametrize("stream", [Stream.TRAINING_ROWS, Stream.LATENT_NOISE])
@pytest.mark.parametrize("index", [0, 19])
def test_words_agree_with_randomgen(seed: int, stream: Stream, index: int) -> None:
    # randomgen steps the counter before it encrypts, so it starts one block earlier.
    start = (int(stream) << 96) + (index << 64) - 1
    oracle = Philox(key=seed, counter=start % 2**128, number=4, width=32)
    np.testing.assert_array_equal(random.words(seed, stream, index, 401), oracle.random_raw(401))


def test_a_named_generator_is_of_its_seed_and_names_alone() -> None:
    names = [("size", 50, 2), ("size", 50, 3), ("size", 5, 2), ("mean", 50, 2)]
    drawn = {
        (seed, name): random.generator(seed, *name).integers(2**63)
        for seed in (0, 1, 2**32, random.MAX_SEED)
        for name in names
    }
    assert len(set(drawn.values())) == len(drawn)
    assert drawn[1, names[0]] == random.generator(1, *names[0]).integers(2**63)


@pytest.mark.statistical
def test_generators_of_neighbouring_names_are_independent_and_uniform() -> None:
    first = np.array([random.generator(7, "size", i).random(2) for i in range(2000)])
    # Two statistics, each with an error rate of 1e-4.
    assert stats.kstest(first.ravel(), "uniform").pvalue > 1e-4
    correlated: Any = stats.pearsonr(first[:-1, 0], first[1:, 0])
    assert correlated.pvalue > 1e-4


@pytest.mark.parametrize("count", [1, 2, 3, 1001])
def test_many_seeds_at_once_draw_what_each_draws_alone(count: int) -> None:
    seeds = np.array([[0, 1, 2**32 - 1], [2**32, random.MAX_SEED, 12345]])
    for draw in (random.words, random.uniforms):
        together = draw(seeds, Stream.LATENT_NOISE, 19, count)
        alone = [draw(int(seed), Stream.LATENT_NOISE, 19, count) for seed in seeds.ravel()]
        np.testing.assert_array_equal(together, np.reshape(alone, (2, 3, count)))
        assert together.dtype == alone[0].dtype
    for name in ("training_rows", "evaluation_real", "evaluation_latent"):
        draw = getattr(draws, name)
        together = draw(seeds.ravel(), count, 3)
        assert together.shape == (6, count, 3)
        for seed, rows in zip(seeds.ravel(), together, strict=True):
            np.testing.assert_array_equal(rows, draw(int(seed), count, 3))


def test_philox_broadcasts_keys_over_counters() -> None:
    counters, keys, outputs = (
        np.array([_words(known[i]) for known in KNOWN_ANSWERS]) for i in range(3)
    )
    np.testing.assert_array_equal(random.philox4x32(counters, keys), outputs)
    crossed = random.philox4x32(counters[:, None], keys)
    assert crossed.shape == (3, 3, 4)
    np.testing.assert_array_equal(crossed[[0, 1, 2], [0, 1, 2]], outputs)
    np.testing.assert_array_equal(crossed[0, 2], random.philox4x32(counters[0], keys[2]))


def test_a_prefix_does_not_depend_on_how_much_is_drawn() -> None:
    long = random.normals(3, Stream.LATENT_NOISE, 2, (1001,))
    for count in (1, 2, 3, 4, 5, 8, 63, 1000):
        np.testing.assert_array_equal(
            random.normals(3, Stream.LATENT_NOISE, 2, (count,)), long[:count]
        )


def test_no_block_of_two_streams_epochs_or_seeds_is_the_same() -> None:
    blocks = [
        random.words(seed, stream, index, 4000).reshape(-1, 4)
        for seed, stream, index in itertools.product((0, 1, 2**32), Stream, (0, 1))
    ]
    together = np.concatenate(blocks)
    assert len(np.unique(together, axis=0)) == len(together)


def test_normals_are_box_muller_of_the_uniforms() -> None:
    u = random.uniforms(5, Stream.TRAINING_ROWS, 0, 6)
    expected = [
        np.sqrt(-2 * np.log(u[2 * i])) * wave(2 * np.pi * u[2 * i + 1])
        for i in range(3)
        for wave in (np.cos, np.sin)
    ]
    np.testing.assert_allclose(
        random.normals(5, Stream.TRAINING_ROWS, 0, (3, 2)).ravel(), expected, rtol=1e-14
    )


@pytest.mark.statistical
def test_normals_and_uniforms_have_their_laws() -> None:
    # Fixed seed; each p-value falls below 0.001 with probability 0.001 for a right generator.
    assert stats.kstest(random.uniforms(11, Stream.LATENT_NOISE, 0, 100_000), "uniform")[1] > 0.001
    z = random.normals(11, Stream.LATENT_NOISE, 1, (100_000,))
    assert stats.kstest(z, "norm")[1] > 0.001
    lagged = stats.pearsonr(z[:-1], z[1:])
    assert lagged.pvalue > 0.001  # type: ignore[union-attr]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_permutation_is_a_permutation(n: int) -> None:
    order = random.permutation(9, Stream.EPOCH_ORDER, 4, n)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.statistical
def test_shuffles_are_uniform_over_all_orders() -> None:
    # All 24 orders of 4 rows from 12,000 seeds; χ² with a 0.1 % error rate.
    counts: dict[tuple[int, ...], int] = {}
    for seed in range(12_000):
        order = tuple(random.permutation(seed, Stream.EPOCH_ORDER, 0, 4).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.statistical
def test_shuffles_of_neighbouring_seeds_and_epochs_are_independent() -> None:
    # The position of row 0 in seeds s and s + 1, and in epochs 0 and 1: χ² of independence.
    first = [[draws.epoch_order(s, e, 5).argmin() for e in (0, 1)] for s in range(6000)]
    positions = np.array(first)
    for a, b in ((positions[:-1, 0], positions[1:, 0]), (positions[:, 0], positions[:, 1])):
        table = np.histogram2d(a, b, bins=5)[0]
        assert stats.chi2_contingency(table).pvalue > 0.001  # type: ignore[union-attr]


def test_initial_layers_take_their_numbers_in_the_stated_order() -> None:
    flat = 0.02 * random.normals(7, Stream.INITIAL_NORMAL, 0, (43,))
    generator, discriminator = draws.initial_layers(7, (2, 2), (2, 5, 3, 1), scale=0.02)
    layers = [*generator, *discriminator]
    assert [layer.weight.shape for layer in layers] == [(2, 2), (2, 5), (5, 3), (3, 1)]
    together = np.concatenate([part.ravel() for layer in layers for part in layer])
    np.testing.assert_array_equal(together, flat)


def test_dialects_change_only_what_they_name() -> None:
    plain = draws.initial_layers(7, (2, 2), (2, 5, 3, 1), scale=0.02)
    mxnet = draws.initial_layers(7, (2, 2), (2, 5, 3, 1), scale=0.02, zero_biases=True)
    keras = draws.initial_layers(7, (2, 2), (2, 5, 3, 1), scale=0.02, glorot_generator=True)
    for ours, theirs in zip(plain[0] + plain[1], mxnet[0] + mxnet[1], strict=True):
        np.testing.assert_array_equal(ours.weight, theirs.weight)
        assert not theirs.bias.any()
    for ours, theirs in zip(plain[1], keras[1], strict=True):
        np.testing.assert_array_equal(ours.weight, theirs.weight)
        np.testing.assert_array_equal(ours.bias, theirs.bias)
    many = np.array(
        [
            draws.initial_layers(s, (2, 2), (2, 1), scale=0.02, glorot_generator=True)[0][0].weight
            for s in range(500)
        ]
    )
    limit = np.sqrt(6 / 4)
    assert np.abs(many).max() < limit
    # A uniform law on ±limit, 2,000 values, 0.1 % error rate.
    assert stats.kstest(many.ravel(), stats.uniform(-limit, 2 * limit).cdf).pvalue > 0.001
