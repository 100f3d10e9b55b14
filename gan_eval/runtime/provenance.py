"""The machine and the code that figures come from.

A stored replicate is used again only where the code that it depends on is the code that runs now.
That code is found, not listed: beginning with some modules, as the judge's and a backend's, every
module of this package that they import, wherever the import stands. Its syntax tree counts, without
docstrings, comments and imports that only a type checker reads: correcting a sentence trains
nothing again, and any other change does.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gan_eval.runtime.threads import cores, threads

PACKAGES = (
    *("gan-eval", "torch", "numpy", "scipy", "pandas", "seaborn", "matplotlib"),
    *("tensorflow", "tensorflow-cpu", "jax", "jaxlib", "optax", "mxnet", "numba", "dask"),
)


def environment() -> dict[str, Any]:
    """JSON-ready provenance of this machine and process.

    ``packages`` holds the versions of those of ``PACKAGES`` that are installed; ``cores`` is what
    this process may use and ``threads`` how many of them a library takes for one operation (1 in
    the worker processes of a study); ``gpus`` are the GPUs that a loaded PyTorch sees, else empty.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": cores(),
        "threads": threads(),
        "memory_gib": memory_gib(),
        "gpus": _gpus(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def identity(found: dict[str, Any]) -> str:
    """Name an environment by 8 hexadecimal digits of the SHA-256 of its facts."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:8]


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float | None:
    """Return the memory of this machine, in GiB; None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _gpus() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


_PACKAGE = "gan_eval"
# Judging computes by these, whatever trains.
_LIBRARIES = ("numpy", "scipy", "torch")
# They cannot change a number: names, sentences, pictures, what is told of a machine and of code.
_NO_NUMBERS = {
    *("gan_eval", "gan_eval.runtime.errors", "gan_eval.runtime.provenance"),
    *("gan_eval.plots", "gan_eval.plots.chapter"),
}


@cache
def source_version(*roots: str) -> str:
    """16 hexadecimal digits of the sources behind some modules and of the libraries' versions.

    Parameters
    ----------
    *roots : str
        Names of modules; what they import of this package counts with them.
    """
    digest = hashlib.sha256()
    for name in _LIBRARIES:
        digest.update(f"{name} {_version(name) or 'none'}\n".encode())
    for name, source in sorted(sources(*roots).items()):
        digest.update(f"{name}\n{source}\n".encode())
    return digest.hexdigest()[:16]


def sources(*roots: str) -> dict[str, str]:
    """Find some modules and what these import of this package, or of the folder or package in which
    one from outside stands: name to code (``bare``)."""
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in found or name in _NO_NUMBERS or path is None:
            continue
        tree = bare(path.read_bytes())
        found[name] = ast.dump(tree)
        waiting += _imported(tree, name, path)
    return found


def bare(source: bytes | str) -> ast.Module:
    """Parse Python, and leave out what cannot change a number.

    That is docstrings, of modules, classes, functions and attributes, and what stands under
    ``if TYPE_CHECKING:``. Comments and the layout of lines are not in a syntax tree.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, name, None), list):
                setattr(node, name, [one for one in block if not _without_effect(one)])
    return tree


def _without_effect(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    text = node.value if isinstance(node, ast.Expr) else None
    return isinstance(text, ast.Constant) and isinstance(text.value, str)


def _imported(tree: ast.Module, name: str, path: Path) -> list[str]:
    """Find the modules of this package, or beside it, that a module imports, anywhere in it."""
    here = name if path.name == "__init__.py" else name.rpartition(".")[0]
    wanted: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here.split(".")[: len(here.split(".")) - (node.level - 1)]
            base = ".".join([*(above if node.level else ()), *filter(None, [node.module])])
            # What is imported from a package may be a module of it.
            wanted += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    own = [one for one in wanted if _counts(one.split(".")[0], name, path)]
    # Importing a module runs the packages above it.
    return own + [one.rpartition(".")[0] for one in own if "." in one]


def _counts(package: str, importing: str, path: Path) -> bool:
    """Say whether what a module imports of a package is code that its numbers depend on.

    Of one from outside this package that is its own package, and what lies in the same folder; of
    a folder of installed packages these are others', as Python's own.
    """
    own = importing.split(".")[0]
    if package == _PACKAGE or own == _PACKAGE:
        return package == _PACKAGE
    folder = path.parents[importing.count(".") + (path.name == "__init__.py")]
    if package == own:
        return True
    if folder.name in ("site-packages", "dist-packages") or package in sys.stdlib_module_names:
        return False
    return (folder / f"{package}.py").is_file() or (folder / package / "__init__.py").is_file()


def _path(module: str) -> Path | None:
    """Find the file of a module; None where the name is not a module's. Imports nothing of ours."""
    if module.split(".")[0] == _PACKAGE:
        base = Path(__file__).parents[2].joinpath(*module.split("."))
        tried = [base.with_name(f"{base.name}.py"), base / "__init__.py"]
        return next((path for path in tried if path.is_file()), None)
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # a name in a module, not a module
        return None
    origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
