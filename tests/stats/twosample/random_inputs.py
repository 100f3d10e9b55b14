"""Random pairs of tables, easy and hard."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.float64]


@st.composite
def pairs(draw: Any, least: int = 2, most: int = 6) -> tuple[Array, Array]:
    """Two tables of ``least`` to ``most`` rows each and up to 3 columns.

    Of few or many digits, any scale, with offsets, ties, outliers, copies.
    """
    n, m = draw(st.integers(least, most)), draw(st.integers(least, most))
    d = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["normal", "whole", "decimal", "heavy"]))
    rows = {
        "normal": lambda: rng.normal(size=(n + m, d)),
        "whole": lambda: rng.integers(0, draw(st.integers(2, 9)), size=(n + m, d)) * 1.0,
        "decimal": lambda: np.round(rng.normal(size=(n + m, d)), 1),
        "heavy": lambda: rng.standard_cauchy(size=(n + m, d)) ** 3,
    }[kind]()
    rows[n:] += draw(st.sampled_from([0.0, 1.0, 5.0]))
    for j in range(d):
        change = draw(st.sampled_from(["none", "none", "scale", "offset", "constant", "outlier"]))
        if change == "scale":
            rows[:, j] *= 10.0 ** draw(st.integers(-300, 100))
        elif change == "offset":
            rows[:, j] += draw(st.sampled_from([0.1, 14.62, 1e8, -1e14, 1e20]))
        elif change == "constant":
            rows[:, j] = draw(st.sampled_from([0.0, 0.1, 99.9, 1e20, 1e-300]))
        elif change == "outlier":
            rows[draw(st.integers(0, n + m - 1)), j] = draw(
                st.sampled_from([-999999.0, 1e20, -1e100, 1e150])
            )
    if draw(st.booleans()):
        rows[draw(st.integers(0, n + m - 1))] = rows[draw(st.integers(0, n + m - 1))]
    return rows[:n], rows[n:]
