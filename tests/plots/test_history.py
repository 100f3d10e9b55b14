"""Losses and KL over epochs: which curve passes where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gan_eval as ge
from gan_eval.judging import judge
from gan_eval.runtime.errors import UsageError

GANS = ge.train(ge.TrainingConfig(epochs=4, n_examples=100), seeds=range(9), backend="fused_cpu")


def test_the_curves_are_the_trainings_losses_at_whole_epochs() -> None:
    one = GANS.take(slice(2, 3))
    ax = ge.plots.losses(one)
    d, g, ln_2 = ax.lines
    assert list(np.asarray(d.get_xdata())) == [1, 2, 3, 4]
    np.testing.assert_allclose(np.asarray(d.get_ydata()), one.loss_D[0])
    np.testing.assert_allclose(np.asarray(g.get_ydata()), one.loss_G[0])
    assert np.asarray(ln_2.get_ydata())[0] == pytest.approx(np.log(2))
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    assert not ax.collections


def test_of_several_there_are_the_median_and_a_band() -> None:
    ax = ge.plots.kl_over_epochs(GANS, margins=[0.1])
    kl = judge.epochs(GANS)["kl"].to_numpy().reshape(9, 5)
    np.testing.assert_allclose(np.asarray(ax.lines[0].get_ydata()), np.median(kl, axis=0))
    assert len(ax.collections) == 1
    heights = [np.asarray(line.get_ydata())[0] for line in ax.lines[1:]]
    assert heights == [0.1]
    assert ax.get_yscale() == "log"


def test_few_trainings_have_a_line_each_and_no_median() -> None:
    few = GANS.take(slice(0, 3))
    ax = ge.plots.kl_over_epochs(few, margins=[])
    kl = judge.epochs(few)["kl"].to_numpy().reshape(3, 5)
    np.testing.assert_allclose([np.asarray(line.get_ydata()) for line in ax.lines], kl)
    assert not ax.collections
    assert len(ge.plots.losses(few, ln_2=False).lines) == 6


def test_a_curve_up_to_an_epoch_keeps_the_axes_of_all() -> None:
    one = GANS.take(slice(0, 1))
    for draw in (ge.plots.losses, ge.plots.kl_over_epochs):
        whole, part = draw(one), draw(one, upto=2)
        assert np.asarray(part.lines[0].get_xdata())[-1] == 2
        assert part.get_xlim() == whole.get_xlim()
        assert part.get_ylim() == whole.get_ylim()


def test_what_is_not_finite_leaves_a_gap_and_other_losses_have_no_ln_2() -> None:
    table = pd.DataFrame({"epoch": [0, 1, 2], "kl": [1.0, np.inf, np.nan]})
    drawn = np.asarray(ge.plots.kl_over_epochs(table).lines[0].get_ydata())
    assert drawn[0] == 1
    assert np.isnan(drawn[1:]).all()
    config = ge.TrainingConfig(epochs=2, n_examples=50, loss="hinge")
    assert len(ge.plots.losses(ge.train(config, backend="fused_cpu")).lines) == 2


def test_what_is_no_history_is_refused() -> None:
    with pytest.raises(ge.UsageError, match="`history`"):
        ge.plots.losses([0.7, 0.7])  # type: ignore[arg-type]
    with pytest.raises(ge.UsageError, match="column kl"):
        ge.plots.kl_over_epochs(pd.DataFrame({"epoch": [0]}))


def test_worth_over_epochs_ends_where_its_rows_cannot_tell_more() -> None:
    table = pd.DataFrame(
        {"epoch": [0, 1, 2, 3], "worth_energy": [0.5, 40.0, np.nan, np.inf], "seed": 0}
    )
    ax = ge.plots.worth_over_epochs(table)
    np.testing.assert_array_equal(np.asarray(ax.lines[0].get_xdata()), [0, 1, 3])
    np.testing.assert_array_equal(np.asarray(ax.lines[0].get_ydata()), [0.5, 40, 300])
    assert [np.asarray(line.get_ydata())[0] for line in ax.lines[1:]] == [58.0, 11.5]
    assert ax.get_ylim()[0] < 0.5
    with pytest.raises(UsageError, match="history"):
        ge.plots.worth_over_epochs(table.assign(worth_energy=np.nan))


def test_epochs_without_any_kl_are_refused() -> None:
    epochs = pd.DataFrame({"epoch": [0, 1], "kl": [np.nan, np.nan]})
    with pytest.raises(UsageError, match="worth_over_epochs"):
        ge.plots.kl_over_epochs(epochs)
