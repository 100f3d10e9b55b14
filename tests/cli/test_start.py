"""What starting a command loads, and the list of backends."""

from __future__ import annotations

import json
import subprocess
import sys

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


def test_backends_lists_pytorch() -> None:
    done = gan_eval("backends", "--json")
    (found,) = (e for e in json.loads(done.stdout)["backends"] if e["name"] == "pytorch")
    assert found["state"] == "installed"
    assert "cpu" in found["devices"]
    assert "pytorch" in gan_eval("backends").stdout
