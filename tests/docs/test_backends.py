"""docs/backends: the example of a backend works, and the protocol is described whole."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gan_eval.judging.judge import epochs, judge
from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import backend
from gan_eval.training.config import TrainingConfig
from gan_eval.training.trained import EpochEnd, TrainedGANs

from .pages import (
    code,
    names_in,
    section,
    text,
)


@pytest.fixture
def moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The page's example, registered as its ``pyproject.toml`` says."""
    (module,), (project,) = code("backends/example", "python"), code("backends/example", "toml")
    settings = tomllib.loads(project)["project"]
    ((group, entries),) = settings["entry-points"].items()
    (tmp_path / "gan_eval_moments.py").write_text(module)
    metadata = tmp_path / "gan_eval_moments-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {settings['name']}\nVersion: {settings['version']}\n"
    )
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gan_eval_moments", raising=False)
    return backend("moments")


def test_the_example_backend_trains_and_is_judged(moments: Any) -> None:
    """The fit to 1000 rows has a KL of 0.0025 nats on average: 0.02 is out of its reach."""
    ends: list[EpochEnd] = []
    trained = moments.train(TrainingConfig(epochs=2), [0, 1, 2], "cpu", ends.append)
    rows = judge(trained, permutations=0)
    assert list(rows["verdict"]) == ["converged"] * 3
    assert max(rows["kl"]) < 0.02
    assert max(rows["kl_rows"]) < 1e-12
    assert [(end.seeds[0], end.epoch) for end in ends] == [(s, e) for s in range(3) for e in (1, 2)]
    assert len(epochs(trained)) == 9


def test_the_example_backend_refuses_as_the_page_says(moments: Any) -> None:
    with pytest.raises(UsageError) as refusal:
        moments.train(TrainingConfig(latent_size=3), [0])
    assert f"gan-eval: {refusal.value}\n" in text("backends/example")


def test_every_field_of_what_training_returns_is_described() -> None:
    page = section("backends/protocol", "## The protocol")
    assert set(TrainedGANs.__dataclass_fields__) <= names_in(page)
