"""What is computed is cut to the values that it can have, and nothing else of it is changed."""

from __future__ import annotations

import math

import numpy as np

from gan_eval.distributions.pushforward import ComputedMeasures
from gan_eval.judging.computed.exact import measure_columns


def test_masses_and_distances_lie_in_their_ranges() -> None:
    over, under = 1 + 2e-16 * 2, -3e-17
    found = ComputedMeasures(
        kl=math.inf,
        kl_reverse=under,
        total_variation=over,
        jensen_shannon=math.log(2) + 1e-15,
        hellinger=over,
        uncovered_mass=over,
        singular_mass=under,
        high_quality_share=over,
        mode_masses=np.array([under, over, 0.25]),
        modes_found=2,
        errors={"uncovered_mass": 1e-9},
        route="pieces",
    )
    row = measure_columns(found)
    assert row == {
        "kl": math.inf,
        "kl_reverse": 0.0,
        "jeffreys": math.inf,
        "total_variation": 1.0,
        "jensen_shannon": math.log(2),
        "hellinger": 1.0,
        "uncovered_mass": 1.0,
        "singular_mass": 0.0,
        "high_quality_mass": 1.0,
        "mode_mass_1": 0.0,
        "mode_mass_2": 1.0,
        "mode_mass_3": 0.25,
        "modes_found": 2.0,
        "computed_error": 1e-9,
    }
