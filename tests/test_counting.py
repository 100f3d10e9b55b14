"""The operations of an example that the roofline counts, against counts by hand."""

from __future__ import annotations

import pytest

from benchmarks.counting import Counting, operations_per_example, total
from gan_eval.training.config import TrainingConfig
from gan_eval.training.fused.functions import polynomial
from gan_eval.training.fused.values import Value


def test_a_polynomial_and_a_loop_of_it() -> None:
    """Five coefficients are four multiply-adds, in each of 7 turns."""
    k = Counting()
    x = Value(k, None, "real")
    k.loop(0, 7, lambda _: (polynomial(k, x, [1, 2, 3, 4, 5]), None)[1])
    assert dict(k.counts) == {("rest", "fma"): 28}


def test_adam_by_hand() -> None:
    """37 parameters of D and 6 of G a batch of 8: four multiply-adds, two products, two sums, a
    quotient and a root each."""
    counts = operations_per_example(TrainingConfig())
    for phase, parameters in (("Adam of D", 37), ("Adam of G", 6)):
        each = parameters / 8
        assert counts[phase, "fma"] == 4 * each
        for operation, number in (("mul", 2), ("add", 2), ("div", 1), ("sqrt", 1)):
            assert counts[phase, operation] == number * each


def test_a_wider_layer_costs_its_multiply_adds() -> None:
    """One more unit in D's first layer, for a real and for a generated row."""
    narrow, wide = (
        operations_per_example(TrainingConfig(discriminator_widths=widths))
        for widths in ((5, 3), (6, 3))
    )
    # Forward 2 + 3; backward through the layer above 2 (its first is a product) and 1 − h²;
    # gradients 2 + 3; tanh 6.
    assert wide["D", "fma"] - narrow["D", "fma"] == 2 * (2 + 3 + 2 + 1 + 2 + 3 + 6)
    # A tanh is a quotient: for the two rows of D's step and the one of G's, beside Adam's three
    # parameters a batch and three weights more.
    assert total(wide, "div") - total(narrow, "div") == pytest.approx(3 + (2 + 1 + 3) / 8)


def test_the_short_cut_counts_what_every_turn_would() -> None:
    """Turn by turn, with a smaller last batch."""

    class EveryTurn(Counting):
        def loop(self, start, stop, body) -> None:
            for i in range(self.index(start).handle, self.index(stop).handle):
                body(self.index(i))

    config = TrainingConfig(n_examples=52, batch_size=8)
    assert operations_per_example(config) == pytest.approx(
        operations_per_example(config, machine=EveryTurn)
    )
