"""docs/your-own-model.md and its folder: followed from an empty one, as a newcomer does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_eval as ge
from gan_eval.training.generators.fit import fit
from gan_eval.training.generators.settings import FitConfig

from . import shown
from .pages import ROOT, section, table_rows, text

PAGES = ("your-own-model", *(f"your-own-model/{n}" for n in ("interface", "data", "training")))
PAGE = "\n".join(map(text, PAGES))
"""One after the other, in one folder, as they are read."""
GENERATORS = ROOT / "examples" / "generators"
SHORTER = (
    ("replicates = 20", "replicates = 2\nn_evaluation = 60"),
    ("n_examples = 1000", "n_examples = 200"),
    ("epochs=400", "epochs=10"),
)
"""What makes the page's training one of seconds; its numbers are others then."""


def files_too(page: str) -> str:
    """Python with a title is a file, which is imported, not run."""
    return page.replace("```python title=", "```py title=")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules can be imported, and are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def of_a_gan(one: shown.Run) -> bool:
    """PyTorch's numbers depend on the processor, and here its training is shortened."""
    return "study.toml" in one.step.source or "reports/ring" in one.step.source


def test_the_page_can_be_followed(empty: Path) -> None:
    page = files_too(PAGE)
    for long, short in SHORTER:
        assert long in page
        page = page.replace(long, short)
    commands = 0
    for one in shown.run(page, empty):
        if not of_a_gan(one):
            assert one.difference is None, f"{one.step.source}\n{one.difference}"
        assert one.step.stated is not None or not one.printed, f"not shown: {one.step.source}"
        commands += one.step.kind == "command"
    assert commands == 2
    rows = ge.load("reports/ring")
    assert len(rows) == 8
    assert (rows["failure"] == "").all()
    assert (empty / "reports" / "ring" / "report.html").exists()
    assert len(ge.load("reports/ring", epochs=True).query("backend == 'RingGAN'")) == 20


@pytest.mark.thorough
def test_the_gan_of_the_page_finds_most_modes(empty: Path) -> None:
    """As the page has it, 20 seeds: nothing of its last digits, which are the processor's."""
    for one in shown.run(files_too(PAGE), empty):
        if one.step.kind == "command":
            break
    rows = ge.load("reports/ring").set_index("backend")
    assert len(rows) == 80
    gan, gauss = rows.loc["RingGAN"], rows.loc["gaussian_fit"]
    assert gan["worth_energy"].median() > 1.3 * gauss["worth_energy"].median()
    assert 5 <= gan["modes_kept"].median() <= 8
    assert gan["high_quality_share"].median() > 0.4
    assert (gan["verdict"] == "converged").sum() < 15
    assert set(rows.loc["bootstrap"]["copies_verdict"]) == {"copies"}
    assert rows.loc["real_rows"]["worth_energy_low"].median() > 100


@pytest.mark.parametrize("name", ["ring_gan", "per_species"])
def test_a_model_of_the_page_is_the_example(name: str) -> None:
    source = (GENERATORS / f"{name}.py").read_text("utf-8")
    assert f'```python title="{name}.py"\n{source}```\n' in PAGE


def test_the_study_of_the_page_is_the_example() -> None:
    ready = (ROOT / "examples" / "ring_study.toml").read_text("utf-8")
    body = ready.partition("\n")[2].replace("examples.generators.", "")
    assert f'```toml title="study.toml"\n{body}```\n' in PAGE


def test_the_grid_of_the_page_is_a_study(empty: Path) -> None:
    found = [s for s in shown.steps(files_too(PAGE)) if s.source == "widths.toml"]
    (empty / "widths.toml").write_text(found[0].stated or "", "utf-8")
    from gan_eval.runtime.settings import read_toml

    labels = list(ge.Study.parse(read_toml(empty / "widths.toml")).configurations())
    assert labels[:2] == ["generator.width=16", "generator.width=64"]
    assert len(labels) == 5


# --- What fails, and what is said of it -------------------------------------------------------


class Misbehaving:
    """A generator that fails as its setting says."""

    version = "1"

    def __init__(self, how: str) -> None:
        self.how = how
        if how == "steps":
            self.steps = lambda rows, rng: iter(())

    def fit(self, rows: np.ndarray, rng: np.random.Generator) -> Any:
        if self.how == "raises":
            raise ValueError("no loss could be computed")
        return self

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        rows = rng.normal(size=(n // 2 if self.how == "few" else n, 3 if self.how == "wide" else 2))
        if self.how == "nan":
            rows[::3] = np.nan
        return rows


@pytest.mark.parametrize(
    ("how", "diverged"),
    [("raises", False), ("nan", True), ("wide", False), ("few", False), ("steps", False)],
)
def test_a_failure_is_called_as_the_page_says(how: str, diverged: bool) -> None:
    table = {row[2].strip("`"): row[1].strip("`") for row in table_rows(section(PAGES[-1], FAILS))}
    generator = {"use": Misbehaving, "how": how}
    found = fit(FitConfig.parse({"generator": generator, "target": "ring8"}), 0, 50)
    assert found.diverged == diverged
    assert table[found.failure] == ("diverged" if diverged else "no_result")


FAILS = "## When it fails"
