"""Many generators side by side are as one by one."""

from __future__ import annotations

import pytest

from gan_eval.distributions.pushforward.pushforward import Pushforward
from gan_eval.distributions.pushforward.together import measures_of
from gan_eval.runtime.errors import UsageError
from tests.distributions.pushforward.generators import RING, THREE, layers_of


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_any_number_of_threads_gives_the_same_bits(threads: int | None) -> None:
    generators = [
        Pushforward(layers_of((2, 4, 2), seed), "relu" if seed % 2 else "leaky_relu")
        for seed in range(5)
    ]
    found = measures_of(generators, THREE, threads=threads)
    for number, generator in enumerate(generators):
        alone = generator.against(THREE).to_dict()
        assert {name: column[number] for name, column in found.items()} == alone


def test_none_at_all() -> None:
    assert measures_of([], RING) == {}


def test_an_error_of_one_is_raised() -> None:
    generators = [Pushforward(layers_of((2, 2), 0)), Pushforward(layers_of((3, 2), 0))]
    with pytest.raises(UsageError, match="judge it by samples"):
        measures_of(generators, RING, threads=2)
