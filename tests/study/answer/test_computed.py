"""What is said of modes is what the rows hold, and configurations are ranked by energy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gan_eval.study.answer.cells import PlainCell, plain_cells
from gan_eval.study.answer.computed import by_target, is_computed, modes_of
from gan_eval.study.answer.sentence import sentence
from gan_eval.training.config import TrainingConfig

CONFIG = TrainingConfig(target="ring8", generator_widths=(4,))
OTHER = TrainingConfig(target="ring8", generator_widths=(5,))
WITHIN = stats.chi2.cdf(9, 2)


def rows(found: list[int], config: TrainingConfig = CONFIG, **columns: Any) -> pd.DataFrame:
    """Trainings that have so many modes, each with its mass, and nothing of the others."""
    masses = {f"mode_mass_{j}": [0.12 * (j <= n) for n in found] for j in range(1, 9)}
    return pd.DataFrame(
        {
            "configuration": str(config.generator_widths),
            "config_hash": config.hash,
            "backend": "fused_cpu",
            "device": "cpu",
            "seed": range(len(found)),
            "verdict": "failed",
            "yardstick": "worth_energy",
            "kl": np.inf,
            "worth_kl": np.nan,
            "efficiency": np.nan,
            "samples_to_detect": np.nan,
            "loss_D": 0.5,
            "loss_G": 0.9,
            "examples_per_second": 1e6,
            "chapter_examples_per_second": np.nan,
            "worth_energy": 5.0,
            "worth_energy_how": "sampled",
            "worth_mmd": 5.0,
            "computed_error": 1e-7,
            "kl_how": "computed",
            "kl_reverse": np.inf,
            "jensen_shannon": 0.3,
            "total_variation": 0.5,
            "modes_found": found,
            "high_quality_mass": np.array(found) * 0.12,
            **masses,
            **columns,
        }
    )


def cell(frame: pd.DataFrame, config: TrainingConfig | None = CONFIG) -> PlainCell:
    return PlainCell("made", "fused_cpu", "cpu", frame, {}, config)


def provenance(*configs: TrainingConfig) -> dict[str, Any]:
    entries = [
        {"label": str(c.generator_widths), "hash": c.hash, "config": c.model_dump(mode="json")}
        for c in configs
    ]
    return {"configurations": entries}


def test_modes_are_counted_from_their_masses() -> None:
    modes = modes_of(cell(rows([8, 3, 0])))
    assert modes is not None
    assert modes.found.tolist() == [8, 3, 0]
    assert (modes.total, modes.lost, modes.known) == (8, 2, 3)
    np.testing.assert_allclose(modes.quality, [0.96, 0.36, 0.0])
    np.testing.assert_allclose(modes.expected, WITHIN / 8)


@pytest.mark.parametrize("share", [0.099, 0.101])
def test_a_mode_is_lost_with_a_tenth_of_its_mass(share: float) -> None:
    modes = modes_of(cell(rows([8], mode_mass_4=share * WITHIN / 8)))
    assert modes is not None
    assert modes.found.tolist() == [7 + (share > 0.1)]


def test_what_is_computed_stands_for_what_is_sampled_and_a_diverged_training_has_none() -> None:
    frame = rows([8, 8, 8]).assign(**{f"mode_share_{j}": 0.0 for j in range(1, 9)})
    masses = [f"mode_mass_{j}" for j in range(1, 9)]
    frame.loc[1, masses] = np.nan
    frame.loc[2, "verdict"] = "diverged"
    modes = modes_of(cell(frame))
    assert modes is not None
    np.testing.assert_array_equal(modes.found, [8, np.nan, 0])
    assert (modes.known, modes.lost) == (2, 1)
    sampled = modes_of(cell(frame.drop(columns=masses)))
    assert sampled is not None
    assert sampled.found.tolist() == [0, 0, 0]


def test_a_target_of_one_mode_and_rows_without_modes_have_none_to_count() -> None:
    gaussian = TrainingConfig(generator_widths=(4,))
    assert modes_of(cell(rows([8]), gaussian)) is None
    assert modes_of(cell(rows([8])[["seed", "verdict"]])) is None
    assert is_computed(cell(rows([8]), gaussian))
    assert not is_computed(cell(rows([8]), TrainingConfig()))
    assert is_computed(cell(rows([8], modes_found=8.0), None))


def test_the_interval_of_the_mean_is_students() -> None:
    found = [8, 7, 7, 5, 6, 8, 3, 7]
    modes = modes_of(cell(rows(found)))
    assert modes is not None
    known = stats.ttest_1samp(found, 0).confidence_interval(0.95)
    assert modes.bounds() == pytest.approx((known.low, min(known.high, 8.0)))
    few = modes_of(cell(rows([8, 7, 6])))
    assert few is not None
    assert np.isnan(few.bounds()).all()


def test_the_interval_of_the_mean_holds_it_in_95_of_100() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.binomial(8, 0.8, size=(2000, 30))
    held = 0
    for found in drawn:
        modes = modes_of(cell(rows(found.tolist())))
        assert modes is not None
        low, high = modes.bounds()
        held += low <= 6.4 <= high
    assert abs(held / 2000 - 0.95) < 0.02  # four standard errors


def test_the_sentence_of_one_says_the_modes_of_all_its_trainings() -> None:
    said = sentence(rows([8, 6, 7, 8, 7, 6]), provenance(CONFIG))
    assert "7.0 of 8 modes" in said
    one = sentence(rows([3]), provenance(CONFIG))
    assert "3 of 8 modes" in one


def test_the_sentence_of_several_names_the_best_by_energy_with_its_modes() -> None:
    noise = np.random.default_rng(0).uniform(0, 0.1, 12)
    frame = pd.concat(
        [
            rows([3] * 12, CONFIG, worth_energy=5 + noise),
            rows([8] * 11 + [7], OTHER, worth_energy=90 + noise),
        ]
    )
    said = sentence(frame, provenance(CONFIG, OTHER))
    first, _, rest = said.partition(";")
    assert "5" in first.partition(" is best")[0]
    assert "90 real rows" in first
    assert "7.9 of 8 modes" in first
    assert "3 of 8 modes in every training" in rest


def test_where_nothing_is_shown_the_range_of_modes_is_said_all_the_same() -> None:
    frame = pd.concat([rows([3] * 12, CONFIG), rows([8] * 12, OTHER)])
    assert len(plain_cells(frame, provenance(CONFIG, OTHER))) == 2
    said = sentence(frame, provenance(CONFIG, OTHER))
    assert "3 of 8 modes" in said
    assert "8 of 8 modes" in said
    fewest, most = said.partition("; ")[2].split(" and ")
    assert ("(4,)" in fewest, "3 of 8" in fewest) == (True, True)
    assert ("(5,)" in most, "8 of 8" in most) == (True, True)


CHAPTER = TrainingConfig(generator_widths=(6,))
CURVED_CHAPTER = TrainingConfig(generator_widths=(7,))


def test_where_all_find_as_many_it_is_said_once_and_of_all() -> None:
    frame = pd.concat([rows([0] * 4, CONFIG), rows([0] * 4, OTHER)])
    assert sentence(frame, provenance(CONFIG, OTHER)).endswith(
        "; every training finds 0 of 8 modes."
    )
    frame.loc[frame["seed"] > 1, "verdict"] = "diverged"
    assert sentence(frame, provenance(CONFIG, OTHER)).endswith(
        "; every training finds 0 of 8 modes."
    )
    one = sentence(rows([0] * 8), provenance(CONFIG))
    assert "every training finds 0 of 8 modes" in one


def test_configurations_are_compared_with_those_of_their_own_target_only() -> None:
    noise = np.random.default_rng(0).uniform(0, 0.1, 12)
    configs = (CONFIG, CHAPTER, OTHER, CURVED_CHAPTER)
    worths = (90, 900, 5, 9)
    frame = pd.concat(
        rows([8] * 12, config, worth_energy=worth + noise)
        for config, worth in zip(configs, worths, strict=True)
    )
    cells = plain_cells(frame, provenance(*configs))
    assert [[one.config for one in group] for group in by_target(cells)] == [
        [CONFIG, OTHER],
        [CHAPTER, CURVED_CHAPTER],
    ]
    said = sentence(frame, provenance(*configs))
    ring, chapter = said.partition("Against ring8, ")[2].split(" Against chapter, ")
    assert ("90 real rows" in ring, "worth 5" in ring, "90" in chapter, "900" in ring) == (
        *(True, True, True, False),
    )
    assert "modes" in ring
    assert "modes" not in chapter
    alone = sentence(
        frame[frame["configuration"].isin(["(4,)", "(6,)"])], provenance(CONFIG, CHAPTER)
    )
    assert "best" not in alone
    assert "better" not in alone
    assert "8 of 8 modes" in alone.partition("Against chapter")[0]
