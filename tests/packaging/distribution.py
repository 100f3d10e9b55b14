"""What `tox run -e dist` checks of a wheel and a source distribution: whole, alike, and usable.

``python tests/packaging/distribution.py DIST``, from a checkout: DIST has both, as
`python -m build` made them. The wheel is installed in an environment of its own outside of the
checkout, and used there; the source distribution is unpacked beside it, and tests of its files are
run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
STUDY = """
name = "tiny"
question = "Does the installed package run a study?"
replicates = 2
backends = ["fused_cpu"]
permutations = 19

[config]
epochs = 2
n_examples = 64
"""
PRESENT = """
import importlib.metadata, pathlib, sys
import gan_eval
from gan_eval.investigations.certify.result import shipped
from gan_eval.study.plan import ready

where = pathlib.Path(gan_eval.__file__).resolve()
assert where.is_relative_to(pathlib.Path(sys.prefix).resolve()), where
assert importlib.metadata.version("gan-eval") == gan_eval.__version__
assert (where.parent / "py.typed").exists()
assert len(shipped().tests) >= 5
assert all(ready.text(name) for name in ready.names())
found = {one.name for one in gan_eval.backends() if one.state == "installed"}
assert {"pytorch", "fused_cpu"} <= found, found
print(len(list(ready.names())), "ready studies,", len(shipped().tests), "tests certified")
"""
OF_ITS_FILES = ("docs/test_pages.py", "docs/test_links.py", "docs/test_site.py", "packaging")
"""Tests that read files of the repository beside the package."""


def main(folder: Path) -> None:
    """Check the two files of a folder; ``AssertionError`` says what is wrong."""
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as outside:
        place = Path(outside)
        assert ROOT not in place.resolve().parents
        alike(wheel, directly_built(place))
        complete(wheel, source)
        python = installed(wheel, place / "environment")
        used(python, place / "work")
        unpacked_and_tested(python, source, place / "source")


def directly_built(place: Path) -> Path:
    """Build the wheel from the checkout, where the other one was built from its sources."""
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(place / "direct"), str(ROOT))
    (wheel,) = (place / "direct").glob("*.whl")
    return wheel


def alike(first: Path, second: Path) -> None:
    """Two wheels have the same files with the same bytes."""
    one, other = ({n: hashlib.sha256(b).hexdigest() for n, b in held(w)} for w in (first, second))
    assert one == other, sorted(one.items() ^ other.items())
    print(f"{first.name}: the same {len(one)} files from the checkout and from its sources")


def held(wheel: Path) -> list[tuple[str, bytes]]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def complete(wheel: Path, source: Path) -> None:
    """All files of the package are in the wheel, all of the repository in the sources."""
    with tarfile.open(source) as archive:
        names = {n.name.partition("/")[2] for n in archive.getmembers() if n.isfile()}
    packed = {name for name, _ in held(wheel)}
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    tracked = {name for name in done.stdout.decode().split("\0") if name}
    assert names == tracked | {"PKG-INFO"}, sorted(names ^ tracked)
    package = {name for name in tracked if name.startswith("gan_eval/")}
    assert package <= packed, sorted(package - packed)
    beside = {name for name in packed - package if ".dist-info/" not in name}
    assert not beside, sorted(beside)
    print(f"{source.name}: {len(names)} files, all of the repository and no other")


def installed(wheel: Path, place: Path) -> Path:
    """Install a wheel with what it needs in an environment of its own; return its Python."""
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    tools = ("pytest", "hypothesis", "pyyaml")
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", str(wheel), *tools)
    return python


def used(python: Path, place: Path) -> None:
    """Train, run a study, and look at its report, by the installed command."""
    place.mkdir()
    (place / "tiny.toml").write_text(STUDY, "utf-8")
    program = python.parent / "gan-eval"
    run(python, "-c", PRESENT, cwd=place)
    run(program, "train", "--set", "epochs=2", cwd=place)
    run(program, "run", "tiny.toml", "--workers", "1", cwd=place)
    run(program, "verify", "reports/tiny/report.html", cwd=place)
    run(program, "studies", "chapter", cwd=place)


def unpacked_and_tested(python: Path, source: Path, place: Path) -> None:
    """Unpack the sources and run those of their tests that read files of the repository."""
    shutil.unpack_archive(source, place)
    (root,) = place.iterdir()
    tests = [str(root / "tests" / name) for name in OF_ITS_FILES]
    options = ("-q", "-p", "no:cacheprovider", "-k", "not generated")
    run(python, "-m", "pytest", *options, *tests, cwd=root)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a command that sees nothing of the checkout; its failure ends this one."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TOX_", "VIRTUAL"))}
    words = (Path(one).name if Path(one).is_absolute() else str(one) for one in command)
    print("$", *("…" if "\n" in word else word for word in words), flush=True)
    subprocess.run([str(one) for one in command], cwd=cwd, env=kept, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
