"""The report's section on whether backends came to the same."""

from __future__ import annotations

import pytest

from gan_eval.pages.blocks import Paragraph, Section, TableBlock
from gan_eval.report.agreement import agreement
from gan_eval.report.cells import cells_of
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic

PAIR = (("pytorch", "cpu"), ("jax", "cpu"))


def _table(section: Section | None) -> dict[str, list[str]]:
    assert section is not None
    (grid,) = [block for block in section.blocks if isinstance(block, TableBlock)]
    return dict(zip(grid.table.head, map(list, zip(*grid.table.rows, strict=True)), strict=True))


def _copied(replicates: int, factor: float = 1.0) -> Results:
    """A second backend with the outcomes of the first, its KL times a factor."""
    made = synthetic.results(replicates, where=PAIR)
    first, second = (made.rows["backend"] == name for name, _ in PAIR)
    for name in made.rows.columns:
        if name not in ("backend", "environment"):
            made.rows.loc[second, name] = made.rows.loc[first, name].to_numpy()
    made.rows.loc[second, "kl"] *= factor
    return made


def test_equal_outcomes_are_the_same() -> None:
    found = _table(agreement(cells_of(_copied(40))))
    assert found["backends"] == ["pytorch and jax"]
    assert found["verdict"] == ["the same"]
    assert found["MMD p"] == ["1.0"]
    assert found["median KL of the first"] == found["of the second"]


def test_a_tenfold_divergence_is_different() -> None:
    assert _table(agreement(cells_of(_copied(40, 10.0))))["verdict"] == ["different"]


def test_many_seeds_are_compared_up_to_a_limit_that_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gan_eval.report.agreement.MOST_PAIRED", 30)
    section = agreement(cells_of(_copied(40)))
    assert _table(section)["seeds"] == ["30"]
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text.startswith("The first 30 of the 40 seeds that all have")


def test_few_shared_seeds_are_not_compared() -> None:
    section = agreement(cells_of(_copied(12)))
    assert section is not None
    (block,) = section.blocks
    assert isinstance(block, Paragraph)
    assert "pytorch, jax share 12 seeds" in block.text


@pytest.mark.parametrize("configs", [None, {"a": TrainingConfig(), "b": TrainingConfig(epochs=2)}])
def test_one_backend_has_nothing_to_agree_with(configs: dict[str, TrainingConfig] | None) -> None:
    assert agreement(cells_of(synthetic.results(3, configs=configs))) is None
