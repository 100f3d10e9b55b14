"""Which code a stored number depends on."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from gan_eval.runtime import provenance as codeversion
from gan_eval.stats import goodness, twosample
from gan_eval.study.plan import units


@pytest.mark.parametrize(
    "backend", ["pytorch", pytest.param("fused_cpu", marks=pytest.mark.thorough)]
)
def test_every_module_that_training_and_judging_load_is_counted(backend: str) -> None:
    """Against what Python itself has loaded when a replicate was trained and judged."""
    script = (
        "import sys; from gan_eval import TrainingConfig, backend\n"
        "from gan_eval.judging.judge import *\n"
        "config = TrainingConfig(epochs=1, n_examples=32)\n"
        f"rows = judge(backend({backend!r}).train(config, [0]), permutations=9, n_evaluation=20)\n"
        "print(*(name for name in sys.modules if name.startswith('gan_eval')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    counted = set(
        codeversion.sources("gan_eval.judging.judge", f"gan_eval.training.backends.{backend}")
    )
    # Where machines and threads come from, and how a form of a backend is found: no numbers.
    assert loaded - counted <= codeversion._NO_NUMBERS
    assert {
        "gan_eval.training.draws",
        "gan_eval.training.trained",
        "gan_eval.distributions.divergences",
    } <= counted


def test_the_code_is_told_without_importing_a_framework() -> None:
    script = (
        "import sys; from gan_eval.study.plan.units import code_version\n"
        "for name in ('pytorch', 'jax', 'tensorflow', 'mxnet', 'fused_cpu'):\n"
        "    code_version(name, 'x')\n"
        "heavy = {'torch', 'jax', 'tensorflow', 'mxnet', 'llvmlite'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_framework_backend_and_sources_make_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    version = units.code_version
    assert version("pytorch", "torch 2.13.0") != version("pytorch", "torch 2.12.0")
    assert version("pytorch", "torch 2.13.0") == version("pytorch:batched", "torch 2.13.0")
    assert version("fused_cpu", "llvmlite 0.46, 8 lanes") == version(
        "fused_cpu", "llvmlite 0.46, 16 lanes"
    )
    assert version("fused_cpu", "x") != version("pytorch", "x")
    before = version("pytorch", "x")
    read = codeversion.sources
    monkeypatch.setattr(
        codeversion,
        "sources",
        lambda *roots: {
            k: v + "#" * (k == "gan_eval.training.draws") for k, v in read(*roots).items()
        },
    )
    codeversion.source_version.cache_clear()
    assert version("pytorch", "x") != before
    codeversion.source_version.cache_clear()


PLAIN = """
from typing import TYPE_CHECKING
LIMIT = 3
class Box:
    side: int = LIMIT
    def area(self):
        return self.side**2
"""
DESCRIBED = """
'A box.'
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from elsewhere import Anything
LIMIT = 3  # centimetres
'What fits.'
class Box:
    'A box.'
    side: int = LIMIT
    'Its side.'
    def area(self):
        'Square the side.'
        return (
            self.side ** 2
        )
"""


def test_sentences_are_no_code_and_all_else_is() -> None:
    code = ast.dump(codeversion.bare(PLAIN))
    assert ast.dump(codeversion.bare(DESCRIBED)) == code
    for old, new in (("3", "4"), ("side**2", "side*2"), ("LIMIT", "LIMITS"), ("area", "areas")):
        assert ast.dump(codeversion.bare(PLAIN.replace(old, new))) != code


def test_the_code_behind_a_judged_replicate_has_every_test() -> None:
    """Tests are imported when they run, which must not hide them."""
    found = codeversion.sources("gan_eval.judging.judge")
    tests = (
        getattr(package, name) for package in (goodness, twosample) for name in package.__all__
    )
    assert {test.__module__ for test in tests} <= set(found)
    assert {f"{twosample.__name__}.{name}" for name in ("classical", "permuted_moments")} <= set(
        found
    )


def test_code_from_outside_is_counted_with_what_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of one's own in the same folder, or the same package; no installed one's code."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_net.py").write_text("import json\nWIDTH = 8\n", "utf-8")
    (tmp_path / "own_kit").mkdir()
    (tmp_path / "own_kit" / "__init__.py").write_text("", "utf-8")
    (tmp_path / "own_kit" / "loss.py").write_text("from . import more\n", "utf-8")
    (tmp_path / "own_kit" / "more.py").write_text("MORE = 1\n", "utf-8")
    (tmp_path / "own_model.py").write_text(
        "import numpy\nimport pytest\nfrom own_net import WIDTH\nfrom own_kit.loss import x\n",
        "utf-8",
    )
    names = {"own_model", "own_net", "own_kit", "own_kit.loss", "own_kit.more"}
    assert set(codeversion.sources("own_model")) == names
    before = codeversion.source_version("own_model")
    (tmp_path / "own_net.py").write_text("import json  # of Python\nWIDTH = 8\n", "utf-8")
    codeversion.source_version.cache_clear()
    assert codeversion.source_version("own_model") == before
    (tmp_path / "own_net.py").write_text("WIDTH = 16\n", "utf-8")
    codeversion.source_version.cache_clear()
    assert codeversion.source_version("own_model") != before
    codeversion.source_version.cache_clear()
