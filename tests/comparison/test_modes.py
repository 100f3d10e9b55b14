"""Modes: what is missing is named, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, fisher_exact
from sklearn.datasets import load_iris

from gan_eval.comparison import modes as room
from gan_eval.comparison.modes import State, describe, find_modes
from gan_eval.comparison.pages import modes_words as words

Array = NDArray[np.float64]
RNG = np.random.default_rng


def ring(rng: np.random.Generator, n: int, dropped: int | None = None) -> Array:
    of = rng.integers(0, 8, n)
    if dropped is not None:
        of = of[of != dropped]
    angle = of * np.pi / 4
    centres = 2 * np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + rng.normal(0.0, 0.15, size=(len(of), 2))


def test_the_dropped_mode_of_a_ring_is_named() -> None:
    rng = RNG(0)
    real, generated = ring(rng, 1000), ring(rng, 1000, dropped=3)
    modes = find_modes(real, generated, rng=rng)
    assert len(modes.found) == 8
    assert modes.pvalue is not None
    assert modes.pvalue <= 0.001
    (lost,) = modes.lost
    assert lost.generated == 0
    assert not modes.invented
    centre = real[modes.real_rows][modes.of_real == lost.number].mean(axis=0)
    angle = 3 * np.pi / 4
    np.testing.assert_allclose(centre, [2 * np.cos(angle), 2 * np.sin(angle)], atol=0.1)


def test_the_samples_exchanged_exchange_lost_and_invented() -> None:
    rng = RNG(1)
    modes = find_modes(ring(rng, 800, dropped=5), ring(rng, 800), rng=rng)
    (invented,) = modes.invented
    assert invented.real == 0
    assert not modes.lost


def test_a_species_that_is_left_out_is_lost_and_described() -> None:
    iris: Any = load_iris(as_frame=True)
    names, rng = [str(name) for name in iris.feature_names], RNG(2)
    frame = iris.frame[names]
    rest = frame[iris.target != 0]
    # 150 generated flowers of the two other species, from a kernel estimate of their density.
    drawn = rest.to_numpy()[rng.integers(0, 100, 150)] + 0.05 * rng.normal(size=(150, 4))
    generated = pd.DataFrame(drawn, columns=names)
    spread = frame.std().to_numpy()
    modes = find_modes(frame.to_numpy() / spread, generated.to_numpy() / spread, rng=rng)
    (lost,) = modes.lost
    assert lost.real in (49, 50)  # one flower of the species stands alone
    said = describe(modes, frame, generated)[lost.number - 1]
    assert said.startswith("petal length (cm) 1.4")


def test_a_gaussian_has_one_mode_of_which_nothing_can_be_said() -> None:
    for d in (1, 2, 10):
        rng = RNG(d)
        modes = find_modes(rng.normal(size=(500, d)), rng.normal(0.5, 1.0, size=(500, d)), rng=rng)
        assert len(modes.found) == 1
        assert modes.pvalue is None
        assert not modes.differ
        assert "one mode" in words.sentence(modes)


def test_the_tests_are_those_of_scipy() -> None:
    rng = RNG(3)
    real, generated = ring(rng, 240), ring(rng, 400, dropped=None)[:, ::-1]
    modes = find_modes(real, generated, permutations=9999, rng=rng)
    counts = np.array([[one.real for one in modes.found], [one.generated for one in modes.found]])
    chi2: Any = chi2_contingency(counts, correction=False)
    assert modes.statistic == pytest.approx(chi2.statistic, abs=1e-6)
    assert modes.pvalue == pytest.approx(chi2.pvalue, abs=0.02)
    # Twice the smaller tail is SciPy's two-sided p-value where the law is symmetric: n = m.
    alike = ring(rng, 300), ring(rng, 300)
    modes = find_modes(*alike, rng=rng)
    tables = [
        [[one.real, 300 - one.real], [one.generated, 300 - one.generated]] for one in modes.found
    ]
    exact: list[Any] = [fisher_exact(each) for each in tables]
    lowest = min(each.pvalue for each in exact)
    adjusted = min(one.adjusted for one in modes.found)
    assert adjusted == pytest.approx(min(1.0, lowest * len(modes.found)), rel=1e-6)


def test_too_few_of_a_mode_is_said_too() -> None:
    rng = RNG(4)
    real, generated = rng.normal(size=(600, 2)), rng.normal(size=(600, 2))
    real[:300] += 9
    generated[:120] += 9
    assert [one.state for one in find_modes(real, generated, rng=rng).found] == [
        State.COMMONER,
        State.RARER,
    ]


@pytest.mark.thorough
def test_nothing_is_found_to_differ_in_equal_distributions() -> None:
    # Of 300 at most 15 on average have a mode that differs, and as many p ≤ 0.05; more than 33 have
    # a probability of 1e-5.
    rng = RNG(5)
    states, pvalues = 0, 0
    for _ in range(300):
        modes = find_modes(ring(rng, 240), ring(rng, 160), permutations=99, rng=rng)
        states += any(one.state != State.KEPT for one in modes.found)
        pvalues += modes.pvalue is not None and modes.pvalue <= 0.05
    assert states <= 33
    assert pvalues <= 33


def test_rows_that_were_not_clustered_belong_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = RNG(6)
    monkeypatch.setattr(room, "CLUSTERED", 400)
    monkeypatch.setattr(room, "LOOKED_AT", 900)
    modes = find_modes(ring(rng, 1500), ring(rng, 1500, dropped=1), rng=rng)
    assert len(modes.real_rows) == len(modes.generated_rows) == 900
    assert len(modes.found) == 8
    assert len(modes.lost) == 1
    assert sum(one.real for one in modes.found) == 900


def test_words_levels_and_the_dictionary() -> None:
    rng = RNG(7)
    frame = pd.DataFrame({"x": rng.normal(size=400), "kind": np.repeat(["a", "b"], 200)})
    rows = np.column_stack([frame["x"], 9.0 * (frame["kind"] == "a")])
    generated = frame[frame["kind"] == "b"]
    modes = find_modes(rows, rows[200:], rng=rng)
    (lost,) = modes.lost
    said = describe(modes, frame, generated, most=1)
    assert said[lost.number - 1] == "kind a (100\u202f%, all: 50\u202f%)"
    assert "kind a" in words.sentence(modes, said)
    assert words.phrases(modes, said)[0].startswith("loses 1 of 2 modes")
    assert len(words.table(modes, said).rows) == 2
    drawn = words.draw(modes, said)
    assert drawn.csv is not None
    assert drawn.csv.count("\n") >= 4
    assert json.dumps(modes.to_dict(), allow_nan=False)


def test_whole_groups_are_permuted() -> None:
    # Each person stays in one of two modes: the share of persons varies, not that of rows alone.
    rng = RNG(8)
    names = np.repeat(np.arange(12), 20)

    def persons() -> Array:
        return np.repeat(9.0 * rng.integers(0, 2, 12), 20)[:, None] + rng.normal(size=(240, 2))

    apart, together = 0, 0
    for _ in range(40):
        x, y = persons(), persons()
        apart += find_modes(x, y, permutations=39, rng=rng).differ
        together += find_modes(x, y, permutations=39, groups=(names, names), rng=rng).differ
    # Of 40 at most 4 on average, as either of two tests may reject; more than 12: 1e-4.
    assert together <= 12 < apart
