"""The report's section on whether backends came to the same."""

from __future__ import annotations

import pytest

from gan_eval.pages.blocks import Paragraph, Section, TableBlock
from gan_eval.report import agreement
from gan_eval.report.agreement import Backends, backends, told
from gan_eval.report.cells import cells_of
from gan_eval.report.lead import leading
from gan_eval.study.results.results import Results
from gan_eval.training.config import TrainingConfig

from . import synthetic

PAIR = (("pytorch", "cpu"), ("jax", "cpu"))


def _section(made: Results) -> Section | None:
    return agreement.section(backends(cells_of(made)))


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
    found = _table(_section(_copied(40)))
    assert found["backends"] == ["pytorch and jax"]
    assert found["verdict"] == ["the same"]
    assert found["MMD p"] == ["1.0"]
    assert found["median KL of the first"] == found["of the second"]


def test_a_tenfold_divergence_is_different() -> None:
    assert _table(_section(_copied(40, 10.0)))["verdict"] == ["different"]


def test_many_seeds_are_compared_up_to_a_limit_that_is_stated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gan_eval.report.agreement.MOST_PAIRED", 30)
    section = _section(_copied(40))
    assert _table(section)["seeds"] == ["30"]
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Paragraph)
    assert "30 of the 40" in first.text


def test_few_shared_seeds_are_not_compared() -> None:
    section = _section(_copied(12))
    assert section is not None
    (block,) = section.blocks
    assert isinstance(block, Paragraph)
    assert "12" in block.text


@pytest.mark.parametrize("configs", [None, {"a": TrainingConfig(), "b": TrainingConfig(epochs=2)}])
def test_one_backend_has_nothing_to_agree_with(configs: dict[str, TrainingConfig] | None) -> None:
    assert _section(synthetic.results(3, configs=configs)) is None


def _told(made: Results) -> tuple[list[str], list[Backends]]:
    cells = cells_of(made)
    groups = backends(cells)
    return told(leading(cells), groups), groups


def test_a_line_says_whether_the_other_backend_agrees() -> None:
    """It counts both backends' trainings from the same seeds, and its word is the verdict's."""
    said = {}
    for name, made in (("same", _copied(40)), ("other", _copied(40, 10.0)), ("few", _copied(12))):
        ((said[name],), _) = _told(made)
    assert len({line.split(":")[0] for line in said.values()}) == 3
    learned = int((_copied(40).rows["verdict"] == "converged").sum()) // 2
    assert said["same"].count(f"{learned} of 40") == 2
    assert f"{int((_copied(12).rows['verdict'] == 'converged').sum()) // 2} of 12" in said["few"]
    assert "jax" in said["same"]
    assert "20" in said["few"]


def test_of_many_backends_some_are_told_and_the_others_counted() -> None:
    places = [("pytorch", "cpu"), *((f"kernel {i}", "cpu") for i in range(5))]
    found, (group,) = _told(synthetic.results(4, where=places))
    assert len(found) == 4
    assert "2" in found[-1]
    assert group.kept == 0


def test_the_leading_backend_alone_has_no_line() -> None:
    assert _told(synthetic.results(4)) == ([], [])
