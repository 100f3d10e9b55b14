"""Does a change of the code, such as moving its files, change any number that the package gives?

``python benchmarks/recorded_numbers.py record FOLDER`` runs the parts below and stores what they
give; ``… compare FOLDER`` runs them again, with the code of now, and compares bit for bit. It
prints a line a part and, where something differs, the file, the column and the first rows that do,
and then exits 1. ``--only NAME,…`` takes some parts. ``--renamed old=new,…`` gives the names that a
recorded column has now. A column that is new is told and passes, one that was lost does not.

The parts are the command line (the chapter's study on three backends, ``compare``, ``certify``,
``exercise`` and ``conform``) and public functions, called by
``recorded_functions.py``. A "column"
of a JSON document is a path in it without the indices of lists, its "rows" are the values there.
Left out is what is no number of the experiment: clocks, dates, machines, versions, commands
(``LEFT_OUT``), and strings with a space or a slash, which are prose and paths. Both runs belong on
one machine with the same packages: another processor may round differently.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SEEDS, SHOWN = 60, 5
LEFT_OUT = {
    *("seconds", "chapter_seconds", "examples_per_second", "chapter_examples_per_second"),
    *("environment", "environments", "provenance", "created", "command", "version", "versions"),
    *("packages", "workers", "threads", "devices"),
}


def gan_eval(*arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    """What a command of the package prints on standard output."""
    command = [sys.executable, "-m", "gan_eval", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        raise RuntimeError(f"{' '.join(command)} exited {done.returncode}:\n{done.stderr}")
    return done.stdout


def study(backend: str) -> Callable[[Path], None]:
    def rows(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as work:
            file = Path(work, "study.toml")
            file.write_text(
                f'name = "recorded"\nbackends = ["{backend}"]\ndevices = ["cpu"]\n'
                f"replicates = {SEEDS}\ntested = {SEEDS}\ntime_budget = 3600.0\n"
            )
            gan_eval("run", str(file), "--out", f"{work}/out", "--workers", "2")
            for name in ("rows.csv", "epochs.csv"):
                shutil.copy(Path(work, "out", name), folder / name)
        with (folder / "rows.csv").open(newline="") as rows:
            if (found := sum(1 for _ in csv.DictReader(rows))) != SEEDS:
                raise RuntimeError(f"{backend} trained {found} of {SEEDS} replicates")

    return rows


def compare_tables(folder: Path) -> None:
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as work:
        real, fake = f"{work}/real.csv", f"{work}/fake.csv"
        for path, n, shift in ((real, 300, 0.0), (fake, 250, 0.2)):
            x = rng.standard_normal((n, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.2], [0, 0, 2]])
            table = np.column_stack([x + shift, rng.integers(0, 4, n)])
            np.savetxt(path, table, "%.17g", ",", header="a,b,c,count", comments="")
        answers = (0, 1, 3)
        plain = gan_eval("compare", real, fake, "--json", statuses=answers)
        drawn = ["--sample", "100", "--correction", "benjamini-hochberg", "--seed", "3"]
        other = gan_eval("compare", real, fake, "--json", *drawn, statuses=answers)
    (folder / "compare.json").write_text(plain)
    (folder / "drawn.json").write_text(other)


def command(*arguments: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        text = gan_eval(*arguments, "--json", "--workers", "2", statuses=(0, 1, 3))
        (folder / f"{arguments[0]}.json").write_text(text)

    return run


def exercise(folder: Path) -> None:
    options = "--replicates 20 --discriminators 3 --test-rows 50 --test-rows 200 --fit-rows 100"
    with tempfile.TemporaryDirectory() as out:
        command("exercise", *options.split(), "--restarts", "1", "--out", out)(folder)
        for table in Path(out).glob("*.csv"):
            shutil.copy(table, folder)


def functions(folder: Path) -> None:
    script = Path(__file__).with_name("recorded_functions.py")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    (folder / "functions.json").write_text(done.stdout)


PARTS: dict[str, Callable[[Path], None]] = {
    **{backend: study(backend) for backend in ("fused_cpu", "pytorch", "jax")},
    "compare": compare_tables,
    "certify": command(
        *("certify", "--tests", "mmd,energy_whitened,classifier,target_mmd,kernel_stein"),
        *("--n", "20", "--dimension", "2", "--repetitions", "100"),
    ),
    "exercise": exercise,
    "conform": command("conform", "--backend", "fused_cpu,pytorch:batched", "--replicates", "20"),
    "functions": functions,
}


def columns(file: Path) -> dict[str, list[str]]:
    """The values of a file by the names of its columns, without what is left out."""
    found: dict[str, list[str]] = {}
    if file.suffix == ".csv":
        with file.open(newline="") as rows:
            reader = csv.DictReader(rows)
            for name in reader.fieldnames or ():
                found[name] = []
            for row in reader:
                for name, value in row.items():
                    found[name].append(value)
    else:
        for name, value in leaves(json.loads(file.read_text())):
            found.setdefault(name, []).append(value)
    return {name: each for name, each in found.items() if not LEFT_OUT & set(name.split(" / "))}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path} / {name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, path)
    elif not (isinstance(value, str) and (" " in value or "/" in value)):
        yield path, repr(value)


def differences(before: Path, after: Path, renamed: dict[str, str]) -> Iterator[tuple[bool, str]]:
    """Sentences on two folders of a part, and whether each counts as a difference."""
    names = {path.name for path in before.iterdir()}
    for name in sorted({path.name for path in after.iterdir()} - names):
        yield False, f"{name}: a new file"
    for name in sorted(names):
        if not (after / name).exists():
            yield True, f"{name}: lost"
            continue
        old, new = columns(before / name), columns(after / name)
        old = {
            " / ".join(renamed.get(part, part) for part in column.split(" / ")): values
            for column, values in old.items()
        }
        for column in new.keys() - old.keys():
            yield False, f"{name}: {column} is new"
        for column, values in old.items():
            if column not in new:
                yield True, f"{name}: {column} was lost"
            elif len(values) != len(new[column]):
                yield True, f"{name}: {column} had {len(values)} rows, has {len(new[column])}"
            elif rows := [
                i
                for i, pair in enumerate(zip(values, new[column], strict=True))
                if len({*pair}) > 1
            ]:
                shown = ", ".join(f"{i}: {values[i]} → {new[column][i]}" for i in rows[:SHOWN])
                yield (
                    True,
                    f"{name}: {column} differs in {len(rows)} of {len(values)} rows, {shown}",
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("record", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help=f"of {','.join(PARTS)}")
    parser.add_argument("--renamed", default="", help="old=new,…")
    arguments = parser.parse_args()
    only = arguments.only.split(",") if arguments.only else list(PARTS)
    if unknown := set(only) - set(PARTS):
        parser.error(
            f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    renamed = dict(pair.split("=") for pair in arguments.renamed.split(",") if pair)
    differs = False
    for name in only:
        stored = arguments.folder / name
        recorded = stored.is_dir()
        if name == "jax" and not importlib.util.find_spec("jax"):
            differs |= arguments.action == "compare" and recorded
            print(f"{name}: skipped, JAX is not installed{' but was recorded' * recorded}")
            continue
        if arguments.action == "compare" and not recorded:
            print(f"{name}: skipped, not recorded")
            continue
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as work:
            PARTS[name](Path(work))
            seconds = time.perf_counter() - start
            if arguments.action == "record":
                shutil.rmtree(stored, ignore_errors=True)
                shutil.copytree(work, stored)
                print(f"{name}: recorded in {seconds:.0f} s", flush=True)
                continue
            found = list(differences(stored, Path(work), renamed))
        for counts, sentence in found:
            print(f"  {'' if counts else 'passes: '}{sentence}")
        wrong = sum(counts for counts, _ in found)
        differs |= wrong > 0
        print(
            f"{name}: {f'{wrong} differences' if wrong else 'the same'} ({seconds:.0f} s)",
            flush=True,
        )
    sys.exit(differs)


if __name__ == "__main__":
    main()
