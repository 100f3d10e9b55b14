"""In how many files of the package is code called by one run, one comparison and one test?

``python benchmarks/files_called.py`` prints three counts; ``--list`` names the files. They are of
``gan-eval run`` of a small study in one process (``fused_cpu`` and ``pytorch``, report included),
of ``gan-eval compare`` of two CSV files, and of ``gan_eval.mmd_test`` of two arrays. Each has a
process of its own, so that nothing is imported or remembered from the one before.

A file counts if a function of it is called, which ``sys.setprofile`` tells, in any thread. The code
of a module and the body of a class run when the file is imported and do not count, nor does a
comprehension, which may stand there: a file of constants and types is imported, but not called.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import runpy
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

SPEC = importlib.util.find_spec("gan_eval")
if SPEC is None or SPEC.origin is None:
    raise SystemExit("gan_eval cannot be imported")
PACKAGE = Path(SPEC.origin).resolve().parent
NOT_COUNTED = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
CALLS = {"run": "gan-eval run", "compare": "gan-eval compare", "mmd_test": "mmd_test"}
_called: set[CodeType] = set()


def _profile(frame: FrameType, event: str, _: Any) -> None:
    if event == "call":
        _called.add(frame.f_code)


def call(name: str, folder: Path) -> None:
    """Do what is counted, in this process."""
    rng = np.random.default_rng(0)
    if name == "mmd_test":
        module = importlib.import_module("gan_eval")
        module.mmd_test(rng.standard_normal((50, 2)), rng.standard_normal((50, 2)), rng=0)
        return
    arguments = ["run", "--workers", "1", "--out", str(folder / "out")]
    for setting in ('backends=["fused_cpu","pytorch"]', "replicates=3", "config.epochs=2"):
        arguments += ["--set", setting]
    if name == "compare":
        tables = [folder / "real.csv", folder / "fake.csv"]
        for table in tables:
            np.savetxt(table, rng.standard_normal((80, 2)), delimiter=",", header="a,b")
        arguments = ["compare", *map(str, tables)]
    sys.argv = ["gan-eval", *arguments]
    runpy.run_module("gan_eval", run_name="__main__")


def files() -> list[str]:
    """The files of the package of which a function was called, by their paths in it."""
    counted = (
        Path(code.co_filename).resolve()
        for code in _called
        if code.co_flags & inspect.CO_OPTIMIZED and code.co_name not in NOT_COUNTED
    )
    inside = {path for path in counted if path.is_relative_to(PACKAGE)}
    return sorted(path.relative_to(PACKAGE).as_posix() for path in inside)


def counted_in_child(name: str) -> list[str]:
    """The files that one call needs, measured in a new process."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, __file__, "--child", name, "--folder", work]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        answer = Path(work, "files.json")
        if not answer.exists():
            raise SystemExit(f"{CALLS[name]} failed:\n{done.stdout}{done.stderr}")
        status, found = json.loads(answer.read_text())
        if status not in (0, 1, 3):
            raise SystemExit(f"{CALLS[name]} exited {status}:\n{done.stdout}{done.stderr}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="name the files")
    parser.add_argument("--child", choices=CALLS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        status: Any = 0
        threading.setprofile(_profile)
        sys.setprofile(_profile)
        try:
            call(arguments.child, arguments.folder)
        except SystemExit as exited:
            status = exited.code or 0
        finally:
            sys.setprofile(None)
        (arguments.folder / "files.json").write_text(json.dumps([status, files()]))
        return
    for name, words in CALLS.items():
        found = counted_in_child(name)
        print(f"{words}: {len(found)} files", flush=True)
        if arguments.list:
            print("".join(f"  {file}\n" for file in found), end="")


if __name__ == "__main__":
    main()
