"""What starting a command loads, and the list of backends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ..report import synthetic
from .commands import gan_eval


def test_help_and_import_load_no_framework() -> None:
    script = (
        "import sys, gan_eval, gan_eval.cli\n"
        "try: gan_eval.cli.main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'tensorflow', 'jax', 'mxnet', 'numba', 'pandas', 'numpy', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for command in ("train", "run", "check", "report", "certify", "backends"):
        assert command in done.stdout


def test_only_a_backends_file_imports_its_framework_and_only_a_cluster_dask() -> None:
    modules = ("cli", "judging.judge", "report", "study.run.execute", "stats.twosample")
    script = (
        f"import sys, {', '.join(f'gan_eval.{module}' for module in modules)}\n"
        "heavy = {'torch', 'dask', 'distributed', 'tornado'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_training_by_the_fused_backend_loads_what_it_needs_and_no_more() -> None:
    script = (
        "import sys; from gan_eval.cli import main\n"
        "try: main(['train', '--backend', 'fused_cpu', '--set', 'epochs=2'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'scipy.stats', 'scipy.optimize', 'scipy.linalg', 'matplotlib', 'ssl'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_a_report_loads_what_it_needs_and_no_more(tmp_path: Path) -> None:
    synthetic.results(replicates=8).save(tmp_path)
    script = (
        "import sys; from gan_eval.report import render\n"
        "from gan_eval.pages.picture import undrawn\n"
        "from gan_eval.study.results.results import Results\n"
        f"with undrawn(): render(Results.load({str(tmp_path)!r}))\n"
        "heavy = {'torch', 'scipy.stats', 'scipy.optimize', 'seaborn'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_backends_lists_pytorch() -> None:
    done = gan_eval("backends", "--json")
    (found,) = (e for e in json.loads(done.stdout)["backends"] if e["name"] == "pytorch")
    assert found["state"] == "installed"
    assert "cpu" in found["devices"]
    assert "pytorch" in gan_eval("backends").stdout
