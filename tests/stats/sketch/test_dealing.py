"""Which cell a row goes to: by its position and stream alone, half as often in each next octave."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.random import philox4x32
from gan_eval.stats.sketch.dealing import OCTAVES, cell_count, deal, key_of


@pytest.mark.parametrize("cells", [32, 256, 4096])
def test_a_cell_is_that_of_the_published_generator(cells: int) -> None:
    key, each = key_of(3, "shard"), cells // OCTAVES
    far = 2**40
    for start in (0, 5, far + 3):
        found = deal(key, start, 50, cells)
        for index, position in enumerate(range(start, start + 50)):
            block = position // 4
            counter = np.array([block % 2**32, block // 2**32, 0, 0], dtype=np.uint32)
            word = int(philox4x32(counter, np.array(key, dtype=np.uint32))[position % 4])
            bits = 32 - (each.bit_length() - 1)
            octave = min(bits - (word // each).bit_length(), OCTAVES - 1)
            assert octave < bits
            assert found[index] == octave * each + word % each


def test_a_second_word_deals_what_the_first_leaves_open() -> None:
    """With 2,048 cells an octave, 21 bits are left for 32 octaves."""
    found = deal(key_of(0, "a"), 0, 2**24, 2**16) // 2048
    counts = np.bincount(found, minlength=32)
    assert counts[:3] / 2**24 == pytest.approx(0.5 ** np.arange(1, 4), rel=0.01)
    # About 8 rows, about half of them in the next octave, and none in the last by default.
    assert 1 <= counts[21:].sum() <= 20
    assert counts[31] <= 1
    open_ = np.flatnonzero(found >= 21)
    for position in open_:
        word = philox4x32(
            np.array([position // 4, 0, 1, 0], dtype=np.uint32),
            np.array(key_of(0, "a"), dtype=np.uint32),
        )
        more = int(word[position % 4]).bit_length()
        assert found[position] == min(21 + 32 - more, 31)


def test_cells_of_an_octave_have_equal_shares_and_the_next_half_of_them() -> None:
    counts = np.bincount(deal(key_of(0, "a"), 0, 400_000, 256), minlength=256)
    share = np.repeat(0.5 ** np.arange(1, 33), 8) / 8
    many = share * 400_000 > 5
    expected = share[many] / share[many].sum() * counts[many].sum()
    assert chisquare(counts[many], expected).pvalue > 1e-3


def test_streams_and_seeds_are_dealt_independently() -> None:
    first = deal(key_of(0, "a"), 0, 50_000, 256)
    for seed, stream in ((0, "b"), (1, "a")):
        other = deal(key_of(seed, stream), 0, 50_000, 256)
        # Σ of squared shares, 1/24, is how often two independent ones agree.
        assert abs((first == other).mean() - 1 / 24) < 0.005


def test_a_number_of_cells_that_is_no_power_of_two_is_refused() -> None:
    for cells in (16, 100, 2**17, 4096.5):
        with pytest.raises(UsageError, match="`cells`"):
            cell_count(cells)  # pyright: ignore[reportArgumentType]
