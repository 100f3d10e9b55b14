"""The figure of a generator has its density, the target's, and both meshes."""

from __future__ import annotations

import numpy as np

import gan_eval as ge
from gan_eval.distributions.pushforward import Pushforward

LAW = Pushforward([(np.eye(2), [0.0, 0.0])])


def test_the_target_stands_beside_on_the_same_axes() -> None:
    figure = LAW.plot(ge.MixtureTarget.ring())
    generated, target, noise, points = figure.axes
    assert generated.get_xlim() == target.get_xlim()
    assert (noise.get_xlabel(), points.get_xlabel()) == ("z₁", "x₁")
    assert [ax.get_title(loc="left") for ax in figure.axes][:2] == ["generated", "target"]


def test_without_a_target_the_generated_points_are_in_sight() -> None:
    figure = Pushforward([(2 * np.eye(2), [5.0, 5.0])]).plot()
    left, right = figure.axes[0].get_xlim()
    assert len(figure.axes) == 3
    assert left < 5 - 4 < 5 + 4 < right
