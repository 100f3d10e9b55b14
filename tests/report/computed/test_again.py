"""The training that is drawn is the typical one, and the one whose row it is."""

from __future__ import annotations

import numpy as np

import gan_eval as ge
from gan_eval.report.cells import FactCache, cells_of
from gan_eval.report.computed.again import again, typical_seed

from .made import one


def test_the_typical_seed_has_the_median_worth_of_those_that_did_not_diverge() -> None:
    made = one()
    made.rows["worth_energy"] = [5.0, 1.0, 4.0, 2.0, 3.0, 99.0]
    (cell,) = cells_of(made)
    assert typical_seed(cell) == 4
    made.rows.loc[1, "verdict"] = "diverged"
    assert typical_seed(cells_of(made)[0]) == 2
    made.rows["verdict"] = "diverged"
    assert typical_seed(cells_of(made)[0]) is None
    assert again(cells_of(made)[0]) is None


def test_its_generators_are_those_of_the_training() -> None:
    (cell,) = cells_of(one())
    found = again(cell)
    assert found is not None
    assert cell.config is not None
    gans = ge.train(cell.config, [found.seed])
    assert found.epochs == [0, 1, 2]
    z = np.random.default_rng(0).standard_normal((50, 2))
    for epoch, law in zip(found.epochs, found.laws, strict=True):
        values = gans.pushforward(0, epoch).network.values(z)
        np.testing.assert_allclose(law.network.values(z), values, atol=1e-5)


def test_it_is_trained_once_a_page() -> None:
    facts = FactCache()
    (cell,) = cells_of(one(), facts)
    first = again(cell)
    assert first is not None
    assert len(facts) == 1
    (name,) = facts
    facts[name] = facts[name] | {"why": "read, not trained"}
    second = again(cell)
    assert second is not None
    assert second.why == "read, not trained"


def test_a_training_that_ends_elsewhere_or_took_long_is_not_drawn() -> None:
    for column, value in (("loss_D", 0.1), ("seconds", 1e4), ("backend", "nowhere")):
        made = one()
        made.rows[column] = value
        found = again(cells_of(made)[0])
        assert found is not None
        assert not found.laws
        assert cells_of(made)[0].label in found.why
