"""The worth by which cells are compared: by energy wherever one of them has no closed form."""

from __future__ import annotations

import pandas as pd

from gan_eval.study.answer.cells import plain_cells, worth_column
from gan_eval.study.answer.phrases import median_worth
from gan_eval.study.answer.ranking import errors_of, rankings
from gan_eval.study.answer.sentence import sentence

from .made import made

STUDY = {"grid": {"batch_size": [4, 8]}}


def sampled(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """Turn the rows of one configuration into rows without a closed form."""
    mine = rows["configuration"] == label
    worth = rows["worth_kl"]
    rows = rows.assign(
        worth_energy=worth * 3,
        worth_energy_low=(worth * 2).where(mine),
        worth_energy_high=(worth * 5).where(mine),
        worth_energy_how=mine.map({True: "sampled", False: ""}),
        worth_mmd=worth,
        computed_error=mine.map({True: 1e-7, False: float("nan")}),
        kl_how="",
        modes_found=float("nan"),
        high_quality_mass=float("nan"),
        kl_reverse=1.0,
        jensen_shannon=0.1,
        total_variation=0.2,
        margin=58.0,
        yardstick="worth_energy",
    )
    return rows.assign(**{name: rows[name].mask(mine) for name in ("kl", "worth_kl", "efficiency")})


def test_all_cells_are_compared_by_energy_where_one_has_no_closed_form() -> None:
    rows, provenance = made(STUDY, [10.0, 30.0])
    cells = plain_cells(rows, provenance)
    assert {worth_column(cell) for cell in cells} == {"worth_kl"}
    best = cells[1].configuration
    for label in (cells[0].configuration, best):
        found = plain_cells(sampled(rows, label), provenance)
        assert {worth_column(cell) for cell in found} == {"worth_energy"}
        for cell, before in zip(found, cells, strict=True):
            assert median_worth(cell) == 3 * median_worth(before)
            assert (errors_of(cell) * 3 - errors_of(before)).abs().max() < 1e-12
        (ranking,) = rankings(found, [cell.configuration for cell in found])
        assert ranking.best == [best]
        assert "by energy distance" in sentence(sampled(rows, label), provenance)
