"""Targets as settings."""

from __future__ import annotations

import numpy as np
import pytest

from gan_eval.distributions.target import GaussianTarget
from gan_eval.distributions.target_settings import target_of_settings
from gan_eval.runtime.errors import UsageError


def test_both_forms_give_the_same_distribution() -> None:
    chapter = GaussianTarget.chapter()
    one = target_of_settings({"A": chapter.A.tolist(), "b": chapter.b.tolist()})
    other = target_of_settings(
        {"target": {"mean": chapter.mean.tolist(), "covariance": chapter.covariance.tolist()}}
    )
    for found in (one, other):
        np.testing.assert_allclose(found.covariance, chapter.covariance)
        np.testing.assert_allclose(found.mean, chapter.mean)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "got nothing"),
        ({"A": [[1.0]]}, "got `A`"),
        ({"A": [[1.0]], "b": [0.0], "mean": [0.0]}, "got `A` and `b` and `mean`"),
        ({"mean": [0.0], "covarience": [[1.0]]}, "covariance"),
        ({"target": 3}, "must be a table"),
        ({"mean": [0.0, 0.0], "covariance": [[1.0, 1.0], [1.0, 1.0]]}, "covariance"),
        ({"A": [["x"]], "b": [0.0]}, "`A`"),
    ],
)
def test_what_describes_no_target_is_refused(settings: dict, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        target_of_settings(settings)
