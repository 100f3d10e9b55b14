"""The chapter's own configuration."""

from __future__ import annotations

import numpy as np

import gan_eval as ge
from gan_eval.investigations.dynamics import dynamics


def test_the_chapters_discriminator_is_blind_in_two_directions() -> None:
    found = dynamics(ge.TrainingConfig())
    assert (found.visibility.correlations[:, 3:] <= 1e-12).all()
    assert found.visibility.invisible == 2
    assert found.bound == np.inf
    assert found.spectrum is not None
    assert dynamics(ge.TrainingConfig(discriminator_widths=(16,))).visibility.invisible == 0
